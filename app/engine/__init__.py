"""The drag engine: commands in, frames out, on a thread and a stream of its own; never Dear PyGui."""
