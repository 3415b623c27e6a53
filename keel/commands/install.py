"""`keel install`."""

import argparse
import time
from typing import TYPE_CHECKING, FrozenSet, List

from ..arguments import UsageError, add_json, add_place, add_yes, chosen
from ..base import find_base
from ..console import say, say_json
from ..pythons import check_python, without_python

if TYPE_CHECKING:
    from ..wanted import Wanted

EXAMPLES = (
    "keel install -n work numpy 'pandas>=2'",
    "keel install -r requirements.txt",
    "keel install ./private-1.0-py3-none-any.whl",
    "keel install -e ./my-project",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_place(parser, required=False)
    add_wanted(parser)
    parser.add_argument("-U", "--upgrade", action="store_true", help="take the newest of the packages that are named")
    parser.add_argument("--no-deps", action="store_true", help="only what is named, without what it needs")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    add_yes(parser, "accepted for conda's sake; install asks nothing")
    add_json(parser)


def add_wanted(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "packages", nargs="*", metavar="PACKAGE", help="as in PEP 508: 'pandas>=2'; or a wheel, sdist, folder or URL"
    )
    parser.add_argument(
        "-r",
        "-f",
        "--file",
        "--requirement",
        action="append",
        default=[],
        metavar="FILE",
        dest="files",
        help="a requirements.txt, a pylock.toml, or what 'keel env export' has written",
    )
    parser.add_argument(
        "-e", "--editable", action="append", default=[], metavar="DIR", help="a project's folder, used where it is"
    )


def run(options: argparse.Namespace, prefix: str) -> int:
    from ..wanted import wanted

    if not (options.packages or options.files or options.editable):
        raise UsageError("there is nothing to install", hint="name a package: keel install numpy")
    base = find_base(prefix)
    packages, python = without_python(options.packages)
    check_python(base, python)
    what = wanted(base, packages, options.files, options.editable)
    return change(options, prefix, what, newest=frozenset(_named(what)) if options.upgrade else frozenset())


def _named(what: "Wanted") -> List[str]:
    from ..wanted import names_of

    return names_of(what.requirements)


def change(
    options: argparse.Namespace, prefix: str, what: "Wanted", *, newest: FrozenSet[str], command: str = "install"
) -> int:
    """Install `what` and show it; for `keel update`, too."""
    from ..packages import check_changeable, install
    from ..reporting import as_objects, counted, say_plan

    base = find_base(prefix)
    started = time.monotonic()
    environment = chosen(base, options)
    named = options.name is not None or options.path is not None
    check_changeable(base, environment, named=named, command=f"keel {command}")
    done = install(
        base,
        environment,
        what,
        newest=newest,
        dependencies=not options.no_deps,
        dry_run=options.dry_run,
        quiet=options.json,
    )
    if options.json:
        said = {"name": environment.name, "prefix": environment.prefix, "dry_run": options.dry_run}
        counts = {"linked": done.linked, "copied": done.copied}
        say_json({"success": True, **said, **as_objects(done.plan, done.before), **counts})
        return 0
    count = len(done.plan.link) + len(done.plan.fetch)
    if not count:
        say(f"nothing to do: {environment.label} has all of it already")
        return 0
    say_plan(done.plan, done.before)
    if options.dry_run:
        say(f"{counted(count, 'package')} would change in {environment.label}; nothing was done")
    else:
        say(f"changed {counted(count, 'package')} in {environment.label}, in {time.monotonic() - started:.2f} s")
    return 0
