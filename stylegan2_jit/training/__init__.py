"""How the default model is made: the renderer of creatures, and the trainer."""
