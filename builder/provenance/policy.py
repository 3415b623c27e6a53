"""Which licences a recipe lets into a base."""

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any

from ..errors import PolicyError
from ..recipe import Licenses
from .parts import Part

UNKNOWN = "unknown"


def check_licenses(parts: Iterable[Part], rules: Licenses) -> None:
    """Raise PolicyError, naming every part whose licence `rules` refuses.

    Of a choice (OR) one acceptable licence is enough; of a combination (AND) all have to be.
    """
    if not rules.deny and not rules.allow:
        return
    refused = [part for part in parts if not acceptable(part.license, lambda name: _accepts(name, rules))]
    if not refused:
        return
    lines = "".join(f"\n  {part.label}: {_told(part)}" for part in refused)
    raise PolicyError(
        f"the recipe's `licenses` refuses {_count(len(refused))}:{lines}",
        hint="leave them out, or, if you know better: licenses: {overrides: {NAME: SPDX expression}}",
    )


def acceptable(expression: str | None, accepts: Callable[[str], bool]) -> bool:
    """Whether an SPDX expression can be met with licences that are accepted; None is asked for as "unknown"."""
    if expression is None:
        return accepts(UNKNOWN)
    from license_expression import Licensing  # takes longer to import than most recipes need it

    return _met(Licensing().parse(expression), accepts)


def _met(node: Any, accepts: Callable[[str], bool]) -> bool:
    """node: of the library's tree, whose leaves are licences, with their exception if they have one."""
    operator = getattr(node, "operator", "").strip()
    if operator == "OR":
        return any(_met(one, accepts) for one in node.args)
    if operator == "AND":
        return all(_met(one, accepts) for one in node.args)
    return accepts(node.render())


def _accepts(name: str, rules: Licenses) -> bool:
    """With `deny`, `allow` has exceptions to it; without, nothing else is accepted."""
    if _any(name, rules.allow):
        return True
    return bool(rules.deny) and not _any(name, rules.deny)


def _any(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)


def _told(part: Part) -> str:
    if part.license is not None:
        return part.license
    return f'unknown; it says "{part.stated}"' if part.stated else "unknown"


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
