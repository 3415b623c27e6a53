"""`keel-builder serve`: ranges, types, and no way out of the folder."""

import http.client
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder.archive.serve import ArchiveServer

CONTENT = bytes(range(256)) * 4
Ask = Callable[..., tuple[int, dict[str, str], bytes]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "it's è"
    (root / "assets").mkdir(parents=True)
    (root / "installers").mkdir()
    (root / "X-1.sh").write_bytes(CONTENT)
    (root / "index.html").write_bytes(b"<p>")
    (root / ".files.json").write_bytes(b"{}")
    (root / ".published.json").write_bytes(b"{}")
    (root / "atom.xml").write_bytes(b"<feed/>")
    (root / "SHA256SUMS").write_bytes(b"")
    (root / "assets" / "a b+ü.js").write_bytes(b"1")
    (tmp_path / "secret").write_bytes(b"secret")
    (root / "way-out").symlink_to(tmp_path / "secret")
    (root / "way-in").symlink_to("X-1.sh")
    return root


@pytest.fixture
def server(root: Path) -> Iterator[ArchiveServer]:
    with ArchiveServer(root) as server:
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
        thread.start()
        yield server
        server.shutdown()


@pytest.fixture
def ask(server: ArchiveServer) -> Ask:
    def ask(path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(*server.server_address[:2], timeout=20)  # type: ignore[arg-type]
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        found = answer.status, dict(answer.headers), answer.read()
        connection.close()
        return found

    return ask


def test_it_listens_on_loopback_only_and_says_where(server: ArchiveServer) -> None:
    assert server.url.startswith("http://127.0.0.1:")
    assert server.server_address[0] == "127.0.0.1"


def test_files_come_with_their_types(ask: Ask) -> None:
    for path, kind in {
        "/": "text/html; charset=utf-8",
        "/X-1.sh": "application/x-sh",
        "/.files.json": "application/json",
        "/atom.xml": "application/atom+xml",
        "/SHA256SUMS": "text/plain; charset=utf-8",
        "/assets/a%20b+%C3%BC.js?x=1": "text/javascript; charset=utf-8",
        "/way-in": "application/octet-stream",
    }.items():
        status, headers, _ = ask(path)
        assert (status, headers["Content-Type"]) == (200, kind), path
        assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        ("bytes=0-", 200, slice(None)),
        ("bytes=10-", 206, slice(10, None)),
        ("bytes=10-19", 206, slice(10, 20)),
        ("bytes=-10", 206, slice(-10, None)),
        ("bytes=1000-9999", 206, slice(1000, None)),
        ("bytes=0-0", 206, slice(0, 1)),
        ("bytes=1024-", 416, slice(0, 0)),
        ("bytes=-0", 416, slice(0, 0)),
        ("bytes=20-10", 416, slice(0, 0)),
        ("bytes=-", 200, slice(None)),
        ("bytes=1-2,5-6", 200, slice(None)),
        ("lines=1-2", 200, slice(None)),
    ],
)
def test_a_download_can_be_resumed(ask: Ask, wanted: str, status: int, part: slice) -> None:
    answered, headers, body = ask("/X-1.sh", Range=wanted)
    assert answered == status
    assert body == CONTENT[part]
    assert headers["Content-Length"] == str(len(body))
    if status == 206:
        start, end, _ = part.indices(len(CONTENT))
        assert headers["Content-Range"] == f"bytes {start}-{end - 1}/1024"
    if status == 416:
        assert headers["Content-Range"] == "bytes */1024"


def test_a_download_of_a_file_that_changed_begins_anew(ask: Ask, root: Path) -> None:
    tag = ask("/X-1.sh")[1]["ETag"]
    assert ask("/X-1.sh", Range="bytes=10-", If_Range=tag)[0] == 206
    (root / "X-1.sh").write_bytes(CONTENT[::-1] + b"!")
    assert ask("/X-1.sh", Range="bytes=10-", If_Range=tag)[0] == 200


def test_what_a_browser_has_is_not_sent_again(ask: Ask) -> None:
    _, headers, _ = ask("/index.html")
    assert ask("/index.html", If_None_Match=headers["ETag"])[0] == 304
    assert ask("/index.html", If_None_Match='"other"')[0] == 200
    assert ask("/index.html", If_Modified_Since=headers["Last-Modified"])[0] == 304
    assert ask("/index.html", If_Modified_Since="nonsense")[0] == 200


def test_head_sends_no_body(ask: Ask) -> None:
    status, headers, body = ask("/X-1.sh", "HEAD")
    assert (status, headers["Content-Length"], body) == (200, "1024", b"")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret",
        "/assets/../../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/assets/%2e%2e%2f%2e%2e%2fsecret",
        "//secret",
        "/way-out",
        "/.published.json",
        "/..\\secret",
        "/X-1.sh%00.html",
        "/installers/",
        "/gone",
        "/X-1.sh/x",
        pytest.param("/" + "x" * 5000, id="long"),
    ],
)
def test_there_is_no_way_out_and_no_listing(ask: Ask, path: str) -> None:
    status, _, body = ask(path)
    assert status == 404
    assert b"secret" not in body
