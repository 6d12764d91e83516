"""What stands beside the edit: its timeline, other seeds, mixing, kept sliders."""
