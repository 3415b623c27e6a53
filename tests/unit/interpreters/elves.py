"""Small but correct ELF files, written from the specification: for any machine, any glibc."""

import struct
from collections.abc import Sequence
from pathlib import Path

_MACHINES = {"x86_64": 62, "aarch64": 183}
_DT_NEEDED, _DT_SONAME, _DT_RUNPATH, _DT_RPATH = 1, 14, 29, 15
_STRTAB, _DYNAMIC, _VERNEED, _PROGBITS = 3, 6, 0x6FFFFFFE, 1


class _Strings:
    def __init__(self) -> None:
        self.data = b"\0"

    def add(self, text: str) -> int:
        offset = len(self.data)
        self.data += text.encode() + b"\0"
        return offset


def write_elf(
    path: Path,
    *,
    machine: str = "x86_64",
    loader: str | None = None,
    needed: Sequence[str] = (),
    runpath: str | None = None,
    rpath: str | None = None,
    soname: str | None = None,
    versions: Sequence[str] = (),
) -> Path:
    """An ELF file with a dynamic section; versions: what it asks of libc.so.6, such as "GLIBC_2.17"."""
    strings = _Strings()
    tags = [(_DT_NEEDED, strings.add(name)) for name in needed]
    texts = ((_DT_SONAME, soname), (_DT_RUNPATH, runpath), (_DT_RPATH, rpath))
    tags += [(tag, strings.add(text)) for tag, text in texts if text]
    dynamic = b"".join(struct.pack("<qQ", tag, value) for tag, value in [*tags, (5, 0), (0, 0)])
    interp = (loader or "").encode() + b"\0"
    sections = [(b".dynamic", _DYNAMIC, dynamic, 1, 0, 16), (b".interp", _PROGBITS, interp, 0, 0, 0)]
    if versions:
        sections.append((b".gnu.version_r", _VERNEED, _verneed(strings, versions), 1, 1, 0))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_assemble(_MACHINES[machine], strings.data, sections, with_loader=loader is not None))
    return path


def _verneed(strings: _Strings, versions: Sequence[str]) -> bytes:
    data = struct.pack("<HHIII", 1, len(versions), strings.add("libc.so.6"), 16, 0)
    for number, name in enumerate(versions, 1):
        data += struct.pack("<IHHII", 0, 0, number + 1, strings.add(name), 16 if number < len(versions) else 0)
    return data


def _assemble(
    machine: int, dynstr: bytes, sections: Sequence[tuple[bytes, int, bytes, int, int, int]], *, with_loader: bool
) -> bytes:
    every = [(b"", 0, b"", 0, 0, 0), (b".dynstr", _STRTAB, dynstr, 0, 0, 0), *sections]
    names = b"".join(name + b"\0" for name, *_ in every) + b".shstrtab\0"
    every.append((b".shstrtab", _STRTAB, names, 0, 0, 0))
    offset, body, headers, places = 64 + 56, b"", b"", {}
    for name, kind, data, link, info, size in every:
        places[name] = (offset + len(body), len(data))
        headers += struct.pack(
            "<IIQQQQIIQQ", names.index(name + b"\0"), kind, 0, 0, offset + len(body), len(data), link, info, 1, size
        )
        body += data
    start, length = places[b".interp"]
    program = struct.pack("<IIQQQQQQ", 3 if with_loader else 0, 4, start, 0, 0, length, length, 1)
    head = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    counts = (64, 56, 1, 64, len(every), len(every) - 1)
    head += struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 64, offset + len(body), 0, *counts)
    return head + program + body + headers
