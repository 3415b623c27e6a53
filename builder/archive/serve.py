"""An archive over HTTP, for a look at it and for tests: what `keel-builder serve` starts. Not for the open Internet."""

import os
import re
from email.utils import formatdate, parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from .media import content_type

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_CHUNK = 2**18


class ArchiveServer(ThreadingHTTPServer):
    """Serves the files below `root`, and nothing else: no listings, no hidden files but `.files.json`, no way out."""

    daemon_threads = True

    def __init__(self, root: Path, host: str = "127.0.0.1", port: int = 0) -> None:
        """port 0: any free one. Raises OSError."""
        self.root = root.resolve(strict=True)
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}/"

    def find(self, path: str) -> Path | None:
        """The file behind the path of a request, or None."""
        parts = [part for part in unquote(urlsplit(path).path).split("/") if part]
        if any((part.startswith(".") and part != ".files.json") or "\0" in part or "\\" in part for part in parts):
            return None
        try:
            found = self.root.joinpath(*parts)
            if found.is_dir():
                found /= "index.html"
            readable = found.is_file() and os.access(found, os.R_OK)
            inside = found.resolve(strict=True).is_relative_to(self.root)
        except (OSError, ValueError):  # too long, a folder that is none, …
            return None
        return found if inside and readable else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ArchiveServer

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        found = self.server.find(self.path)
        if found is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        with found.open("rb") as stream:
            facts = os.fstat(stream.fileno())
            tag = f'"{facts.st_mtime_ns:x}-{facts.st_size:x}"'
            if self._has_it(tag, facts.st_mtime):
                self.send_response(HTTPStatus.NOT_MODIFIED)
                self.send_header("ETag", tag)
                self.end_headers()
                return
            part = self._range(facts.st_size, tag)
            if part is None:
                self.send_response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
                self.send_header("Content-Range", f"bytes */{facts.st_size}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            start, end = part
            partial = "Range" in self.headers and (start, end) != (0, facts.st_size)
            self.send_response(HTTPStatus.PARTIAL_CONTENT if partial else HTTPStatus.OK)
            if partial:
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{facts.st_size}")
            self._send_facts(found, facts, tag, end - start)
            if body:
                _copy(stream, self.wfile, start, end)

    def _send_facts(self, found: Path, facts: os.stat_result, tag: str, length: int) -> None:
        for name, value in (
            ("Content-Type", content_type(found.relative_to(self.server.root).as_posix())),
            ("Content-Length", str(length)),
            ("Last-Modified", formatdate(facts.st_mtime, usegmt=True)),
            ("ETag", tag),
            ("Accept-Ranges", "bytes"),
            ("Cache-Control", "no-cache"),
            ("X-Content-Type-Options", "nosniff"),
        ):
            self.send_header(name, value)
        self.end_headers()

    def _has_it(self, tag: str, modified: float) -> bool:
        """RFC 9110, 13.1: the tag decides, where one was sent."""
        if known := self.headers.get("If-None-Match"):
            return tag in known or known.strip() == "*"
        try:
            return int(modified) <= parsedate_to_datetime(self.headers["If-Modified-Since"]).timestamp()
        except (TypeError, ValueError):
            return False

    def _range(self, size: int, tag: str) -> tuple[int, int] | None:
        """Where the answer begins and ends: one range, or all; None where that is not possible (RFC 9110, 14)."""
        match = _RANGE.fullmatch(self.headers.get("Range", "").strip())
        if match is None or match.groups() == ("", "") or self.headers.get("If-Range", tag) != tag:
            return 0, size
        first, last = match.groups()
        if not first:
            return (max(0, size - int(last)), size) if int(last) else None
        end = min(int(last) + 1, size) if last else size
        return (int(first), end) if int(first) < end else None

    def log_message(self, format: str, *words: object) -> None:
        """Requests are nobody's business; failures are seen by whoever asked."""


def _copy(source: Any, sink: Any, start: int, end: int) -> None:
    source.seek(start)
    left = end - start
    try:
        while left > 0 and (chunk := source.read(min(_CHUNK, left))):
            sink.write(chunk)
            left -= len(chunk)
    except ConnectionError:  # the client has heard enough
        return
