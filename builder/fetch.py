"""Files from the network into the cache: in parallel, checked, and never twice."""

import os
import queue
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import requests
from requests.adapters import HTTPAdapter

from . import __version__
from .cache import Cache
from .errors import BuilderError, FetchError, OutputError, WrongFileError
from .report import Reporter
from .stores import download_from_store, is_store, read_store
from .transfer import CancelledError, Expected, Http, Patience, hash_file, public_url

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_AREA = "downloads"
_JOBS = 8
# How long, in seconds, transfers that are under way may take to notice that another one has failed.
_GRACE = 1.0


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file to be had. url: http(s), file, a plain path, or one that fsspec knows (`stores`).  sha256: hex.

    size: in bytes, None when nobody tells.
    """

    url: str
    filename: str
    sha256: str
    size: int | None = None


class Fetcher:
    """Fetches into `cache`.

    offline: takes files from the cache and this machine only.  jobs: transfers at a time.  session: for tests; by
    default one that honours proxies, netrc, REQUESTS_CA_BUNDLE and SSL_CERT_FILE.  patience: timeouts and retries.
    """

    def __init__(
        self,
        cache: Cache,
        reporter: Reporter,
        *,
        offline: bool = False,
        jobs: int = _JOBS,
        session: requests.Session | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._cache = cache
        self._reporter = reporter
        self._offline = offline
        self._jobs = jobs
        self._session = session or default_session(jobs, os.environ)
        self._patience = patience or Patience()
        self._credentials: dict[str, tuple[str, str]] = {}

    def authorize(self, url: str, user: str, password: str) -> None:
        """Send this user name and password to the server of `url`, and to no other."""
        parts = urlsplit(url)
        self._credentials[f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()] = (user, password)

    def impatient(self) -> "Fetcher":
        """The same fetcher for places that may well be out of reach: one quick try to connect (5 s), few retries."""
        patience = replace(self._patience, connect=5.0, connect_retries=0, retries=min(2, self._patience.retries))
        hasty = Fetcher(
            self._cache,
            self._reporter,
            offline=self._offline,
            jobs=self._jobs,
            session=self._session,
            patience=patience,
        )
        hasty._credentials = self._credentials
        return hasty

    def fetch(self, downloads: Sequence[Download]) -> list[Path]:
        """The downloads' files in the cache, in the same order, each with the right size and SHA-256.

        Raises one FetchError that names everything that failed until the first failure stopped the rest, or, offline,
        everything that is missing.
        """
        wanted = {download.sha256: download for download in downloads}
        found = self._cached(list(wanted.values()))
        missing = [download for sha256, download in wanted.items() if sha256 not in found]
        if self._offline:
            _refuse([download for download in missing if _local_path(download.url) is None])
        if missing:
            found |= self._transfer(missing)
        return [found[download.sha256] for download in downloads]

    def save(self, download: Download, path: Path) -> None:
        """Fetch a file to `path`, outside of the cache: there whole or not at all; the next run resumes a broken one.

        A folder that is missing is made. Raises FetchError, OutputError.
        """
        [cached] = [*self._cached([download]).values(), None][:1]
        if cached is not None:
            place_file(cached, path, keep=True)
            return
        if self._offline:
            _refuse([download] if _local_path(download.url) is None else [])
        http = self._http()
        with (
            self._reporter.progress(f"fetching {download.filename}", download.size or 0) as progress,
            self._cache.partial(_AREA, download.sha256) as part,
        ):
            self._obtain(http, download, part, progress.advance, threading.Event())
            place_file(part, path, keep=False)

    def check(self, download: Download, scratch: Path) -> None:
        """Whether the file is, at its place, what it should be; nothing is taken from the cache or kept there.

        scratch: a file that may be written, for what cannot be read in place. Raises FetchError.
        """
        path = _local_path(download.url)
        if path is not None:
            _check_local(path, download)
            return
        scratch.unlink(missing_ok=True)
        self._obtain(self._http(), download, scratch, lambda _: None, threading.Event())
        scratch.unlink(missing_ok=True)

    def _obtain(
        self, http: Http, download: Download, part: Path, advance: Callable[[int], None], cancel: threading.Event
    ) -> None:
        """Complete `part`, from wherever the download is; when this returns it is the right file."""
        expected = Expected(name=download.filename, sha256=download.sha256, size=download.size)
        path = _local_path(download.url)
        if path is not None:
            _copy(path, part, download)
            if download.size:
                advance(download.size)
        elif is_store(download.url):
            download_from_store(download.url, part, expected, advance, cancel)
        else:
            http.download(download.url, part, expected, advance, cancel)

    def get_bytes(self, url: str, limit: int = 16 << 20) -> bytes:
        """A small document, such as a list of checksums, of at most `limit` bytes. Raises FetchError."""
        path = _local_path(url)
        if path is not None:
            try:
                return path.read_bytes()
            except OSError as error:
                raise FetchError(f"{path} cannot be read: {error.strerror or error}") from error
        if self._offline:
            raise FetchError(f"{public_url(url)} cannot be read offline", hint="run again without --offline")
        if is_store(url):
            return read_store(url, limit)
        return self._http().get(url, limit)

    def get_text(self, url: str, limit: int = 16 << 20) -> str:
        """The same as text; bytes that are not UTF-8 become replacement characters."""
        return self.get_bytes(url, limit).decode("utf-8", "replace")

    def _http(self) -> Http:
        return Http(self._session, self._patience, self._credentials)

    def _cached(self, downloads: Sequence[Download]) -> dict[str, Path]:
        """What the cache holds already, by SHA-256; every file is read and checked."""

        def check(download: Download) -> Path | None:
            path = self._cache.file(_AREA, download.sha256)
            if path is None:
                return None
            sha256, size = hash_file(path)
            if sha256 == download.sha256 and download.size in (None, size):
                return path
            if sha256 == download.sha256:
                raise FetchError(
                    f"{download.filename} has {size} bytes, not {download.size} as announced",
                    hint="lock again: keel-builder lock --upgrade",
                )
            self._cache.remove(_AREA, download.sha256)
            self._reporter.warn(f"{download.filename} in the cache was damaged and is removed")
            return None

        paths = _in_parallel(check, downloads, self._jobs, threading.Event())
        return {download.sha256: path for download, path in zip(downloads, paths, strict=True) if path is not None}

    def _transfer(self, downloads: Sequence[Download]) -> dict[str, Path]:
        """Fetch what is not in the cache; returns the places by SHA-256."""
        http = self._http()
        cancel = threading.Event()
        label = f"fetching {downloads[0].filename}" if len(downloads) == 1 else f"fetching {len(downloads)} files"
        with self._reporter.progress(label, sum(download.size or 0 for download in downloads)) as progress:

            def transfer(download: Download) -> Path:
                with self._cache.partial(_AREA, download.sha256) as part:
                    self._obtain(http, download, part, progress.advance, cancel)
                    return self._cache.adopt(_AREA, part, download.sha256)

            # Large files first: the last one to arrive is then a small one.
            order = sorted(downloads, key=lambda download: -(download.size or 0))
            paths = _in_parallel(transfer, order, self._jobs, cancel)
        return {download.sha256: path for download, path in zip(order, paths, strict=True)}


def place_file(source: Path, path: Path, *, keep: bool) -> None:
    """Put the file `source` to `path` in one step, as a copy if it is to be kept. Raises OutputError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            (shutil.copyfile if keep else shutil.move)(source, temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}", hint="choose another folder with --output"
        ) from error


