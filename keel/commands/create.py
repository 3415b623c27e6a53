"""`keel create`."""

import argparse
import time
from typing import TYPE_CHECKING

from ..arguments import add_json, add_place, add_yes, shell_word
from ..base import Base, find_base
from ..console import say, say_json, size
from ..environments import Environment, find_environment
from ..errors import KeelError

if TYPE_CHECKING:
    from ..building import Created

EXAMPLES = ("keel create -n work", "keel create -n work 'pandas>=2' matplotlib", "keel create -p ./env --clone base")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_place(parser, required=True)
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help="a bundled package, as in PEP 508: 'pandas>=2'")
    parser.add_argument("--clone", metavar="ENV", help="copy this environment (a name, a path, or base)")
    parser.add_argument("--no-pip", action="store_true", help="leave pip out unless a package needs it")
    parser.add_argument("--copy", action="store_true", help="copy files instead of linking them to the store")
    add_yes(parser, "accepted for conda's sake; create asks nothing")
    add_json(parser)


def run(options: argparse.Namespace, prefix: str) -> int:
    from ..building import destination

    base = find_base(prefix)
    started = time.monotonic()
    if options.clone is not None and (options.packages or options.no_pip):
        raise KeelError("a clone is exact: packages and --no-pip cannot be given with --clone")
    environment = destination(base, name=options.name, path=options.path)
    done = _cloned(base, environment, options) if options.clone is not None else _created(base, environment, options)
    if options.json:
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
        return 0
    count = f"{len(done.packages)} package{'' if len(done.packages) == 1 else 's'}"
    copied = f", {done.copied} copied ({size(done.copied_bytes)})" if done.copied else ", none copied"
    say(f"created {environment.prefix}")
    say(f"{count}, {done.linked} files linked{copied}, in {time.monotonic() - started:.2f} s")
    say(f"to use it: keel activate {shell_word(environment.label)}")
    return 0


def _created(base: Base, environment: Environment, options: argparse.Namespace) -> "Created":
    from ..create import create as create_from_store

    return create_from_store(base, environment, options.packages, with_pip=not options.no_pip, copy=options.copy)


def _cloned(base: Base, environment: Environment, options: argparse.Namespace) -> "Created":
    from ..clone import clone

    return clone(base, environment, find_environment(base, options.clone), copy=options.copy)
