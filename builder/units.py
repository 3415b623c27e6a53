"""What gets installed, as entries of an archive: the interpreter, wheels (in the store, linked from it), the manager.

An entry knows where it goes and where its bytes come from, and is read only when its frame is not in the cache yet.
Every `Slice` therefore carries a key: the digest of everything that decides its bytes.
"""

import hashlib
import io
import stat
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO

from keel.compiling import modules_of_unit
from keel.errors import KeelError
from keel.manifest import ENGINE
from keel.shims import shim, shim_path
from keel.wheel import Placement, Scheme, UnitFiles, WheelError, plan

from .engine import read_engine
from .errors import BuilderError
from .interpreters import Interpreter
from .launchers import windows_programs
from .lock import LockedWheel
from .manager import manager_files
from .platforms import Platform

# Part of every key: raise it when the layout of any unit changes.
LAYOUT_VERSION = 1
_EPOCH_2000 = 946_684_800
_LARGE = 10**9
_LARGEST_KEPT = 2**18


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One file, hard link, symbolic link or (its path ends in a slash) empty folder.

    path: relative to the prefix.  open: gives the bytes of a regular file, `size` of them.  link, symlink: where the
    other kinds point to (relative to the prefix, and to the entry).  mtime: whole seconds since 1970.
    """

    path: str
    mode: int
    mtime: int
    size: int = 0
    open: Callable[[], IO[bytes]] | None = None
    link: str | None = None
    symlink: str | None = None


@dataclass(frozen=True, kw_only=True)
class Slice:
    """What becomes one or several frames of one stage.

    key: decides the bytes, with `unit` and the compression.  weight: about how many bytes; large ones are packed first.
    """

    unit: str
    stage: int
    key: str
    weight: int = 0
    entries: Callable[[], Sequence[Entry]] = field(repr=False)


def digest(*parts: object) -> str:
    """SHA-256 over the parts' texts, as a key."""
    return hashlib.sha256("\0".join(str(part) for part in (LAYOUT_VERSION, *parts)).encode()).hexdigest()


def unit_mtime(sha256: str) -> int:
    """A unit's time stamp: even seconds after 2000, derived from its hash, so that two versions never share one."""
    return (_EPOCH_2000 + int(sha256, 16) % 2**28) & ~1


def content_entry(path: str, content: bytes, *, mode: int, mtime: int) -> Entry:
    """A regular file whose bytes are at hand."""
    return Entry(path=path, mode=mode, mtime=mtime, size=len(content), open=lambda: io.BytesIO(content))


def alike_first(path: str) -> tuple[str, str]:
    """Sorting key: files of one kind follow each other, which saves about half a percent."""
    return path.rpartition(".")[2], path


def tree_entries(root: Path, *, mtime: int) -> list[Entry]:
    """Every file and symbolic link under `root`, with modes reduced to 0644 and 0755."""
    entries = [_tree_entry(root, path, mtime) for path in root.rglob("*") if path.is_symlink() or path.is_file()]
    return sorted(entries, key=lambda entry: alike_first(entry.path))


def _tree_entry(root: Path, path: Path, mtime: int) -> Entry:
    name = path.relative_to(root).as_posix()
    if path.is_symlink():
        return Entry(path=name, mode=0o777, mtime=mtime, symlink=str(path.readlink()))
    status = path.stat()
    mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
    return Entry(path=name, mode=mode, mtime=mtime, size=status.st_size, open=lambda: path.open("rb"))


def interpreter_slice(interpreter: Interpreter) -> Slice:
    """The interpreter's files, at their places in the prefix."""
    mtime = unit_mtime(interpreter.sha256)
    return Slice(
        unit=f"python-{interpreter.version}",
        stage=0,
        key=digest("interpreter", interpreter.tree.name, interpreter.sha256),
        weight=_LARGE,
        entries=lambda: tree_entries(interpreter.tree, mtime=mtime),
    )


