"""The panel beside the picture: its sections, and the figures under them."""
