"""What can go wrong around model files, each one line for the person: the thing, rule and value.

ModelsError
├── UnknownModelError   the catalogue has no model of that name
└── DownloadError       a file could not be fetched
    ├── WrongHashError    what came is not the file that was meant; it was removed
    └── DiskFullError     there is not room enough
"""

from __future__ import annotations


class ModelsError(Exception):
    """Root of everything that `draglive.app.models` raises on purpose."""


class UnknownModelError(ModelsError):
    """The catalogue has no model of that name."""


class DownloadError(ModelsError):
    """A file could not be fetched; what came so far is kept where it can be gone on with."""


class WrongHashError(DownloadError):
    """What came is not the file that was meant; it was removed."""


class DiskFullError(DownloadError):
    """There is not room enough for the file."""