def manager_slice(platform: Platform) -> tuple[Slice, str]:
    """keel itself for one platform, and the digest of its files (its "SHA-256")."""
    files = [(dest, source.read_bytes(), mode) for dest, source, mode in manager_files(windows=platform.is_windows)]
    if platform.is_windows:
        files = sorted([*files, *((dest, data, 0o755) for dest, data in windows_programs(platform.machine).items())])
    sha256 = digest(*(f"{dest} {mode:o} {hashlib.sha256(data).hexdigest()}" for dest, data, mode in files))
    mtime = unit_mtime(sha256)

    def entries() -> list[Entry]:
        return [content_entry(dest, data, mode=mode, mtime=mtime) for dest, data, mode in files]

    return Slice(unit="keel", stage=0, key=digest("manager", sha256), entries=entries), sha256


def engine_slice(platform: Platform) -> Slice:
    """The engine, which makes links for keel."""
    engine = read_engine(platform)
    sha256 = hashlib.sha256(engine).hexdigest()
    return Slice(
        unit="keel-engine",
        stage=0,
        key=digest("engine", sha256),
        entries=lambda: [content_entry(ENGINE, engine, mode=0o755, mtime=unit_mtime(sha256))],
    )


class _Archives(threading.local):
    """A wheel, opened once in each thread: one ZipFile counts its readers without a lock. Closed with its last user."""

    def __init__(self, wheel: Path) -> None:
        self._wheel = wheel
        self._archive: zipfile.ZipFile | None = None

    def get(self) -> zipfile.ZipFile:
        if self._archive is None:
            self._archive = zipfile.ZipFile(self._wheel)
        return self._archive


