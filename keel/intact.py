"""Whether the files of a base, an environment or the store are as their packages' RECORDs say.

Each file is read once, however many links lead to it: an environment that is linked to the store costs little more than
looking up its files. Bytecode has no recorded hash and may come and go.
"""

import os
import stat
from typing import Callable, Dict, Iterable, Iterator, List, NamedTuple, Set, Tuple

from . import quoting
from .base import STORE, Base, site_packages
from .environments import Environment, same_place
from .hashes import Row, dist_infos, file_digest, read_rows
from .installed import normalised
from .layout import with_slashes
from .manifest import Unit
from .private import read_private
from .problems import BROKEN, CHANGED, MISSING, Damage, Problem
from .store import unit_folder

_BATCH = 100  # files of one task of a thread
_INODE = Tuple[int, int]
_SIGNATURES = ("RECORD", "RECORD.jws", "RECORD.p7s")


class _Recorded(NamedTuple):
    """path: of the file.  damage: what is to be said of it if it is not as it should be."""

    path: str
    damage: Damage


def damages(
    base: Base, places: Iterable[Environment], *, store: bool, tell: Callable[[str], None]
) -> Iterator[Problem]:
    """Every file of `places`, and of the store if asked for, that is missing or changed. tell: is told what is read."""
    wanted: List[Tuple[str, _Recorded]] = []
    if store:
        for unit in base.manifest.units:
            wanted += [("store", one) for one in _of_unit(base, unit)]
    for place in places:
        wanted += [(place.label, one) for one in _of_place(base, place)]
    states = [_state(one.path) for _, one in wanted]
    unread: Dict[_INODE, str] = {}
    for (_, one), state in zip(wanted, states):
        if not isinstance(state, str) and one.damage.digest.startswith("sha256="):
            unread.setdefault(state, one.path)
    hashes = _hashes(unread, tell)
    for (label, one), state in zip(wanted, states):
        if isinstance(state, str):
            yield _problem(base, label, state, one)
        elif state in hashes and hashes[state] != one.damage.digest:
            yield _problem(base, label, CHANGED, one)


def broken_links(base: Base, place: Environment) -> Iterator[Problem]:
    """Files of `place` that lead to what is gone; nothing is read."""
    for one in _of_place(base, place):
        if _state(one.path) == BROKEN:
            yield _problem(base, place.label, BROKEN, one)


def _of_unit(base: Base, unit: Unit) -> Iterator[_Recorded]:
    """The files of a store unit; its RECORD alone where there is none."""
    folder = unit_folder(base, unit)
    for row in unit_rows(base, unit) or [Row("RECORD", "")]:
        yield _Recorded(
            os.path.join(folder, row.path), Damage(None, f"{unit.path}/{row.path}", row.digest, unit.name, unit.version)
        )


def unit_rows(base: Base, unit: Unit) -> List[Row]:
    """What the RECORD of a unit names, but for itself and signatures; nothing where it is gone."""
    folder = unit_folder(base, unit)
    for info in dist_infos(folder):
        try:
            rows = read_rows(os.path.join(folder, info, "RECORD"))
        except OSError:
            continue
        unhashed = {f"{info}/{name}" for name in _SIGNATURES}
        return [row for row in rows if row.path not in unhashed and not row.path.endswith("/")]
    return []


def _of_place(base: Base, place: Environment) -> Iterator[_Recorded]:
    """The files of all packages that are installed in the base or an environment."""
    library = os.path.join(place.prefix, site_packages(base.python_minor))
    private = read_private(place.prefix)
    for info in dist_infos(library):
        name, version = info[: -len(".dist-info")].rsplit("-", 1)
        name = normalised(name)
        try:
            rows = read_rows(os.path.join(library, info, "RECORD"))
        except OSError:
            continue  # `keel.consistent` says so
        for row in rows:
            if row.path.endswith((".pyc", "/")):
                continue
            path = os.path.normpath(os.path.join(library, row.path))
            file = with_slashes(os.path.relpath(path, place.prefix))
            damage = Damage(place.prefix, file, row.digest, name, version, (name, version) in private)
            yield _Recorded(path, damage)


