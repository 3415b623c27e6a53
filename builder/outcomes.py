"""What a plan's rows will be and have become, and the two tables that tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from keel.manifest import SHIPPED

from .cache import Cache
from .errors import BuilderError, TargetsError
from .frames import COMPRESSIONS, frame_key
from .interpreters import Interpreter
from .lock import Lock
from .plan import Row
from .report import Reporter, megabytes
from .units import WheelUnit

_UNKNOWN = "-"


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """A row before it is built.

    interpreter, lock: as far as it came; `error` is what kept it from coming further.  download, cached: bytes of its
    wheels, and of those in the cache.  packed: how many of the wheels have their frames in the cache.
    """

    row: Row
    interpreter: Interpreter | None
    lock: Lock | None
    error: BuilderError | None
    download: int
    cached: int
    packed: int


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a row has become. size: of all its installers, in bytes.  fresh: bytes that were compressed for it, of the
    `packed` bytes of its payload."""

    paths: tuple[Path, ...]
    size: int
    fresh: int
    packed: int


@dataclass(frozen=True, kw_only=True)
class Built:
    """The end of a row: `made`, or the `error` that ended it, or neither where an error of another one did.

    interpreter, lock: as far as it came.  seconds: what its own steps took; others may have been packed meanwhile.
    """

    row: Row
    interpreter: Interpreter | None
    lock: Lock | None
    made: Made | None
    error: BuilderError | None
    seconds: float


def foresee(
    row: Row, interpreter: Interpreter | None, lock: Lock | None, error: BuilderError | None, cache: Cache
) -> Foreseen:
    """What the cache has for a row."""
    wheels = lock.wheels if lock is not None else ()
    here = [wheel for wheel in wheels if wheel.path is not None or cache.file("downloads", wheel.sha256)]
    units = [WheelUnit(locked=wheel, wheel=Path(), base=False, requested=False) for wheel in wheels]
    compression = COMPRESSIONS[row.target.recipe.compression]
    return Foreseen(
        row=row,
        interpreter=interpreter,
        lock=lock,
        error=error,
        download=sum(wheel.size or 0 for wheel in wheels),
        cached=sum(wheel.size or 0 for wheel in here),
        packed=sum(cache.has_folder("frames", frame_key(unit.store_slice(), compression)) for unit in units),
    )


def foreseen_table(rows: Sequence[Foreseen]) -> tuple[str, Sequence[str], Sequence[Sequence[str]]]:
    """The plan, as far as it is known before anything is fetched: title, columns and rows."""
    columns = ("target", "formats", "Python", "packages", "bytecode", "to fetch", "packed")
    return "to be built", columns, [_foreseen(one, _names(rows)) for one in rows]


def show_built(rows: Sequence[Built], reporter: Reporter) -> None:
    """The plan, as it has turned out."""
    columns = ("target", "Python", "packages", "bytecode", "size", "time", "reused", "result")
    reporter.table("result", columns, [_built(one, _names(rows)) for one in rows])


def failure_of(rows: Sequence[Built] | Sequence[Foreseen]) -> BuilderError | None:
    """One error for all rows that failed, None where none has."""
    made = any(isinstance(one, Built) and one.made for one in rows)
    return failure_among({one.row: one.error for one in rows}, made=made)


def failure_among(outcomes: Mapping[Row, BuilderError | None], *, made: bool = False) -> BuilderError | None:
    """The same. made: whether something was made nevertheless; what failed alike for all rows keeps its exit code."""
    errors = list(dict.fromkeys(error for error in outcomes.values() if error is not None))
    failed = [row for row, error in outcomes.items() if error is not None]
    if len(errors) < 2 and len(failed) in (0, len(outcomes)):
        return errors[0] if errors else None
    lines = []
    for error in errors:
        labels = ", ".join(row.target.label for row in failed if outcomes[row] is error)
        hint = f"\n  hint: {error.hint}" if error.hint else ""
        lines.append(f"\n{labels}: {error.message}{hint}")
    combined = TargetsError(f"{len(failed)} of {len(outcomes)} targets failed:{''.join(lines)}")
    codes = {error.exit_code for error in errors}
    if len(codes) == 1 and not made:
        combined.exit_code = codes.pop()
    return combined


def _names(rows: Sequence[Foreseen] | Sequence[Built]) -> dict[Row, str]:
    """Targets by their labels, with the recipe in front where there are several."""
    recipes = {one.row.target.recipe.name for one in rows}
    return {
        one.row: one.row.target.label if len(recipes) == 1 else f"{one.row.target.recipe.name} {one.row.target.label}"
        for one in rows
    }


def _foreseen(one: Foreseen, names: dict[Row, str]) -> tuple[str, ...]:
    head = (names[one.row], " ".join(one.row.formats), _python(one.interpreter))
    if one.lock is None:
        return (*head, "failed" if one.error is not None else _UNKNOWN, _UNKNOWN, _UNKNOWN, _UNKNOWN)
    missing = one.download - one.cached
    fetch = f"{megabytes(missing)} of {megabytes(one.download)}" if missing else "nothing"
    return (*head, str(len(one.lock.wheels)), _bytecode(one.lock), fetch, f"{one.packed} of {len(one.lock.wheels)}")


def _built(one: Built, names: dict[Row, str]) -> tuple[str, ...]:
    packages = str(len(one.lock.wheels)) if one.lock else _UNKNOWN
    head = (names[one.row], _python(one.interpreter), packages, _bytecode(one.lock) if one.lock else _UNKNOWN)
    if one.made is None:
        result = "failed" if one.error is not None else "not built"
        return (*head, _UNKNOWN, _UNKNOWN, _UNKNOWN, result)
    reused = 100 * (1 - one.made.fresh / one.made.packed) if one.made.packed else 100
    return (
        *head,
        megabytes(one.made.size),
        f"{one.seconds:.1f} s",
        f"{reused:.0f} %",
        " ".join(path.suffix[1:] for path in one.made.paths),
    )


def _python(interpreter: Interpreter | None) -> str:
    return f"{interpreter.version} {interpreter.source}" if interpreter is not None else _UNKNOWN


def _bytecode(lock: Lock) -> str:
    """ "build 3.11.7": made by that Python."""
    return f"{lock.bytecode} {lock.compiler or ''}".strip() if lock.bytecode == SHIPPED else lock.bytecode
