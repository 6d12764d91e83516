"""The Dear PyGui window, and the only place that knows Dear PyGui; never torch."""
