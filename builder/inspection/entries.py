"""The tar inside a frame, read as docs/payload-format.md ("Frames") allows it and no other way.

Strict on purpose: Python's tarfile takes many dialects, and believes a header that announces gigabytes of names.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from ..errors import InstallerFileError

_BLOCK = 512
_CHUNK = 2**20
_LONGEST_PATH, _LONGEST_NAME, _DEEPEST = 4095, 255, 128
_LONGEST_PAX = 4 * _LONGEST_PATH  # two paths, and what stands around them
_KINDS = {b"0": "file", b"1": "hard link", b"2": "symbolic link", b"5": "folder"}
_FILE_MODES = frozenset({0o644, 0o755, 0o444, 0o555})
_PAX = re.compile(rb"(\d{1,6}) (path|linkpath)=([^\0]*)\n", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_NOT_ON_WINDOWS = re.compile(
    r'[<>:"|?*]|[. ]$|^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3]) *(\.|$)', re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """path, link: relative to the prefix (a symbolic link's: to the entry).  kind: of "file", "hard link",
    "symbolic link", "folder".  size: bytes of a file.  executable: whether a file is."""

    path: str
    kind: str
    size: int = 0
    link: str = ""
    executable: bool = False


class Stream(Protocol):
    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""


def read_entries(
    stream: Stream, *, windows: bool, wanted: Callable[[Entry], bool]
) -> Iterator[tuple[Entry, bytes | None]]:
    """Every entry of a tar without end blocks, in order, with the content of those files that are `wanted`.

    Memory: the wanted files, one at a time. Raises InstallerFileError for everything that the format forbids.
    """
    while header := _read(stream, _BLOCK, or_end=True):
        _check_header(header)
        names: dict[bytes, bytes] = {}
        if header[156:157] == b"x":
            names = _pax_names(stream, _octal(header[124:136]))
            header = _read(stream, _BLOCK)
            _check_header(header)
        entry = _entry(header, names, windows=windows)
        content = _content(stream, entry, keep=entry.kind == "file" and wanted(entry))
        yield entry, content


def malformed(what: str) -> InstallerFileError:
    return InstallerFileError(
        f"the payload is malformed: {what}", hint="it was not made by keel-builder; do not use it"
    )


def _read(stream: Stream, size: int, *, or_end: bool = False) -> bytes:
    """Exactly `size` bytes; or none, where the stream may end."""
    data = stream.read(size)
    while 0 < len(data) < size and (more := stream.read(size - len(data))):
        data += more
    if len(data) == size or (or_end and not data):
        return data
    raise malformed("a frame ends within an entry")


def _octal(field: bytes) -> int:
    digits = field.rstrip(b"\0 ")
    if not digits or digits.strip(b"01234567"):
        raise malformed("a number in a tar header is not octal")
    return int(digits, 8)


def _check_header(header: bytes) -> None:
    spaced = header[:148] + b" " * 8 + header[156:]
    if header[257:265] != b"ustar\x0000" or _octal(header[148:156]) != sum(spaced):
        raise malformed("a frame holds something other than ustar headers")


def _pax_names(stream: Stream, size: int) -> dict[bytes, bytes]:
    if not 0 < size <= _LONGEST_PAX:
        raise malformed("a pax header is too long")
    data = _read(stream, size + -size % _BLOCK)[:size]
    names: dict[bytes, bytes] = {}
    while data:
        length = int(data[:6].split(b" ")[0]) if data[:1].isdigit() and b" " in data[:7] else 0
        record = _PAX.fullmatch(data[:length])
        if record is None or len(record[3]) > _LONGEST_PATH:
            raise malformed("a pax header holds something other than a path and a linkpath")
        names[record[2]] = record[3]
        data = data[length:]
    return names


def _entry(header: bytes, names: dict[bytes, bytes], *, windows: bool) -> Entry:
    name, link, prefix = (part.split(b"\0")[0] for part in (header[:100], header[157:257], header[345:500]))
    path = _text(names.get(b"path") or (prefix + b"/" + name if prefix else name))
    target = _text(names.get(b"linkpath") or link)
    kind = _KINDS.get(header[156:157])
    size, mode = _octal(header[124:136]), _octal(header[100:108])
    _octal(header[136:148])
    if kind is None:
        raise malformed(f"{path} is neither a file, a folder nor a link")
    if kind == "folder":
        path = path.removesuffix("/")
    problem = path_problem(path, windows=windows)
    if kind == "symbolic link":
        problem = problem or _target_problem(path, target)
    elif kind == "hard link" and path_problem(target, windows=windows):
        problem = problem or "its target leaves the tree"
    elif (kind == "file" and mode not in _FILE_MODES) or (kind == "folder" and mode != 0o755):
        problem = problem or f"its mode is {mode:o}"
    if kind != "file" and size:
        problem = problem or "it has content, and is not a file"
    if problem:
        raise malformed(f"{path[:200]} is refused: {problem}")
    executable = kind == "file" and mode & 0o111 != 0
    return Entry(path=path, kind=kind, size=size, link=target if "link" in kind else "", executable=executable)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise malformed(f"{data[:80]!r} is not UTF-8") from None


def path_problem(path: str, *, windows: bool) -> str | None:
    """Why a path cannot be one in a base, or None."""
    names = path.split("/")
    if len(path.encode()) > _LONGEST_PATH or len(names) > _DEEPEST:
        return "it is too long"
    if "\\" in path or _CONTROL.search(path):
        return "it holds a backslash or control characters"
    for name in names:
        if name in ("", ".", ".."):
            return "it is absolute, or has an empty component or one of '.' and '..'"
        if len(name.encode()) > _LONGEST_NAME:
            return "a component of it is longer than 255 bytes"
        if windows and _NOT_ON_WINDOWS.search(name):
            return "Windows cannot hold that name"
    return None


def _target_problem(path: str, target: str) -> str | None:
    """Whether a symbolic link stays in the tree, `..` resolved textually."""
    if not target or len(target.encode()) > _LONGEST_PATH or "\\" in target or _CONTROL.search(target):
        return "its target is no path"
    depth = path.count("/")
    for name in target.split("/"):
        depth += -1 if name == ".." else name not in ("", ".")
        if depth < 0:
            return "its target leaves the tree"
    return "its target is absolute" if target.startswith("/") else None


def _content(stream: Stream, entry: Entry, *, keep: bool) -> bytes | None:
    """The content of a file if it is to be kept; what is not is read over."""
    kept = bytearray()
    left = entry.size
    while left:
        piece = _read(stream, min(left, _CHUNK))
        left -= len(piece)
        if keep:
            kept += piece
    _read(stream, -entry.size % _BLOCK)
    return bytes(kept) if keep else None
