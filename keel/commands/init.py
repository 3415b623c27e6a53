"""`keel init`."""

import argparse
import os

from .. import shells
from ..arguments import shell_word
from ..base import find_base
from ..console import say
from ..errors import KeelError

EXAMPLES = ("keel init", "keel init bash zsh", "keel init --all --dry-run", "keel init --reverse")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "shells", nargs="*", metavar="SHELL", help="bash, zsh or sh; else the one that you log in to"
    )
    parser.add_argument("--all", action="store_true", help="all of them")
    parser.add_argument("--reverse", action="store_true", help="undo it: leave the files as they were before")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")


def run(options: argparse.Namespace, prefix: str) -> int:
    base = find_base(prefix)
    if options.all and options.shells:
        raise KeelError("name shells, or say --all, not both")
    if options.reverse and (options.all or not options.shells):
        files = shells.all_start_up_files(os.environ)
    else:
        names = list(shells.SHELLS) if options.all else shells.check_shells(options.shells, os.environ)
        files = [path for name in names for path in shells.start_up_files(name, os.environ)]
    plan = shells.plan_reverse if options.reverse else shells.plan_init
    changes = [plan(path, base.prefix) for path in files]
    for change in changes:
        if not options.dry_run:
            shells.apply(change)
        say(f"{_said(change.action, options.dry_run):<13} {change.path}")
    if not options.reverse and not options.dry_run:
        say("new shells have 'keel activate'; for this one: . " + shell_word(f"{base.prefix}/etc/profile.d/keel.sh"))
    return 0


def _said(action: str, dry_run: bool) -> str:
    done = {"add": "initialised", "refresh": "refreshed", "remove": "restored", "none": "unchanged"}
    return f"would {action}" if dry_run and action != "none" else done[action]
