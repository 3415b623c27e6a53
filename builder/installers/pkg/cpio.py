"""cpio archives in the portable ASCII format ("odc"): what Payload and Scripts of a package are inside.

Format: https://pubs.opengroup.org/onlinepubs/007908799/xcu/pax.html ("cpio Interchange Format"). All fields are octal
digits; sizes have eleven of them, so that no file can have 8 GiB, and inode numbers have six, so that they repeat.
"""

import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ...errors import OutputError
from .stored import Sink

LARGEST_FILE = 8**11 - 1
_INODES = 8**6
_HEAD = 76
_TRAILER = "TRAILER!!!"


@dataclass(frozen=True, kw_only=True)
class Member:
    """A file or folder of an archive; all of them belong to root and its group, wheel.

    path: "." or "./a/b".  mode: with the type, as stat(2) has it.  size: bytes of a file's content.  mtime: seconds
    since 1970.  write: puts exactly `size` bytes into a sink.
    """

    path: str
    mode: int
    mtime: int
    size: int = 0
    write: Callable[[Sink], object] | None = None


def folder_members(path: str, mtime: int) -> Iterator[Member]:
    """The folder `path` ("./a/b") and all above it, from "." on."""
    parts = path.split("/")
    for count in range(1, len(parts) + 1):
        yield Member(path="/".join(parts[:count]), mode=stat.S_IFDIR | 0o755, mtime=mtime)


def file_member(path: str, data: bytes, *, mtime: int, executable: bool = False) -> Member:
    """A file whose content is at hand."""
    return Member(
        path=path,
        mode=stat.S_IFREG | (0o755 if executable else 0o644),
        mtime=mtime,
        size=len(data),
        write=lambda sink: sink.write(data),
    )


def archive_size(members: Sequence[Member]) -> int:
    """Bytes of the archive that `write_archive` makes."""
    heads = sum(_HEAD + len(member.path.encode()) + 1 + member.size for member in members)
    return heads + _HEAD + len(_TRAILER) + 1


def write_archive(members: Sequence[Member], sink: Sink) -> None:
    """Write an archive. Raises OutputError for a file that the format cannot hold."""
    for number, member in enumerate(members):
        sink.write(_head(member, 1 + number % (_INODES - 1)))
        if member.write is not None:
            member.write(sink)
    sink.write(_head(Member(path=_TRAILER, mode=0, mtime=0), 0))


def _head(member: Member, inode: int) -> bytes:
    if member.size > LARGEST_FILE:
        raise OutputError(f"{member.path} has {member.size} bytes, and a .pkg holds no file of 8 GiB or more")
    name = member.path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(member.mode) else 1
    fields = (("6o", 0), ("6o", inode), ("6o", member.mode), ("6o", 0), ("6o", 0), ("6o", links), ("6o", 0))
    widths = (*fields, ("11o", member.mtime), ("6o", len(name)), ("11o", member.size))
    return b"070707" + "".join(format(value, f"0{width}") for width, value in widths).encode() + name
