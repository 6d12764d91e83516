"""What leaves an edit behind: videos and picture files."""
