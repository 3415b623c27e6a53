"""An archive in a folder, served by any web server, or a share."""

import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ..errors import ArchiveError, OutputError

_PART = ".part"
_LOCK = ".publish.lock"
_CHUNK = 2**20
# Some network file systems have no locks; `swap` still notices another publisher.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}


class FolderPlace:
    """Implements `builder.archive.place.Place`. The folder is made when something is first written."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.address = str(root)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        with self._explained(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.root / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                _lock(handle)
            except BlockingIOError as error:
                os.close(handle)
                raise ArchiveError(
                    f"another keel-builder is publishing to {self.root}", hint="wait until it is done"
                ) from error
        try:
            with self._explained(self.root):
                for remains in self.root.rglob(f".*{_PART}"):  # of publishers that were killed: nobody else is at work
                    remains.unlink(missing_ok=True)
            yield
        finally:
            os.close(handle)

    def files(self) -> dict[str, int]:
        with self._explained(self.root):
            return dict(self._walk(self.root, ""))

    def _walk(self, folder: Path, prefix: str) -> Iterator[tuple[str, int]]:
        with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from self._walk(Path(entry.path), f"{prefix}{entry.name}/")
                elif not entry.name.endswith(_PART):
                    yield prefix + entry.name, entry.stat(follow_symlinks=False).st_size

    def read(self, path: str) -> bytes | None:
        with self._explained(self.root / path):
            try:
                return (self.root / path).read_bytes()
            except FileNotFoundError:
                return None

    def write(self, contents: Iterable[tuple[str, bytes]]) -> None:
        for path, content in contents:
            self._put(path, content)

    def upload(self, path: str, source: Path, sha256: str, advance: Callable[[int], None]) -> None:
        digest = hashlib.sha256()
        with (
            self._replacing(path) as handle,
            source.open("rb") as stream,
            os.fdopen(handle, "wb", closefd=False) as out,
        ):
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                out.write(chunk)
                advance(len(chunk))
            if digest.hexdigest() != sha256:
                raise OutputError(f"{source} changed while it was published", hint="publish again when it is finished")
            out.flush()
            os.fsync(handle)

    def copy(self, source: str, path: str) -> None:
        """A hard link, where the file system has them."""
        origin, name = self.root / source, self.root / path
        with self._explained(name):
            if name.exists() and origin.samefile(name):
                return
            folder = Path(tempfile.mkdtemp(prefix=".link.", suffix=_PART, dir=self.root))
            temporary = folder / "file"
            try:
                try:
                    os.link(origin, temporary)
                except OSError:
                    shutil.copyfile(origin, temporary)
                temporary.replace(name)
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def swap(self, path: str, expected: bytes | None, content: bytes) -> None:
        if self.read(path) != expected:  # the lock is held, but not every file system's lock reaches other machines
            raise ArchiveError(f"{self.root / path} was changed by somebody else meanwhile", hint="publish again")
        self._put(path, content, durable=True)

    def remove(self, paths: Iterable[str]) -> None:
        folders = set()
        for path in paths:
            name = self.root / path
            with self._explained(name):
                name.unlink(missing_ok=True)
            folders.add(name.parent)
        for folder in folders - {self.root}:
            with contextlib.suppress(OSError):  # not empty
                folder.rmdir()

    def _put(self, path: str, content: bytes, *, durable: bool = False) -> None:
        with self._replacing(path) as handle:
            with os.fdopen(handle, "wb", closefd=False) as stream:
                stream.write(content)
            if durable:
                os.fsync(handle)

    @contextlib.contextmanager
    def _replacing(self, path: str) -> Iterator[int]:
        """A descriptor of what becomes the file `path` when the block ends well, and vanishes otherwise."""
        name = self.root / path
        temporary = None
        with self._explained(name):
            try:
                name.parent.mkdir(parents=True, exist_ok=True)
                handle, made = tempfile.mkstemp(prefix=f".{name.name[:60]}.", suffix=_PART, dir=name.parent)
                temporary = Path(made)
                try:
                    yield handle
                finally:
                    os.close(handle)
                temporary.chmod(0o644)
                temporary.replace(name)
            finally:
                if temporary is not None:
                    temporary.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _explained(self, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(
                f"{path} cannot be written: {error.strerror or error}",
                hint="choose another place with --to, or see to its rights and its free space",
            ) from error


def _lock(handle: int) -> None:
    """Lock it until it is closed, as the death of the process does as well. Raises BlockingIOError."""
    try:
        import fcntl
    except ImportError:
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError as error:
            raise BlockingIOError(error.errno, error.strerror) from error
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
