"""Putting back what `keel check` found missing or changed, out of the store, and the store out of private copies.

What was changed is kept, in `~/.keel/replaced/<time>/`, before the recorded file takes its place.
"""

import contextlib
import errno
import os
import stat
import time
from typing import Dict, Iterable, List, Optional, Set, Tuple

from .base import Base, site_packages
from .environments import Environment, list_environments
from .errors import KeelError
from .hashes import digest, file_digest
from .intact import reinstall_command, unit_rows, units_of
from .layout import with_slashes
from .linker import Linker, copy_file, link_target, replace_link
from .manifest import Unit
from .moves import is_own
from .private import package_files
from .problems import Damage, Problem
from .staging import held, replace_file, temporary_beside
from .store import environment_scheme, unit_files, unit_folder
from .wheel import Placement, plan

_EPOCH = 946684800  # 2000-01-01T00:00:00Z


class Repair:
    """Mends one problem after the other; `kept` names the folder where changed files went, if there were any."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self._places = list_environments(base)
        self._plans: Dict[Tuple[str, bool], Dict[str, Placement]] = {}
        self._linkers: Dict[str, Linker] = {}
        self._restored: Set[str] = set()
        self._kept_files: Set[Tuple[int, int]] = set()
        self.kept: Optional[str] = None

    def run(self, problems: Iterable[Problem]) -> Dict[Problem, Optional[str]]:
        """Try each fixable one, those of the store first: None for done, else why not and what to do."""
        ordered = sorted(problems, key=lambda problem: problem.place != "store")
        return {problem: self._try(problem) for problem in ordered if problem.fixable}

    def _try(self, problem: Problem) -> Optional[str]:
        try:
            prefix = problem.damage.prefix if problem.damage is not None else _prefix_of_python(problem)
            if prefix not in (None, self._base.prefix) and not is_own(self._base, str(prefix)):
                return f"{prefix} is not yours: let its owner run keel check --all --fix"
            if problem.damage is not None:
                with held(problem.damage.prefix or self._base.prefix, wait=True):
                    return self._file(problem.damage)
            if problem.kind == "python" and problem.path is not None:
                _check_inside(problem.path, str(prefix))
                replace_link(problem.path, link_target(self._base.python, problem.path, self._base.prefix))
            return None
        except PermissionError as error:
            return f"{error.filename or problem.path} is not yours to write: let its owner run keel check --all --fix"
        except KeelError as error:
            return f"{error.message}; {error.hint}" if error.hint else error.message
        except OSError as error:
            return str(error)

    def _file(self, damage: Damage) -> Optional[str]:
        units = units_of(self._base, damage.name, damage.version)
        if damage.prefix is None:
            unit = next(unit for unit in units if damage.file.startswith(unit.path + "/"))
            return self._stored(unit, damage.file[len(unit.path) + 1 :], damage.digest)
        reason: Optional[str] = None
        for unit in units:
            reason = self._placed(unit, damage)
            if reason is None:
                return None
        return reason

    def _placed(self, unit: Unit, damage: Damage, *, anyway: bool = False) -> Optional[str]:
        """Mend a file of the base or of an environment. anyway: even if it is as it should be (a private copy)."""
        prefix = damage.prefix or ""
        path = os.path.join(prefix, damage.file)
        _check_inside(path, prefix)
        intact = os.path.lexists(path) and _digest(path) == damage.digest
        if intact and not anyway:
            return None  # the store that it leads to has been mended meanwhile
        if not os.path.isdir(unit_folder(self._base, unit)):
            return f"{unit.path} is gone: {self._reinstall(unit)}"
        self._unit(unit)
        place = self._plan(unit, prefix == self._base.prefix).get(damage.file)
        if place is None:
            return None if intact else f"{unit.path} has no such file; install it again: {reinstall_command(damage)}"
        if place.source is None:
            if intact or not damage.digest:
                return None
            if digest(place.content) != damage.digest:
                return f"it came from another build of {unit.name}; install it again: {reinstall_command(damage)}"
            self._keep(path)
            replace_file(path, place.content)
            os.chmod(path, 0o755 if place.executable else 0o644)
            return None
        source = os.path.join(unit_folder(self._base, unit), place.source)
        if damage.digest and _digest(source) != damage.digest:
            return f"{source} is damaged, too, or of another build: {self._reinstall(unit)}"
        if not intact and damage.digest:
            self._keep(path)
        self._relink(prefix, source, path, private=damage.private)
        return None

    def relink(self, environment: Environment, name: str, version: str) -> None:
        """Have the files of a bundled package be the store's again. Raises KeelError, OSError."""
        with held(environment.prefix, wait=True):
            self._relink_package(environment, name, version)

    def _relink_package(self, environment: Environment, name: str, version: str) -> None:
        found = [one for one in package_files(self._base, environment, name, version) if os.path.lexists(one.path)]
        units = units_of(self._base, name, version)
        if not units:
            raise KeelError(f"the store has no {name} {version} any more", hint="the private copy stays as it is")
        for one in found:
            file = with_slashes(os.path.relpath(one.path, environment.prefix))
            damage = Damage(environment.prefix, file, one.digest, name, version)
            reason = self._placed(units[0], damage, anyway=True)
            if reason is not None:
                raise KeelError(f"{file} cannot be linked to the store again", hint=reason)

    def _relink(self, prefix: str, source: str, path: str, *, private: bool = False) -> None:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        temporary = temporary_beside(path)
        if prefix not in self._linkers:
            mode = self._base.settings.link_mode
            self._linkers[prefix] = Linker(self._base.prefix, prefix, prefix, mode=mode)
        linker = self._linkers[prefix]
        if private:
            copy_file(source, temporary)
        else:
            linker.place(source, temporary)
        os.replace(temporary, path)

    def _plan(self, unit: Unit, in_base: bool) -> Dict[str, Placement]:
        """Destination -> what is to be there."""
        key = (unit.path, in_base)
        if key not in self._plans:
            scheme = environment_scheme(self._base, self._base.prefix if in_base else "")
            files = unit_files(self._base, unit)
            self._plans[key] = {place.dest: place for place in plan(files, scheme, requested=True)}
        return self._plans[key]

    def _unit(self, unit: Unit) -> None:
        """Mend the unit, if it needs it, before anything is taken from it. What it lacks then shows file by file."""
        if unit.path in self._restored:
            return
        self._restored.add(unit.path)
        for row in unit_rows(self._base, unit):
            if row.digest and _digest(os.path.join(unit_folder(self._base, unit), row.path)) != row.digest:
                with contextlib.suppress(OSError):
                    self._stored(unit, row.path, row.digest)

    def _stored(self, unit: Unit, name: str, wanted: str) -> Optional[str]:
        """Mend a file of the store from an intact private copy, and every place that shares the damaged one."""
        path = os.path.join(unit_folder(self._base, unit), name)
        if wanted and _digest(path) == wanted:
            return None
        good = self._intact_copy(name, wanted) if wanted else None
        if good is None:
            return f"no intact copy of it is known: {self._reinstall(unit)}"
        sharing = [(place, dest) for place, dest in self._dests(name) if _same_file(dest, path)]
        self._keep(path)
        mode = 0o555 if os.stat(good).st_mode & 0o111 else 0o444
        os.makedirs(os.path.dirname(path), exist_ok=True)
        temporary = temporary_beside(path)
        copy_file(good, temporary)
        if _digest(temporary) != wanted:  # it was changed meanwhile
            os.unlink(temporary)
            return f"{good} has changed while it was read"
        os.chmod(temporary, mode)
        moment = unit_time(unit)
        os.utime(temporary, (moment, moment))
        os.replace(temporary, path)
        for place, dest in sharing:
            with contextlib.suppress(PermissionError, KeelError):  # another user's: their own check says so
                _check_inside(dest, place.prefix)
                self._relink(place.prefix, path, dest)
        return None

    def _intact_copy(self, name: str, wanted: str) -> Optional[str]:
        for _, path in self._dests(name):
            if _digest(path) == wanted:
                return path
        return None

    def _dests(self, name: str) -> List[Tuple[Environment, str]]:
        """Where the base and all known environments have that file of a unit (`name` in it), if they do."""
        library = site_packages(self._base.python_minor)
        first, _, rest = name.partition("/")
        if first.endswith(".data"):
            key, _, rest = rest.partition("/")
            folders = {"scripts": self._base.layout.scripts, "data": "", "purelib": library, "platlib": library}
            relative = os.path.join(folders.get(key, library), rest)
        else:
            relative = os.path.join(library, name)
        paths = [(place, os.path.join(place.prefix, relative)) for place in self._places]
        return [(place, path) for place, path in paths if os.path.lexists(path)]

    def _reinstall(self, unit: Unit) -> str:
        product = f"{self._base.manifest.name} {self._base.manifest.version}"
        return f"run the installer of {product} into another folder, and copy {unit.path} from there into this base"

    def _keep(self, path: str) -> None:
        """Put what is at `path` aside, once, wherever else it is linked. Without a home it cannot be kept."""
        if os.path.islink(path):
            return  # it is the store's
        try:
            status = os.stat(path)
        except OSError:
            return
        if not stat.S_ISREG(status.st_mode):
            return
        inode = (status.st_dev, status.st_ino)
        if self._base.home is None or inode in self._kept_files:
            return
        self._kept_files.add(inode)
        if self.kept is None:
            stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
            self.kept = os.path.join(self._base.home, ".keel", "replaced", f"{stamp}-{os.getpid()}")
        dest = os.path.join(self.kept, path.lstrip("/"))
        try:
            os.makedirs(os.path.dirname(dest), exist_ok=True)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.EEXIST, errno.ENOTDIR):
                self.kept = None  # a home that cannot be written to costs the copy only
                return
            raise
        copy_file(path, dest)


def unit_time(unit: Unit) -> int:
    """The time of a unit's files, which bytecode is validated by (docs/architecture.md)."""
    return _EPOCH + int(unit.sha256, 16) % (1 << 28) // 2 * 2


def _prefix_of_python(problem: Problem) -> Optional[str]:
    return os.path.dirname(os.path.dirname(problem.path)) if problem.kind == "python" and problem.path else None


def _check_inside(path: str, prefix: str) -> None:
    """KeelError where a folder on the way from `prefix` to `path` is a link that leads out of it."""
    if not f"{os.path.realpath(os.path.dirname(path))}{os.sep}".startswith(f"{os.path.realpath(prefix)}{os.sep}"):
        raise KeelError(f"{os.path.dirname(path)} leads out of {prefix}", hint="what is there is not put back by keel")


def _digest(path: str) -> Optional[str]:
    try:
        return file_digest(path)
    except OSError:
        return None


def _same_file(one: str, other: str) -> bool:
    """Hard links of each other; a symbolic link is another thing."""
    try:
        first, second = os.lstat(one), os.lstat(other)
    except OSError:
        return False
    return (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino)
