"""Weights in files: reading and writing, without ever running code from them."""
