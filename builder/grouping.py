"""Small slices as one, for `compression: best`.

What is small finds little in itself that repeats: many small wheels take a fifth less as one frame, and so does the
bytecode of all. The price: a change in one of them has its whole group packed again, and targets share a group only
where they have the same members. With `compression: fast`, which is for building often, nothing is grouped.
"""

from collections.abc import Iterable

from .frames import RAW_SIZE
from .units import Entry, Slice, digest

PACKAGES = "small-packages"
BYTECODE = "bytecode"
# What is larger compresses nearly as well alone, and is worth keeping for other targets and builds.
_SMALL_PACKAGE = 8 * 2**20


def group_packages(slices: Iterable[tuple[Slice, int]]) -> list[Slice]:
    """Slices of stage 0, each with about how many bytes it has; the small ones are put together."""
    weighed = list(slices)
    large = [piece for piece, size in weighed if size > _SMALL_PACKAGE]
    return large + _grouped(((piece, size) for piece, size in weighed if size <= _SMALL_PACKAGE), PACKAGES)


def group_bytecode(slices: Iterable[tuple[Slice, int]]) -> list[Slice]:
    """The same for bytecode, whatever its size."""
    return _grouped(slices, BYTECODE)


def _grouped(slices: Iterable[tuple[Slice, int]], unit: str) -> list[Slice]:
    """Groups of slices that follow each other, of about a frame's size; one alone stays what it is."""
    groups: list[list[Slice]] = []
    room = 0
    for piece, size in slices:
        if size > room or not groups:
            groups.append([])
            room = RAW_SIZE
        groups[-1].append(piece)
        room -= size
    return [group[0] if len(group) == 1 else _together(group, unit) for group in groups]


def _together(group: list[Slice], unit: str) -> Slice:
    def entries() -> list[Entry]:
        return [entry for piece in group for entry in piece.entries()]

    key = digest("group", *(f"{piece.unit} {piece.key}" for piece in group))
    weight = sum(piece.weight for piece in group)
    return Slice(unit=unit, stage=group[0].stage, key=key, weight=weight, entries=entries)
