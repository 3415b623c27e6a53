"""All that `keel check` looks at, in one list, and what `--fix` makes of it."""

from typing import Callable, Dict, List, Optional, Sequence, Tuple

from .base import Base
from .clean import STALE, Waste, leftovers, remove_waste
from .consistent import inconsistencies
from .environments import Environment
from .intact import damages, foreign_files
from .problems import Problem
from .repair import Repair

LEFTOVER = "leftover"


def check(base: Base, places: Sequence[Environment], *, store: bool, tell: Callable[[str], None]) -> List[Problem]:
    """What is wrong with `places` (the base, environments), and with the store if asked for; then also leftovers.

    tell: is told now and then what is being done.
    """
    found: List[Problem] = []
    for place in places:
        tell(f"dependencies of {place.label}")
        found += inconsistencies(base, place)
    found += damages(base, places, store=store, tell=tell)
    if store:
        tell("the store")
        found += foreign_files(base)
        text = "was left by a keel that was killed"
        found += [Problem("store", LEFTOVER, f"{path} {text}", None, path, fixable=True) for path in leftovers(base)]
    return found


def fix(base: Base, problems: Sequence[Problem]) -> Tuple[Dict[Problem, Optional[str]], Optional[str]]:
    """Mend what can be mended: problem -> None for done, else why not; and the folder where changed files are kept."""
    repair = Repair(base)
    done = repair.run([problem for problem in problems if problem.kind != LEFTOVER])
    for problem in problems:
        if problem.kind == LEFTOVER and problem.path is not None:
            failed = remove_waste(base, [Waste(STALE, problem.path, 0, problem.text)])
            done[problem] = failed[0] if failed else None
    return done, repair.kept