def default_session(jobs: int, environ: Mapping[str, str]) -> requests.Session:
    """A session with `jobs` connections to a server; proxies, netrc and CA bundles come from the environment."""
    session = requests.Session()
    session.headers["User-Agent"] = f"keel-builder/{__version__}"
    session.verify = environ.get("SSL_CERT_FILE") or True  # REQUESTS_CA_BUNDLE, if set, comes first in requests
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_connections=jobs, pool_maxsize=jobs))
    return session


def _refuse(missing: Sequence[Download]) -> None:
    if not missing:
        return
    names = "".join(f"\n  {name}" for name in sorted(download.filename for download in missing))
    raise FetchError(
        f"{len(missing)} file{'s are' if len(missing) > 1 else ' is'} not in the cache:{names}",
        hint="run the same command once without --offline",
    )


def _local_path(url: str) -> Path | None:
    """The path that a file URL or a plain path means; None for the network."""
    scheme, separator, _ = url.partition("://")
    if not separator:
        return Path(url)
    return Path(url2pathname(unquote(urlsplit(url).path))) if scheme.lower() == "file" else None


def _copy(path: Path, part: Path, download: Download) -> None:
    try:
        shutil.copyfile(path, part)
    except OSError as error:
        raise FetchError(f"{path} cannot be read: {error.strerror or error}") from error
    try:
        _check_local(part, download, path)
    except FetchError:
        part.unlink()
        raise


