"""`keel run`."""

import argparse
import os

from ..arguments import UsageError, add_place, chosen
from ..base import find_base

EXAMPLES = (
    "keel run -n work python script.py --verbose",
    "keel run -n work pytest -x < input.txt",
    "keel run -p ./env --cwd src python -m build",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_place(parser, required=False)
    parser.add_argument("--cwd", metavar="DIR", help="the folder to start it in")
    parser.add_argument(
        "--no-capture-output", "--live-stream", action="store_true", help="accepted for conda's sake; it is always so"
    )
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND…", help="a program and its arguments")
    parser.usage = "keel run [-n NAME | -p PATH] [--cwd DIR] COMMAND…"


def run(options: argparse.Namespace, prefix: str) -> int:
    from ..running import run_in

    base = find_base(prefix)
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        raise UsageError("there is nothing to run", hint="like: keel run -n work python script.py")
    environment = chosen(base, options)
    if options.cwd is not None:
        os.chdir(options.cwd)
    return run_in(base, environment, command)
