"""Makes the programs and libraries of a Python for macOS find each other wherever they lie.

Mach-O files name the libraries that they load by their paths. A build that was configured for a folder of its own
names that folder, and its libpython carries the name into every program that is linked with it.
"""

import posixpath
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from ..macho import change_paths, macho_files, read_macho

# What every Mac has; many of these libraries are in no file at all.
_OF_THE_SYSTEM = ("/usr/lib/", "/System/")
_RELATIVE = "@"


def mend_install_names(prefix: Path, configured: Iterable[str]) -> list[str]:
    """Rewrite paths below the folders that the Python was configured for, and the names of its libraries.

    Returns notes about files that could not be changed, and about libraries that other machines may not have. Raises
    BuilderError for a path that has no room.
    """
    builds = tuple(folder.rstrip("/") + "/" for folder in configured)
    notes = []
    for path in macho_files(prefix):
        identity = next((program.identity for program in read_macho(path) if program.identity), None)
        if identity is not None and not identity.startswith(_RELATIVE):
            identity = f"@rpath/{path.name}"
        change = partial(_relative, file=path, prefix=prefix, builds=builds)
        if not change_paths(path, change, identity=identity):
            notes.append(f"{path.name} is signed by its maker, so that the paths in it stay as they are")
        notes += [
            f"{library}, which {path.name} needs, must be there on the machines that it is installed on"
            for program in read_macho(path)
            for library in program.libraries
            if not library.startswith((_RELATIVE, *_OF_THE_SYSTEM))
        ]
    return list(dict.fromkeys(notes))


def _relative(old: str, *, file: Path, prefix: Path, builds: tuple[str, ...]) -> str:
    """A path of the build as one that begins at the file which holds it."""
    for build in builds:
        if (old + "/").startswith(build):
            folder = file.parent.relative_to(prefix).as_posix()
            return "@loader_path/" + posixpath.relpath((old + "/").removeprefix(build) or ".", folder)
    return old
