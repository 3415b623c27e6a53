"""From fetched parts to a payload: which wheels form the base, and what links where."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from keel.closure import Candidate, closure
from keel.errors import KeelError
from keel.manifest import MANIFEST

from .bytecode import bytecode_slice
from .compilers import Compiler
from .errors import BuilderError
from .frames import COMPRESSIONS, Frame
from .grouping import group_bytecode, group_packages
from .interpreters import Interpreter
from .lock import Lock
from .meta import meta_slice
from .packing import Packer, Packing, wait_for
from .payload import Payload, order_frames
from .provenance import Record
from .report import Reporter
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
from .windows_names import check_names

# Without pip a base could not be extended by its users.
ALWAYS_IN_BASE = ("pip",)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a target's payload is made of, with everything that other targets may have in common on its way to frames.

    shared: the packing of stage 0.
    """

    target: Target
    interpreter: Interpreter
    lock: Lock
    units: Sequence[WheelUnit]
    record: Record
    shared: Sequence[Packing]


def begin(
    target: Target,
    interpreter: Interpreter,
    lock: Lock,
    units: Sequence[WheelUnit],
    record: Record,
    compiler: Compiler | None,
    packer: Packer,
) -> Parts:
    """Have the packer begin with a target's stage 0. units: all of its wheels (`wheel_units`).

    compiler: for its bytecode, if that is made here.  Raises BuilderError.
    """
    slices = _stage_zero(target, interpreter, units, compiler)
    slices.sort(key=lambda piece: -piece.weight)
    shared = packer.submit(slices, COMPRESSIONS[target.recipe.compression], target.stem)
    return Parts(target=target, interpreter=interpreter, lock=lock, units=units, record=record, shared=shared)


def assemble(parts: Parts, packer: Packer, reporter: Reporter) -> Payload:
    """The payload of a target. Raises BuilderError."""
    target, units = parts.target, parts.units

    def pack(slices: Sequence[Slice]) -> list[Frame]:
        packings = packer.submit(slices, COMPRESSIONS[target.recipe.compression], target.stem, urgent=True)
        return _flat(wait_for(packings, reporter))

    shared = _flat(wait_for(parts.shared, reporter))
    links = pack(_links(target, units, shared, reporter))
    meta = pack([meta_slice(target, parts.interpreter, parts.lock, units, [*shared, *links], parts.record)])
    return Payload(
        name=target.recipe.name,
        version=target.recipe.version,
        python=parts.interpreter.version,
        platform=target.platform.name,
        marker=MANIFEST,
        frames=order_frames([*shared, *links, *meta]),
    )


def _flat(groups: Iterable[Sequence[Frame]]) -> list[Frame]:
    return [frame for group in groups for frame in group]


def wheel_units(target: Target, lock: Lock, wheels: Sequence[Path]) -> list[WheelUnit]:
    """Every locked wheel; `base` where the recipe's requirements lead to it, by the target's markers.

    wheels: the files of `lock.wheels`, in the same order.  Raises BuilderError.
    """
    environment = target.platform.marker_environment(lock.interpreter.version)
    requirements = target.recipe.requirements_for(environment)
    requested = {canonicalize_name(requirement.name) for requirement in requirements}
    listed = [
        WheelUnit(locked=locked, wheel=wheel, base=False, requested=locked.name in requested)
        for locked, wheel in zip(lock.wheels, wheels, strict=True)
    ]
    if target.platform.is_windows:
        check_names(listed)
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


def _stage_zero(
    target: Target, interpreter: Interpreter, units: Sequence[WheelUnit], compiler: Compiler | None
) -> list[Slice]:
    """What depends on no other unit: the interpreter, the store with its shims, and keel; then the bytecode of each."""
    solid = target.recipe.compression == "best"
    tree = interpreter_slice(interpreter)
    manager, manager_sha256 = manager_slice(target.platform)
    packages = [(manager, 0), (shims_slice(units), 0)]  # both are small
    packages += ((unit.store_slice(), unit.unpacked_size()) for unit in units)
    slices = [tree, *(group_packages(packages) if solid else (piece for piece, _ in packages))]
    if not target.platform.is_windows:  # where keel has no use for it
        slices.append(engine_slice(target.platform))
    if compiler is None:
        return slices
    slices.append(_tree_bytecode(compiler, tree, interpreter.sha256))
    bytecode = [(_tree_bytecode(compiler, manager, manager_sha256), 0)]
    bytecode += ((_wheel_bytecode(compiler, unit), unit.unpacked_size(unit.sources(compiler.tag))) for unit in units)
    return [*slices, *(group_bytecode(bytecode) if solid else (piece for piece, _ in bytecode))]


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


def _links(target: Target, units: Sequence[WheelUnit], shared: Sequence[Frame], reporter: Reporter) -> list[Slice]:
    """Stage 1 of every unit of the base. Of two units that bring the same file, the first by name keeps it."""
    scheme = target.platform.scheme(target.python_minor)
    pycs = _pycs(units, shared)
    owners = {path: frame.unit for frame in shared for path in frame.paths}
    slices = []
    for unit in sorted((unit for unit in units if unit.base), key=lambda unit: unit.name):
        placements = unit.placements(scheme, pycs[unit.name])
        taken = frozenset(place.dest for place in placements if place.dest in owners)
        for dest in sorted(taken):
            reporter.warn(f"{dest} of {unit.name} is left out: {owners[dest]} has it already")
        owners.update((place.dest, unit.name) for place in placements if place.dest not in taken)
        slices.append(unit.link_slice([place for place in placements if place.dest not in taken]))
    return slices


def _pycs(units: Sequence[WheelUnit], shared: Sequence[Frame]) -> dict[str, list[str]]:
    """Each unit's name -> its pycs, relative to its folder in the store: what is there and not in its wheel."""
    files = {unit.store: frozenset(unit.files.names) for unit in units}
    found: dict[str, list[str]] = {unit.store: [] for unit in units}
    for path in (path for frame in shared for path in frame.paths):
        store = "/".join(path.split("/", 2)[:2])
        name = path[len(store) + 1 :]
        if store in files and name not in files[store]:
            found[store].append(name)
    return {unit.name: found[unit.store] for unit in units}
