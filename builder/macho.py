"""What Keel asks of Mach-O files: which macOS they need, where their libraries are; and other paths for those.

Follows <mach-o/loader.h>, <mach-o/fat.h> and <kern/cs_blobs.h> of https://github.com/apple-oss-distributions/xnu.
64-bit programs alone, which are little-endian; the fat headers of universal files and signatures are big-endian.
Paths are changed in place: a library that rebuilds files moves more than that, and not alike in every version.
"""

import hashlib
import os
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .elf import may_be_binary
from .errors import BuilderError

_THIN, _FAT, _FAT_64 = b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"
_HEADER = struct.Struct("<IiiIIII4x")
_CPUS = {0x01000007: "x86_64", 0x0100000C: "arm64"}
_ID_DYLIB, _RPATH, _CODE_SIGNATURE, _SEGMENT = 0xD, 0x8000001C, 0x1D, 0x19
# Plain, weak, re-exported, lazy and upward.
_LOADS = frozenset({0xC, 0x80000018, 0x8000001F, 0x20, 0x80000023})
_VERSION_MIN, _BUILD_VERSION = 0x24, 0x32
_PLATFORM_MACOS = 1
_CODE_DIRECTORIES = frozenset({0, *range(0x1000, 0x1006)})
_CMS_SIGNATURE = 0x10000
_HASHES = {1: hashlib.sha1, 2: hashlib.sha256, 3: hashlib.sha256, 4: hashlib.sha384}
# So many fat files have this as their first bytes: class files of Java as well, which count versions there.
_MOST_MACHINES = 20


@dataclass(frozen=True, kw_only=True)
class MachO:
    """The program for one CPU in a file.

    machine: "x86_64", "arm64" or "unknown".  macos: the oldest that it is made for, None if it does not tell.
    identity: the path by which others load this library.  libraries: those it loads.  rpaths: what `@rpath` means.
    signature: "none", "ad hoc", or "identity" where somebody has signed it.
    """

    machine: str
    macos: tuple[int, int] | None
    identity: str | None
    libraries: tuple[str, ...]
    rpaths: tuple[str, ...]
    signature: str


