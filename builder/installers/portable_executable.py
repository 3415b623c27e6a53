"""Windows programs: resources are put in, and the checksum of the whole file comes out.

The format: https://learn.microsoft.com/windows/win32/debug/pe-format
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO

from ..errors import BuilderError

_LANGUAGE = 0x0409  # English (United States)
_CHUNK = 2**20
_SIGNATURE = 0x3C  # where the place of `PE\0\0` is
_CHECKSUM = 24 + 64  # from there


@dataclass(frozen=True)
class Resource:
    """type, name: numbers, as Windows' RT_... and MAKEINTRESOURCE."""

    type: int
    name: int
    data: bytes


def add_resources(program: bytes, resources: Iterable[Resource]) -> bytes:
    """The program with these resources and no others, in a section of its own at its end. Raises BuilderError."""
    import lief  # a third of a second, which only setup programs need

    binary = lief.PE.parse(list(program))
    if not isinstance(binary, lief.PE.Binary):
        raise BuilderError("the setup program is not a program for Windows", hint="build it: tools/build_engine.py")
    root = lief.PE.ResourceDirectory(0)
    types: dict[int, lief.PE.ResourceNode] = {}
    for resource in sorted(resources, key=lambda one: (one.type, one.name)):
        if resource.type not in types:
            types[resource.type] = root.add_child(lief.PE.ResourceDirectory(resource.type))
        data = lief.PE.ResourceData(list(resource.data), 0)
        data.id = _LANGUAGE
        types[resource.type].add_child(lief.PE.ResourceDirectory(resource.name)).add_child(data)
    binary.set_resources(root)
    config = lief.PE.Builder.config_t()
    config.resources = True
    config.debug = False
    config.rsrc_section = ".rsrc"
    builder = lief.PE.Builder(binary, config)
    builder.build()
    return bytes(builder.raw_bytes())


def checksum_place(program: bytes) -> int:
    """Where in a program its checksum lies: four bytes."""
    return int.from_bytes(program[_SIGNATURE : _SIGNATURE + 4], "little") + _CHECKSUM


class Checksum:
    """The checksum of a program whose checksum field is zero: its 16-bit words added up with carry, plus its length."""

    def __init__(self) -> None:
        self._sum = 0
        self._rest = b""

    def add(self, data: bytes) -> None:
        """The next bytes."""
        data = self._rest + data
        even = len(data) & ~1
        self._rest = data[even:]
        # 2**16 is 1 modulo 65535: a number has the same remainder as the sum of its 16-bit words.
        for start in range(0, even, _CHUNK):
            self._sum += int.from_bytes(data[start : min(start + _CHUNK, even)], "little") % 0xFFFF

    def value(self, size: int) -> int:
        """The checksum of a file of `size` bytes, all of which have been added."""
        total = self._sum + int.from_bytes(self._rest, "little")
        # Sums with carry never come back to zero.
        folded = (total % 0xFFFF) or (0xFFFF if total else 0)
        return (folded + size) & 0xFFFFFFFF


class CheckSummed:
    """A stream that adds up what is written to another one."""

    def __init__(self, stream: IO[bytes], checksum: Checksum) -> None:
        self._stream = stream
        self.checksum = checksum

    def write(self, data: bytes) -> int:
        self.checksum.add(data)
        return self._stream.write(data)
