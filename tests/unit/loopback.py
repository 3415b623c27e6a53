"""An HTTP server on 127.0.0.1 that misbehaves as a test tells it to."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from packaging.utils import canonicalize_name


class Answer:
    """What the server does for one request: status, headers, body; `cut`: it dies after so many bytes of the body."""

    def __init__(
        self,
        body: bytes = b"",
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        length: int | None = None,
        cut: int | None = None,
        hold: threading.Event | None = None,
    ) -> None:
        self.body, self.status, self.headers = body, status, headers or {}
        self.length = len(body) if length is None else length
        self.cut, self.hold = cut, hold


class Request:
    """What was asked for. start: of a `Range: bytes=N-`, or 0."""

    def __init__(self, path: str, headers: dict[str, str]) -> None:
        self.path, self.headers = path, headers
        self.start = int(headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))


class Server:
    """`requests`: everything that was asked, in order.  `answer`: decides; may be replaced at any time."""

    def __init__(self, answer: Callable[[Request], Answer]) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            request = Request(self.path, dict(self.headers))
            server.requests.append(request)
            answer = server.answer(request)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(answer.length))
            self.end_headers()
            if self.command == "HEAD":
                return
            cut = len(answer.body) if answer.cut is None else answer.cut
            with suppress(ConnectionError):  # the client has heard enough
                self.wfile.write(answer.body[:cut])
                self.wfile.flush()
            if answer.hold is not None:
                answer.hold.wait(20)
            if answer.cut is not None or answer.length != len(answer.body):
                self.close_connection = True

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def serving(answer: Callable[[Request], Answer]) -> Iterator[Server]:
    """A server that ends with the block."""
    server = Server(answer)
    thread = threading.Thread(target=lambda: server.http.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()


def index(request: Request, folder: Path) -> Answer:
    """The simple repository API at `/simple/` (PEP 503), for the wheels and sdists in `folder`."""
    _, kind, name, *_ = [*request.path.split("/"), "", ""]
    if kind == "files":
        return Answer((folder / unquote(name)).read_bytes())
    files = [path for path in sorted(folder.iterdir()) if canonicalize_name(path.name.split("-")[0]) == name]
    links = [
        f'<a href="/files/{path.name}#sha256={hashlib.sha256(path.read_bytes()).hexdigest()}">{path.name}</a>'
        for path in files
    ]
    page = f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode()
    return Answer(page, status=200 if files else 404, headers={"Content-Type": "text/html"})


def ranged(body: bytes, request: Request, **more: object) -> Answer:
    """A well-behaved answer: 206 for a range, 200 otherwise."""
    if not request.start:
        return Answer(body, **more)  # type: ignore[arg-type]
    headers = {"Content-Range": f"bytes {request.start}-{len(body) - 1}/{len(body)}"}
    return Answer(body[request.start :], status=206, headers=headers, **more)  # type: ignore[arg-type]
