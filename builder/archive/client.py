"""The reading side of an archive: its index, believed or not, and the installer that somebody wants.

docs/archive-format.md, "How a program reads an archive". Addresses are http(s), file, folders, and what fsspec knows.
"""

import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..errors import ArchiveError, FetchError, OutputError
from ..fetch import Download, Fetcher
from ..report import Progress
from ..sums import find_sum
from ..target import title_of
from ..transfer import hash_file
from .index import Entry, Index
from .index_file import read_index
from .latest import newness
from .memory import Memory
from .minisign import PublicKey, parse_public
from .trust import INDEX, SUMS, Remembered, check_signature, read_signed_index, signature_name

_LARGEST_INDEX = 64 * 2**20
_LARGEST_SIGNATURE = 4096
_ASK = "ask whoever publishes the archive"


@dataclass(frozen=True, kw_only=True)
class Opened:
    """An archive that was read. address: as files are asked for, without a slash at its end.

    key: that the index was verified with; None for one that was taken as it is.
    """

    address: str
    index: Index
    key: PublicKey | None

    def download(self, file: str, size: int, sha256: str) -> Download:
        """A file of the archive, for a Fetcher."""
        return Download(url=f"{self.address}/{file}", filename=file, sha256=sha256, size=size)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Which installer. name: of a product, or of a file; None where the archive has one product only.

    version, python ("3.12" or a full version): None for the newest.  format: None for the platform's usual one.
    """

    name: str | None
    version: str | None
    python: str | None
    platform: str
    format: str | None


def normal_address(words: str) -> str:
    """The address of an archive as people name it: its page, its index, with a slash or without."""
    return re.sub(r"(?<=[^/:])/+(index\.(html|json))?$", "", words)


def open_archive(words: str, fetcher: Fetcher, memory: Memory, *, key: PublicKey | None, now: datetime) -> Opened:
    """Read an archive, believe it or not, and remember it. Raises FetchError, ArchiveError.

    key: what the user pinned; without it the one of the last time counts.
    """
    address = normal_address(words)
    try:
        data = fetcher.get_bytes(f"{address}/{INDEX}", _LARGEST_INDEX)
    except FetchError as error:
        raise FetchError(
            f"{words} cannot be read: {error.message}", hint="is there an archive at that address?"
        ) from error
    known = memory.recall(address)
    if key is None and known is not None and known.key is not None:
        key = parse_public(known.key)
    signature = None
    if key is not None:
        signature = _signature(fetcher, f"{address}/{signature_name(read_index(data).version)}")
    index = read_signed_index(data, signature, key=key, now=now, remembered=known)
    sha256 = hashlib.sha256(data).hexdigest()
    now_known = Remembered(archive=index.archive, key=key.text if key else None, version=index.version, sha256=sha256)
    if now_known != known:
        memory.remember(address, now_known)
    return Opened(address=address, index=index, key=key)


def _signature(fetcher: Fetcher, url: str) -> bytes | None:
    try:
        return fetcher.get_bytes(url, _LARGEST_SIGNATURE)
    except FetchError:
        return None  # `trust` says what that means


def choose(index: Index, wish: Wish) -> Entry:
    """The newest installer that fits. Raises ArchiveError, which says what there is."""
    if wish.name is not None and (entry := index.entry(wish.name)) is not None:
        return entry
    name = _product(index, wish.name)
    left: Iterable[Entry] = [entry for entry in index.installers if entry.name == name]
    for what, wanted, value in (
        ("platform", wish.platform, lambda entry: (entry.platform,)),
        ("version", wish.version, lambda entry: (entry.version,)),
        ("Python", wish.python, lambda entry: (entry.python_minor, entry.python)),
        ("format", wish.format, lambda entry: (entry.format,)),
    ):
        if wanted is None:
            continue
        fitting = [entry for entry in left if wanted in value(entry)]
        if not fitting:
            there = ", ".join(sorted({value(entry)[0] for entry in left}))
            raise ArchiveError(f"the archive has no {name} for {what} {wanted}", hint=f"there is: {there}")
        left = fitting
    return max(left, key=lambda entry: (newness(entry)[:-1], _usual(entry)))


def _product(index: Index, name: str | None) -> str:
    """The name of a recipe, or how its installers' names begin; without regard to case."""
    names = sorted({entry.name for entry in index.installers})
    if name is None and len(names) == 1:
        return names[0]
    if not names:
        raise ArchiveError("the archive is empty", hint=_ASK)
    found = [one for one in names if name is not None and name.lower() in (one.lower(), title_of(one).lower())]
    if len(found) != 1:
        what = f"nothing called {name}" if name else f"{len(names)} products"
        raise ArchiveError(f"the archive has {what}", hint=f"name one of: {', '.join(names)}")
    return found[0]


