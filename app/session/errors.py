"""What can go wrong when an edit leaves something behind.

Every message is one line for the person: the thing, the rule and the value.

    SessionError
    ├── FileError               a picture or report cannot be written at that place
    ├── MaskError               a file is no mask for this picture
    ├── SessionFileError        a file is no session that can be opened
    │   └── NewerFormatError      it was written by a newer program
    ├── InUseError              another process has the file open
    ├── LatentError             a file holds no w+ for this model, or no recipe
    └── RecorderError           a video cannot be made
        ├── PlaceError            its file cannot be made at that place
        └── EncoderError          a picture could not be encoded or written
"""

from __future__ import annotations


class SessionError(Exception):
    """Root of everything that `draglive.app.session` raises on purpose."""


class FileError(SessionError):
    """A picture or report cannot be written at that place."""


class MaskError(SessionError):
    """A file is no mask for this picture: missing, unreadable or of another size."""


class SessionFileError(SessionError):
    """A file is no session that can be opened."""


class NewerFormatError(SessionFileError):
    """A session was written by a newer program."""


class InUseError(SessionError):
    """Another process has the file open."""


class LatentError(SessionError):
    """A file holds no w+ for this model, or no recipe."""


class RecorderError(SessionError):
    """A video cannot be made."""


class PlaceError(RecorderError):
    """The video's file cannot be made at that place."""


class EncoderError(RecorderError):
    """A picture could not be encoded or written; what was written before is kept."""
