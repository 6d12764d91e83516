"""What opens over the window: questions, files, models, the map of keys, what went wrong."""
