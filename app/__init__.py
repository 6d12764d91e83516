"""What a person runs: the command line, the window, the engine behind it, the edit as a record."""
