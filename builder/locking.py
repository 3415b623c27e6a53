"""When to resolve, and when the lock beside the recipe decides."""

from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import InterpreterError, RecipeError
from .lock import Lock, LockedInterpreter, check_lock, lock_differences, read_lock, write_lock
from .resolve import authorize, check_glibc, locked_interpreter, resolve
from .settings import Settings
from .target import Target

if TYPE_CHECKING:
    from .interpreters import Interpreter


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


def lock_target(
    target: Target,
    interpreter: "Interpreter",
    settings: Settings,
    mode: LockMode,
    *,
    resolver: Callable[..., Lock] = resolve,
) -> Lock:
    """The lock to build from. LOCKED writes nothing and never resolves; the others leave the lock up to date.

    Raises RecipeError or InterpreterError (LOCKED and it does not fit), ResolveError, FetchError, OutputError.
    """
    authorize(target, settings)
    path = lock_path(target)
    if mode is LockMode.LOCKED:
        return _locked(read_lock(path), target, interpreter)
    previous = _previous(path, settings) if mode is LockMode.UPDATE else None
    lock = None if previous is None else _kept(previous, target, interpreter)
    if lock is None:
        lock = resolver(target, interpreter, settings, previous=previous, upgrade=mode is LockMode.UPGRADE)
    else:
        settings.reporter.step(f"{len(lock.wheels)} wheels from {path.name}")
    check_glibc(lock, target)
    if lock != previous:
        write_lock(lock, path)
    return lock


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
        bytecode=target.recipe.bytecode,
        interpreter=locked_interpreter(interpreter),
    )
    return None if lock_differences(lock, target) else lock
