"""Folders that belong to one process at a time: flock on the folder itself; what Windows has in its place."""

import contextlib
import os
from typing import Any, Iterator

from .layout import WINDOWS

_FILE = "lock"
# https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-waitforsingleobject
_WAIT_OBJECT_0, _WAIT_ABANDONED, _WAIT_TIMEOUT = 0, 0x80, 0x102
_ERROR_ACCESS_DENIED = 5
_POLL = 200  # milliseconds


def lock_folder(folder: str, *, required: bool) -> int:
    """Lock `folder` for this process; gives a descriptor, which holds the lock until it is closed.

    Raises BlockingIOError where another process has it, and OSError for what is no folder.  required: OSError as well
    where the file system knows no locks; otherwise the folder then counts as locked.
    """
    if WINDOWS:
        return _lock_file(folder)
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    except OSError:
        if required:
            os.close(descriptor)
            raise
    return descriptor


def _lock_file(folder: str) -> int:
    """Windows: a byte of a file, since folders cannot be opened."""
    import msvcrt

    flags = os.O_RDWR | os.O_CREAT | os.O_NOINHERIT  # type: ignore[attr-defined,unused-ignore]
    descriptor = os.open(os.path.join(folder, _FILE), flags)
    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    except OSError as error:
        os.close(descriptor)
        raise BlockingIOError(error.errno, error.strerror, folder) from error
    return descriptor


class Turn:
    """The right to change a folder whose content may be moved meanwhile: an environment, a base.

    It ends with `release`, and with the process. On POSIX it is a flock, shared by programs that get `descriptor`; on
    Windows a mutex named after the folder, as an open folder could not be moved, and `descriptor` is -1.
    Raises OSError for what is no folder.
    """

    def __init__(self, folder: str) -> None:
        self.descriptor = -1
        self._mutex = 0
        self._folder = folder
        if not WINDOWS:
            self.descriptor = os.open(folder, os.O_RDONLY)

    def take(self, *, wait: bool) -> bool:
        """Whether it is this process's turn now. wait: until it is.

        Always so where the file system knows no locks (some of the network).
        """
        if WINDOWS:
            return self._take_mutex(wait)
        import fcntl

        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        except OSError:
            pass
        return True

    def release(self) -> None:
        """Let others have their turn. Nothing happens the second time."""
        if self.descriptor != -1:
            os.close(self.descriptor)
            self.descriptor = -1
        if self._mutex:
            kernel = _kernel32()
            kernel.ReleaseMutex(self._mutex)
            kernel.CloseHandle(self._mutex)
            self._mutex = 0

    def _take_mutex(self, wait: bool) -> bool:
        """Windows ends the turn of a process with it. In short waits, between which Ctrl-C is heard."""
        import ctypes
        import time

        kernel = _kernel32()
        while True:
            self._mutex = self._mutex or kernel.CreateMutexW(None, False, _mutex_name(self._folder)) or 0
            if self._mutex:
                answer = kernel.WaitForSingleObject(self._mutex, _POLL if wait else 0)
                if answer in (_WAIT_OBJECT_0, _WAIT_ABANDONED):
                    return True
                error = 0 if answer == _WAIT_TIMEOUT else ctypes.get_last_error()  # type: ignore[attr-defined,unused-ignore]
            else:
                error = ctypes.get_last_error()  # type: ignore[attr-defined,unused-ignore]
                if error == _ERROR_ACCESS_DENIED:  # another user's, which cannot be waited for but by asking again
                    error = 0
                    time.sleep(_POLL / 1000 if wait else 0)
            if error:
                raise OSError(error, f"nobody can wait for {self._folder}")
            if not wait:
                kernel.CloseHandle(self._mutex)
                self._mutex = 0
                return False


@contextlib.contextmanager
def in_turn(folder: str) -> Iterator[None]:
    """Wait for the turn at `folder`, and have it until the end of the block."""
    turn = Turn(folder)
    try:
        turn.take(wait=True)
        yield
    finally:
        turn.release()


def _mutex_name(folder: str) -> str:
    r"""The same for every spelling of the folder; `Global\`: in all sessions of the machine."""
    import hashlib

    place = os.path.normcase(os.path.realpath(folder))
    return "Global\\keel-" + hashlib.sha256(place.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _kernel32() -> Any:
    import ctypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]
    kernel.CreateMutexW.restype = ctypes.c_void_p
    kernel.CreateMutexW.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_wchar_p)
    kernel.WaitForSingleObject.argtypes = (ctypes.c_void_p, ctypes.c_uint)
    kernel.WaitForSingleObject.restype = ctypes.c_uint
    kernel.ReleaseMutex.argtypes = (ctypes.c_void_p,)
    kernel.CloseHandle.argtypes = (ctypes.c_void_p,)
    return kernel