@dataclass(frozen=True, kw_only=True)
class _Listing:
    """A wheel, listed. metadata: the bytes of the files in its .dist-info, but for very large ones.
    files: without pycs, which are not part of a wheel."""

    members: tuple[zipfile.ZipInfo, ...]
    metadata: Mapping[str, bytes]
    files: UnitFiles

    def read(self, wheel: Path, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The bytes of some of its files, with the archive opened once, if at all."""
        wanted = list(names)
        if all(name in self.metadata for name in wanted):
            yield from ((name, self.metadata[name]) for name in wanted)
            return
        with zipfile.ZipFile(wheel) as archive:
            for name in wanted:
                yield name, archive.read(name)


@lru_cache(maxsize=1024)  # many targets have the same wheels, and each looks into them more than once
def _listing(wheel: Path, sha256: str) -> _Listing:
    """Raises BadZipFile, WheelError. sha256: as another file may come to lie at the same place."""
    with zipfile.ZipFile(wheel) as archive:
        members = tuple(info for info in archive.infolist() if not info.is_dir())
        about = [info for info in members if ".dist-info/" in info.filename and info.file_size < _LARGEST_KEPT]
        metadata = {info.filename: archive.read(info) for info in about}
    names = [info.filename for info in members]
    if len(set(names)) != len(names):
        raise WheelError("it holds a file twice")
    files = UnitFiles(names, lambda name: next(_listing(wheel, sha256).read(wheel, [name]))[1])
    return _Listing(members=members, metadata=metadata, files=files)


@dataclass(frozen=True, kw_only=True)
class WheelUnit:
    """One wheel on its way into the store and, if `base`, into the base.

    wheel: its file on this machine, already verified.  Raises BuilderError for a wheel that breaks the specification.
    """

    locked: LockedWheel
    wheel: Path
    base: bool
    requested: bool

    @property
    def name(self) -> str:
        """`numpy-2.4.6-0203174f`: the unit's folder in the store, and its name in the index."""
        distribution = self.locked.filename.split("-")[0]
        return f"{distribution}-{self.locked.version}-{self.locked.sha256[:8]}"

    @property
    def store(self) -> str:
        return f"pkgs/{self.name}"

    @property
    def mtime(self) -> int:
        return unit_mtime(self.locked.sha256)

    @property
    def files(self) -> UnitFiles:
        """The wheel, listed; pycs are not part of it."""
        return self._listed.files

    def store_slice(self) -> Slice:
        """Stage 0: the unzipped wheel, byte for byte. Depends on nothing but the wheel."""
        return Slice(
            unit=self.name,
            stage=0,
            key=digest("wheel", self.locked.sha256, self.name),
            weight=self.locked.size or _LARGE,
            entries=self._unzipped,
        )

    def link_slice(self, placements: Sequence[Placement]) -> Slice:
        """Stage 1: links from the store into the base, and generated files.

        placements: the unit's, without those that another unit of the base provides.
        """
        key = digest("links", self.locked.sha256, self.name, *placements)
        return Slice(unit=self.name, stage=1, key=key, entries=lambda: [self._placed(place) for place in placements])

    def placements(self, scheme: Scheme, pycs: Sequence[str]) -> list[Placement]:
        """Everything that the unit puts into a base. pycs: the unit's, relative to it."""
        files = self.files
        with self._explained():
            return plan(UnitFiles([*files.names, *pycs], files.read), scheme, requested=self.requested)

    def sources(self, cache_tag: str) -> list[str]:
        """Paths of the Python modules in the unit that deserve a pyc. cache_tag: of the Python ("cpython-311")."""
        return modules_of_unit(self.files.names, self.files.dist_info, cache_tag)

    def read(self, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """The bytes of some of its files, with the archive opened once, if at all."""
        with self._explained():
            yield from self._listed.read(self.wheel, names)

    def scripts(self) -> list[str]:
        """Names of the scripts that its entry points ask for."""
        with self._explained():
            return [point.name for point in self.files.entry_points()]

    def unpacked_size(self, names: Iterable[str] | None = None) -> int:
        """Bytes of all of its files, or of some."""
        wanted = None if names is None else set(names)
        return sum(info.file_size for info in self._listed.members if wanted is None or info.filename in wanted)

    @property
    def _listed(self) -> _Listing:
        with self._explained():
            return _listing(self.wheel, self.locked.sha256)

    def _unzipped(self) -> list[Entry]:
        scripts = self.files.dist_info[: -len(".dist-info")] + ".data/scripts/"
        archives = _Archives(self.wheel)

        def entry(info: zipfile.ZipInfo) -> Entry:
            executable = info.external_attr >> 16 & 0o111 or info.filename.startswith(scripts)
            return Entry(
                path=f"{self.store}/{info.filename}",
                mode=0o555 if executable else 0o444,
                mtime=self.mtime,
                size=info.file_size,
                open=lambda: archives.get().open(info),
            )

        return [entry(info) for info in sorted(self._listed.members, key=lambda info: alike_first(info.filename))]

    def _placed(self, place: Placement) -> Entry:
        if place.source is not None:
            return Entry(path=place.dest, mode=0o444, mtime=self.mtime, link=f"{self.store}/{place.source}")
        mode = 0o755 if place.executable else 0o644
        return content_entry(place.dest, place.content, mode=mode, mtime=self.mtime)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (KeelError, zipfile.BadZipFile, RuntimeError, UnicodeDecodeError) as error:
            raise BuilderError(
                f"{self.locked.filename} is not a usable wheel: {error}",
                hint="take another version of the package, or report it to its authors",
            ) from error


def shims_slice(units: Sequence[WheelUnit]) -> Slice:
    """Stage 0: a tiny source distribution for each unit, through which pip and uv find it (`keel.shims`).

    One slice for all: they are made in no time, and have nearly everything in common.
    """
    entries = [_shim(unit) for unit in units]
    key = digest("shims", *(f"{path} {mtime} {hashlib.sha256(data).hexdigest()}" for path, data, mtime in entries))
    return Slice(
        unit="shims",
        stage=0,
        key=key,
        entries=lambda: [content_entry(path, data, mode=0o444, mtime=mtime) for path, data, mtime in entries],
    )


def _shim(unit: WheelUnit) -> tuple[str, bytes, int]:
    """Its path, bytes and time."""
    locked = unit.locked
    data = shim(locked.name, locked.version, locked.sha256, unit.files.metadata())
    return shim_path(locked.name, locked.version), data, unit.mtime
