"""The story of a build, top to bottom: interpreters, locks, wheels, records, payloads, installers, tests."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from .assemble import Parts, assemble, begin, wheel_units
from .compilers import compiler_of
from .errors import BuilderError, FetchError
from .installers import find_format
from .interpreters import Interpreter, announced_interpreter, find_interpreter
from .lock import Lock
from .locking import Case, LockMode, lock_path, lock_targets, pinned_interpreter, settings_for
from .outcomes import Built, Foreseen, Made, foresee, foreseen_table
from .output import write_installers
from .packing import Packer
from .plan import Plan, RecipeRows, Row
from .provenance import describe
from .settings import Settings
from .stages import Stages
from .trial import try_installers


def build_plan(
    plan: Plan, settings: Settings, *, mode: LockMode, output: Path, keep_going: bool = False
) -> list[Built]:
    """Build a plan's installers into `output`; tells what became of each row, in the plan's order.

    Nothing is compressed before every row has its wheels, or has failed; without `keep_going` nothing at all, then.
    """
    alone = len(plan.rows) == 1
    stages = Stages(plan.rows, keep_going=keep_going)
    interpreters = stages.each(plan.rows, lambda row: _interpreter(row, settings, mode, alone=alone))
    locks = stages.together(interpreters, lambda rows: lock_plan(plan, rows, settings, mode))
    settings.reporter.table(*foreseen_table(_foreseen(plan, interpreters, locks, stages, settings)))
    wheels = stages.together(locks, lambda rows: _fetched(rows, settings))
    stages.each(wheels, lambda row: _check_formats(row, wheels[row]))
    units = stages.each(wheels, lambda row: wheel_units(row.target, locks[row], wheels[row]))
    records = stages.each(units, lambda row: describe(row.target, interpreters[row], locks[row], units[row], settings))
    with Packer(settings.cache, settings.jobs) as packer:

        def start(row: Row) -> Parts:
            others = list(interpreters.values())
            compiler = compiler_of(locks[row], row.target, interpreters[row], settings, others=others)
            return begin(row.target, interpreters[row], locks[row], units[row], records[row], compiler, packer)

        def finish(row: Row) -> Made:
            return _write(row, parts[row], packer, output, settings_for(row.target, settings, alone=alone))

        parts = stages.each(records, start)
        made = stages.until_failure(parts, finish)
    return [
        Built(
            row=row,
            interpreter=interpreters.get(row),
            lock=locks.get(row),
            made=made.get(row),
            error=stages.failed.get(row),
            seconds=stages.seconds[row],
        )
        for row in plan.rows
    ]


def lock_plan(
    plan: Plan, interpreters: Mapping[Row, Interpreter], settings: Settings, mode: LockMode, *, write: bool = True
) -> dict[Row, Lock | BuilderError]:
    """The lock of each row that has an interpreter, or why it has none; one version of each package in a recipe."""
    return {
        row: outcome
        for recipe in plan.recipes
        for row, outcome in _lock_recipe(recipe, interpreters, settings, mode, write=write).items()
    }


def lock_everything(plan: Plan, settings: Settings, *, mode: LockMode) -> dict[Row, Path | BuilderError]:
    """Bring the lock of each row up to date; gives its path, or what kept it from having one."""
    stages = Stages(plan.rows, keep_going=True)
    alone = len(plan.rows) == 1
    interpreters = stages.each(plan.rows, lambda row: _interpreter(row, settings, mode, alone=alone))
    locks = stages.together(interpreters, lambda rows: lock_plan(plan, rows, settings, mode))
    return {row: lock_path(row.target) if row in locks else stages.failed[row] for row in plan.rows}


def preview(plan: Plan, settings: Settings, *, mode: LockMode) -> list[Foreseen]:
    """What `build_plan` would do, as far as it can be told without fetching, packing or writing: packages are chosen
    from what indexes say, interpreters from what catalogues say."""
    stages = Stages(plan.rows, keep_going=True)
    interpreters = stages.each(
        plan.rows, lambda row: announced_interpreter(row.target, settings, pinned_interpreter(row.target, mode))
    )
    locks = stages.together(interpreters, lambda rows: lock_plan(plan, rows, settings, mode, write=False))
    return _foreseen(plan, interpreters, locks, stages, settings)


def _foreseen(
    plan: Plan, interpreters: Mapping[Row, Interpreter], locks: Mapping[Row, Lock], stages: Stages, settings: Settings
) -> list[Foreseen]:
    return [
        foresee(row, interpreters.get(row), locks.get(row), stages.failed.get(row), settings.cache) for row in plan.rows
    ]


def _interpreter(row: Row, settings: Settings, mode: LockMode, *, alone: bool) -> Interpreter:
    own = settings_for(row.target, settings, alone=alone)
    return find_interpreter(row.target, own, pinned=pinned_interpreter(row.target, mode))


def _lock_recipe(
    recipe: RecipeRows, interpreters: Mapping[Row, Interpreter], settings: Settings, mode: LockMode, *, write: bool
) -> dict[Row, Lock | BuilderError]:
    cases = {row: Case(target=row.target, interpreter=interpreters[row]) for row in recipe.rows if row in interpreters}
    # What cannot be built now is to fit the others all the same when it can.
    absent = () if mode is LockMode.LOCKED else [row for row in recipe.rows if row not in interpreters]
    for row in absent:
        with suppress(BuilderError):
            announced = announced_interpreter(row.target, settings)
            cases[row] = Case(target=row.target, interpreter=announced, found=False)
    outcomes = lock_targets(list(cases.values()), settings, mode, siblings=recipe.siblings, write=write)
    return {row: outcome for row, outcome in zip(cases, outcomes, strict=True) if row in interpreters}


def _fetched(locks: Mapping[Row, Lock], settings: Settings) -> dict[Row, list[Path] | BuilderError]:
    """The wheels of each row: all at once, or, if that fails, of one row after the other, to see who lacks what."""
    fetcher = settings.fetcher
    everything = {download.sha256: download for lock in locks.values() for download in lock.downloads}
    with suppress(FetchError):
        found = dict(zip(everything, fetcher.fetch(list(everything.values())), strict=True))
        return {row: [found[download.sha256] for download in lock.downloads] for row, lock in locks.items()}
    outcomes: dict[Row, list[Path] | BuilderError] = {}
    for row, lock in locks.items():
        try:
            outcomes[row] = fetcher.fetch(lock.downloads)
        except FetchError as error:
            outcomes[row] = error
    return outcomes


def _check_formats(row: Row, wheels: Sequence[Path]) -> None:
    for name in row.formats:
        find_format(name, row.target).check(sum(wheel.stat().st_size for wheel in wheels))


def _write(row: Row, parts: Parts, packer: Packer, output: Path, settings: Settings) -> Made:
    target, lock, record = row.target, parts.lock, parts.record
    payload = assemble(parts, packer, settings.reporter)
    writers = [find_format(name, target) for name in row.formats]
    trial = partial(try_installers, target=target, lock=lock, settings=settings)
    paths = write_installers(writers, payload, target, lock, record, output, trial=trial)
    if record.unknown:
        settings.reporter.warn(record.unknown)
    return Made(
        paths=tuple(paths),
        size=sum(path.stat().st_size for path in paths),
        fresh=packer.made_for(target.stem),
        packed=payload.size - payload.first_frame,
    )