def _state(path: str) -> "_INODE | str":
    """Which file `path` leads to, or what is wrong with it."""
    try:
        status = os.stat(path)
    except PermissionError:
        return (-1, -1)  # what cannot be looked at is not damaged
    except OSError:
        return BROKEN if os.path.islink(path) else MISSING
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        return CHANGED  # a pipe or device
    return (status.st_dev, status.st_ino)


def _hashes(unread: Dict[_INODE, str], tell: Callable[[str], None]) -> Dict[_INODE, str]:
    """The hash of each file that can be read, by threads: hashing and reading do not need Python's lock."""
    from concurrent.futures import ThreadPoolExecutor

    items = list(unread.items())
    batches = [items[start : start + _BATCH] for start in range(0, len(items), _BATCH)]
    found: Dict[_INODE, str] = {}
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for batch, part in zip(batches, pool.map(_hash_batch, batches)):
            tell(f"{len(found) + len(batch)} of {len(items)} files read")
            found.update(part)
    return found


def _hash_batch(batch: List[Tuple[_INODE, str]]) -> Dict[_INODE, str]:
    found = {}
    for inode, path in batch:
        try:
            found[inode] = file_digest(path)
        except OSError:
            continue
    return found


def _stored(base: Base, one: _Recorded) -> bool:
    """Whether a file of a place *is* a file of the store, by a hard or symbolic link."""
    library = site_packages(base.python_minor) + "/"
    if one.damage.prefix is None or not one.damage.file.startswith(library):
        return one.damage.prefix is None and os.stat(one.path).st_nlink > 1
    return any(
        same_place(one.path, os.path.join(unit_folder(base, unit), one.damage.file[len(library) :]))
        for unit in units_of(base, one.damage.name, one.damage.version)
    )


def units_of(base: Base, name: str, version: str) -> List[Unit]:
    """The units of that name and version, seldom more than one."""
    return [unit for unit in base.manifest.units if (unit.name, unit.version) == (name, version)]


def _problem(base: Base, label: str, kind: str, one: _Recorded) -> Problem:
    damage = one.damage
    package = f"{damage.name} {damage.version}"
    if damage.private and kind == CHANGED:
        text = f"{damage.file} of {package} was edited, in a private copy"
        return Problem(label, "edited", text, None, one.path, package, note=True)
    text = (
        f"{damage.file} of {package} "
        + {
            MISSING: "is missing",
            BROKEN: "leads to a file of the store that is gone",
            CHANGED: "is not what was installed",
        }[kind]
    )
    hint = None
    fixable = bool(units_of(base, damage.name, damage.version))
    if not fixable:
        hint = f"install it again: {reinstall_command(damage)}"
    elif kind == CHANGED and _stored(base, one):
        text = f"{damage.file} of {package} was changed in place, in the store and wherever it is linked from there"
        hint = f"to edit it safely: keel check --all --fix, then keel unlink {damage.name}"
    return Problem(label, kind, text, hint, one.path, package, fixable=fixable, damage=damage)


def reinstall_command(damage: Damage) -> str:
    """For what did not come out of the store."""
    where = quoting.sh(damage.prefix or "")
    return f"keel run -p {where} pip install --force-reinstall --no-deps {damage.name}=={damage.version}"


def foreign_files(base: Base) -> Iterator[Problem]:
    """What lies in the store and no unit has."""
    known = {unit.path.split("/")[-1]: unit for unit in base.manifest.units}
    for name in sorted(os.listdir(base.store)):
        if name not in known:
            if not name.startswith("."):
                text = f"{STORE}/{name} is not of this base"
                path = os.path.join(base.store, name)
                yield Problem("store", "foreign", text, "to remove it: keel clean", path, note=True)
            continue
        files = _files_below(os.path.join(base.store, name))
        recorded = {row.path for row in unit_rows(base, known[name])}
        for file in sorted(files - recorded) if recorded else ():
            if not file.endswith((".pyc", *(f".dist-info/{one}" for one in _SIGNATURES))):
                text = f"{STORE}/{name}/{file} does not belong to {known[name].name} {known[name].version}"
                yield Problem("store", "foreign", text, None, os.path.join(base.store, name, file), note=True)


def _files_below(root: str) -> Set[str]:
    found: Set[str] = set()
    for folder, _, names in os.walk(root):
        relative = with_slashes(os.path.relpath(folder, root))
        found.update(name if relative == "." else f"{relative}/{name}" for name in names)
    return found
