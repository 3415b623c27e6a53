"""The story of a build, top to bottom: interpreter, lock, wheels, record, payload, installers, tests."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from .assemble import assemble, wheel_units
from .installers import default_format, find_format
from .interpreters import find_interpreter
from .locking import LockMode, lock_path, lock_target, pinned_interpreter
from .output import write_installers
from .provenance import describe
from .settings import Settings
from .target import Target
from .trial import try_installers


def build_target(
    target: Target, settings: Settings, *, mode: LockMode, formats: Sequence[str], output: Path
) -> list[Path]:
    """Build a target's installers into `output`, one of each format (else of its own), and return their paths.

    Nothing is written there before everything before it has succeeded. Raises BuilderError.
    """
    started = time.monotonic()
    writers = [find_format(name, target) for name in formats or [default_format(target)]]
    interpreter = find_interpreter(target, settings, pinned=pinned_interpreter(target, mode))
    lock = lock_target(target, interpreter, settings, mode)
    wheels = settings.fetcher.fetch(lock.downloads)
    for writer in writers:
        writer.check(sum(wheel.stat().st_size for wheel in wheels))
    units = wheel_units(target, lock, wheels)
    record = describe(target, interpreter, lock, units, settings)
    payload = assemble(target, interpreter, lock, units, record, settings)
    trial = partial(try_installers, target=target, lock=lock, settings=settings)
    paths = write_installers(writers, payload, target, lock, record, output, trial=trial)
    if record.unknown:
        settings.reporter.warn(record.unknown)
    settings.reporter.step(f"built in {time.monotonic() - started:.1f} s")
    return paths


def lock_only(target: Target, settings: Settings, *, mode: LockMode) -> Path:
    """Bring the target's lock up to date and return its path."""
    interpreter = find_interpreter(target, settings)
    lock_target(target, interpreter, settings, mode)
    return lock_path(target)
