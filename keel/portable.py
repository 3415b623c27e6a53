"""A base that was unpacked from an archive, which cannot hold links: its first command links the store into it.

Such a base has `keel-meta/unlinked.json` in place of the manifest. Everything is linked as an installer would have done
it, then the file becomes the manifest; an interrupted run is finished by the next one.
"""

import contextlib
import os
from typing import Dict

from .base import META, Base, users_base
from .errors import KeelError
from .folder_lock import lock_folder
from .layout import in_prefix
from .linker import Linker
from .manifest import MANIFEST, read_manifest
from .store import base_scheme, unit_files, unit_folder
from .wheel import Placement, plan

UNLINKED = f"{META}/unlinked.json"


def is_unlinked(prefix: str) -> bool:
    return os.path.exists(in_prefix(prefix, UNLINKED)) and not os.path.exists(in_prefix(prefix, MANIFEST))


def link_base(prefix: str) -> None:
    """Complete the base at `prefix`. Raises KeelError, OSError; it can be repeated then."""
    from .console import warn
    from .settle import settle

    try:
        lock = lock_folder(os.path.join(prefix, META), required=False)
    except BlockingIOError:
        raise KeelError(f"{prefix} is being completed by another process", hint="wait until it is done") from None
    try:
        if not is_unlinked(prefix):
            return
        warn(f"completing {prefix}, once")
        base = users_base(prefix)
        base.manifest = read_manifest(prefix, UNLINKED)
        os.makedirs(base.own_envs_dir(), exist_ok=True)
        _link_units(base)
        os.replace(in_prefix(prefix, UNLINKED), in_prefix(prefix, MANIFEST))
        settle(prefix)
    finally:
        os.close(lock)


def _link_units(base: Base) -> None:
    """What stage 1 of a payload does. Of two units that bring the same file, the first by name keeps it."""
    scheme = base_scheme(base)
    linker = Linker(base.prefix, base.prefix, base.prefix)
    placed: Dict[str, str] = {}
    for unit in base.manifest.units:
        if not unit.base:
            continue
        source = unit_folder(base, unit)
        for place in plan(unit_files(base, unit), scheme, requested=unit.requested):
            if placed.setdefault(place.dest.lower(), unit.name) == unit.name:
                _place(base, place, source, linker)


def _place(base: Base, place: Placement, source: str, linker: Linker) -> None:
    dest = in_prefix(base.prefix, place.dest)
    os.makedirs(os.path.dirname(dest), exist_ok=True)
    partial = f"{dest}.keel"  # a run that ends in the middle of a copy leaves no half of a file behind
    with contextlib.suppress(FileNotFoundError):
        os.unlink(partial)
    if place.source is None:
        with open(partial, "xb") as file:
            file.write(place.content)
    else:
        try:
            linker.place(in_prefix(source, place.source), partial)
        except OSError as error:
            hint = "make room there, and try again"
            raise KeelError(f"{dest} cannot be made: {error.strerror or error}", hint=hint) from error
    with contextlib.suppress(FileNotFoundError):  # two links to one file are no reason to rename for POSIX
        os.unlink(dest)
    os.rename(partial, dest)
