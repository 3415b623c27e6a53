"""`keel list`."""

import argparse
from typing import Optional

from ..arguments import add_json, add_place, chosen
from ..base import Base, find_base
from ..console import say, say_json, table

EXAMPLES = ("keel list", "keel list -n work", "keel list --bundled")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pattern", nargs="?", metavar="PATTERN", help="a part of a name, or a pattern: 'jupyter*'")
    add_place(parser, required=False)
    parser.add_argument("--bundled", action="store_true", help="list what the base's store offers instead")
    add_json(parser)


def run(options: argparse.Namespace, prefix: str) -> int:
    from ..installed import BUNDLED, installed
    from ..private import read_private

    base = find_base(prefix)
    if options.bundled:
        return _list_bundled(base, options)
    environment = chosen(base, options)
    packages = [one for one in installed(environment.prefix, base) if _is_asked_for(one.name, options.pattern)]
    private = read_private(environment.prefix)
    if options.json:
        say_json(
            [
                {
                    "name": one.name,
                    "version": one.version,
                    "source": one.source,
                    "private": one.source != BUNDLED or (one.name, one.version) in private,
                }
                for one in packages
            ]
        )
        return 0
    say(f"packages of {environment.label} ({environment.prefix})")
    rows = [[one.name, one.version, one.source] for one in packages]
    for row, one in zip(rows, packages):
        if one.source == BUNDLED and (one.name, one.version) in private:
            row[2] += " (private copy)"
    for line in table(rows, ["name", "version", "source"]):
        say(line)
    return 0


def _is_asked_for(name: str, pattern: Optional[str]) -> bool:
    if pattern is None:
        return True
    from ..searching import matches

    return matches(name, pattern)


def _list_bundled(base: Base, options: argparse.Namespace) -> int:
    units = [unit for unit in base.manifest.units if _is_asked_for(unit.name, options.pattern)]
    if options.json:
        say_json([{"name": unit.name, "version": unit.version, "base": unit.base} for unit in units])
        return 0
    rows = [[unit.name, unit.version, "in the base" if unit.base else "in the store"] for unit in units]
    for line in table(rows, ["name", "version", "where"]):
        say(line)
    return 0
