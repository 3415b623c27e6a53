"""The payload of an installer for Windows: behind the program's last section, and before a signature.

PE format: https://learn.microsoft.com/windows/win32/debug/pe-format, read as installer_templates/windows/pe.c does.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

from ..errors import InstallerFileError
from ..installers.portable_executable import Checksum
from .containers import Stretch
from .payload import damaged

_PE_OFFSET, _COFF, _PE32_PLUS = 0x3C, 24, 0x20B
_CHECKSUM, _DIRECTORY_COUNT, _DIRECTORIES, _SECURITY = 64, 108, 112, 4  # all in the optional header
_SECTION = struct.Struct("<8x8xII16x")  # size and place of its bytes in the file
_CHUNK = 2**20
NO_INSTALLER = "it is a program for Windows, and no installer that Keel made"


@dataclass(frozen=True, kw_only=True)
class ProgramInstaller(Stretch):
    """checksum_place: of the field in the header.  signature: place and size of the certificates, zeros without."""

    checksum_place: int
    signature: tuple[int, int]

    @property
    def format(self) -> str:
        return "exe"

    def check(self, payload_size: int) -> list[str]:
        end = self.start + payload_size
        place, size = self.signature
        signed_end = place + size if size else end
        if signed_end != self.end or (size and place != end + -end % 8):
            raise damaged("what follows its payload is not a signature")
        if self._written() != self._counted():
            raise damaged("it does not have the checksum that its header names")
        return ["signed (the signature itself was not checked)"] if size else []

    def _written(self) -> int:
        with self.path.open("rb") as stream:
            stream.seek(self.checksum_place)
            return int.from_bytes(stream.read(4), "little")

    def _counted(self) -> int:
        checksum = Checksum()
        with self.path.open("rb") as stream:
            head = bytearray(stream.read(self.checksum_place + 4))
            head[self.checksum_place :] = bytes(4)
            checksum.add(bytes(head))
            while data := stream.read(_CHUNK):
                checksum.add(data)
        return checksum.value(self.end)


def find_in_program(path: Path, head: bytes, size: int) -> ProgramInstaller:
    """head: the file's first bytes, all headers at least.  size: of the file. Raises InstallerFileError."""
    try:
        (start,) = struct.unpack_from("<I", head, _PE_OFFSET)
        optional = start + _COFF
        sections, optional_size = struct.unpack_from("<6xH12xH", head, start)
        magic, directories = (
            *struct.unpack_from("<H", head, optional),
            *struct.unpack_from("<I", head, optional + _DIRECTORY_COUNT),
        )
        if head[start : start + 4] != b"PE\0\0" or magic != _PE32_PLUS or directories <= _SECURITY or not sections:
            raise InstallerFileError(f"{path}: {NO_INSTALLER}")
        ends = [
            sum(_SECTION.unpack_from(head, optional + optional_size + number * _SECTION.size))
            for number in range(sections)
        ]
        signature = struct.unpack_from("<II", head, optional + _DIRECTORIES + 8 * _SECURITY)
    except struct.error:
        raise InstallerFileError(f"{path}: {NO_INSTALLER}") from None
    place = max(ends) + -max(ends) % 8
    if place > size:
        raise damaged("it is cut off within its program")
    return ProgramInstaller(
        path=path,
        start=place,
        end=size,
        checksum_place=optional + _CHECKSUM,
        signature=(signature[0], signature[1]),
    )
