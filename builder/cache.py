"""Everything that is worth keeping between two builds, named by content.

    <root>/downloads/<sha256>          files as they were fetched; <sha256>.part is one that broke off
    <root>/interpreters/<key>/         interpreter trees, ready to be packed
    <root>/frames/<key>/               compressed frames
    <root>/wheels/<key>/               wheels built from source
    <root>/resolver/<key>/             uv's own cache

Several builders may use one cache at the same time: files and folders are made under another name, then moved into
place. A name that exists is therefore complete.
"""

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import OutputError

try:
    import fcntl
except ImportError:  # Windows: every download there gets a partial file of its own
    fcntl = None  # type: ignore[assignment]

AREAS = ("downloads", "interpreters", "frames", "wheels", "resolver")

# Nothing takes a day to make, so that a temporary of this age (in seconds) belongs to a builder that was killed.
_STALE = 86_400.0
_PART = ".part"
_TEMPORARY = ".tmp"
_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# The cache of keel-builder. See https://bford.info/cachedir/\n"


def default_cache_root(environ: Mapping[str, str]) -> Path:
    """KEEL_CACHE; else `keel` in XDG_CACHE_HOME, in LOCALAPPDATA (Windows), or in ~/.cache."""
    if chosen := environ.get("KEEL_CACHE"):
        return Path(chosen).expanduser().absolute()
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        folder = environ.get(variable, "")
        if Path(folder).is_absolute():  # the XDG specification tells to ignore relative ones
            return Path(folder) / "keel"
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    return home / ".cache" / "keel"


class Cache:
    """A content-addressed cache in the folder `root`, which is made when something is first put into it.

    All methods raise OutputError when the cache cannot be written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def file(self, area: str, sha256: str) -> Path | None:
        """The cached file with that hash, marked as used just now; its content is not checked."""
        path = self.root / area / sha256
        if not path.is_file():
            return None
        _touch(path)
        return path

    def adopt(self, area: str, partial: Path, sha256: str) -> Path:
        """Move a finished file into the cache and return its place there."""
        path = self._area(area) / sha256
        with _explained(path):
            partial.replace(path)
        return path

    def remove(self, area: str, name: str) -> None:
        """Forget a file or folder, such as one that turned out to be damaged."""
        path = self.root / area / name
        with _explained(path):
            _remove(path)

    @contextmanager
    def partial(self, area: str, sha256: str) -> Iterator[Path]:
        """The file that a download goes into before `adopt`; it stays for a later run unless it was adopted.

        It belongs to the caller until the end of the block. While another builder downloads the same file, the caller
        gets an empty file of its own, which is removed at the end.
        """
        path = self._area(area) / f"{sha256}{_PART}"
        with _explained(path):
            lock = _try_lock(path)
        if lock is not None:
            try:
                yield path
            finally:
                if _measure(path) == (1, 0):
                    path.unlink(missing_ok=True)
                os.close(lock)
            return
        with _explained(path):
            handle, name = tempfile.mkstemp(prefix=f".{sha256[:16]}.", suffix=_TEMPORARY, dir=path.parent)
            os.close(handle)
            Path(name).chmod(0o644)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def has_folder(self, area: str, key: str) -> bool:
        """Whether `folder` would find it."""
        return (self.root / area / key).is_dir()

    def folder(self, area: str, key: str, make: Callable[[Path], None]) -> Path:
        """The cached folder `key`, made by `make(empty folder)` if there is none yet.

        A maker that fails or is killed leaves nothing under `key`. Of several at once, the first to finish wins, and
        all get its folder.
        """
        path = self.root / area / key
        if path.is_dir():
            _touch(path)
            return path
        parent = self._area(area)
        with _explained(path):
            temporary = Path(tempfile.mkdtemp(prefix=f".{key[:32]}.", suffix=_TEMPORARY, dir=parent))
            temporary.chmod(0o755)
        try:
            make(temporary)
            with _explained(path):
                _move_folder(temporary, path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        return path

    def info(self) -> list[tuple[str, int, int]]:
        """(area, number of files, their size in bytes) for every area."""
        return [(area, *_measure(self.root / area)) for area in AREAS]

    def clean(self, areas: Sequence[str] = AREAS, older_than: float | None = None) -> int:
        """Remove what has not been used for `older_than` seconds (None: everything); returns the bytes that this freed.

        Files that a running builder writes are left alone; remains of killed ones go after a day in any case.
        """
        paths = [path for area in areas for path in _entries(self.root / area)]
        return sum(self._clean_one(path) for path in paths if not _is_kept(path, older_than))

    def _clean_one(self, path: Path) -> int:
        size = _measure(path)[1]
        with _explained(path):
            if path.suffix == _PART:
                lock = _try_lock(path)
                if lock is None:
                    return 0
                path.unlink(missing_ok=True)
                os.close(lock)
            else:
                _remove(path)
        return size

    def _area(self, area: str) -> Path:
        path = self.root / area
        if not path.is_dir():
            with _explained(path):
                path.mkdir(parents=True, exist_ok=True)
                (self.root / "CACHEDIR.TAG").write_text(_TAG, encoding="utf-8")
        return path


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Failures of the file system, as something that a user can mend."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"the cache cannot be written: {path}: {error.strerror or error}",
            hint="choose another folder with --cache or KEEL_CACHE, or free some space (keel-builder cache clean)",
        ) from error


def _try_lock(path: Path) -> int | None:
    """A descriptor that holds the lock on `path` (made if need be) until it is closed; None while another one does."""
    if fcntl is None:
        return None
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Another builder may have finished in between, and moved the file that was just opened into the cache.
            if path.exists() and os.path.samestat(os.fstat(handle), path.stat()):
                return handle
        except BlockingIOError:
            os.close(handle)
            return None
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _move_folder(temporary: Path, path: Path) -> None:
    try:
        temporary.rename(path)
    except OSError as error:
        # EEXIST, ENOTEMPTY (POSIX) or EACCES (Windows): another builder was faster, with the same content.
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.EACCES) or not path.is_dir():
            raise


def _remove(path: Path) -> None:
    """Remove a file or folder; a folder first leaves its name, which promises completeness."""
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    doomed = path
    if path.suffix != _TEMPORARY:
        doomed = Path(tempfile.mkdtemp(prefix=".removed.", suffix=_TEMPORARY, dir=path.parent))
        path.rename(doomed)
    shutil.rmtree(doomed)


def _is_kept(path: Path, older_than: float | None) -> bool:
    limit = _STALE if path.suffix == _TEMPORARY else older_than
    if limit is None:
        return False
    try:
        return path.lstat().st_mtime > time.time() - limit
    except FileNotFoundError:
        return True


def _touch(path: Path) -> None:
    with suppress(OSError):  # a cache on a read-only medium serves as well
        os.utime(path)


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _measure(path: Path) -> tuple[int, int]:
    """(files, bytes) of a file or of all files below a folder; what disappears meanwhile does not count."""
    if not path.is_dir():
        with suppress(OSError):
            return 1, path.lstat().st_size
        return 0, 0
    files = size = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with suppress(OSError):
                size += (Path(folder) / name).lstat().st_size
                files += 1
    return files, size
