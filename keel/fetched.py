"""What pip and uv leave behind, made fit for its place: why a package is there, and scripts that find their Python."""

import os
from typing import Sequence

from .base import Base
from .distributions import Distribution, by_name, distributions
from .records import recorded_scripts, replace_rows, set_file
from .relocate import relocation
from .staging import replace_file
from .wanted import Plan


def settle(base: Base, plan: Plan, folder: str, final: str) -> None:
    """Settle what was fetched for `plan` into the environment in `folder`, which will be at `final`."""
    there = distributions(base, folder)
    _mark(plan, there)
    linked = {unit.name for unit, _ in plan.link}
    kept = {name for name, _ in plan.keep}
    _mend_scripts(base, folder, final, [one for one in there if one.name not in linked | kept and not one.bundled])


def _mark(plan: Plan, there: Sequence[Distribution]) -> None:
    """pip and uv were told every name, and of a lock's files where they are; neither is why a package is there."""
    found = by_name(list(there))
    for pin in plan.fetch:
        one = found.get(pin.name)
        if one is not None:
            set_file(one, "REQUESTED", b"" if pin.requested else None)
            if not pin.direct:
                set_file(one, "direct_url.json", None)


def _mend_scripts(base: Base, folder: str, final: str, fetched: Sequence[Distribution]) -> None:
    """Scripts start the Python at `final`, whatever its path (pip does not escape quotes in it); RECORDs know of it."""
    relocate = relocation(base)
    old = tuple(dict.fromkeys((folder, os.path.realpath(folder))))
    for one in fetched:
        changed = {}
        for row, path in recorded_scripts(one, os.path.join(folder, base.layout.scripts)):
            with open(path, "rb") as file:
                script = file.read()
            moved = relocate(script, old, final)
            if moved != script:
                replace_file(path, moved)
                changed[row] = moved
        if changed:
            replace_rows(one, changed)
