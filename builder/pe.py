"""What a Windows program says of itself: its machine and its version.

PE format: https://learn.microsoft.com/windows/win32/debug/pe-format; VS_FIXEDFILEINFO:
https://learn.microsoft.com/windows/win32/api/verrsrc/ns-verrsrc-vs_fixedfileinfo.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

_MACHINES = {0x8664: "x86_64", 0xAA64: "arm64", 0x014C: "x86", 0x01C4: "arm"}
_FIXED_INFO = struct.pack("<II", 0xFEEF04BD, 0x00010000)


@dataclass(frozen=True, kw_only=True)
class Program:
    """machine: "x86_64", "arm64", "x86", or "unknown".  version: the file version's four numbers, if it has one."""

    machine: str
    version: tuple[int, int, int, int] | None


def read_pe(path: Path) -> Program | None:
    """None if the file is not a Windows program or library."""
    data = path.read_bytes()
    if data[:2] != b"MZ" or len(data) < 64:
        return None
    header = struct.unpack_from("<I", data, 60)[0]
    if data[header : header + 4] != b"PE\0\0" or len(data) < header + 24:
        return None
    machine = struct.unpack_from("<H", data, header + 4)[0]
    return Program(machine=_MACHINES.get(machine, "unknown"), version=_file_version(data))


def _file_version(data: bytes) -> tuple[int, int, int, int] | None:
    """The signature of the structure is rare enough to be searched for; there is one in each file."""
    place = data.find(_FIXED_INFO)
    if place < 0 or len(data) < place + 16:
        return None
    minor, major, build, micro = struct.unpack_from("<4H", data, place + 8)
    return major, minor, micro, build


def python_version(library: Path) -> str | None:
    """ "3.11.9" or "3.14.0rc1" of a `python311.dll`; None where it does not say.

    CPython's third number is micro x 1000 + level x 10 + serial (PC/python_ver_rc.h).
    """
    program = read_pe(library)
    if program is None or program.version is None:
        return None
    major, minor, third, _ = program.version
    micro, rest = divmod(third, 1000)
    level, serial = divmod(rest, 10)
    suffix = {10: "a", 11: "b", 12: "rc"}.get(level)
    return f"{major}.{minor}.{micro}" + (f"{suffix}{serial}" if suffix else "")
