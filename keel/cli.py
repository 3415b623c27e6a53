"""The command line: what is typed, what it calls, and the one place where errors become text and exit codes."""

import argparse
import errno
import os
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING, Any, Callable, NoReturn, Optional, Sequence

from . import __version__
from .console import fail, say_json
from .errors import KeelError

_DESCRIPTION = "Environments out of this base's own store, with no network."
_EXAMPLES = """\
examples:
  keel create -n work numpy pandas     a new environment with bundled packages
  keel activate work                   use it in this shell ('keel deactivate' leaves it)
  keel create -n copy --clone work     an exact copy
  keel env list                        all environments
  keel list -n work                    what is installed in one
  keel env remove -n work              remove it
  keel init                            have 'keel activate' in every new shell

'keel COMMAND --help' tells more about a command."""


class UsageError(KeelError):
    """The command line makes no sense."""

    exit_code = 2


class _Stopped(KeyboardInterrupt):
    """A signal asked keel to end; cleaning up happens on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class _Parser(argparse.ArgumentParser):
    """Says what is wrong the way all errors are said."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint=f"see: {self.prog} --help")


def main(arguments: Sequence[str], *, prefix: str) -> int:
    """Run one command for the base at `prefix`; gives the exit code (docs/exit-codes.md)."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    as_json = "--json" in arguments
    try:
        options = parser().parse_args(arguments)
        code = _command(options)(options, prefix)
        sys.stdout.flush()
        return code
    except KeelError as error:
        return _failed(error.message, error.hint, error.exit_code, as_json)
    except _Stopped as stop:
        return 128 + stop.number
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `keel list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return _failed(_describe(error), _advice(error), 1, as_json)


def _stop(number: int, frame: Optional[FrameType]) -> NoReturn:
    del frame
    raise _Stopped(number)


def _failed(message: str, hint: Optional[str], code: int, as_json: bool) -> int:
    if as_json:
        say_json({"success": False, "error": message, "hint": hint})
    fail(message, hint)
    return code


def _describe(error: OSError) -> str:
    places = [str(place) for place in (error.filename, error.filename2) if isinstance(place, (str, bytes))]
    return ": ".join([*places[-1:], error.strerror or str(error)])


def _advice(error: OSError) -> Optional[str]:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "nothing half-made was left; make room, or use another disk: keel create -p PATH"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "look at the owner and the permissions of that file or folder"
    return None


def _command(options: argparse.Namespace) -> Callable[[argparse.Namespace, str], int]:
    from . import commands  # with --help and --version it is never needed

    command: Callable[[argparse.Namespace, str], int] = getattr(commands, options.run)
    return command


def parser() -> argparse.ArgumentParser:
    """Every option of every command."""
    top = _Parser(prog="keel", description=_DESCRIPTION, epilog=_EXAMPLES)
    top.add_argument("--version", action="version", version=f"keel {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_create(commands)
    _add_env(commands)
    _add_listings(commands)
    _add_shell(commands)
    _add_uninstall(commands)
    return top


if TYPE_CHECKING:
    _Commands = argparse._SubParsersAction["_Parser"]


def _add(
    commands: "_Commands", name: str, run: str, text: str, examples: Sequence[str] = ()
) -> argparse.ArgumentParser:
    """A command that calls `commands.<run>`; its help ends with the examples."""
    epilog = "\n  ".join(["examples:", *examples]) if examples else None
    added = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", epilog=epilog)
    added.set_defaults(run=run)
    return added


def _add_place(command: argparse.ArgumentParser, *, required: bool) -> None:
    place = command.add_mutually_exclusive_group(required=required)
    place.add_argument("-n", "--name", metavar="NAME", help="the environment's name")
    place.add_argument("-p", "--prefix", metavar="PATH", dest="path", help="the environment's folder")


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON, for programs")


def _add_yes(command: argparse.ArgumentParser, text: str) -> None:
    command.add_argument("-y", "--yes", action="store_true", help=text)


def _add_create(commands: "_Commands") -> None:
    create = _add(
        commands, "create", "create", "create an environment out of the base's store, or as a copy of another",
        ["keel create -n work", "keel create -n work 'pandas>=2' matplotlib", "keel create -p ./env --clone base"],
    )
    _add_place(create, required=True)
    create.add_argument("packages", nargs="*", metavar="PACKAGE", help="a bundled package, as in PEP 508: 'pandas>=2'")
    create.add_argument("--clone", metavar="ENV", help="copy this environment (a name, a path, or base)")
    create.add_argument("--no-pip", action="store_true", help="leave pip out unless a package needs it")
    create.add_argument("--copy", action="store_true", help="copy files instead of linking them to the store")
    _add_yes(create, "accepted for conda's sake; create asks nothing")
    _add_json(create)


def _add_env(commands: "_Commands") -> None:
    env = commands.add_parser("env", help="list and remove environments", description="List and remove environments.")
    actions = env.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_json(_add(actions, "list", "env_list", "list the base and its environments; '*' marks the active one"))
    remove = _add(
        actions, "remove", "env_remove", "remove an environment with everything in it",
        ["keel env remove -n work", "keel env remove -y -p ./env"],
    )
    _add_place(remove, required=True)
    _add_yes(remove, "do not ask")
    _add_json(remove)


def _add_listings(commands: "_Commands") -> None:
    listing = _add(
        commands, "list", "list_packages", "list the packages of an environment (else the active one, else the base)",
        ["keel list", "keel list -n work", "keel list --bundled"],
    )
    _add_place(listing, required=False)
    listing.add_argument("--bundled", action="store_true", help="list what the base's store offers instead")
    _add_json(listing)
    _add_json(_add(commands, "info", "info", "show the base, its Python, its folders and the active environment"))


def _add_shell(commands: "_Commands") -> None:
    activate = _add(
        commands, "activate", "activate", "use an environment in this shell (without a name the base)",
        ["keel activate work", "keel activate ./env"],
    )
    activate.add_argument("environment", nargs="?", metavar="ENV", help="a name, or a folder")
    _add(commands, "deactivate", "deactivate", "return to what was active before, in this shell")
    init = _add(
        commands, "init", "init", "have keel's shell function in every new shell",
        ["keel init", "keel init bash zsh", "keel init --all --dry-run", "keel init --reverse"],
    )
    init.add_argument("shells", nargs="*", metavar="SHELL", help="bash, zsh or sh; else the one that you log in to")
    init.add_argument("--all", action="store_true", help="all of them")
    init.add_argument("--reverse", action="store_true", help="undo it: leave the files as they were before")
    init.add_argument("--dry-run", action="store_true", help="only say what would be done")


def _add_uninstall(commands: "_Commands") -> None:
    uninstall = _add(
        commands, "uninstall", "uninstall", "remove this base with all environments in it, and undo keel init"
    )
    _add_yes(uninstall, "do not ask")

