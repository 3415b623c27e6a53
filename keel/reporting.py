"""What changes of packages look like: tables for people, objects for programs."""

from typing import Any, Dict, List, Mapping, Tuple

from .console import say, table
from .wanted import Plan


def rows(plan: Plan, before: Mapping[str, str]) -> List[Tuple[str, str, str, str]]:
    """(name, version before or "", version, source) of what changes, sorted by name."""
    found = [(unit.name, before.get(unit.name, ""), unit.version, "store") for unit, _ in plan.link]
    for pin in plan.fetch:
        name = pin.name or pin.words[-1]
        found.append((name, before.get(name, ""), pin.version or "?", pin.words[-1] if pin.words else "index"))
    return sorted(found)


def say_plan(plan: Plan, before: Mapping[str, str]) -> None:
    lines = [
        [name, f"{old} -> {new}" if old else new, "link" if source == "store" else "fetch", source]
        for name, old, new, source in rows(plan, before)
    ]
    for line in table(lines, ["name", "version", "how", "from"]) if lines else ():
        say(line)


def as_objects(plan: Plan, before: Mapping[str, str]) -> Dict[str, List[Dict[str, Any]]]:
    """`changes` and `kept` of the JSON that commands print."""
    return {
        "changes": [
            {"name": name, "version": new, "before": old or None, "source": source}
            for name, old, new, source in rows(plan, before)
        ],
        "kept": [{"name": name, "version": version} for name, version in sorted(plan.keep)],
    }


def counted(number: int, noun: str) -> str:
    """1, "package" -> "1 package"; 2 -> "2 packages"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
