"""The picture and the hand on it: what is shown, drawn over it, pressed and painted."""
