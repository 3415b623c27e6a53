"""Folders that belong to one process at a time: flock on the folder itself, on Windows a lock on a file in it."""

import os

_FILE = "lock"


def lock_folder(folder: str, *, required: bool) -> int:
    """Lock `folder` for this process; gives a descriptor, which holds the lock until it is closed.

    Raises BlockingIOError where another process has it, and OSError for what is no folder.  required: OSError as well
    where the file system knows no locks; otherwise the folder then counts as locked.
    """
    try:
        import fcntl
    except ImportError:
        return _lock_file(folder)
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
