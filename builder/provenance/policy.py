"""Which licences a recipe lets into a base."""

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ..errors import PolicyError
from ..recipe import UNKNOWN, Licenses
from .parts import Part


def check_licenses(parts: Iterable[Part], rules: Licenses) -> None:
    """Raise PolicyError, naming every part whose licence `rules` refuses, and what of a longer expression it is."""
    if not rules.deny and not rules.allow:
        return
    lines = []
    for part in parts:
        refused = refused_licenses(part.license, lambda name: _accepts(name, rules))
        if refused:
            lines.append(f"\n  {part.label}: {_told(part, refused)}")
    if lines:
        raise PolicyError(
            f"the recipe's `licenses` refuses {_count(len(lines))}:{''.join(lines)}",
            hint="leave them out (libraries come with the interpreter: take another one), or, if you know better: "
            "licenses: {overrides: {NAME: SPDX expression}}",
        )


def refused_licenses(expression: str | None, accepts: Callable[[str], bool]) -> list[str]:
    """What keeps an SPDX expression from being acceptable; nothing where it is.

    Of a choice (OR) one acceptable licence is enough; of a combination (AND) all have to be. accepts: is asked about
    each licence, together with its exception if it has one; None is asked for as "unknown".
    """
    if expression is None:
        return [] if accepts(UNKNOWN) else [UNKNOWN]
    from license_expression import Licensing  # takes longer to import than most recipes need it

    return _refused(Licensing().parse(expression), accepts)


def _refused(node: Any, accepts: Callable[[str], bool]) -> list[str]:
    """node: of the library's tree, whose leaves are licences."""
    operator = getattr(node, "operator", "").strip()
    if operator not in ("AND", "OR"):
        name = node.render()
        return [] if accepts(name) else [name]
    found = [_refused(one, accepts) for one in node.args]
    if operator == "OR" and not all(found):
        return []
    return [name for names in found for name in names]


def _accepts(name: str, rules: Licenses) -> bool:
    """With `deny`, `allow` has exceptions to it; without, nothing else is accepted."""
    if _any(name, rules.allow):
        return True
    return bool(rules.deny) and not _any(name, rules.deny)


def _any(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)


def _told(part: Part, refused: Sequence[str]) -> str:
    if part.license is None:
        return f'unknown; it says "{part.stated}"' if part.stated else "unknown"
    return part.license if list(refused) == [part.license] else f"{part.license} (refused: {', '.join(refused)})"


def _count(number: int) -> str:
    return "one part of the base" if number == 1 else f"{number} parts of the base"


def unknown_licenses(parts: Iterable[Part]) -> str | None:
    """The warning about packages whose licence nobody can tell, or None."""
    names = [part for part in parts if part.license is None and (part.source is not None or not part.texts)]
    if not names:
        return None
    listed = ", ".join(f'{part.name} ("{part.stated}")' if part.stated else part.name for part in names)
    return (
        f"licence unknown: {listed}. Read what came with them (…licenses.txt), then say it in the recipe: "
        f"licenses: {{overrides: {{{names[0].name}: SPDX expression}}}}"
    )
