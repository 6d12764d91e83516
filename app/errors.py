"""What goes wrong in `draglive demo`; here, so that telling any error needs no video writer."""


class DemoError(RuntimeError):
    """The gesture could not be played to its end: what stopped it."""
