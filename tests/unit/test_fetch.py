"""Downloads from servers that die, lie, stall and refuse."""

import hashlib
import resource
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path

import pytest
import requests

from builder.cache import Cache
from builder.errors import FetchError, OutputError
from builder.fetch import Download, Fetcher, default_session
from builder.report import Progress, SilentReporter
from builder.transfer import Patience, public_url

from .loopback import Answer, Request, Server, ranged, serving

# Larger than what is read and written at once.
BODY = bytes(range(256)) * 4096
QUICK = Patience(connect=2, read=2, backoff=0.001)


class Recorder(SilentReporter):
    """Remembers warnings and progress."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.totals: list[int] = []
        self.done = 0

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    @contextmanager
    def progress(self, label: str, total: int, *, unit: str = "bytes") -> Iterator[Progress]:
        self.totals.append(total)
        yield self

    def advance(self, amount: int) -> None:
        assert amount > 0
        self.done += amount


@pytest.fixture
def reporter() -> Recorder:
    return Recorder()


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / 'it\'s "a" cäche 中')


@pytest.fixture
def fetcher(cache: Cache, reporter: Recorder, monkeypatch: pytest.MonkeyPatch) -> Fetcher:
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "NETRC"):
        monkeypatch.delenv(variable, raising=False)
    return Fetcher(cache, reporter, patience=QUICK)


def wanted(server: Server, body: bytes = BODY, *, size: int | None = -1, name: str = "demo-1.0.whl") -> Download:
    """A download of `body`; size -1: the right one."""
    return Download(
        url=f"{server.url}/files/{name}",
        filename=name,
        sha256=hashlib.sha256(body).hexdigest(),
        size=len(body) if size == -1 else size,
    )


def part_of(cache: Cache, download: Download) -> Path:
    return cache.root / "downloads" / f"{download.sha256}.part"


def keep_part(cache: Cache, download: Download, content: bytes) -> None:
    with cache.partial("downloads", download.sha256) as part:
        part.write_bytes(content)


def test_files_come_in_order_and_each_once(fetcher: Fetcher, reporter: Recorder) -> None:
    bodies = [b"a" * 10, b"b" * 3000, b"", b"c"]
    with serving(lambda request: Answer(bodies[int(request.path[-1])])) as server:
        downloads = [wanted(server, body, name=str(number)) for number, body in enumerate(bodies)]
        paths = fetcher.fetch([*downloads, downloads[0]])
        assert [path.read_bytes() for path in paths] == [*bodies, bodies[0]]
        assert len(server.requests) == 3  # nobody has to be asked for nothing
        fetcher.fetch(downloads)
        assert len(server.requests) == 3
    assert reporter.totals == [3011]
    assert reporter.done == 3011


def test_no_download_needs_no_server(fetcher: Fetcher, reporter: Recorder) -> None:
    assert fetcher.fetch([]) == []
    assert reporter.totals == []


def test_a_server_that_dies_midway_is_asked_for_the_rest(fetcher: Fetcher, reporter: Recorder) -> None:
    def answer(request: Request) -> Answer:
        return ranged(BODY, request, cut=400_000 if request.start < 700_000 else None)

    with serving(answer) as server:
        [path] = fetcher.fetch([wanted(server)])
    assert path.read_bytes() == BODY
    assert [request.start for request in server.requests] == [0, 400_000, 800_000]
    assert reporter.done == len(BODY)


def test_a_download_goes_on_where_an_earlier_run_broke_off(fetcher: Fetcher, cache: Cache, reporter: Recorder) -> None:
    with serving(lambda request: ranged(BODY, request)) as server:
        download = wanted(server)
        keep_part(cache, download, BODY[:1000])
        [path] = fetcher.fetch([download])
    assert path.read_bytes() == BODY
    assert [request.start for request in server.requests] == [1000]
    assert reporter.done == len(BODY)


def test_a_server_that_ignores_range_starts_over(fetcher: Fetcher, cache: Cache, reporter: Recorder) -> None:
    with serving(lambda request: Answer(BODY)) as server:
        download = wanted(server)
        keep_part(cache, download, BODY[:1000])
        [path] = fetcher.fetch([download])
    assert path.read_bytes() == BODY
    assert [request.start for request in server.requests] == [1000]
    assert reporter.done == len(BODY)


def test_another_range_than_asked_for_is_not_appended(fetcher: Fetcher, cache: Cache) -> None:
    def answer(request: Request) -> Answer:
        if request.start:
            return Answer(BODY, status=206, headers={"Content-Range": f"bytes 0-{len(BODY) - 1}/{len(BODY)}"})
        return Answer(BODY)

    with serving(answer) as server:
        download = wanted(server)
        keep_part(cache, download, BODY[:1000])
        [path] = fetcher.fetch([download])
    assert path.read_bytes() == BODY
    assert [request.start for request in server.requests] == [1000, 0]


def test_a_range_that_cannot_be_satisfied_starts_over(fetcher: Fetcher, cache: Cache) -> None:
    def answer(request: Request) -> Answer:
        return Answer(status=416) if request.start else Answer(BODY)

    with serving(answer) as server:
        download = wanted(server, size=None)
        keep_part(cache, download, b"x" * (len(BODY) + 1))
        [path] = fetcher.fetch([download])
    assert path.read_bytes() == BODY


def test_a_damaged_beginning_is_fetched_again(fetcher: Fetcher, cache: Cache) -> None:
    with serving(lambda request: ranged(BODY, request)) as server:
        download = wanted(server)
        keep_part(cache, download, b"?" + BODY[1:1000])
        [path] = fetcher.fetch([download])
    assert path.read_bytes() == BODY
    assert [request.start for request in server.requests] == [1000, 0]


def test_a_complete_part_needs_no_request(fetcher: Fetcher, cache: Cache) -> None:
    with serving(lambda request: Answer(status=500)) as server:
        download = wanted(server, size=None)
        keep_part(cache, download, BODY)
        [path] = fetcher.fetch([download])
        assert path.read_bytes() == BODY
        assert server.requests == []


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_a_passing_refusal_is_tried_again(fetcher: Fetcher, status: int) -> None:
    answers = iter([Answer(status=status), Answer(status=status), Answer(BODY)])
    with serving(lambda request: next(answers)) as server:
        [path] = fetcher.fetch([wanted(server)])
    assert path.read_bytes() == BODY


@pytest.mark.parametrize("header", ["1", lambda: formatdate(time.time() + 2, usegmt=True)])
def test_retry_after_is_honoured(fetcher: Fetcher, header: object) -> None:
    value = header() if callable(header) else str(header)
    answers = iter([Answer(status=503, headers={"Retry-After": value}), Answer(BODY)])
    with serving(lambda request: next(answers)) as server:
        started = time.monotonic()
        fetcher.fetch([wanted(server)])
    assert time.monotonic() - started > 0.7


def test_a_server_that_asks_for_an_hour_is_not_waited_for(fetcher: Fetcher) -> None:
    with serving(lambda request: Answer(status=503, headers={"Retry-After": "3600"})) as server:
        with pytest.raises(FetchError, match="503"):
            fetcher.fetch([wanted(server)])
        assert len(server.requests) == 1


def test_patience_ends(fetcher: Fetcher) -> None:
    with serving(lambda request: Answer(status=503)) as server:
        with pytest.raises(FetchError, match=r"demo-1\.0\.whl cannot be fetched: the server says 503") as caught:
            fetcher.fetch([wanted(server)])
        assert len(server.requests) == 1 + QUICK.retries
    assert caught.value.hint


def test_progress_renews_patience(cache: Cache, reporter: Recorder) -> None:
    """Nine breaks with only one retry each: every piece is a megabyte further."""
    body = bytes(9 << 20)
    fetcher = Fetcher(cache, reporter, patience=Patience(retries=1, backoff=0.001))
    with serving(lambda request: ranged(body, request, cut=(1 << 20) + 5)) as server:
        [path] = fetcher.fetch([wanted(server, body)])
    assert path.stat().st_size == len(body)
    assert len(server.requests) == 9


@pytest.mark.parametrize(("status", "hint"), [(404, "lock"), (410, "lock"), (401, "netrc"), (403, "netrc")])
def test_a_final_refusal_is_not_tried_again(fetcher: Fetcher, status: int, hint: str) -> None:
    with serving(lambda request: Answer(status=status)) as server:
        with pytest.raises(FetchError, match=f"demo-1.0.whl: the server says {status}") as caught:
            fetcher.fetch([wanted(server)])
        assert len(server.requests) == 1
    assert hint in (caught.value.hint or "")


def test_a_wrong_file_is_refused_after_one_clean_retry(fetcher: Fetcher, cache: Cache) -> None:
    with serving(lambda request: ranged(BODY[::-1], request)) as server:
        download = wanted(server)
        with pytest.raises(FetchError) as caught:
            fetcher.fetch([download])
        assert [request.start for request in server.requests] == [0, 0]
    for fact in ("demo-1.0.whl", download.sha256, hashlib.sha256(BODY[::-1]).hexdigest()):
        assert fact in caught.value.message
    assert not part_of(cache, download).exists()
    assert cache.file("downloads", download.sha256) is None


def test_an_announced_size_that_is_wrong_is_noticed_before_the_body(fetcher: Fetcher) -> None:
    hold = threading.Event()
    with serving(lambda request: Answer(b"", length=len(BODY) + 1, hold=hold)) as server:
        with pytest.raises(FetchError, match=f"it has {len(BODY) + 1} bytes instead of {len(BODY)}"):
            fetcher.fetch([wanted(server)])
        hold.set()


def test_more_bytes_than_announced_end_the_download(cache: Cache, reporter: Recorder) -> None:
    """Without Content-Length only the lock knows when to stop."""
    sent = []

    def endless(connection: socket.socket) -> None:
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
            try:
                while len(sent) < 1000:
                    connection.sendall(b"x" * 65536)
                    sent.append(1)
            except OSError:
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            for _ in range(2):
                endless(listener.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        fetcher = Fetcher(cache, reporter, patience=QUICK)
        with pytest.raises(FetchError, match="more than 100000 bytes"):
            fetcher.fetch([Download(url=url, filename="x.whl", sha256="0" * 64, size=100_000)])
    assert len(sent) < 1000


def test_a_body_in_gzip_coding_is_taken_as_it_is(fetcher: Fetcher) -> None:
    """Servers label .tar.gz like this; decoding it would change the file."""
    with serving(lambda request: Answer(BODY, headers={"Content-Encoding": "gzip"})) as server:
        [path] = fetcher.fetch([wanted(server)])
    assert path.read_bytes() == BODY


def test_a_silent_server_times_out(cache: Cache, reporter: Recorder) -> None:
    hold = threading.Event()
    fetcher = Fetcher(cache, reporter, patience=Patience(read=0.1, retries=1, backoff=0.001))
    with serving(lambda request: Answer(BODY, cut=10, hold=hold)) as server:
        download = wanted(server)
        with pytest.raises(FetchError, match="took too long"):
            fetcher.fetch([download])
        hold.set()
    assert part_of(cache, download).read_bytes() == BODY[:10]


def test_an_unreachable_server_is_given_up_quickly_if_told_so(fetcher: Fetcher) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/python.tar.gz"
    with pytest.raises(FetchError, match="Connection refused"):
        fetcher.impatient().fetch([Download(url=url, filename="python.tar.gz", sha256="0" * 64)])


def test_all_failures_are_told_together(fetcher: Fetcher) -> None:
    barrier = threading.Barrier(2)

    def answer(request: Request) -> Answer:
        barrier.wait(5)
        return Answer(status=404)

    with serving(answer) as server, pytest.raises(FetchError) as caught:
        fetcher.fetch([wanted(server, b"1", name="one.whl"), wanted(server, b"2", name="two.whl")])
    assert "one.whl" in caught.value.message
    assert "two.whl" in caught.value.message


def test_a_failure_ends_the_other_downloads_quickly(cache: Cache, reporter: Recorder) -> None:
    hold = threading.Event()
    stalled = threading.Event()

    def answer(request: Request) -> Answer:
        if request.path.endswith("slow.whl"):
            stalled.set()
            return Answer(BODY, cut=1000, hold=hold)
        stalled.wait(5)
        return Answer(status=404)

    fetcher = Fetcher(cache, reporter, jobs=2, patience=Patience(read=30, backoff=0.001))
    with serving(answer) as server:
        never = [wanted(server, bytes([n]), name=f"{n}.whl") for n in range(20)]
        started = time.monotonic()
        with pytest.raises(FetchError, match="404"):
            fetcher.fetch([wanted(server, name="slow.whl"), *never])
        assert time.monotonic() - started < 5
        assert len(server.requests) == 2
        hold.set()


def test_interruption_is_prompt_and_keeps_what_has_arrived(fetcher: Fetcher, cache: Cache) -> None:
    hold = threading.Event()

    class Interrupting(Recorder):
        def advance(self, amount: int) -> None:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    with serving(lambda request: Answer(BODY, cut=1000, hold=hold)) as server:
        download = wanted(server)
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            Fetcher(cache, Interrupting(), patience=Patience(read=30)).fetch([download])
        assert time.monotonic() - started < 5
        hold.set()
    assert part_of(cache, download).exists()


def test_a_damaged_file_in_the_cache_is_fetched_again(fetcher: Fetcher, cache: Cache, reporter: Recorder) -> None:
    with serving(lambda request: ranged(BODY, request)) as server:
        [path] = fetcher.fetch([wanted(server)])
        path.write_bytes(b"!" + BODY[1:])
        assert fetcher.fetch([wanted(server)])[0].read_bytes() == BODY
        assert len(server.requests) == 2
    assert "demo-1.0.whl" in reporter.warnings[0]


def test_offline_names_everything_that_is_missing(fetcher: Fetcher, cache: Cache, reporter: Recorder) -> None:
    with serving(lambda request: Answer(BODY)) as server:
        have = wanted(server)
        [path] = fetcher.fetch([have])
        offline = Fetcher(cache, reporter, offline=True)
        assert offline.fetch([have]) == [path]
        lacking = [wanted(server, b"1", name="one.whl"), wanted(server, b"2", name="two.whl")]
        with pytest.raises(FetchError) as caught:
            offline.fetch([have, *lacking])
        assert len(server.requests) == 1
    assert caught.value.message == "2 files are not in the cache:\n  one.whl\n  two.whl"
    assert "--offline" in (caught.value.hint or "")
    with pytest.raises(FetchError, match="offline"):
        offline.get_bytes("http://127.0.0.1:9/page")


@pytest.mark.parametrize("as_url", [True, False])
def test_local_files_are_copied_even_offline(cache: Cache, reporter: Recorder, tmp_path: Path, as_url: bool) -> None:
    file = tmp_path / "ä 100% 中.whl"
    file.write_bytes(BODY)
    download = Download(
        url=file.as_uri() if as_url else str(file), filename="x.whl", sha256=hashlib.sha256(BODY).hexdigest()
    )
    [path] = Fetcher(cache, reporter, offline=True).fetch([download])
    assert path.read_bytes() == BODY
    assert path != file


def test_a_local_file_that_has_changed_is_refused(fetcher: Fetcher, tmp_path: Path) -> None:
    file = tmp_path / "x.whl"
    file.write_bytes(b"other")
    with pytest.raises(FetchError, match=r"x\.whl is not the expected file"):
        fetcher.fetch([Download(url=str(file), filename="x.whl", sha256="0" * 64)])
    with pytest.raises(FetchError, match="No such file"):
        fetcher.fetch([Download(url=str(tmp_path / "y.whl"), filename="y.whl", sha256="0" * 64)])


def test_a_cache_that_takes_no_more_is_named(fetcher: Fetcher) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with serving(lambda request: Answer(BODY)) as server, pytest.raises(OutputError, match="File too large"):
            fetcher.fetch([wanted(server)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_credentials_come_from_netrc(fetcher: Fetcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with serving(lambda request: Answer(BODY, status=200 if "Authorization" in request.headers else 401)) as server:
        fetcher.fetch([wanted(server)])


def test_credentials_go_to_their_own_server_only(fetcher: Fetcher) -> None:
    with serving(lambda request: Answer(BODY)) as other:
        redirect = {"Location": f"http://localhost:{other.http.server_port}/elsewhere"}
        with serving(lambda request: Answer(status=302, headers=redirect)) as server:
            fetcher.authorize(f"{server.url}/simple/", "me", "secret")
            fetcher.fetch([wanted(server)])
        assert "Authorization" in server.requests[0].headers
        assert "Authorization" not in other.requests[0].headers
        fetcher.fetch([wanted(other, BODY), Download(url=f"{other.url}/2", filename="2", sha256=_sha(BODY))])
        assert all("Authorization" not in request.headers for request in other.requests)


def test_credentials_are_not_told(fetcher: Fetcher) -> None:
    with serving(lambda request: Answer(status=404)) as server:
        url = server.url.replace("://", "://me:s3cret@") + "/x.whl"
        with pytest.raises(FetchError) as caught:
            fetcher.fetch([Download(url=url, filename="x.whl", sha256="0" * 64)])
        assert "Authorization" in server.requests[0].headers
    assert "s3cret" not in caught.value.message
    assert "127.0.0.1" in caught.value.message
    assert public_url("https://me:a@b@host/p?q=a@b") == "https://host/p?q=a@b"
    assert public_url("file:///a@b") == "file:///a@b"


def test_small_documents_have_a_limit(fetcher: Fetcher) -> None:
    answers = iter([Answer(status=503), Answer("é".encode()), Answer(b"12345")])
    with serving(lambda request: next(answers)) as server:
        assert fetcher.get_text(server.url) == "é"
        with pytest.raises(FetchError, match="longer than 4 bytes"):
            fetcher.get_bytes(server.url, limit=4)


def test_small_documents_may_be_local(fetcher: Fetcher, tmp_path: Path) -> None:
    (tmp_path / "ü sums").write_text("abc")
    assert fetcher.get_text((tmp_path / "ü sums").as_uri()) == "abc"
    with pytest.raises(FetchError, match="cannot be read"):
        fetcher.get_text(str(tmp_path / "none"))


@pytest.mark.parametrize("url", ["http://[", "gopher://127.0.0.1/x", "http:///x"])
def test_an_impossible_address_is_refused_at_once(fetcher: Fetcher, url: str) -> None:
    with pytest.raises(FetchError):
        fetcher.fetch([Download(url=url, filename="x", sha256="0" * 64)])


def test_certificates_of_a_company_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    session = default_session(4, {"SSL_CERT_FILE": "/company.pem"})

    def verified(**environ: str) -> object:
        for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.delenv(variable, raising=False)
        for key, value in environ.items():
            monkeypatch.setenv(key, value)
        return session.merge_environment_settings("https://host/", {}, None, None, None)["verify"]

    assert verified() == "/company.pem"
    assert verified(REQUESTS_CA_BUNDLE="/other.pem") == "/other.pem"
    assert isinstance(session, requests.Session)


def _sha(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
