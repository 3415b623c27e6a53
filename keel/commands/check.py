"""`keel check`."""

import argparse
from typing import Dict, List, Optional, Sequence

from ..arguments import UsageError, add_json, add_place, chosen
from ..base import Base, find_base
from ..console import say, say_json
from ..environments import Environment, list_environments
from ..problems import Problem
from ..progress import Progress

EXAMPLES = ("keel check", "keel check -n work", "keel check --all --fix")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_place(parser, required=False)
    parser.add_argument("--all", action="store_true", help="the store, the base and all environments")
    parser.add_argument("--fix", action="store_true", help="put missing and changed files back; changed ones are kept")
    add_json(parser)


def run(options: argparse.Namespace, prefix: str) -> int:
    """1 where something is wrong and stays so."""
    from ..check import check, fix

    base = find_base(prefix)
    places = _places(base, options)
    store = any(place.is_base(base) for place in places)
    with Progress("checking") as progress:
        problems = check(base, places, store=store, tell=progress.tell)
        done, kept = fix(base, problems) if options.fix else ({}, None)
    left = [problem for problem in problems if not problem.note and (problem not in done or done[problem] is not None)]
    if options.json:
        _show_json(places, problems, done, kept, success=not left)
    else:
        _show(places, problems, done, kept, options.fix)
    return 1 if left else 0


def _places(base: Base, options: argparse.Namespace) -> List[Environment]:
    if not options.all:
        return [chosen(base, options)]
    if options.name is not None or options.path is not None:
        raise UsageError("--all is the base and every environment; -n and -p name one", hint="leave out one of them")
    return list_environments(base)


def _show(
    places: Sequence[Environment],
    problems: Sequence[Problem],
    done: Dict[Problem, Optional[str]],
    kept: Optional[str],
    fixing: bool,
) -> None:
    last = None
    for problem in problems:
        if problem.place != last:
            last = problem.place
            say(f"{problem.place}:")
        say(f"  {_state(problem, done)}{problem.text}")
        hint = done.get(problem) or (None if problem in done else problem.hint)
        if hint:
            say(f"      {hint}")
    wrong = [problem for problem in problems if not problem.note]
    checked = ", ".join(place.label for place in places)
    if not wrong:
        say(f"all is well: {checked}")
        return
    mended = sum(problem in done and done[problem] is None for problem in wrong)
    say(f"{_count(len(wrong), 'problem')}, {mended} mended" if fixing else _count(len(wrong), "problem"))
    if kept is not None:
        say(f"what was changed is kept in {kept}")
    if not fixing and any(problem.fixable for problem in wrong):
        say("to mend what can be mended: the same command with --fix")


def _state(problem: Problem, done: Dict[Problem, Optional[str]]) -> str:
    if problem.note:
        return "note: "
    return "mended: " if problem in done and done[problem] is None else ""


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _show_json(
    places: Sequence[Environment],
    problems: Sequence[Problem],
    done: Dict[Problem, Optional[str]],
    kept: Optional[str],
    *,
    success: bool,
) -> None:
    say_json(
        {
            "success": success,
            "checked": [place.prefix for place in places],
            "kept": kept,
            "problems": [
                {
                    "place": problem.place,
                    "kind": problem.kind,
                    "text": problem.text,
                    "hint": done.get(problem) or problem.hint,
                    "path": problem.path,
                    "package": problem.package,
                    "note": problem.note,
                    "fixable": problem.fixable,
                    "fixed": problem in done and done[problem] is None,
                }
                for problem in problems
            ],
        }
    )
