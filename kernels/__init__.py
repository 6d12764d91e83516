"""One file an operation: its contract and its plain-torch reference side by side."""
