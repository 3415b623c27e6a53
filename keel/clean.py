"""What nobody needs any more: leftovers of killed runs, caches inside the base, units that no base has.

A unit of the store is never removed while the manifest or a lock names it, since environments that keel does not know
may be linked to it.
"""

import contextlib
import glob
import os
import re
import time
from typing import Iterator, List, NamedTuple, Set

from .base import META, Base
from .environments import TRANSACTION, Environment, list_environments
from .layout import WINDOWS
from .registry import forget_gone, gone, registry_file
from .staging import Staging, is_abandoned, is_temporary, remove_abandoned
from .transaction import repair

STALE, CACHE, UNITS = "stale", "cache", "store"
_FORGOTTEN = 3600  # seconds after which a temporary file is nobody's


class Waste(NamedTuple):
    """Something to be removed.  kind: of STALE, CACHE, UNITS.  size: bytes that become free.  text: what it is."""

    kind: str
    path: str
    size: int
    text: str


def find_waste(base: Base, kinds: Set[str], *, force: bool = False) -> List[Waste]:
    """All of these kinds that this user may remove. force: also units that environments or old locks need."""
    found: List[Waste] = []
    if STALE in kinds:
        found += [_waste(STALE, path, "left by a keel that was killed") for path in leftovers(base)]
        file = registry_file(base)
        found += [Waste(STALE, f"{file}: {path}", 0, "no environment any more") for path in gone(base)]
    if CACHE in kinds:
        found += [_waste(CACHE, path, "a cache") for path in _caches(base)]
    if UNITS in kinds and os.access(base.store, os.W_OK):
        found += [_waste(UNITS, path, "a unit that nothing names") for path in unused_units(base, force=force)]
    return found


