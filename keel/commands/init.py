"""`keel init`."""

import argparse
import os

from ..base import find_base
from ..console import say
from ..errors import KeelError
from ..shells import (
    SHELLS,
    all_start_up_files,
    calling_shell,
    check_shells,
    installed_shells,
    start_up_files,
)

EXAMPLES = ("keel init", "keel init bash fish", "keel init --all --dry-run", "keel init --reverse")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "shells", nargs="*", metavar="SHELL", help=f"{', '.join(SHELLS)}; else the one that you log in to"
    )
    parser.add_argument("--all", action="store_true", help="all of them that this machine has")
    parser.add_argument("--reverse", action="store_true", help="undo it: leave the files as they were before")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")


def run(options: argparse.Namespace, prefix: str) -> int:
    from ..startup import apply, plan_init, plan_reverse

    base = find_base(prefix)
    if options.all and options.shells:
        raise KeelError("name shells, or say --all, not both")
    if options.reverse and (options.all or not options.shells):
        changes = [plan_reverse(path, base.prefix) for path in all_start_up_files(os.environ)]
    else:
        names = installed_shells(os.environ) if options.all else check_shells(options.shells, os.environ)
        files = [(name, path) for name in names for path in start_up_files(name, os.environ)]
        if options.reverse:
            changes = [plan_reverse(path, base.prefix) for _, path in files]
        else:
            changes = [plan_init(name, path, base.prefix) for name, path in files]
    for change in changes:
        if not options.dry_run:
            apply(change)
        say(f"{_said(change.action, options.dry_run):<13} {change.path}")
    if not options.reverse and not options.dry_run:
        shell = SHELLS[calling_shell(os.environ)]
        say(f"new shells have 'keel activate'; for this one: {shell.lines(shell.load, base.prefix)}")
    return 0


def _said(action: str, dry_run: bool) -> str:
    done = {"add": "initialised", "refresh": "refreshed", "remove": "restored", "none": "unchanged"}
    return f"would {action}" if dry_run and action != "none" else done[action]
