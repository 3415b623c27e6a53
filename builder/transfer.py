"""One file over HTTP: resumed after a break, retried with growing pauses, checked while it arrives.

Follows RFC 9110 (ranges: section 14, Retry-After: section 10.2.3).
"""

import contextlib
import email.utils
import hashlib
import http.client
import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3

from .errors import FetchError, OutputError, WrongFileError

_Result = TypeVar("_Result")

_CHUNK = 1 << 18
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
# Longer than this, in seconds, a build does not wait for a server that asks it to come back later.
_LONGEST_PAUSE = 120.0
_LONGEST_BACKOFF = 30.0
# So many new bytes show that a connection is worth a fresh set of retries, however often it breaks.
_PROGRESS = 1 << 20


class CancelledError(Exception):
    """Somebody else's failure ended this transfer; what has arrived stays for the next run."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to try. Times are in seconds.

    connect: until a connection stands.  read: between two pieces of data.  connect_retries, retries: further attempts
    after a connection that did not come about, and after any other passing failure.  backoff: the first pause, doubled
    with each further one.
    """

    connect: float = 15.0
    read: float = 60.0
    connect_retries: int = 4
    retries: int = 6
    backoff: float = 0.5

    def pause(self, failures: int) -> float:
        """How long to wait after so many failures in a row; random, lest many builders return at once."""
        full = min(self.backoff * 2.0 ** (failures - 1), _LONGEST_BACKOFF)
        return full * random.uniform(0.5, 1.0)  # noqa: S311  # nothing secret about it


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the file has to be. name: for messages.  size: in bytes, None when nobody announced it."""

    name: str
    sha256: str
    size: int | None


class _PassingError(Exception):
    """It may be gone in a moment. connecting: no connection came about.  pause: in seconds, as the server asks for."""

    def __init__(self, text: str, *, connecting: bool = False, pause: float | None = None) -> None:
        super().__init__(text)
        self.connecting = connecting
        self.pause = pause


class _MismatchError(Exception):
    """Something else arrived than was expected."""


def public_url(url: str) -> str:
    """The URL without user name and password, fit for messages and files."""
    return re.sub(r"(?<=://)[^/?#]*@", "", url)


class Http:
    """HTTP with patience.

    session: carries proxies, netrc and CA bundles as requests honours them.  credentials: user and password by origin
    ("https://host:port" as the URLs write it).
    """

    def __init__(
        self, session: requests.Session, patience: Patience, credentials: Mapping[str, tuple[str, str]]
    ) -> None:
        self._session = session
        self._patience = patience
        self._credentials = credentials

    def download(
        self, url: str, part: Path, expected: Expected, advance: Callable[[int], None], cancel: threading.Event
    ) -> None:
        """Complete the file `part`, which may hold the beginning already.

        advance: is told about new bytes, each counted once however often they are fetched.  Raises FetchError,
        OutputError and CancelledError. When it returns, `part` has the expected size and SHA-256.
        """
        meter = _Meter(advance)
        with contextlib.suppress(_MismatchError):
            self._persist(url, lambda: self._continue(url, part, expected, meter, cancel), cancel, meter)
            return
        part.unlink(missing_ok=True)  # perhaps the beginning was damaged: once more, from scratch
        try:
            self._persist(url, lambda: self._continue(url, part, expected, meter, cancel), cancel, meter)
        except _MismatchError as problem:
            part.unlink(missing_ok=True)
            raise WrongFileError(
                f"{expected.name} from {public_url(url)} is not the expected file: {problem}",
                hint="the server (or a proxy) has another file under this name; if that is right, lock again: "
                "keel-builder lock --upgrade",
            ) from None

    def get(self, url: str, limit: int) -> bytes:
        """A small document of at most `limit` bytes. Raises FetchError."""

        def attempt() -> bytes:
            with self._open(url, offset=0) as response:
                content = bytearray()
                for chunk in _chunks(response, decode=True):
                    content += chunk
                    if len(content) > limit:
                        raise FetchError(f"{public_url(url)} is longer than {limit} bytes")
                return bytes(content)

        return self._persist(url, attempt, threading.Event(), _Meter(lambda _: None))

    def _persist(self, url: str, attempt: Callable[[], _Result], cancel: threading.Event, meter: "_Meter") -> _Result:
        """Call `attempt` until it succeeds or the patience ends."""
        failures = 0
        while True:
            before = meter.highest
            try:
                return attempt()
            except _PassingError as problem:
                failures = 1 if meter.highest - before >= _PROGRESS else failures + 1
                allowed = self._patience.connect_retries if problem.connecting else self._patience.retries
                pause = self._patience.pause(failures) if problem.pause is None else problem.pause
                if failures > allowed or pause > _LONGEST_PAUSE:
                    raise FetchError(
                        f"{public_url(url)} cannot be fetched: {problem}",
                        hint="check the address, the network and the proxy settings"
                        + ("; what has arrived is kept for the next run" if meter.highest else ""),
                    ) from None
                if cancel.wait(pause):
                    raise CancelledError from None

    def _continue(self, url: str, path: Path, expected: Expected, meter: "_Meter", cancel: threading.Event) -> None:
        """One attempt: ask for what is missing of the file, append it, check the whole."""
        with _Part(path) as part:
            meter.reach(part.size)
            if part.sha256 == expected.sha256:
                return
            if expected.size is not None and part.size >= expected.size:
                raise _MismatchError(f"{part.size} bytes that differ from the {expected.size} expected")
            with self._open(url, part.size) as response:
                start, announced = _extent(response, part.size)
                if expected.size is not None and announced not in (None, expected.size):
                    raise _MismatchError(f"it has {announced} bytes instead of {expected.size}")
                if start == 0:
                    part.clear()
                _receive(response, part, expected.size or announced, meter, cancel)
            if part.sha256 != expected.sha256:
                raise _MismatchError(f"its SHA-256 is {part.sha256} instead of {expected.sha256}")

    @contextlib.contextmanager
    def _open(self, url: str, offset: int) -> Iterator[requests.Response]:
        """The response to a GET from byte `offset` on: with status 200, or 206 if there is an offset."""
        # Compressed transfers would make sizes and ranges mean something else.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={offset}-"} if offset else {})
        try:
            response = self._session.get(
                url,
                headers=headers,
                auth=self._auth(url),
                stream=True,
                timeout=(self._patience.connect, self._patience.read),
            )
        except (requests.exceptions.RequestException, ValueError) as error:
            raise _failure(error, url) from None
        with contextlib.closing(response):
            _check_status(response, url, offset)
            yield response

    def _auth(self, url: str) -> tuple[str, str] | None:
        parts = urlsplit(url)
        return None if "@" in parts.netloc else self._credentials.get(f"{parts.scheme}://{parts.netloc}".lower())


class _Meter:
    """Turns positions in a file, which fall back when a transfer starts over, into bytes that count once."""

    def __init__(self, advance: Callable[[int], None]) -> None:
        self._advance = advance
        self.highest = 0

    def reach(self, position: int) -> None:
        if position > self.highest:
            self._advance(position - self.highest)
            self.highest = position


class _Part:
    """A growing file that knows size and SHA-256 of what it holds. Raises OutputError where it cannot be written."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        with self._explained():
            self._file = self._path.open("a+b")
        self.size = 0
        self._digest = hashlib.sha256()
        self._file.seek(0)
        while chunk := self._file.read(_CHUNK):
            self._count(chunk)
        return self

    def __exit__(self, *_: object) -> None:
        with self._explained():
            self._file.close()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def clear(self) -> None:
        with self._explained():
            self._file.truncate(0)
        self.size = 0
        self._digest = hashlib.sha256()

    def append(self, chunk: bytes) -> None:
        with self._explained():
            self._file.write(chunk)
        self._count(chunk)

    def _count(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._digest.update(chunk)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(
                f"{self._path} cannot be written: {error.strerror or error}",
                hint="free some space, or choose another --cache",
            ) from error


def hash_file(path: Path) -> tuple[str, int]:
    """SHA-256 (hex) and size in bytes of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()


def _receive(
    response: requests.Response, part: _Part, size: int | None, meter: _Meter, cancel: threading.Event
) -> None:
    """Append the body to `part`; `size`: of the whole file, which it must not exceed."""
    for chunk in _chunks(response):
        if size is not None and part.size + len(chunk) > size:
            raise _MismatchError(f"it has more than {size} bytes")
        part.append(chunk)
        meter.reach(part.size)
        if cancel.is_set():
            raise CancelledError
    if size is not None and part.size < size:
        raise _PassingError(f"the connection ended after {part.size} of {size} bytes")


def _chunks(response: requests.Response, *, decode: bool = False) -> Iterator[bytes]:
    """The body as it arrives: `read1` does not wait until a chunk is full, so that a break loses nothing."""
    try:
        while chunk := response.raw.read1(_CHUNK, decode_content=decode):
            yield chunk
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise _PassingError(_reason(error)) from None


def _failure(error: Exception, url: str) -> Exception:
    """What it means that there is no response."""
    if isinstance(error, (ValueError, requests.exceptions.TooManyRedirects)):  # the former: no URL, or a strange one
        return FetchError(f"{public_url(url)} cannot be fetched: {_reason(error)}", hint="check the address")
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return FetchError(
            f"{public_url(url)}: the server's certificate is not accepted: {_reason(error)}",
            hint="set SSL_CERT_FILE or REQUESTS_CA_BUNDLE to the certificates of your company",
        )
    cause = getattr(error.args[0], "reason", None) if error.args else None
    unreachable = (requests.exceptions.ConnectTimeout, requests.exceptions.ProxyError)
    return _PassingError(
        _reason(error),
        connecting=isinstance(error, unreachable) or isinstance(cause, urllib3.exceptions.NewConnectionError),
    )


def _check_status(response: requests.Response, url: str, offset: int) -> None:
    status = response.status_code
    if status == 200 or (status == 206 and offset):
        return
    what = f"{public_url(url)}: the server says {status} {response.reason or ''}".rstrip()
    if status == 416:
        raise _MismatchError("the server has no bytes from there on")
    if status in _TRANSIENT:
        raise _PassingError(f"the server says {status} {response.reason or ''}".rstrip(), pause=_retry_after(response))
    if status in (401, 403, 407):
        raise FetchError(
            what, hint="put the user name and password into ~/.netrc, or into the environment variables of the index"
        )
    raise FetchError(what, hint="the file may have moved or been withdrawn; `keel-builder lock` finds out")


def _retry_after(response: requests.Response) -> float | None:
    """Seconds, from either form of the header; None without it."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    return None


def _extent(response: requests.Response, offset: int) -> tuple[int, int | None]:
    """(where the body starts in the file, size of the whole file if it is announced)."""
    if response.status_code == 200:  # the server ignores ranges, or was not asked for one
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdecimal() else None
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "").strip())
    if match is None or int(match[1]) != offset:
        raise _MismatchError("the server sent another range than asked for")
    return offset, None if match[2] == "*" else int(match[2])


def _reason(error: BaseException) -> str:
    """The innermost cause, in words: "Connection refused", without addresses and object names."""
    if isinstance(error, (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError)):
        return "it took too long to answer"
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return "too many redirects"
    innermost: BaseException = error
    while True:
        inner = getattr(innermost, "reason", None) or next(
            (argument for argument in innermost.args if isinstance(argument, BaseException)), None
        )
        if not isinstance(inner, BaseException):
            break
        innermost = inner
    if isinstance(innermost, OSError) and innermost.strerror:
        return innermost.strerror
    if isinstance(innermost, http.client.HTTPException):
        return "the connection broke"
    # urllib3 begins with the connection: "HTTPSConnection(host='…', port=443): Failed to resolve …".
    words = re.sub(r"^\S*Connection(Pool)?(\(.*?\)| object at \w+>):\s*", "", str(innermost))
    return words or type(innermost).__name__
