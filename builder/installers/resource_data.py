"""The bytes of Windows resources: icons, version, plain data."""

import re
import struct

from ..errors import BuilderError
from .facts import InstallerFacts
from .portable_executable import Resource

# https://learn.microsoft.com/windows/win32/menurc/resource-types
_ICON, _RCDATA, _GROUP_ICON, _VERSION = 3, 10, 14, 16
_ICON_FILE = struct.Struct("<HHH")
_ICON_ENTRY = struct.Struct("<BBBBHHI")


def rcdata(name: int, data: bytes) -> Resource:
    return Resource(_RCDATA, name, data)


def icon_resources(file: bytes) -> list[Resource]:
    """An .ico file as one group and its images. Raises BuilderError.

    https://learn.microsoft.com/previous-versions/ms997538(v=msdn.10)
    """
    reserved, kind, count = _ICON_FILE.unpack_from(file) if len(file) >= _ICON_FILE.size else (1, 0, 0)
    if reserved or kind != 1 or not 1 <= count <= 64:
        raise BuilderError("the icon is not an .ico file", hint="make one that holds 16, 32, 48 and 256 pixels")
    group = _ICON_FILE.pack(0, 1, count)
    images = []
    for number in range(count):
        place = _ICON_FILE.size + number * (_ICON_ENTRY.size + 4)
        if len(file) < place + _ICON_ENTRY.size + 4:
            raise BuilderError("the icon is cut off")
        entry = _ICON_ENTRY.unpack_from(file, place)
        (offset,) = struct.unpack_from("<I", file, place + _ICON_ENTRY.size)
        size = entry[6]
        if size == 0 or offset + size > len(file):
            raise BuilderError("the icon is cut off")
        group += _ICON_ENTRY.pack(*entry) + struct.pack("<H", number + 1)
        images.append(Resource(_ICON, number + 1, file[offset : offset + size]))
    return [Resource(_GROUP_ICON, 1, group), *images]


def version_resource(facts: InstallerFacts, file: str) -> Resource:
    """What Explorer shows of the program: https://learn.microsoft.com/windows/win32/menurc/vs-versioninfo"""
    numbers = _four_numbers(facts.version)
    high, low = numbers[0] << 16 | numbers[1], numbers[2] << 16 | numbers[3]
    # VS_FIXEDFILEINFO: signature, structure's version, file version, product version, mask, flags, Windows, program
    fixed = struct.pack("<13I", 0xFEEF04BD, 0x10000, high, low, high, low, 0x3F, 0, 0x40004, 1, 0, 0, 0)
    texts = {
        "CompanyName": facts.company or facts.title,
        "FileDescription": f"{facts.title} {facts.version} Setup",
        "FileVersion": facts.version,
        "InternalName": facts.name,
        "OriginalFilename": file,
        "ProductName": facts.title,
        "ProductVersion": facts.version,
    }
    strings = b"".join(_block(key, _wide(text), text=True) for key, text in texts.items())
    table = _block("StringFileInfo", b"", children=_block("040904b0", b"", children=strings))
    translation = _block("Translation", struct.pack("<HH", 0x0409, 1200))
    children = table + _block("VarFileInfo", b"", children=translation)
    return Resource(_VERSION, 1, _block("VS_VERSION_INFO", fixed, children=children))


def _four_numbers(version: str) -> tuple[int, int, int, int]:
    """The numbers in a version, as far as there is room for them: "2026.11rc1" -> (2026, 11, 1, 0)."""
    found = [min(int(number), 0xFFFF) for number in re.findall(r"\d+", version)[:4]]
    first, second, third, fourth = [*found, 0, 0, 0, 0][:4]
    return first, second, third, fourth


def _wide(text: str) -> bytes:
    return (text + "\0").encode("utf-16-le")


def _block(key: str, value: bytes, *, text: bool = False, children: bytes = b"") -> bytes:
    """One block of a version resource, padded for the one behind it; the length of a text counts letters."""
    head = _aligned(bytes(6) + _wide(key))
    body = head + (_aligned(value) if children else value) + children
    length = len(value) // 2 if text else len(value)
    whole = struct.pack("<HHH", len(body), length, int(text)) + body[6:]
    return _aligned(whole)


def _aligned(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