@dataclass(frozen=True)
class _Command:
    """A load command: its kind and all of its bytes."""

    kind: int
    data: bytes

    @property
    def path(self) -> str | None:
        """The path that a command with one ends with."""
        if self.kind not in _LOADS and self.kind not in (_ID_DYLIB, _RPATH):
            return None
        start = struct.unpack_from("<I", self.data, 8)[0]
        return self.data[start:].partition(b"\0")[0].decode("utf-8", "surrogateescape")

    def with_path(self, path: str) -> "_Command":
        """The same with another path; it grows only where it has to."""
        start = struct.unpack_from("<I", self.data, 8)[0]
        text = path.encode("utf-8", "surrogateescape") + b"\0"
        size = max(len(self.data), -(-(start + len(text)) // 8) * 8)
        data = (self.data[:start] + text).ljust(size, b"\0")
        return _Command(self.kind, data[:4] + struct.pack("<I", size) + data[8:])


def read_macho(path: Path) -> tuple[MachO, ...]:
    """The programs in a file, one for each CPU; none for what is no Mach-O file, or is damaged."""
    try:
        data = path.read_bytes()
        return tuple(_facts(data, start) for start in _starts(data))
    except (OSError, struct.error, KeyError, IndexError):
        return ()


def macho_files(root: Path) -> list[Path]:
    """All Mach-O files below `root`, sorted; symbolic links are not followed."""
    found = []
    for folder, _, names in os.walk(root):
        found += [path for name in names if may_be_binary(name) and is_macho(path := Path(folder) / name)]
    return sorted(found)


def is_macho(path: Path) -> bool:
    """Whether it is a Mach-O file, by its first bytes; symbolic links are none."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as stream:
        head = stream.read(8)
    return head[:4] == _THIN or (head[:4] in (_FAT, _FAT_64) and int.from_bytes(head[4:], "big") <= _MOST_MACHINES)


def oldest_macos(files: Iterable[Path]) -> str | None:
    """The oldest macOS ("11.0") on which all these files can be loaded; None if none of them tells.

    Of a universal file the program for the oldest counts: there is none before 11 for Apple silicon anyway.
    """
    needs = ([program.macos for program in read_macho(path) if program.macos] for path in files)
    found = max((min(versions) for versions in needs if versions), default=None)
    return f"{found[0]}.{found[1]}" if found else None


def change_paths(path: Path, change: Callable[[str], str], *, identity: str | None) -> bool:
    """Rewrite the paths in a file: `change` gives those of libraries and rpaths, `identity` is the library's own.

    An ad-hoc signature is made to fit. Returns False where somebody else's signature forbids it, which stays valid;
    raises BuilderError where a longer path has no room.
    """
    data = bytearray(path.read_bytes())
    for start in _starts(data):
        old = list(_commands(data, start))
        new = [_changed(command, change, identity) for command in old]
        if new == old:
            continue
        if _facts(data, start).signature == "identity":
            return False
        _write_commands(data, start, new, path.name)
        _renew_signature(data, start)
    path.write_bytes(data)
    return True


def _changed(command: _Command, change: Callable[[str], str], identity: str | None) -> _Command:
    path = command.path
    if path is None:
        return command
    wanted = change(path) if command.kind != _ID_DYLIB else identity or path
    return command.with_path(wanted) if wanted != path else command


def _starts(data: bytes | bytearray) -> Iterator[int]:
    """Where the programs begin."""
    if data[:4] == _THIN:
        yield 0
    elif data[:4] in (_FAT, _FAT_64):
        record = struct.Struct(">iiIII" if data[:4] == _FAT else ">iiQQI4x")
        for number in range(min(struct.unpack_from(">I", data, 4)[0], _MOST_MACHINES)):
            start = record.unpack_from(data, 8 + number * record.size)[2]
            if data[start : start + 4] == _THIN:
                yield start


def _commands(data: bytes | bytearray, start: int) -> Iterator[_Command]:
    count = _HEADER.unpack_from(data, start)[4]
    place = start + _HEADER.size
    for _ in range(count):
        kind, size = struct.unpack_from("<II", data, place)
        if size < 8:
            raise IndexError("a load command without an end")
        yield _Command(kind, bytes(data[place : place + size]))
        place += size


def _facts(data: bytes | bytearray, start: int) -> MachO:
    commands = list(_commands(data, start))
    paths = [(command.kind, command.path) for command in commands]
    return MachO(
        machine=_CPUS.get(_HEADER.unpack_from(data, start)[1], "unknown"),
        macos=next((version for command in commands if (version := _macos(command))), None),
        identity=next((path for kind, path in paths if kind == _ID_DYLIB), None),
        libraries=tuple(path for kind, path in paths if kind in _LOADS and path),
        rpaths=tuple(path for kind, path in paths if kind == _RPATH and path),
        signature=_signature(data, start),
    )


def _macos(command: _Command) -> tuple[int, int] | None:
    if command.kind == _BUILD_VERSION:
        platform, version = struct.unpack_from("<II", command.data, 8)
        return (version >> 16, version >> 8 & 0xFF) if platform == _PLATFORM_MACOS else None
    if command.kind == _VERSION_MIN:
        version = struct.unpack_from("<I", command.data, 8)[0]
        return version >> 16, version >> 8 & 0xFF
    return None


def _write_commands(data: bytearray, start: int, commands: list[_Command], name: str) -> None:
    """Put other load commands in the place of those that are there; the linker leaves some room behind them."""
    old_end = start + _HEADER.size + _HEADER.unpack_from(data, start)[5]
    packed = b"".join(command.data for command in commands)
    end = start + _HEADER.size + len(packed)
    if end > start + _first_content(commands):
        raise BuilderError(f"{name} has no room for longer paths of its libraries", hint="take another interpreter")
    data[start + 20 : start + 24] = struct.pack("<I", len(packed))
    data[start + _HEADER.size : max(end, old_end)] = packed.ljust(max(end, old_end) - start - _HEADER.size, b"\0")


def _first_content(commands: list[_Command]) -> int:
    """The offset of the first section's bytes."""
    found = []
    for command in commands:
        if command.kind == _SEGMENT:
            count = struct.unpack_from("<I", command.data, 64)[0]
            offsets = (struct.unpack_from("<I", command.data, 72 + 80 * number + 48)[0] for number in range(count))
            found += [offset for offset in offsets if offset]
    return min(found, default=_HEADER.size)


def _signature(data: bytes | bytearray, start: int) -> str:
    blobs = dict(_signature_blobs(data, start))
    if not blobs:
        return "none"
    cms = blobs.get(_CMS_SIGNATURE)
    # A blob has a head of eight bytes; an ad-hoc signature may have an empty one.
    return "identity" if cms is not None and struct.unpack_from(">I", data, cms + 4)[0] > 8 else "ad hoc"


def _signature_blobs(data: bytes | bytearray, start: int) -> Iterator[tuple[int, int]]:
    """The kinds and places of the parts of the signature."""
    for command in _commands(data, start):
        if command.kind == _CODE_SIGNATURE:
            place = start + struct.unpack_from("<I", command.data, 8)[0]
            for number in range(struct.unpack_from(">I", data, place + 8)[0]):
                kind, offset = struct.unpack_from(">II", data, place + 12 + 8 * number)
                yield kind, place + offset


def _renew_signature(data: bytearray, start: int) -> None:
    """Compute all hashes of pages anew: each code directory has one for every page up to its limit."""
    for kind, place in _signature_blobs(data, start):
        if kind not in _CODE_DIRECTORIES:
            continue
        hashes, _, _, count, limit, size, method, _, page_bits = struct.unpack_from(">IIIIIBBBB", data, place + 16)
        page = 1 << page_bits if page_bits else limit
        for number in range(count):
            begin, end = number * page, min((number + 1) * page, limit)
            digest = _HASHES[method](data[start + begin : start + end]).digest()[:size]
            data[place + hashes + number * size : place + hashes + (number + 1) * size] = digest