def _caches(base: Base) -> List[str]:
    """Where pip and uv keep their caches for this user, if that is in the base, and nothing of the base's own."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(base.home or base.prefix, ".cache")
    places = [os.environ.get("PIP_CACHE_DIR"), os.environ.get("UV_CACHE_DIR")]
    places += [os.path.join(folder, name) for folder in (home, f"{base.prefix}/.cache") for name in ("pip", "uv")]
    found = []
    for path in dict.fromkeys(os.path.abspath(place) for place in places if place):
        first = os.path.relpath(path, base.prefix).split(os.sep)[0]
        own = first in (os.curdir, os.pardir, *base.manifest.top_level)
        inside = os.path.realpath(path).startswith(os.path.realpath(base.prefix) + os.sep)
        if inside and not own and os.path.isdir(path):
            found.append(path)
    return found


def remove_waste(base: Base, waste: List[Waste]) -> List[str]:
    """Remove it all; gives what could not be removed, and why."""
    failed = []
    for one in waste:
        try:
            _remove(one.path)
        except OSError as error:
            failed.append(f"{one.path}: {error.strerror}")
    if any(one.kind == STALE for one in waste):
        forget_gone(base)
    return failed


def _remove(path: str) -> None:
    if os.path.islink(path) or not os.path.isdir(path):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.unlink(path)
    elif is_temporary(os.path.basename(path)):
        remove_abandoned(path)
    elif os.path.basename(path) == TRANSACTION:  # a change of packages, which is undone
        repair(os.path.dirname(path))
    else:  # out of sight first, so that nothing half removed can be taken for what it was
        with Staging(path) as staging:
            os.rename(path, os.path.join(staging.folder, "removed"))


def _waste(kind: str, path: str, text: str) -> Waste:
    return Waste(kind, path, _size(path), text)


def leftovers(base: Base) -> List[str]:
    """Hidden folders and files that a killed keel left beside and in environments, in the store and the base."""
    environments = list_environments(base)
    folders = [*base.envs_dirs(), base.store, os.path.join(base.prefix, META)]
    folders += [os.path.dirname(one.prefix) for one in environments if not one.is_base(base)]
    if base.home:
        folders.append(os.path.join(base.home, ".keel"))
    inside = [folder for one in environments for folder in _folders_of(one)]
    found = {path for folder in dict.fromkeys([*folders, *inside]) for path in _abandoned_in(folder)}
    cut_off = [os.path.join(one.prefix, TRANSACTION) for one in environments]
    return sorted([*found, *(path for path in cut_off if os.path.lexists(path) and _is_undoable(path))])


def _is_undoable(transaction: str) -> bool:
    """Whether it was cut off, and belongs to this user: a run that is at work holds its environment."""
    prefix = os.path.dirname(transaction)
    return os.access(prefix, os.W_OK) and is_abandoned(prefix)


def _folders_of(environment: Environment) -> Iterator[str]:
    """Where keel replaces files."""
    prefix = glob.escape(environment.prefix)
    yield environment.prefix
    library = "Lib/site-packages" if WINDOWS else "lib/python*/site-packages"
    for pattern in ("Scripts" if WINDOWS else "bin", "etc/keel", library, f"{library}/*.dist-info"):
        yield from glob.glob(os.path.join(prefix, pattern))


def _abandoned_in(folder: str) -> Iterator[str]:
    try:
        names = [name for name in os.listdir(folder) if is_temporary(name)]
    except OSError:
        return
    for name in names:
        path = os.path.join(folder, name)
        if not os.access(folder, os.W_OK):
            continue
        if os.path.isdir(path) and not os.path.islink(path):
            if is_abandoned(path):
                yield path
        elif _age(path) > _FORGOTTEN:
            yield path


def _age(path: str) -> float:
    try:
        return time.time() - os.lstat(path).st_mtime
    except OSError:
        return 0


def unused_units(base: Base, *, force: bool) -> List[str]:
    """Folders in the store that neither the manifest nor a lock names, and no known environment is linked to.

    force: only the manifest counts.
    """
    named = {unit.path.split("/")[-1] for unit in base.manifest.units}
    locked = set() if force else _locked_hashes(base)
    found = []
    for name in sorted(os.listdir(base.store)):
        path = os.path.join(base.store, name)
        if name.startswith(".") or name in named or not os.path.isdir(path) or os.path.islink(path):
            continue
        if name.rpartition("-")[2] not in locked:
            found.append(path)
    if force or not found:
        return found
    used = _linked_units(base)
    return [path for path in found if os.path.basename(path) not in used]


def _locked_hashes(base: Base) -> Set[str]:
    """The first eight digits of every SHA-256 in the base's locks, as the names of units end in them."""
    meta = glob.escape(os.path.join(base.prefix, META))
    found: Set[str] = set()
    for pattern in ("pylock*.toml", "history/**/*"):
        for path in glob.glob(os.path.join(meta, pattern), recursive=True):
            if os.path.isfile(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    found.update(digest[:8] for digest in re.findall(r"\b[0-9a-f]{64}\b", file.read()))
    return found


def _linked_units(base: Base) -> Set[str]:
    """Names of the units that files of known environments lead to, by hard or symbolic links."""
    inodes = {}
    for folder, _, names in os.walk(base.store):
        unit = os.path.relpath(folder, base.store).split(os.sep)[0]
        for name in names:
            with contextlib.suppress(OSError):
                status = os.lstat(os.path.join(folder, name))
                inodes[status.st_dev, status.st_ino] = unit
    used = set()
    for environment in list_environments(base):
        library = "lib" if environment.is_base(base) else ""
        for folder, _, names in os.walk(os.path.join(environment.prefix, library)):
            for name in names:
                with contextlib.suppress(OSError):
                    status = os.stat(os.path.join(folder, name))
                    used.add(inodes.get((status.st_dev, status.st_ino), ""))
    return used


def check_kinds(stale: bool, cache: bool, units: bool) -> Set[str]:
    """What was asked for; all where nothing was."""
    chosen = {kind for kind, wanted in ((STALE, stale), (CACHE, cache), (UNITS, units)) if wanted}
    return chosen or {STALE, CACHE, UNITS}


def _size(path: str) -> int:
    """Bytes that only this place holds: what is linked elsewhere stays on disk."""
    if os.path.islink(path) or not os.path.isdir(path):
        return os.lstat(path).st_size if os.path.lexists(path) else 0
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                status = os.lstat(os.path.join(folder, name))
                total += status.st_size if status.st_nlink == 1 else 0
    return total
