"""From fetched parts to a payload: which wheels form the base, and what links where."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from keel.closure import Candidate, closure
from keel.errors import KeelError
from keel.manifest import MANIFEST

from .bytecode import Compiler, bytecode_slice, find_compiler
from .errors import BuilderError
from .frames import COMPRESSIONS, Frame, pack_all
from .interpreters import Interpreter
from .lock import Lock
from .meta import meta_slice
from .payload import Payload, order_frames
from .provenance import Record
from .settings import Settings
from .target import Target
from .units import (
    Slice,
    WheelUnit,
    engine_slice,
    interpreter_slice,
    manager_slice,
    shims_slice,
    unit_mtime,
)

# Without pip a base could not be extended by its users.
ALWAYS_IN_BASE = ("pip",)


def assemble(
    target: Target,
    interpreter: Interpreter,
    lock: Lock,
    units: Sequence[WheelUnit],
    record: Record,
    settings: Settings,
) -> Payload:
    """The payload of a target. units: all of its wheels (`wheel_units`).  record: of it. Raises BuilderError."""
    compiler = find_compiler(target, interpreter, settings.host) if lock.bytecode else None
    shared = _pack(_stage_zero(target, interpreter, units, compiler), target, settings)
    links = _pack(_links(target, units, shared, settings), target, settings)
    meta = _pack([meta_slice(target, interpreter, lock, units, [*shared, *links], record)], target, settings)
    return Payload(
        name=target.recipe.name,
        version=target.recipe.version,
        python=interpreter.version,
        platform=target.platform.name,
        marker=MANIFEST,
        frames=order_frames([*shared, *links, *meta]),
    )


def wheel_units(target: Target, lock: Lock, wheels: Sequence[Path]) -> list[WheelUnit]:
    """Every locked wheel; `base` where the recipe's requirements lead to it, by the target's markers.

    wheels: the files of `lock.wheels`, in the same order.
    """
    environment = target.platform.marker_environment(lock.interpreter.version)
    requirements = target.recipe.requirements_for(environment)
    requested = {canonicalize_name(requirement.name) for requirement in requirements}
    listed = [
        WheelUnit(locked=locked, wheel=wheel, base=False, requested=locked.name in requested)
        for locked, wheel in zip(lock.wheels, wheels, strict=True)
    ]
    base = _base_names([*map(_without_address, requirements), *ALWAYS_IN_BASE], listed, environment)
    return [
        WheelUnit(locked=unit.locked, wheel=unit.wheel, base=unit.locked.name in base, requested=unit.requested)
        for unit in listed
    ]


def _without_address(requirement: Requirement) -> str:
    """`name @ url` is the name, once the wheel is here."""
    return f"{canonicalize_name(requirement.name)}[{','.join(sorted(requirement.extras))}]{requirement.specifier}"


def _base_names(requirements: Sequence[str], units: Iterable[WheelUnit], environment: dict[str, str]) -> set[str]:
    candidates = []
    for unit in units:
        requires = tuple(str(value) for value in unit.files.metadata().get_all("Requires-Dist", []))
        candidates.append(Candidate(name=unit.locked.name, version=unit.locked.version, requires=requires))
    try:
        return {candidate.name for candidate in closure(requirements, candidates, environment)}
    except KeelError as error:
        raise BuilderError(
            f"the locked wheels are not consistent: {error.message}", hint="lock again: keel-builder lock --upgrade"
        ) from error


def _pack(slices: Sequence[Slice], target: Target, settings: Settings) -> list[Frame]:
    compression = COMPRESSIONS[target.recipe.compression]
    groups = pack_all(slices, settings.cache, compression, settings.reporter, settings.jobs)
    return [frame for group in groups for frame in group]


def _stage_zero(
    target: Target, interpreter: Interpreter, units: Sequence[WheelUnit], compiler: Compiler | None
) -> list[Slice]:
    """What depends on no other unit: the interpreter, the store with its shims, and keel; then the bytecode of each."""
    manager, manager_sha256 = manager_slice(target.platform)
    slices = [interpreter_slice(interpreter), manager, shims_slice(units), *(unit.store_slice() for unit in units)]
    if not target.platform.is_windows:  # where keel has no use for it
        slices.append(engine_slice(target.platform))
    if compiler is None:
        return slices
    slices.append(_tree_bytecode(compiler, slices[0], interpreter.sha256))
    slices.append(_tree_bytecode(compiler, manager, manager_sha256))
    slices += (_wheel_bytecode(compiler, unit) for unit in units)
    return slices


def _tree_bytecode(compiler: Compiler, piece: Slice, sha256: str) -> Slice:
    """pycs of an interpreter or of keel, whose modules lie at their final places."""

    def sources() -> Iterable[tuple[str, bytes]]:
        for entry in piece.entries():
            if entry.path.endswith(".py") and entry.open is not None:
                with entry.open() as file:
                    yield entry.path, file.read()

    return bytecode_slice(
        compiler, unit=f"{piece.unit}-pyc", sha256=sha256, mtime=unit_mtime(sha256), folder="", sources=sources
    )


def _wheel_bytecode(compiler: Compiler, unit: WheelUnit) -> Slice:
    return bytecode_slice(
        compiler,
        unit=f"{unit.name}-pyc",
        sha256=unit.locked.sha256,
        mtime=unit.mtime,
        folder=unit.store,
        sources=lambda: unit.read(unit.sources(compiler.tag)),
    )


def _links(target: Target, units: Sequence[WheelUnit], shared: Sequence[Frame], settings: Settings) -> list[Slice]:
    """Stage 1 of every unit of the base. Of two units that bring the same file, the first by name keeps it."""
    scheme = target.platform.scheme(target.python_minor)
    pycs = {unit.name: _pycs(unit, shared) for unit in units}
    owners = {path: frame.unit for frame in shared for path in frame.paths}
    slices = []
    for unit in sorted((unit for unit in units if unit.base), key=lambda unit: unit.name):
        placements = unit.placements(scheme, pycs[unit.name])
        taken = frozenset(place.dest for place in placements if place.dest in owners)
        for dest in sorted(taken):
            settings.reporter.warn(f"{dest} of {unit.name} is left out: {owners[dest]} has it already")
        owners.update((place.dest, unit.name) for place in placements if place.dest not in taken)
        slices.append(unit.link_slice(scheme, pycs[unit.name], taken))
    return slices


def _pycs(unit: WheelUnit, shared: Sequence[Frame]) -> list[str]:
    """The unit's pycs, relative to its folder in the store."""
    start = len(unit.store) + 1
    return [path[start:] for frame in shared if frame.unit == f"{unit.name}-pyc" for path in frame.paths]