def _check_local(path: Path, download: Download, source: Path | None = None) -> None:
    """Whether `path`, which was copied from `source`, is the right file."""
    try:
        sha256, size = hash_file(path)
    except OSError as error:
        raise FetchError(f"{path} cannot be read: {error.strerror or error}") from error
    if sha256 != download.sha256 or download.size not in (None, size):
        raise WrongFileError(
            f"{source or path} is not the expected file: {size} bytes with SHA-256 {sha256}, "
            f"instead of {download.size or 'some'} with {download.sha256}",
            hint="it has changed since it was locked; if that is right: keel-builder lock --upgrade",
        )


def _in_parallel(
    work: Callable[[_Item], _Result], items: Sequence[_Item], jobs: int, cancel: threading.Event
) -> list[_Result]:
    """`work` of every item, in order.

    The first failure sets `cancel`, and no further item is begun. Daemon threads, so that neither Ctrl-C nor a failure
    waits for a silent server.
    """
    waiting = iter(range(len(items)))
    finished: queue.SimpleQueue[tuple[int, _Result | BaseException] | None] = queue.SimpleQueue()
    take = threading.Lock()

    def worker() -> None:
        while not cancel.is_set():
            with take:
                index = next(waiting, None)
            if index is None:
                break
            try:
                finished.put((index, work(items[index])))
            except BaseException as error:  # handed to the caller's thread
                cancel.set()
                finished.put((index, error))
        finished.put(None)

    threads = min(jobs, len(items))
    for _ in range(threads):
        threading.Thread(target=worker, daemon=True).start()
    try:
        results, errors = _collect(finished, threads)
    except BaseException:  # Ctrl-C
        cancel.set()
        raise
    _raise(errors)
    return [results[index] for index in range(len(items))]


def _collect(
    finished: "queue.SimpleQueue[tuple[int, _Result | BaseException] | None]", threads: int
) -> tuple[dict[int, _Result], list[BaseException]]:
    """Results and errors until all threads have ended, or until the grace period after a failure is over."""
    results: dict[int, _Result] = {}
    errors: list[BaseException] = []
    deadline: float | None = None
    while threads:
        try:
            outcome = finished.get(timeout=None if deadline is None else max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        if outcome is None:
            threads -= 1
        elif isinstance(outcome[1], BaseException):
            errors.append(outcome[1])
            deadline = deadline or time.monotonic() + _GRACE
        else:
            results[outcome[0]] = outcome[1]
    return results, errors


def _raise(errors: Sequence[BaseException]) -> None:
    """Raise what stands for all errors: a bug as it is, a single error as it is, several as one FetchError."""
    failures = [error for error in errors if not isinstance(error, CancelledError)]
    for error in failures:
        if not isinstance(error, FetchError):
            raise error
    expected = [error for error in failures if isinstance(error, BuilderError)]
    if len(expected) == 1:
        raise expected[0]
    if expected:
        hints = list(dict.fromkeys(error.hint for error in expected if error.hint))
        raise FetchError("\n".join(error.message for error in expected), hint="; ".join(hints) or None)
