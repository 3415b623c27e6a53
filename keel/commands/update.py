"""`keel update`."""

import argparse

from ..arguments import UsageError, add_json, add_place, add_yes, chosen
from ..base import find_base
from .install import change

EXAMPLES = ("keel update -n work pandas", "keel update --all", "keel update --all --dry-run")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_place(parser, required=False)
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help="an installed package, or like 'pandas<3'")
    parser.add_argument("--all", action="store_true", help="all that did not come from an address")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    add_yes(parser, "accepted for conda's sake; update asks nothing")
    add_json(parser)
    parser.set_defaults(no_deps=False)


def run(options: argparse.Namespace, prefix: str) -> int:
    from ..packages import check_installed
    from ..wanted import Wanted, as_requirement, is_address, names_of

    if bool(options.packages) == options.all:
        raise UsageError("say which packages, or --all", hint="like: keel update pandas")
    base = find_base(prefix)
    wrong = [word for word in options.packages if is_address(word)]
    if wrong:
        raise UsageError(f"{wrong[0]} is an address", hint="install it again: keel install ADDRESS")
    requirements = [as_requirement(word) for word in options.packages]
    names = names_of(requirements)
    there = check_installed(base, chosen(base, options), names)
    if options.all:
        names = [name for name, one in there.items() if not one.direct]
        requirements = names
    return change(options, prefix, Wanted(tuple(requirements)), newest=frozenset(names), command="update")
