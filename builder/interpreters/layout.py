"""What lies in an unpacked archive, or in a folder: where the prefix is, and which Python for which machine."""

import re
from dataclasses import dataclass
from pathlib import Path

from ..elf import read_elf
from ..errors import InterpreterError
from ..macho import read_macho
from ..pe import python_version, read_pe
from ..platforms import Platform

# python-build-standalone's install_only and full archives, NuGet's; others have one folder of any name, or none.
_KNOWN_PLACES = ("", "python", "python/install", "tools")
_VERSION = re.compile(r'^#define\s+PY_VERSION\s+"([^"]+)"', re.MULTILINE)
_WINDOWS_LIBRARY = re.compile(r"python(?P<major>\d)(?P<minor>\d+)(?P<threads>t?)(?P<debug>_d)?\.dll")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """prefix: the folder with bin/, lib/, include/, or, on Windows, with python.exe, Lib/, DLLs/.  minor: "3.11".
    version: "3.11.7"."""

    prefix: Path
    minor: str
    version: str
    windows: bool = False

    @property
    def stdlib(self) -> Path:
        return self.prefix / ("Lib" if self.windows else f"lib/python{self.minor}")


def find_layout(folder: Path, name: str) -> Layout:
    """The interpreter in `folder`. name: of the archive, for messages. Raises InterpreterError."""
    tops = [path.name for path in sorted(folder.iterdir()) if path.is_dir()]
    inside = [tops[0], *(f"{tops[0]}/{place}" for place in _KNOWN_PLACES if place)] if len(tops) == 1 else []
    for place in dict.fromkeys([*_KNOWN_PLACES, *inside]):
        layout = _layout(folder / place, name) or _windows_layout(folder / place, name)
        if layout is not None:
            return layout
    raise InterpreterError(
        f"{name} does not look like a Python that Keel knows",
        hint="needed: bin/python3.X and lib/python3.X (python-build-standalone's install_only, or a plain prefix), or "
        "python.exe and python3X.dll (also python.org's embeddable zip and NuGet package)",
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


def _windows_layout(prefix: Path, name: str) -> Layout | None:
    if not (prefix / "python.exe").is_file():
        return None
    matches = [
        match for path in sorted(prefix.glob("python3*.dll")) if (match := _WINDOWS_LIBRARY.fullmatch(path.name))
    ]
    if len(matches) != 1:
        raise InterpreterError(
            f"{name} has {'several' if matches else 'no'} python3X.dll beside python.exe",
            hint="needed: python.org's embeddable zip or NuGet package, or python-build-standalone's install_only",
        )
    match = matches[0]
    for group, kind in (("threads", "free-threaded"), ("debug", "debug")):
        if match[group]:
            raise InterpreterError(
                f"{name} is a {kind} Python, which Keel does not support", hint="take the ordinary one"
            )
    version = python_version(prefix / match[0])
    minor = f"{match['major']}.{match['minor']}"
    if version is None or not version.startswith(f"{minor}."):
        raise InterpreterError(f"{match[0]} in {name} does not tell its version", hint="is the archive complete?")
    return Layout(prefix=prefix, minor=minor, version=version, windows=True)


def find_program(layout: Layout) -> Path | None:
    """The interpreter's program itself: python.exe, or the file behind bin/python3.X or its other names."""
    if layout.windows:
        return layout.prefix / "python.exe"
    names = (f"python{layout.minor}", "python3", "python")
    return next((path for name in names if (path := layout.prefix / "bin" / name).is_file()), None)


def is_patched(layout: Layout) -> bool:
    """Whether Debian has changed where this Python looks for its packages: into dist-packages, of the system alone."""
    sysconfig = layout.stdlib / "sysconfig.py"
    files = [sysconfig, sysconfig.with_suffix("") / "__init__.py"]  # a package since 3.14
    return any(path.is_file() and "deb_system" in path.read_text("utf-8", "replace") for path in files)


def check_unpatched(layout: Layout, name: str) -> None:
    """Raises InterpreterError for a Python that would not find the packages of its own base."""
    if is_patched(layout):
        raise InterpreterError(
            f"{name} holds a Python that Debian or Ubuntu has patched: it does not look into site-packages",
            hint="use `pbs`, an archive, or a Python that was built from source (pyenv, docker's python image, make)",
        )


def check_platform(layout: Layout, platform: Platform, name: str) -> None:
    """Raises InterpreterError unless the program runs on `platform`."""
    program = find_program(layout)
    if program is None:
        raise InterpreterError(f"{name} has no bin/python{layout.minor}", hint="is the archive complete?")
    found = _platforms_of(program)
    if platform.name not in found:
        raise InterpreterError(
            f"{name} holds a Python for {' and '.join(found)}, not for {platform.name}",
            hint="take one for the target's platform",
        )


def _platforms_of(program: Path) -> list[str]:
    """What it runs on; a universal program of macOS on both CPUs."""
    programs = read_macho(program)
    if programs:
        return [f"macos-{one.machine}" for one in programs]
    pe = read_pe(program)
    if pe is not None:
        return [f"windows-{pe.machine}"]
    elf = read_elf(program)
    if elf is None:
        return ["an unknown system"]
    if elf.loader is not None and "musl" in elf.loader:
        return [f"linux-{elf.machine} with musl"]
    return [f"linux-{elf.machine}"]
