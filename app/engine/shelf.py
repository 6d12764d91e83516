"""Where the tensors of states rest that one may go back to: a file without a name.

Unlimited undo would fill the memory; a temporary file that the system removes with the process
costs a state 60 microseconds. Where none can be written, states stay in memory.
"""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Hashable
from typing import IO


class Shelf:
    """Bytes by key; not thread-safe."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._places: dict[Hashable, tuple[int, int]] = {}
        self._memory: dict[Hashable, bytes] = {}
        self._end = 0

    def __contains__(self, key: Hashable) -> bool:
        return key in self._places or key in self._memory

    def put(self, key: Hashable, content: bytes) -> None:
        """Keep some bytes, in place of those kept by it before."""
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="draglive-", buffering=0)  # noqa: SIM115
                weakref.finalize(self, self._file.close)
            start, length = self._places.get(key, (self._end, 0))
            if len(content) > length:
                start = self._end
            self._file.seek(start)
            self._file.write(content)
        except OSError:  # a full disk must not end an edit
            self._places.pop(key, None)
            self._memory[key] = content
            return
        self._end = max(self._end, start + len(content))
        self._places[key] = (start, len(content))
        self._memory.pop(key, None)

    def get(self, key: Hashable) -> bytes:
        """The bytes kept by a key.

        Raises:
            KeyError: there are none.
            OSError: they cannot be read any more.
        """
        if key in self._memory:
            return self._memory[key]
        start, length = self._places[key]
        assert self._file is not None
        self._file.seek(start)
        content = self._file.read(length)
        if len(content) != length:
            raise OSError(f"{key}: only {len(content)} of {length} bytes are left")
        return content
