"""Other implementations of dragging, run from a user's own checkout; nothing of them is here.

Each has a driver that calls what its checkout offers, in a process of its own (`worker`). The
drivers need torch and numpy only, so that they run in the environment made for that checkout.
"""
