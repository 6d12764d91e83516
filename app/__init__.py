"""What a person runs: the command line, the window, the engine behind it, the edit as a record."""

import os

# Read by torch's thread pool and allocator when torch is first imported, so set before that.
# A pool that spins while it waits stops for whole time slices when anything else wants a core:
# with one busy neighbour on two cores a step takes 12 times as long, with a short spin 1.6 times.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # large pages for activations: 8 % on a CPU
