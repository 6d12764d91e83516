"""The drag engine: commands in, frames out, on its own thread and stream; no window."""
