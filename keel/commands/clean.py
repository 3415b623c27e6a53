"""`keel clean`."""

import argparse

from ..arguments import add_json, add_yes
from ..base import find_base
from ..console import confirm, say, say_json, size
from ..errors import KeelError

EXAMPLES = ("keel clean --dry-run", "keel clean --stale", "keel clean -y")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stale", action="store_true", help="what killed runs left, and notes of lost environments")
    parser.add_argument("--cache", action="store_true", help="caches of pip and uv, where they lie in the base")
    parser.add_argument("--store", action="store_true", help="packages that no manifest, lock or environment needs")
    parser.add_argument("-a", "--all", action="store_true", help="all of these, as without an option")
    parser.add_argument("--force", action="store_true", help="also those that old locks or environments need")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    add_yes(parser)
    add_json(parser)
    parser.description = f"{parser.description} Without an option: all of it."


def run(options: argparse.Namespace, prefix: str) -> int:
    from ..clean import check_kinds, find_waste, remove_waste

    base = find_base(prefix)
    kinds = (options.stale or options.all, options.cache or options.all, options.store or options.all)
    waste = find_waste(base, check_kinds(*kinds), force=options.force)
    total = sum(one.size for one in waste)
    if not options.json:
        for one in waste:
            say(f"{one.path} ({one.text}{f', {size(one.size)}' if one.size else ''})")
    failed = []
    if waste and not options.dry_run:
        if not options.yes and not confirm(f"Remove {'this' if len(waste) == 1 else 'these'} ({size(total)})?"):
            raise KeelError("nothing was removed", hint="to remove it without a question: -y")
        failed = remove_waste(base, waste)
    if options.json:
        listed = [{"kind": one.kind, "path": one.path, "size": one.size, "text": one.text} for one in waste]
        told = {"success": not failed, "dry_run": options.dry_run, "size": total}
        say_json({**told, "removed": listed, "failed": failed})
    elif not waste:
        say("there is nothing to remove")
    else:
        say(f"{'would free' if options.dry_run else 'freed'} {size(total)}")
        for text in failed:
            say(f"could not remove {text}")
    return 1 if failed else 0
