"""`keel activate`, where it does not come to the shell function, or that has found no such environment."""

import argparse
import os

from ..base import find_base
from ..environments import BASE, find_environment
from ..errors import KeelError
from ..layout import PATH_SEPARATOR_NAME
from ..quoting import shell_word
from ..shells import not_loaded

EXAMPLES = ("keel activate work", "keel activate ./env", "keel activate --stack work")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("environment", nargs="?", metavar="ENV", help="a name, or a folder")
    parser.add_argument("--stack", action="store_true", help="keep what is active below ENV, with its variables")


def run(options: argparse.Namespace, prefix: str) -> int:
    base = find_base(prefix)
    environment = find_environment(base, options.environment or BASE)
    if os.pathsep in environment.prefix:
        raise KeelError(
            f"{environment.prefix} holds a {PATH_SEPARATOR_NAME}, which PATH cannot hold",
            hint="move it to another folder",
        )
    if os.environ.get("_KEEL_FUNCTION"):
        return 0  # the shell function asks for it, and can find it now
    stack = "--stack " if options.stack else ""
    raise not_loaded(base, f"keel activate {stack}{shell_word(environment.label)}")
