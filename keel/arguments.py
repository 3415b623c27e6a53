"""What the command lines of several commands share: the parser, and the options that mean the same everywhere."""

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any, Callable, NoReturn, Optional, Sequence

from .base import Base
from .console import flush
from .environments import BASE, Environment, active_prefix, find_environment
from .errors import KeelError

if TYPE_CHECKING:
    Actions = argparse._SubParsersAction["Parser"]

Run = Callable[[argparse.Namespace, str], int]


class UsageError(KeelError):
    """The command line makes no sense."""

    exit_code = 2


class _Help(argparse.RawDescriptionHelpFormatter):
    """As wide as the terminal, which argparse would import a slow module to ask for, help or no help."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    """COLUMNS, else the terminal's width, else 80, as `shutil.get_terminal_size` has it."""
    try:
        columns = int(os.environ.get("COLUMNS", ""))
    except ValueError:
        columns = 0
    if columns <= 0:
        try:
            columns = os.get_terminal_size(sys.__stdout__.fileno()).columns if sys.__stdout__ else 0
        except (OSError, ValueError):
            columns = 0
    return columns if columns > 0 else 80


class Parser(argparse.ArgumentParser):
    """Says what is wrong the way all errors are said. `examples` end the help."""

    def __init__(self, *, examples: Sequence[str] = (), **options: Any) -> None:
        if examples:
            options["epilog"] = "\n  ".join(["examples:", *examples])
        super().__init__(allow_abbrev=False, formatter_class=_Help, **options)

    def exit(self, status: int = 0, message: Optional[str] = None) -> NoReturn:
        """After the help, which may have no place to go."""
        flush()
        super().exit(status, message)

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint=f"see: {self.prog} --help")


def sentence(summary: str) -> str:
    return f"{summary[0].upper()}{summary[1:]}."


def add_actions(parser: argparse.ArgumentParser) -> "Actions":
    """Commands of a command."""
    return parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)


def add_action(actions: "Actions", name: str, run: Run, summary: str, examples: Sequence[str] = ()) -> Parser:
    added = actions.add_parser(name, help=summary, description=sentence(summary), examples=examples)
    added.set_defaults(run=run, parser=added)
    return added


def add_place(command: argparse.ArgumentParser, *, required: bool) -> None:
    """-n NAME or -p PATH."""
    place = command.add_mutually_exclusive_group(required=required)
    place.add_argument("-n", "--name", metavar="NAME", help="the environment's name")
    place.add_argument("-p", "--prefix", metavar="PATH", dest="path", help="the environment's folder")


def add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON, for programs")


def add_yes(command: argparse.ArgumentParser, text: str = "do not ask") -> None:
    command.add_argument("-y", "--yes", action="store_true", help=text)


def add_manner(command: argparse.ArgumentParser) -> None:
    """Options of whatever creates environments."""
    command.add_argument("--python", metavar="VERSION", help="accepted if it is the base's: a base has one Python")
    command.add_argument("--no-pip", action="store_true", help="leave pip out unless a package needs it")
    command.add_argument("--copy", action="store_true", help="copy files instead of linking them to the store")
    command.add_argument("--dry-run", action="store_true", help="only say what would be done")
    add_yes(command, "accepted for conda's sake; create asks nothing")
    add_json(command)


def chosen(base: Base, options: argparse.Namespace) -> Environment:
    """The environment that -n or -p name, else the active one, else the base."""
    if options.name is not None or options.path is not None:
        return find_environment(base, options.name, options.path)
    active = active_prefix()
    try:
        return find_environment(base, path=active) if active else find_environment(base, BASE)
    except KeelError:
        return find_environment(base, BASE)
