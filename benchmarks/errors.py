"""What can stop a benchmark.

BenchmarkError          one line: what is missing, or what another program said
"""


class BenchmarkError(RuntimeError):
    """A benchmark cannot be run here."""
