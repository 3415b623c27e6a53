"""`keel unlink`."""

import argparse

from ..arguments import add_json, add_place, add_yes, chosen
from ..base import Base, find_base
from ..console import confirm, say, say_json, size
from ..environments import Environment
from ..errors import KeelError

EXAMPLES = ("keel unlink -n work requests", "keel unlink --undo -n work requests")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("packages", nargs="+", metavar="PACKAGE", help="a bundled package that is installed there")
    add_place(parser, required=False)
    parser.add_argument("--undo", action="store_true", help="link it to the store again; edited files are kept aside")
    add_yes(parser)
    add_json(parser)


def run(options: argparse.Namespace, prefix: str) -> int:
    base = find_base(prefix)
    environment = chosen(base, options)
    return _undo(base, environment, options) if options.undo else _unlink(base, environment, options)


def _unlink(base: Base, environment: Environment, options: argparse.Namespace) -> int:
    from ..private import unlink_packages

    done = unlink_packages(base, environment, options.packages)
    if options.json:
        say_json({"success": True, "prefix": environment.prefix, "packages": [one._asdict() for one in done]})
        return 0
    for one in done:
        say(f"{one.name} {one.version} in {environment.label} is a private copy: {one.files} files, {size(one.size)}")
    say("its files can be edited; the store and other environments keep theirs")
    return 0


def _undo(base: Base, environment: Environment, options: argparse.Namespace) -> int:
    from ..private import find_bundled, read_private, write_private
    from ..repair import Repair

    packages = find_bundled(base, environment, options.packages)
    names = ", ".join(name for name, _ in packages)
    if not options.yes and not confirm(f"Give up the private copies of {names} in {environment.label}?"):
        raise KeelError("nothing was changed", hint="to link them again without a question: -y")
    repair = Repair(base)
    for name, version in packages:
        repair.relink(environment, name, version)
        write_private(environment.prefix, read_private(environment.prefix) - {(name, version)})
    if options.json:
        say_json({"success": True, "prefix": environment.prefix, "kept": repair.kept})
        return 0
    say(f"{names} in {environment.label} is linked to the store again")
    if repair.kept is not None:
        say(f"what was edited is kept in {repair.kept}")
    return 0
