"""`keel search`."""

import argparse

from ..arguments import add_json
from ..base import find_base
from ..console import say, say_json, table

EXAMPLES = ("keel search", "keel search numpy", "keel search 'jupyter*' --json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pattern", nargs="?", metavar="PATTERN", help="a part of a name, or a pattern: 'jupyter*'")
    add_json(parser)


def run(options: argparse.Namespace, prefix: str) -> int:
    from ..searching import search

    offers = search(find_base(prefix), options.pattern)
    if options.json:
        say_json(
            [
                {"name": unit.name, "version": unit.version, "base": unit.base, "summary": summary, "wheel": unit.wheel}
                for unit, summary in offers
            ]
        )
        return 0
    rows = [[unit.name, unit.version, "in the base" if unit.base else "", summary] for unit, summary in offers]
    for line in table(rows, ["name", "version", "", "summary"]):
        say(line)
    return 0
