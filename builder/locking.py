"""When to resolve, and when the lock beside the recipe decides."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from keel.manifest import AT_INSTALLATION, NO_BYTECODE, SHIPPED

from .compilers import compiler_of, find_compiler, no_compiler
from .consistency import Party, agree, differences, elsewhere, show_differences
from .errors import BuilderError, InterpreterError, RecipeError
from .lock import Lock, LockedInterpreter, check_lock, lock_differences, read_lock, write_lock
from .report import PrefixedReporter
from .resolve import authorize, check_glibc, locked_interpreter, resolve, versions_at_hand
from .settings import Settings
from .target import Target

if TYPE_CHECKING:
    from .interpreters import Interpreter


# How many resolutions run at the same time; uv uses several threads for each.
_AT_ONCE = 4
RELOCK_ALL = "lock all targets together: keel-builder lock RECIPE"


class LockMode(Enum):
    """UPDATE: keep the lock where it fits, else resolve anew, near it.  UPGRADE: resolve anew.  LOCKED: it must fit."""

    UPDATE = "update"
    UPGRADE = "upgrade"
    LOCKED = "locked"


def lock_path(target: Target) -> Path:
    """Beside the recipe."""
    return target.folder / target.lock_name


def pinned_interpreter(target: Target, mode: LockMode) -> LockedInterpreter | None:
    """The interpreter that must be used: the lock's with LOCKED, none in particular otherwise. Raises RecipeError."""
    if mode is not LockMode.LOCKED:
        return None
    lock = read_lock(lock_path(target))
    check_lock(lock, target)
    return lock.interpreter


@dataclass(frozen=True, kw_only=True)
class Case:
    """A target to be locked. found: whether its interpreter is at hand. Where it is only known from a catalogue, the
    lock serves for comparison, and is not written."""

    target: Target
    interpreter: "Interpreter"
    found: bool = True


Resolver = Callable[..., Lock]
Outcome = Lock | BuilderError


def lock_targets(
    cases: Sequence[Case],
    settings: Settings,
    mode: LockMode,
    *,
    siblings: Sequence[Target] = (),
    write: bool = True,
    resolver: Resolver = resolve,
) -> list[Outcome]:
    """The locks to build from, for targets of one recipe, or what keeps each from having one.

    LOCKED writes nothing and never resolves; the others leave the locks up to date, unless `write` is False.
    siblings: other targets of the recipe, whose locks beside it count for `consistency`.  An outcome may be a
    RecipeError or InterpreterError (LOCKED and it does not fit), ResolveError, FetchError, OutputError.
    """
    work = [
        _Locking(case, settings_for(case.target, settings, alone=len(cases) == 1), mode, resolver) for case in cases
    ]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        first = list(pool.map(lambda one: _caught(one.first), work))
    outcomes = _made_consistent(work, first, settings, mode, siblings)
    others = [case.interpreter for case in cases if case.found]
    return [
        _caught(partial(one.finish, outcome, others, write=write)) if isinstance(outcome, Lock) else outcome
        for one, outcome in zip(work, outcomes, strict=True)
    ]


def settings_for(target: Target, settings: Settings, *, alone: bool) -> Settings:
    """The same settings, with a reporter that names the target where it is not the only one."""
    return settings if alone else replace(settings, reporter=PrefixedReporter(settings.reporter, target.label))


def _caught(step: Callable[[], Lock]) -> Outcome:
    try:
        return step()
    except BuilderError as error:
        return error


def _made_consistent(
    work: Sequence["_Locking"], first: Sequence[Outcome], settings: Settings, mode: LockMode, siblings: Sequence[Target]
) -> list[Outcome]:
    """What the recipe's `consistency` makes of the locks that there are."""
    parties = [one.party(lock) for one, lock in zip(work, first, strict=True) if isinstance(lock, Lock)]
    strict = bool(parties) and work[0].case.target.recipe.consistency == "strict"
    if mode is not LockMode.LOCKED:
        parties += _parties_beside(siblings, settings)
    found = differences(parties)
    if not strict or not found:
        if found:
            show_differences(found, parties, settings.reporter)
        recorded = {party.label: replace(party.lock, elsewhere=elsewhere(party, found)) for party in parties}
    elif mode is LockMode.LOCKED:
        show_differences(found, parties, settings.reporter)
        names = ", ".join(one.name for one in found)
        error = RecipeError(f"the locks differ in {names}, and the recipe says `consistency: strict`", hint=RELOCK_ALL)
        return [error if isinstance(lock, Lock) else lock for lock in first]
    else:
        try:
            recorded = {party.label: replace(party.lock, elsewhere=()) for party in agree(parties, settings.reporter)}
        except BuilderError as error:
            return [error if isinstance(lock, Lock) else lock for lock in first]
    return [
        recorded[one.case.target.label] if isinstance(lock, Lock) else lock
        for one, lock in zip(work, first, strict=True)
    ]


def _parties_beside(siblings: Sequence[Target], settings: Settings) -> list[Party]:
    """The locks of targets that are not being locked now, as far as they fit the recipe of today."""
    found = []
    for target in siblings:
        lock = _previous(lock_path(target), settings)
        if lock is not None and not lock_differences(lock, target):
            found.append(Party(label=target.label, lock=lock))
    return found


