"""How a file of the store gets into an environment: by the cheapest way that the file systems and the kernel allow."""

import contextlib
import errno
import os
import stat
from typing import Callable, Dict

from .errors import KeelError
from .layout import WINDOWS
from .staging import temporary_beside

_FICLONE = 0x40049409  # <linux/fs.h>
_CHUNK = 1 << 20
_TOO_MANY_LINKS = 1142  # Windows: a file of NTFS has 1,023 at most
# These mean "never between these two places"; the others (inode full, not permitted) are about one file.
_NEVER = frozenset({errno.EXDEV, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOTTY, errno.ENOSYS, errno.EINVAL})
_NEXT = _NEVER | {errno.EMLINK, errno.EPERM, errno.EACCES}

# The engine's letters for the ways (docs/engine.md), by the setting `link_mode`; what is left is copied.
_MODES = {"auto": "rhs", "reflink": "r", "hardlink": "h", "symlink": "s", "copy": ""}

# (source, path of the new file); raises OSError
_Way = Callable[[str, str], None]


class Linker:
    """Puts files of the store into one environment, in the order reflink, hard link, symbolic link, copy.

    A way that fails for good is not tried again; one that fails for a file (its inode has all the links it can have, or
    belongs to somebody else while `protected_hardlinks` is on) is.

    base_prefix, staging, final: as given.  ways: letters of those that may still work, in order.
    linked, copied: numbers of files so far.  copied_bytes: the bytes of the copies.
    """

    def __init__(self, base_prefix: str, staging: str, final: str, *, mode: str = "auto") -> None:
        """staging: the folder that is being filled.  final: its place later.  mode: one of `config.LINK_MODES`."""
        self.base_prefix = base_prefix
        self.staging = staging
        self.final = final
        self._mode = mode
        self.ways = _MODES[mode]
        if mode == "auto" and WINDOWS:
            self.ways = "h"  # a symbolic link needs a privilege there
        elif mode == "auto" and _file_system(base_prefix) == "overlay":
            self.ways = "s"  # (containers) a hard link first copies the file up
        self._act: Dict[str, _Way] = {"r": _reflink, "h": os.link, "s": self._symlink}
        self.linked = 0
        self.copied = 0
        self.copied_bytes = 0

    def place(self, source: str, dest: str) -> str:
        """Make the new file `dest` (in the staging folder) the same as `source` (in the store).

        Gives the letter of the way that worked, "" for a copy.  Raises OSError, and KeelError where the only way that
        is wanted does not work.
        """
        for way in self.ways:
            try:
                self._act[way](source, dest)
            except OSError as error:
                if getattr(error, "winerror", None) == _TOO_MANY_LINKS:
                    continue
                if error.errno not in _NEXT:
                    raise
                if self._mode != "auto":
                    raise KeelError(
                        f"link_mode is {self._mode}, which does not work for {source}: {error.strerror}",
                        hint="choose another: keel config set link_mode auto",
                    ) from error
                if error.errno in _NEVER:
                    self.ways = self.ways.replace(way, "")
                continue
            self.linked += 1
            return way
        self.copy(source, dest)
        return ""

    def copy(self, source: str, dest: str) -> None:
        """Make `dest` a private file: same bytes and time, writable by its owner."""
        self.copied += 1
        self.copied_bytes += copy_file(source, dest)

    def _symlink(self, source: str, dest: str) -> None:
        final = self.final + dest[len(self.staging) :]
        os.symlink(link_target(source, final, self.base_prefix), dest)


def link_target(source: str, link: str, base_prefix: str) -> str:
    """What a symbolic link at `link` says to lead to `source`, which lies in the base.

    Inside the base it is relative, so that a base can be moved with its environments; elsewhere absolute, so that the
    environment itself can be moved.
    """
    if not link.startswith(base_prefix + os.sep):
        return source
    return "../" * link.count(os.sep, len(base_prefix) + 1) + source[len(base_prefix) + 1 :]


def replace_link(path: str, target: str) -> None:
    """Have the symbolic link at `path` lead to `target`, in one step. Raises OSError."""
    temporary = temporary_beside(path)
    os.symlink(target, temporary)
    try:
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def copy_file(source: str, dest: str) -> int:
    """Copy bytes, mode (made writable for the owner) and time; by reflink where possible. Gives the size."""
    if WINDOWS:
        return _copy_on_windows(source, dest)
    with open(source, "rb", buffering=0) as reader:
        status = os.fstat(reader.fileno())
        mode = stat.S_IMODE(status.st_mode) & 0o777 | 0o200
        descriptor = os.open(dest, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            if not _clone(reader.fileno(), descriptor):
                while chunk := reader.read(_CHUNK):
                    _write(descriptor, chunk)
            os.fchmod(descriptor, mode)
            os.utime(descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))
        finally:
            os.close(descriptor)
    return status.st_size


def _copy_on_windows(source: str, dest: str) -> int:
    import shutil

    status = os.stat(source)
    shutil.copyfile(source, dest)
    os.utime(dest, ns=(status.st_atime_ns, status.st_mtime_ns))
    return status.st_size


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _reflink(source: str, dest: str) -> None:
    """A copy that shares its blocks with `source` until one of them changes (btrfs, XFS, bcachefs)."""
    with open(source, "rb", buffering=0) as reader:
        status = os.fstat(reader.fileno())
        descriptor = os.open(dest, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IMODE(status.st_mode) | 0o200)
        try:
            _ficlone(reader.fileno(), descriptor)
            os.utime(descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))
        except OSError:
            os.unlink(dest)
            raise
        finally:
            os.close(descriptor)


def _clone(source: int, dest: int) -> bool:
    with contextlib.suppress(OSError):
        _ficlone(source, dest)
        return True
    return False


def _ficlone(source: int, dest: int) -> None:
    if WINDOWS:
        raise OSError(errno.ENOTSUP, "Windows has no links of this kind")
    import fcntl  # a shared library that most commands never need

    fcntl.ioctl(dest, _FICLONE, source)


def _file_system(path: str) -> str:
    """The type of file system that `path` (a folder) is on; "" where /proc does not tell."""
    try:
        device = os.stat(path).st_dev
        wanted = f"{os.major(device)}:{os.minor(device)}"
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
            for line in mounts:
                if line.split(" ", 3)[2] == wanted:
                    return line.partition(" - ")[2].split(" ", 1)[0]
    except (OSError, IndexError):
        pass
    return ""
