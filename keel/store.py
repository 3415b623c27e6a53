"""The store of a base: packages, unpacked once, that environments link to."""

import os
from typing import Iterator, Tuple

from .base import Base, site_packages
from .errors import KeelError
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
    """Where environments have a wheel's files; headers where pip puts them in a venv, or in `prefix`, if that is the
    base's."""
    library = site_packages(base.python_minor)
    site = "" if prefix == base.prefix else "site/"
    headers = f"include/{site}python{base.python_minor}"
    return Scheme(purelib=library, platlib=library, scripts="bin", data="", headers=headers, windows=False)


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
