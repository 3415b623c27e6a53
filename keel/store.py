"""The store of a base: packages, unpacked once, that environments link to."""

import os
from typing import Iterator, Tuple

from .base import Base
from .errors import KeelError
from .launchers import LAUNCHERS, Launchers
from .layout import in_prefix
from .manifest import Unit
from .wheel import Scheme, UnitFiles


def unit_folder(base: Base, unit: Unit) -> str:
    """The absolute path of a unit."""
    return os.path.join(base.prefix, *unit.path.split("/"))


def unit_files(base: Base, unit: Unit) -> UnitFiles:
    """A unit, listed. Raises KeelError where it is damaged or gone."""
    root = unit_folder(base, unit)

    def read(name: str) -> bytes:
        with open(os.path.join(root, name), "rb") as file:
            return file.read()

    names = list(_files_below(root))
    if not names:
        raise KeelError(f"{root} is missing from the store", hint="install the base again")
    return UnitFiles(names, read)


def unit_metadata(base: Base, unit: Unit) -> bytes:
    """The unit's `METADATA`. Raises KeelError where the unit is gone."""
    name, version = unit.wheel.split("-")[:2]
    usual = os.path.join(unit_folder(base, unit), f"{name}-{version}.dist-info", "METADATA")
    try:
        with open(usual, "rb") as file:
            return file.read()
    except FileNotFoundError:
        files = unit_files(base, unit)  # a wheel's name may spell things otherwise than its .dist-info
        return files.read(f"{files.dist_info}/METADATA")


def unit_requires(base: Base, unit: Unit) -> Tuple[str, ...]:
    """The unit's `Requires-Dist` values. Raises KeelError where the unit is gone."""
    return requires(unit_metadata(base, unit))


def requires(metadata: bytes) -> Tuple[str, ...]:
    """The `Requires-Dist` values of core metadata; the email package would take many times as long."""
    head = metadata.replace(b"\r\n", b"\n").split(b"\n\n", 1)[0]
    lines = head.decode("utf-8", "replace").split("\n")
    return tuple(line.split(":", 1)[1].strip() for line in lines if line.lower().startswith("requires-dist:"))


def environment_scheme(base: Base, prefix: str = "") -> Scheme:
    """Where environments have a wheel's files, headers where pip puts them in a venv; if `prefix` is the base's, where
    the base has them."""
    if prefix == base.prefix:
        return base_scheme(base)
    return _scheme(base, headers=base.layout.headers, python="")


def base_scheme(base: Base) -> Scheme:
    """Where the base itself has them."""
    return _scheme(base, headers=base.layout.base_headers, python="..\\")


def _scheme(base: Base, *, headers: str, python: str) -> Scheme:
    """python: where scripts on Windows find it."""
    layout = base.layout
    launchers = None
    if layout.windows:
        console, gui = (_launcher(base, name) for name in ("console.exe", "gui.exe"))
        launchers = Launchers(console=console, gui=gui, python=python)
    return Scheme(
        purelib=layout.library,
        platlib=layout.library,
        scripts=layout.scripts,
        data="",
        headers=headers,
        launchers=launchers,
    )


def _launcher(base: Base, name: str) -> bytes:
    path = in_prefix(base.prefix, f"{LAUNCHERS}/{name}")
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError as error:
        raise KeelError(f"{path} is missing: this base is incomplete", hint="install it again") from error


def _files_below(root: str, folder: str = "") -> Iterator[str]:
    """POSIX paths relative to `root`, of files and links; nothing where `root` does not exist."""
    try:
        entries = list(os.scandir(os.path.join(root, folder)))
    except FileNotFoundError:
        return
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _files_below(root, path)
        else:
            yield path
