"""Folders that come into being in one step: built beside their place, under a hidden name, then moved.

The hidden folder is locked while its process lives, so that what a killed process left behind can be told from
work in progress, and removed.
"""

import contextlib
import errno
import os
import re
from types import TracebackType
from typing import Iterator, List, Optional, Type

from .errors import KeelError
from .folder_lock import Turn, lock_folder
from .layout import WINDOWS

_STALE = re.compile(r"\..+\.keel-[0-9a-f]{12}")


class Staging:
    """A hidden, locked folder beside `dest`; `with` removes what is left of it at the end.

    folder: its path.  Parents that are missing are made, and removed again if nothing stays in them.
    """

    def __init__(self, dest: str) -> None:
        self.dest = dest
        self.folder = ""
        self._lock = -1
        self._parents: List[str] = []

    def __enter__(self) -> "Staging":
        try:
            self._make()
        except BaseException:  # a signal may come at any moment
            self._clear()
            raise
        return self

    def _make(self) -> None:
        self._make_parents(os.path.dirname(self.dest))
        while True:
            self.folder = temporary_beside(self.dest)
            os.mkdir(self.folder)
            # Somebody may take it for a stale one before it is locked.
            with contextlib.suppress(FileNotFoundError, BlockingIOError):
                self._lock = lock_folder(self.folder, required=False)
                if os.path.isdir(self.folder):
                    return
                os.close(self._lock)
                self._lock = -1

    def _make_parents(self, folder: str) -> None:
        missing = []
        while not os.path.isdir(folder):
            missing.append(folder)
            folder = os.path.dirname(folder)
        for path in reversed(missing):
            self._parents.append(path)
            os.makedirs(path, exist_ok=True)

    def publish(self, folder: str) -> None:
        """Move `folder` (inside this one) to `dest`, which must be absent or an empty folder."""
        try:
            if WINDOWS and os.path.isdir(self.dest):
                os.rmdir(self.dest)  # elsewhere a rename does that
            os.rename(folder, self.dest)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise KeelError(f"{self.dest} came into being in the meantime", hint="choose another name") from error
            raise

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._clear()

    def _clear(self) -> None:
        if WINDOWS:
            self._unlock()  # no open file can be removed there
        remove_tree(self.folder)
        self._unlock()
        for path in reversed(self._parents):
            with contextlib.suppress(OSError):
                os.rmdir(path)

    def _unlock(self) -> None:
        if self._lock != -1:
            os.close(self._lock)
            self._lock = -1


def replace_file(path: str, data: bytes, *, mode: Optional[int] = None) -> None:
    """Write the file at `path` anew in one step. Raises OSError.

    mode: of a file that was not there; without it, what new files get from this user. Others keep what they had, and
    root leaves them to whom they belong.
    """
    temporary = temporary_beside(path)
    owner = None
    with contextlib.suppress(FileNotFoundError):
        status = os.stat(path)
        mode = status.st_mode & 0o777
        if os.name == "posix" and os.geteuid() == 0 != status.st_uid:
            owner = (status.st_uid, status.st_gid)
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode or 0o644), "wb") as file:
            file.write(data)
        if mode is not None:
            os.chmod(temporary, mode)  # whatever the umask
        if owner is not None:
            os.chown(temporary, *owner)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def temporary_beside(path: str) -> str:
    """A name for what is to replace `path`; `keel clean` knows it if a killed process leaves it there."""
    return os.path.join(os.path.dirname(path), f".{os.path.basename(path)[:40]}.keel-{os.urandom(6).hex()}")


@contextlib.contextmanager
def held(prefix: str, *, wait: bool) -> Iterator[None]:
    """Nobody else changes the packages of the environment or base at `prefix` meanwhile, or moves it.

    wait: until another keel that does has finished; otherwise that is a KeelError.
    """
    turn = Turn(prefix)
    try:
        if not turn.take(wait=wait):
            raise KeelError(f"another keel is changing {prefix}", hint="try again when it has finished")
        yield
    finally:
        turn.release()


def is_temporary(name: str) -> bool:
    """Whether a file or folder of that name is one that keel makes on its way."""
    return _STALE.fullmatch(name) is not None


def is_abandoned(folder: str) -> bool:
    """Whether no process works in that hidden folder; False where locks do not tell, and for other users' folders."""
    with contextlib.suppress(OSError):
        os.close(lock_folder(folder, required=True))
        return True
    return False


def remove_abandoned(folder: str) -> None:
    """Remove the hidden folder `folder` unless a process works in it. Raises OSError."""
    descriptor = lock_folder(folder, required=True)
    if WINDOWS:
        os.close(descriptor)  # no open file can be removed there
        remove_tree(folder)
        return
    try:
        remove_tree(folder)
    finally:
        os.close(descriptor)


def remove_stale(parent: str) -> None:
    """Remove what killed processes left in `parent`. What cannot be removed (another user's) stays."""
    try:
        names = [name for name in os.listdir(parent) if is_temporary(name)]
    except OSError:
        return
    for name in names:
        with contextlib.suppress(OSError):
            remove_abandoned(os.path.join(parent, name))


def remove_tree(folder: str) -> None:
    """`rm -rf`: also folders that were made read-only; nothing happens where there is none."""
    if not os.path.lexists(folder):
        return
    with contextlib.suppress(OSError):
        os.rmdir(folder)  # mostly it is empty
        return
    import shutil  # brings compression libraries along

    try:
        shutil.rmtree(folder)
    except PermissionError:
        for path, _, names in os.walk(folder):
            # On Windows it is the file that must not be read-only.
            for entry in [path, *(os.path.join(path, name) for name in names if WINDOWS)]:
                with contextlib.suppress(OSError):
                    os.chmod(entry, 0o700)
        shutil.rmtree(folder)
