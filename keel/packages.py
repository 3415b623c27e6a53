"""Packages of an environment that is there already: installed, upgraded and removed, all of it or nothing."""

import os
from typing import Dict, FrozenSet, Iterable, List, NamedTuple, Sequence, Set, Tuple

from . import quoting
from .base import Base
from .distributions import Distribution, by_name, distributions
from .environments import Environment, read_config
from .errors import KeelError
from .layout import in_prefix
from .private import forget_private
from .records import Files
from .transaction import Transaction, new_paths
from .wanted import Plan, Wanted

_CACHE = "__pycache__"


class Changed(NamedTuple):
    """What was done, or would be.  before: name -> version of what was installed."""

    plan: Plan
    before: Dict[str, str]
    linked: int = 0
    copied: int = 0


def check_changeable(base: Base, environment: Environment, *, named: bool, command: str) -> None:
    """KeelError unless the packages of `environment` may be changed by this user.

    named: it was named, and not only active or found because nothing is.  command: "keel install".
    """
    if environment.is_base(base) and not named:
        raise KeelError(
            "no environment is active, and the base is changed only when it is named",
            hint=f"say which: {command} -n NAME … (or, if this base is your own: {command} -n base …)",
        )
    library = in_prefix(environment.prefix, base.layout.library)
    if environment.is_base(base) and not (base.writable() and os.access(library, os.W_OK)):
        raise KeelError(
            f"the base {base.prefix} is not yours", hint="make an environment of your own: keel create -n NAME …"
        )
    version = read_config(environment.prefix).get("version") or read_config(environment.prefix).get("version_info", "")
    if version and not version.startswith(f"{base.python_minor}.") and not environment.is_base(base):
        raise KeelError(
            f"{environment.label} has Python {version}, and this base has {base.python_minor}",
            hint="use the keel of its own base, or its own pip",
        )
    if not os.path.isdir(library):
        raise KeelError(f"{library} is missing: {environment.label} is damaged", hint="create it again")
    if not (os.access(environment.prefix, os.W_OK) and os.access(library, os.W_OK)):
        raise KeelError(
            f"{environment.prefix} is not writable for you",
            hint=f"make a copy: keel create -n NAME --clone {quoting.shell_word(environment.label)}",
        )


def install(
    base: Base,
    environment: Environment,
    wanted: Wanted,
    *,
    newest: FrozenSet[str] = frozenset(),
    dependencies: bool = True,
    dry_run: bool = False,
    quiet: bool = False,
) -> Changed:
    """Have `wanted` in `environment`; what is there and fits stays, but for the names `newest`. Raises KeelError."""
    from .fetched import settle
    from .fetching import Fetcher, Place
    from .selecting import make_plan

    python = in_prefix(environment.prefix, base.layout.own_python)
    place = Place(base.python if environment.is_base(base) else python, False, environment.is_base(base))

    def plan() -> Tuple[Plan, List[Distribution]]:
        found = distributions(base, environment.prefix)
        made = make_plan(
            base, wanted, installed=by_name(found), place=place, newest=newest, dependencies=dependencies, quiet=quiet
        )
        return made, found

    if dry_run:
        made, found = plan()
        return Changed(made, _versions(found))
    with _transaction(environment) as change:
        made, found = plan()
        changed = Changed(made, _versions(found))
        if made.link or made.fetch:
            changed = _carry_out(base, environment, change, made, found)
            if made.fetch:
                Fetcher(base, wanted, quiet=quiet, lock=change.lock).install(place, made.fetch)
                settle(base, made, environment.prefix, environment.prefix)
            change.done()
            new = [*(unit.name for unit, _ in made.link), *(pin.name for pin in made.fetch)]
            forget_private(environment.prefix, new)
    return changed


def _versions(found: Iterable[Distribution]) -> Dict[str, str]:
    return {one.name: one.version for one in found}


