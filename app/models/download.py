"""One file from the web: gone on with after a broken line, checked, whole or not there.

What has come lies beside the place as `NAME.part`; `NAME.part.json` has the address and the
server's validator, so that two versions of a file are never joined.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import json
import os
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .errors import DiskFullError, DownloadError, WrongHashError

Progress = Callable[[int, int | None], None]  # bytes that are there, and of how many if known
Check = Callable[[Path], None]

AT_ONCE = 2**18  # bytes
TIMEOUT_S = 30.0
TRIES_WITHOUT_NEWS = 4  # a line may break often, as long as something comes in between
PAUSE_S = 1.0  # before another try, twice as long each time
AGENT = "draglive"
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file that came whole."""

    path: Path
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server sends: a file from `start` on, `total` bytes long if it says so."""

    body: http.client.HTTPResponse
    start: int
    total: int | None
    validator: str


class BrokenLineError(Exception):
    """The connection ended early: worth another try."""


def fetch(
    url: str,
    place: Path,
    *,
    sha256: str | None = None,
    check: Check | None = None,
    progress: Progress | None = None,
    pause_s: float = PAUSE_S,
) -> Downloaded:
    """Bring a file to `place`, going on with what came of it before.

    Args:
        url: http or https.
        place: where to; its folder is made, and what lies there is replaced at the end.
        sha256: what the file must hash to, in hex; None where that is not known.
        check: looks at the whole file before it gets its name; what it raises leaves nothing.
        progress: told how much has come.
        pause_s: before the first try anew.

    Raises:
        DownloadError: the server refuses or cannot be reached; what came is kept.
        WrongHashError: not the file that was meant; it was removed.
        DiskFullError: there is not room enough; what came is kept.
    """
    part = Part(place)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _fetch_all(url, part, progress or _tell_nobody, pause_s)
        return _finish(part, place, sha256, check)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(
                f"{place}: the disk is full; make room and ask again to go on"
            ) from error
        raise DownloadError(f"{place}: cannot be written: {error.strerror or error}") from error


class Part:
    """What has come of a file so far, and of which version of it."""

    def __init__(self, place: Path) -> None:
        self.path = place.with_name(place.name + ".part")
        self._note = place.with_name(place.name + ".part.json")

    @property
    def size(self) -> int:
        """Bytes that have come."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def validator(self, url: str) -> str:
        """By which the server tells whether its file is still the same; empty for a new start."""
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            return str(note["validator"]) if note["url"] == url and self.size else ""
        except (OSError, ValueError, TypeError, KeyError):
            return ""

    def begin(self, url: str, validator: str) -> None:
        """Start over."""
        self.path.unlink(missing_ok=True)
        self._note.write_text(json.dumps({"url": url, "validator": validator}), encoding="utf-8")

    def remove(self) -> None:
        """Leave nothing."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def become(self, place: Path) -> None:
        """It is whole: give it its name."""
        self.path.replace(place)
        self._note.unlink(missing_ok=True)


def _fetch_all(url: str, part: Part, progress: Progress, pause_s: float) -> None:
    """Ask until all of it is there, or nothing more comes."""
    tries = 0
    while True:
        size = part.size
        try:
            return _fetch_more(url, part, progress)
        except BrokenLineError as error:
            tries = 0 if part.size > size else tries + 1
            if tries == TRIES_WITHOUT_NEWS:
                have = f"{part.size / MIB:.1f} MiB have come; ask again to go on"
                raise DownloadError(f"{url}: {error}; {have}") from error
        time.sleep(pause_s * 2**tries)


def _fetch_more(url: str, part: Part, progress: Progress) -> None:
    answer = _ask(url, part)
    if answer is None:  # all of it was there
        return
    with contextlib.closing(answer.body):
        if answer.start == 0:
            part.begin(url, answer.validator)
        _require_room(part, answer)
        done = answer.start
        with part.path.open("ab") as file:
            progress(done, answer.total)
            while piece := _read(answer.body):
                file.write(piece)
                done += len(piece)
                progress(done, answer.total)
    if answer.total is not None and done < answer.total:
        raise BrokenLineError(f"the connection ended after {done} of {answer.total} bytes")


def _read(body: http.client.HTTPResponse) -> bytes:
    try:
        return body.read(AT_ONCE)
    except (http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as error:
        raise BrokenLineError(f"the connection broke ({error or type(error).__name__})") from error


def _ask(url: str, part: Part) -> Answer | None:
    """Ask for what is missing; None if nothing is."""
    request = urllib.request.Request(url, headers={"User-Agent": AGENT})
    size, validator = part.size, part.validator(url)
    if validator:
        request.add_header("Range", f"bytes={size}-")
        request.add_header("If-Range", validator)
    try:
        body = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 416 and validator:
                if error.headers.get("Content-Range") == f"bytes */{size}":
                    return None
                part.remove()
                raise BrokenLineError("the server has a shorter file now") from error
            if error.code >= 500 or error.code == 429:
                raise BrokenLineError(f"the server says {error.code} {error.reason}") from error
            raise DownloadError(f"{url}: the server says {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise BrokenLineError(f"the server cannot be reached ({error.reason})") from error
    except (http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise BrokenLineError(f"the server does not answer ({error})") from error
    return _understand(body, size)


def _understand(body: http.client.HTTPResponse, size: int) -> Answer:
    """Read the headers; a part other than the one asked for is no answer."""
    validator = _validator(body)
    length = body.headers.get("Content-Length")
    left = int(length) if length and length.isdecimal() else None
    if body.status != 206:
        return Answer(body, 0, left, validator)
    span = body.headers.get("Content-Range", "")
    if not span.startswith(f"bytes {size}-") or left is None:
        body.close()
        raise DownloadError(f"{body.url}: the server answers with another part: {span!r}")
    return Answer(body, size, size + left, validator)


def _validator(body: http.client.HTTPResponse) -> str:
    """A strong one: a file of that tag is the same byte by byte."""
    tag = str(body.headers.get("ETag") or "")
    return tag if tag and not tag.startswith("W/") else str(body.headers.get("Last-Modified") or "")


def _require_room(part: Part, answer: Answer) -> None:
    if answer.total is None:
        return
    free, needed = shutil.disk_usage(part.path.parent).free, answer.total - answer.start
    if needed > free:
        raise DiskFullError(
            f"{part.path.parent}: {needed / MIB:.0f} MiB are needed, {free / MIB:.0f} MiB are free"
        )


def _finish(part: Part, place: Path, sha256: str | None, check: Check | None) -> Downloaded:
    with part.path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    if sha256 is not None and found != sha256.lower():
        part.remove()
        raise WrongHashError(
            f"{place.name}: its SHA-256 is {found}, and should be {sha256}: it was removed"
        )
    if check is not None:
        try:
            check(part.path)
        except Exception:
            part.remove()
            raise
    part.become(place)
    return Downloaded(place, place.stat().st_size, found)


def _tell_nobody(_done: int, _total: int | None) -> None:
    """Nobody looks."""
