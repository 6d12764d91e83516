"""A web server on this machine that can do wrong on purpose."""

import hashlib
import http.server
import threading
from dataclasses import dataclass, field

import pytest


@dataclass
class Site:
    """What the server has, and how it behaves; `asked` has the Range of every request."""

    content: bytes
    tag: str = '"one"'
    ranges: bool = True
    status: int = 200
    breaks_after: list[int] = field(default_factory=list)  # bytes sent, answer by answer
    asked: list[str | None] = field(default_factory=list)
    url: str = ""

    @property
    def sha256(self):
        return hashlib.sha256(self.content).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers as its `site` says."""

    site: Site

    def do_GET(self):
        site, asked = self.site, self.headers.get("Range")
        site.asked.append(asked)
        if site.status != 200:
            self.send_error(site.status)
            return
        start = 0
        if asked and site.ranges and self.headers.get("If-Range") == site.tag:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(site.content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(site.content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
        body = site.content[start:]
        self.send_response(206 if start else 200)
        if start:
            last = len(site.content) - 1
            self.send_header("Content-Range", f"bytes {start}-{last}/{len(site.content)}")
        self.send_header("Content-Length", str(len(body)))
        if site.tag:
            self.send_header("ETag", site.tag)
        self.end_headers()
        self.wfile.write(body[: site.breaks_after.pop(0)] if site.breaks_after else body)

    def log_message(self, *_):
        """Quiet."""


@pytest.fixture
def site():
    """A site with a file of a million bytes at `site.url`."""
    site = Site(bytes(range(256)) * 4000)
    handler = type("BoundHandler", (Handler,), {"site": site})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.handle_error = lambda *_: None  # readers hang up on purpose
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        site.url = f"http://127.0.0.1:{server.server_port}/model.pkl"
        yield site
        server.shutdown()
        thread.join()
