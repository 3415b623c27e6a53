"""What lies in an unpacked archive, or in a folder: where the prefix is, and which Python for which machine."""

import re
import struct
from dataclasses import dataclass
from pathlib import Path

from ..elf import read_elf
from ..errors import InterpreterError
from ..platforms import Platform

# python-build-standalone's install_only and full archives; others have one folder of any name, or none.
_KNOWN_PLACES = ("", "python", "python/install")
_WINDOWS_SIGNS = ("python.exe", "tools/python.exe", "python/python.exe", "python/install/python.exe")
_VERSION = re.compile(r'^#define\s+PY_VERSION\s+"([^"]+)"', re.MULTILINE)
# Mach-O, 64 bit: magic and CPU type (https://github.com/apple-oss-distributions/xnu, EXTERNAL_HEADERS/mach-o/loader.h).
_MACH_O_CPUS = {0x01000007: "x86_64", 0x0100000C: "arm64"}


@dataclass(frozen=True, kw_only=True)
class Layout:
    """prefix: the folder with bin/, lib/, include/.  minor: "3.11".  version: "3.11.7"."""

    prefix: Path
    minor: str
    version: str

    @property
    def stdlib(self) -> Path:
        return self.prefix / "lib" / f"python{self.minor}"


def find_layout(folder: Path, name: str) -> Layout:
    """The interpreter in `folder`. name: of the archive, for messages. Raises InterpreterError."""
    tops = [path.name for path in sorted(folder.iterdir()) if path.is_dir()]
    inside = [tops[0], *(f"{tops[0]}/{place}" for place in _KNOWN_PLACES if place)] if len(tops) == 1 else []
    for place in dict.fromkeys([*_KNOWN_PLACES, *inside]):
        layout = _layout(folder / place, name)
        if layout is not None:
            return layout
    if any((folder / sign).is_file() for sign in _WINDOWS_SIGNS):
        raise InterpreterError(
            f"{name} holds a Python for Windows, which this version of Keel cannot use yet",
            hint="take an archive for the target's platform",
        )
    raise InterpreterError(
        f"{name} does not look like a Python that Keel knows",
        hint="needed: bin/python3.X and lib/python3.X (python-build-standalone's install_only, or a plain prefix)",
    )


def _layout(prefix: Path, name: str) -> Layout | None:
    libraries = [path for path in sorted(prefix.glob("lib/python3.*")) if (path / "os.py").is_file()]
    if not libraries:
        return None
    if len(libraries) > 1:
        raise InterpreterError(
            f"{name} holds several Pythons: {', '.join(path.name for path in libraries)}", hint="one at a time, please"
        )
    minor = libraries[0].name.removeprefix("python")
    if minor.endswith("t"):
        raise InterpreterError(
            f"{name} is a free-threaded Python ({minor}), which Keel does not support", hint="take the ordinary one"
        )
    return Layout(prefix=prefix, minor=minor, version=_version(prefix, minor, name))


def _version(prefix: Path, minor: str, name: str) -> str:
    """The full version, from the headers: the program itself may be for another machine."""
    header = prefix / "include" / f"python{minor}" / "patchlevel.h"
    match = _VERSION.search(header.read_text("utf-8", "replace")) if header.is_file() else None
    if match is None:
        raise InterpreterError(
            f"{name} has no include/python{minor}/patchlevel.h, which tells its version",
            hint="take a complete installation: headers are needed to build extensions, too",
        )
    return match[1].removesuffix("+")


def find_program(layout: Layout) -> Path | None:
    """The interpreter's program itself: the file behind bin/python3.X or its other names."""
    names = (f"python{layout.minor}", "python3", "python")
    return next((path for name in names if (path := layout.prefix / "bin" / name).is_file()), None)


def check_platform(layout: Layout, platform: Platform, name: str) -> None:
    """Raises InterpreterError unless the program runs on `platform`."""
    program = find_program(layout)
    if program is None:
        raise InterpreterError(f"{name} has no bin/python{layout.minor}", hint="is the archive complete?")
    found = _platform_of(program)
    if found != platform.name:
        raise InterpreterError(
            f"{name} holds a Python for {found}, not for {platform.name}", hint="take one for the target's platform"
        )


def _platform_of(program: Path) -> str:
    with program.open("rb") as stream:
        head = stream.read(8)
    if len(head) == 8 and head[:4] == b"\xcf\xfa\xed\xfe":
        cpu = struct.unpack("<I", head[4:])[0]
        return f"macos-{_MACH_O_CPUS.get(cpu, 'unknown')}"
    elf = read_elf(program)
    if elf is None:
        return "an unknown system"
    if elf.loader is not None and "musl" in elf.loader:
        return f"linux-{elf.machine} with musl"
    return f"linux-{elf.machine}"