@dataclass(frozen=True)
class _Locking:
    """One target on its way to a lock."""

    case: Case
    settings: Settings
    mode: LockMode
    resolver: Resolver

    def first(self) -> Lock:
        """The lock as it is, or as it is resolved without a look at other targets."""
        target = self.case.target
        authorize(target, self.settings)
        if self.mode is LockMode.LOCKED:
            return _locked(read_lock(lock_path(target)), target, self.case.interpreter)
        previous = _previous(lock_path(target), self.settings) if self.mode is LockMode.UPDATE else None
        kept = None if previous is None else _kept(previous, target, self.case.interpreter)
        if kept is None:
            return self._resolve(previous=previous, upgrade=self.mode is LockMode.UPGRADE)
        self.settings.reporter.step(f"{len(kept.wheels)} wheels from {target.lock_name}")
        return kept

    def _resolve(self, **how: object) -> Lock:
        return self.resolver(self.case.target, self.case.interpreter, self.settings, **how)

    def party(self, lock: Lock) -> Party:
        """For a comparison with other targets."""
        return Party(
            label=self.case.target.label,
            lock=lock,
            again=lambda near, bounds: self._resolve(previous=near, upgrade=False, bounds=bounds),
            at_hand=lambda name: versions_at_hand(self.case.target, self.case.interpreter, self.settings, name),
        )

    def finish(self, lock: Lock, others: Sequence["Interpreter"], *, write: bool) -> Lock:
        """The lock as it is to be used, and, if it is another one than before, written."""
        target = self.case.target
        check_glibc(lock, target)
        if self.mode is LockMode.LOCKED:
            if write:
                compiler_of(lock, target, self.case.interpreter, self.settings, others=others)
            return lock
        path = lock_path(target)
        previous = _readable(path)
        lock = replace(lock, consistency=target.recipe.consistency)
        lock = self._with_bytecode(lock, previous, others, fetched=write and self.case.found)
        if write and self.case.found and lock != previous:
            write_lock(lock, path)
        return lock

    def _with_bytecode(
        self, lock: Lock, previous: Lock | None, others: Sequence["Interpreter"], *, fetched: bool
    ) -> Lock:
        """Who makes the bytecode, and when; who made it before, if that is possible. fetched: the interpreter."""
        wanted = self.case.target.recipe.bytecode
        if wanted in (AT_INSTALLATION, NO_BYTECODE):
            return replace(lock, bytecode=wanted, compiler=None)
        if not fetched and self.case.target.platform.name == self.settings.host.platform_name:
            return replace(lock, bytecode=SHIPPED, compiler=self.case.interpreter.version)  # it will run here
        before = previous.compiler if previous is not None else None
        find = partial(find_compiler, self.case.target, self.case.interpreter, self.settings, others=others)
        compiler = (find(version=before) if before else None) or find()
        if compiler is not None:
            return replace(lock, bytecode=SHIPPED, compiler=compiler.version)
        if wanted == SHIPPED:
            raise no_compiler(self.case.target)
        return replace(lock, bytecode=AT_INSTALLATION, compiler=None)


def _locked(lock: Lock, target: Target, interpreter: "Interpreter") -> Lock:
    check_lock(lock, target)
    check_glibc(lock, target)
    if interpreter.sha256 != lock.interpreter.sha256:
        raise InterpreterError(
            f"the interpreter ({interpreter.source} {interpreter.version} {interpreter.build}) is not the locked one: "
            f"its SHA-256 is {interpreter.sha256} instead of {lock.interpreter.sha256}",
            hint="build without --locked, or lock again: keel-builder lock RECIPE",
        )
    return lock


def _previous(path: Path, settings: Settings) -> Lock | None:
    """The lock that is there, or None; one that cannot be read is replaced."""
    if not path.exists():
        return None
    try:
        return read_lock(path)
    except RecipeError as error:
        settings.reporter.warn(f"{error.message}; it is replaced")
        return None


def _readable(path: Path) -> Lock | None:
    with suppress(RecipeError):
        return read_lock(path)
    return None


def _fitting_bytecode(lock: Lock, target: Target) -> str:
    """Another wish about bytecode needs no other wheels; it is fulfilled at the end."""
    wanted = target.recipe.bytecode
    return (
        lock.bytecode if wanted == "auto" and lock.bytecode != NO_BYTECODE else SHIPPED if wanted == "auto" else wanted
    )


def _kept(previous: Lock, target: Target, interpreter: "Interpreter") -> Lock | None:
    """The previous lock with the interpreter of today, or None if that needs other wheels."""
    # Markers and tags see nothing of an interpreter but its version.
    if interpreter.version != previous.interpreter.version:
        return None
    if any(wheel.path is not None and not wheel.path.is_file() for wheel in previous.wheels):
        return None
    lock = replace(
        previous,
        version=target.recipe.version,
        bytecode=_fitting_bytecode(previous, target),
        interpreter=locked_interpreter(interpreter),
    )
    return None if lock_differences(lock, target) else lock