def remove(base: Base, environment: Environment, names: Sequence[str]) -> List[Distribution]:
    """Remove the packages `names` (normalised, installed); gives what is gone. Raises KeelError."""
    with _transaction(environment) as change:
        found = distributions(base, environment.prefix)
        gone = [one for one in found if one.name in names]
        files = Files(base, environment.prefix)
        change.apply(_old_paths(files, gone, found), [])
        change.done()
        forget_private(environment.prefix, names)
    return gone


def check_installed(base: Base, environment: Environment, names: Iterable[str]) -> Dict[str, Distribution]:
    """All that is installed, by name. KeelError where one of `names` is not, with the nearest ones that are."""
    from .closure import nearest

    there = by_name(distributions(base, environment.prefix))
    missing = [name for name in names if name not in there]
    if missing:
        near = list(dict.fromkeys(one for name in missing for one in nearest(name, there)))
        raise KeelError(
            f"not installed in {environment.label}: {', '.join(missing)}",
            hint=f"did you mean {' or '.join(near)}?" if near else f"what is: keel list {environment.option}",
        )
    return there


def _transaction(environment: Environment) -> Transaction:
    from .console import warn

    def tell() -> None:
        warn(f"another keel is changing {environment.label}; waiting for it")

    return Transaction(environment.prefix, waiting=tell)


def _carry_out(
    base: Base, environment: Environment, change: Transaction, plan: Plan, found: List[Distribution]
) -> Changed:
    """Put the bundled part of `plan` in place of what it replaces."""
    from .linker import Linker
    from .placing import Placer
    from .store import environment_scheme

    prefix = environment.prefix
    if plan.fetch:
        change.snapshot(_snapshot_of_base(base) if environment.is_base(base) else None)
    going = [one for one in found if one.name in {unit.name for unit, _ in plan.link}]
    requested = {one.name for one in going if one.requested}
    linker = Linker(base.prefix, change.new, prefix, mode=base.settings.link_mode)
    placer = Placer(base, linker, environment_scheme(base, prefix))
    for unit, asked in plan.link:
        placer.add(unit, requested=asked or unit.name in requested)
    placer.place()
    files = Files(base, prefix)
    old = _old_paths(files, going, found)
    staying = [one for one in found if one not in going]
    new = _make_way(files, change, old, staying)
    change.apply(old, new)
    return Changed(plan, _versions(found), linker.linked, linker.copied)


def _old_paths(files: Files, going: Sequence[Distribution], found: Sequence[Distribution]) -> List[str]:
    paths: Set[str] = set()
    for one in going:
        paths |= files.of(one)
    staying = [one for one in found if one not in going]
    return files.whole(files.without_shared(paths, staying)) if paths else []


def _make_way(files: Files, change: Transaction, old: List[str], staying: Sequence[Distribution]) -> List[str]:
    """What to move in; adds to `old` what is bytecode only. A file that another package brought stays in its place.

    KeelError where files are in the way that belong to no package.
    """
    new, in_the_way = new_paths(change.new, change.prefix, old)
    if not in_the_way:
        return new
    owned = {path for one in staying for path in files.recorded(one)}
    foreign = []
    for path in in_the_way:
        if path in owned:
            os.unlink(os.path.join(change.new, path))
        elif os.path.basename(os.path.dirname(path)) == _CACHE:
            old.append(path)
        else:
            foreign.append(path)
    if foreign:
        shown = ", ".join(foreign[:5]) + (f" and {len(foreign) - 5} more" if len(foreign) > 5 else "")
        raise KeelError(
            f"these are in the way in {change.prefix}, and belong to no package: {shown}",
            hint="move them away, and try again; nothing was changed",
        )
    return new_paths(change.new, change.prefix, old)[0]


def _snapshot_of_base(base: Base) -> List[str]:
    """Where pip puts something in a base."""
    return [base.layout.library, base.layout.scripts, "include", "share", "etc", "man"]
