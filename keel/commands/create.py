"""`keel create`."""

import argparse
import time
from typing import TYPE_CHECKING

from ..arguments import add_manner, add_place
from ..base import Base, find_base
from ..console import say, say_json, size
from ..environments import find_environment
from ..errors import KeelError
from ..pythons import check_python, without_python
from ..quoting import shell_word
from .install import add_wanted

if TYPE_CHECKING:
    from ..building import Created
    from ..environments import Environment
    from ..wanted import Plan, Wanted

EXAMPLES = (
    "keel create -n work",
    "keel create -n work 'pandas>=2' matplotlib",
    "keel create -n work -f requirements.txt",
    "keel create -p ./env --clone base",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_place(parser, required=True)
    add_wanted(parser)
    parser.add_argument("--clone", metavar="ENV", help="copy this environment (a name, a path, or base)")
    add_manner(parser)


def run(options: argparse.Namespace, prefix: str) -> int:
    base = find_base(prefix)
    packages, python = without_python(options.packages, options.python)
    check_python(base, python)
    if options.clone is not None:
        if packages or options.files or options.editable or options.no_pip:
            raise KeelError("a clone is exact: packages, files and --no-pip cannot be given with --clone")
        return _clone(base, options)
    from ..wanted import wanted

    return create_wanted(base, options, wanted(base, packages, options.files, options.editable))


def create_wanted(base: Base, options: argparse.Namespace, what: "Wanted") -> int:
    """Create the environment that -n or -p name with `what`, and show it."""
    from ..building import destination
    from ..create import create_planned, plan_new

    started = time.monotonic()
    environment = destination(base, name=options.name, path=options.path)
    plan = plan_new(base, what, with_pip=not options.no_pip, quiet=options.json)
    if options.dry_run:
        _show_plan(environment, plan, as_json=options.json)
        return 0
    done = create_planned(base, environment, what, plan, copy=options.copy, quiet=options.json)
    _show(environment, done, started, as_json=options.json)
    return 0


def _clone(base: Base, options: argparse.Namespace) -> int:
    from ..building import destination
    from ..clone import clone

    started = time.monotonic()
    environment = destination(base, name=options.name, path=options.path)
    source = find_environment(base, options.clone)
    if options.dry_run:
        if options.json:
            said = {"name": environment.name, "prefix": environment.prefix, "dry_run": True}
            say_json({"success": True, **said, "clone": source.prefix})
        else:
            say(f"would copy {source.prefix} to {environment.prefix}; nothing was done")
        return 0
    _show(environment, clone(base, environment, source, copy=options.copy), started, as_json=options.json)
    return 0


def _show_plan(environment: "Environment", plan: "Plan", *, as_json: bool) -> None:
    from ..reporting import as_objects, counted, say_plan

    if as_json:
        said = {"name": environment.name, "prefix": environment.prefix, "dry_run": True}
        say_json({"success": True, **said, **as_objects(plan, {})})
        return
    say_plan(plan, {})
    count = counted(len(plan.link) + len(plan.fetch), "package")
    say(f"{environment.prefix} would be created with {count}; nothing was done")


def _show(environment: "Environment", done: "Created", started: float, *, as_json: bool) -> None:
    if as_json:
        say_json(
            {
                "success": True,
                "name": environment.name,
                "prefix": environment.prefix,
                "packages": [{"name": name, "version": version} for name, version in done.packages],
                "linked": done.linked,
                "copied": done.copied,
                "copied_bytes": done.copied_bytes,
            }
        )
        return
    count = f"{len(done.packages)} package{'' if len(done.packages) == 1 else 's'}"
    copied = f", {done.copied} copied ({size(done.copied_bytes)})" if done.copied else ", none copied"
    say(f"created {environment.prefix}")
    say(f"{count}, {done.linked} files linked{copied}, in {time.monotonic() - started:.2f} s")
    say(f"to use it: keel activate {shell_word(environment.label)}")
