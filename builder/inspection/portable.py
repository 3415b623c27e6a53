"""The contents of a portable archive for Windows (builder/installers/sevenzip.py): one folder, and no payload."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import py7zr
from py7zr.io import Py7zIO, WriterFactory

from keel.manifest import MANIFEST
from keel.portable import UNLINKED

from ..errors import InstallerFileError
from .contents import Advance, Reading, Wanted
from .entries import Entry, path_problem
from .payload import Budget, damaged

MARK = b"7z\xbc\xaf\x27\x1c"
_MOST_BYTES = 2**40


@dataclass(frozen=True, kw_only=True)
class PortableContents:
    """The files below the archive's folder, which are all there is. py7zr bounds what a header can ask for.

    The manifest, which such an archive holds under another name, is read under its own.
    """

    path: Path

    @property
    def amount(self) -> int:
        return sum(entry.size for entry in self._members.values())

    @property
    def quick(self) -> bool:
        return False  # its files are one compressed stream

    def read(self, wanted: Wanted) -> Reading:
        return self._read({name for name, entry in self._members.items() if wanted(entry.path)})

    def find(self, path: str) -> Reading:
        return self.read(lambda one: one == path)

    def verify(self, advance: Advance) -> list[str]:
        with _explained(), py7zr.SevenZipFile(self.path, max_extract_size=_MOST_BYTES) as archive:
            archive.extractall(factory=_Sinks(set(), advance))
        return []

    @cached_property
    def _members(self) -> dict[str, Entry]:
        """Everything but folders, by its name in the archive."""
        with _explained(), py7zr.SevenZipFile(self.path) as archive:
            listed = [(one.filename, one.uncompressed) for one in archive.list() if not one.is_directory]
        budget = Budget()
        members = {}
        for name, size in listed:
            path = name.partition("/")[2]
            problem = path_problem(name, windows=True)
            if problem or name in members or not path:
                raise damaged(f"{name[:200]!r} cannot be in it: {problem or 'it is there twice, or beside its folder'}")
            entry = Entry(path=MANIFEST if path == UNLINKED else path, kind="file", size=size)
            budget.spend(entry, None)
            members[name] = entry
        if len({name.partition("/")[0] for name in members}) != 1 or MANIFEST not in {
            entry.path for entry in members.values()
        }:
            raise InstallerFileError(f"{self.path}: it is a 7z archive, and no base that Keel made")
        return members

    def _read(self, names: set[str]) -> Reading:
        budget = Budget()
        for name in names:
            budget.allows(self._members[name])
            budget.spend(self._members[name], b"")
        sinks = _Sinks(names, lambda _: None)
        with _explained(), py7zr.SevenZipFile(self.path, max_extract_size=_MOST_BYTES) as archive:
            archive.extract(targets=names, factory=sinks)
        files = {self._members[name].path: bytes(data) for name, data in sinks.kept.items()}
        return Reading(entries=list(self._members.values()), files=files)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except InstallerFileError:
        raise
    except Exception as error:  # py7zr and those below it have no common error for damage
        raise damaged(f"its archive cannot be read ({error or type(error).__name__})") from error


class _Sink(Py7zIO):
    """Where py7zr writes a file. kept: takes its bytes, None where nobody wants them."""

    def __init__(self, kept: bytearray | None, advance: Advance) -> None:
        self._kept, self._advance, self._size = kept, advance, 0

    def write(self, data: bytes | bytearray) -> int:
        self._size += len(data)
        self._advance(len(data))
        if self._kept is not None:
            self._kept += data
        return len(data)

    def read(self, size: int | None = None) -> bytes:
        del size
        return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        del whence
        return offset

    def flush(self) -> None:
        pass

    def size(self) -> int:
        return self._size


class _Sinks(WriterFactory):
    """Keeps the files called `names`."""

    def __init__(self, names: set[str], advance: Advance) -> None:
        self._names, self._advance = names, advance
        self.kept: dict[str, bytearray] = {}

    def create(self, filename: str) -> _Sink:
        kept = self.kept.setdefault(filename, bytearray()) if filename in self._names else None
        return _Sink(kept, self._advance)