def _usual(entry: Entry) -> bool:
    return entry.format == ("exe" if entry.platform.startswith("windows-") else "sh")


def download(opened: Opened, entry: Entry, fetcher: Fetcher, folder: Path) -> tuple[Path, bool]:
    """Put the installer into `folder`, whole and checked; returns its path, and whether it was there already.

    Raises FetchError, and OutputError where another file has its name.
    """
    path = folder / entry.file
    if path.exists():
        if path.is_file() and hash_file(path) == (entry.sha256, entry.size):
            return path, True
        raise OutputError(
            f"{path} is there already, and is not what the archive has under this name",
            hint="move it away, or choose another folder with --output",
        )
    with _archives_fault(entry.file):
        fetcher.save(opened.download(entry.file, entry.size, entry.sha256), path)
    if entry.format == "sh":
        path.chmod(0o755)
    return path, False


@contextmanager
def _archives_fault(file: str) -> Iterator[None]:
    """Failures to fetch a file of an archive are no matter of locks."""
    try:
        yield
    except FetchError as error:
        hint = f"what has arrived is kept for the next run; if {file} does not come right, {_ASK}"
        raise type(error)(error.message, hint=hint) from error


def count_files(index: Index) -> int:
    """How many files `check_files` checks."""
    return len(_files(index))


def check_files(opened: Opened, fetcher: Fetcher, progress: Progress) -> list[str]:
    """What is wrong with the files of an archive, a line each: installers, documents, and the list SHA256SUMS.

    progress: advanced by one for each file.
    """
    problems = _check_sums(opened, fetcher)
    with tempfile.TemporaryDirectory(prefix="keel-verify-") as folder:
        for name, (size, sha256) in sorted(_files(opened.index).items()):
            try:
                fetcher.check(opened.download(name, size, sha256), Path(folder) / "file")
            except FetchError as error:
                problems.append(f"{name}: {error.message}")
            progress.advance(1)
    return problems


def _files(index: Index) -> dict[str, tuple[int, str]]:
    """Size and SHA-256 of every file that the index names."""
    files = {entry.file: (entry.size, entry.sha256) for entry in index.installers}
    for entry in index.installers:
        files |= {document.name: (document.size, document.sha256) for document in entry.documents.values()}
    return files


def _check_sums(opened: Opened, fetcher: Fetcher) -> list[str]:
    """SHA256SUMS is signed like the index, and says the same."""
    try:
        data = fetcher.get_bytes(f"{opened.address}/{SUMS}")
        if opened.key is not None:
            signature = fetcher.get_bytes(f"{opened.address}/{SUMS}.minisig", _LARGEST_SIGNATURE)
            check_signature(data, signature, opened.key, opened.index, SUMS)
    except (FetchError, ArchiveError) as error:
        return [error.message]
    text = data.decode("utf-8", "replace")
    wrong = [name for name, (_, sha256) in _files(opened.index).items() if find_sum(text, name) != sha256]
    return [f"{SUMS} has another hash of {name} than the index" for name in sorted(wrong)]
