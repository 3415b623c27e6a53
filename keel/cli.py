"""The command line: which command is typed, and the one place where errors become text and exit codes."""

import errno
import signal
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, Optional, Sequence

from . import __version__
from .console import drop_output, fail, flush, open_streams, say, say_json, warn
from .errors import KeelError

if TYPE_CHECKING:
    from argparse import Namespace


class _Stopped(KeyboardInterrupt):
    """A signal asked keel to end; cleaning up happens on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def main(arguments: Sequence[str], *, prefix: str) -> int:
    """Run one command for the base at `prefix`; gives the exit code (docs/exit-codes.md)."""
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):  # no system has all three
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _stop)
    try:
        open_streams()
        code = _run(arguments, prefix)
        flush()
        return code
    except KeelError as error:
        return _failed(error.message, error.hint, error.exit_code, "--json" in arguments)
    except _Stopped as stop:
        return 128 + stop.number
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `keel list | head`
        drop_output()
        return 1
    except OSError as error:
        return _failed(_describe(error), _advice(error), 1, "--json" in arguments)


def _run(arguments: Sequence[str], prefix: str) -> int:
    words = list(arguments) or ["--help"]
    if words[0] in ("-V", "--version"):
        say(f"keel {__version__}")
        return 0
    if words[0] == "help" and len(words) > 1:  # `keel help create` is `keel create --help`
        words = [*words[1:], "--help"]
    if words[0] in ("-h", "--help", "help"):
        from .overview import overview

        say(overview())
        return 0
    if words == ["--settle"]:
        from .settle import settle

        settle(prefix)
        return 0
    return _run_command(words[0], words[1:], prefix)


def _run_command(name: str, arguments: Sequence[str], prefix: str) -> int:
    from .commands import COMMANDS

    if name not in COMMANDS:
        _unknown(name)
    from importlib import import_module

    from .arguments import Parser, UsageError, sentence

    module = import_module(f".commands.{name}", __package__)
    parser = Parser(prog=f"keel {name}", description=sentence(COMMANDS[name].summary), examples=module.EXAMPLES)
    parser.set_defaults(run=getattr(module, "run", None))
    module.add_arguments(parser)
    parser.set_defaults(parser=parser)
    try:
        options, unknown = parser.parse_known_args(arguments)
        if unknown:
            options.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    except UsageError as error:
        from .spellings import condas

        error.hint = condas(name, arguments) or error.hint
        raise
    _mend_moved(name, options, prefix)
    code: int = options.run(options, prefix)
    return code


def _mend_moved(name: str, options: "Namespace", prefix: str) -> None:
    """Commands that deal with environments find the base and all of its environments knowing their places."""
    from .environments import active_prefix
    from .layout import is_path
    from .moves import UNCONCERNED, mend_moved

    if name not in UNCONCERNED:
        given = [getattr(options, key, None) for key in ("path", "clone", "environment", "name")]
        paths = [path for path in given if isinstance(path, str) and is_path(path)]
        for line in mend_moved(prefix, [*paths, *filter(None, [active_prefix()])], blocks=name != "init"):
            warn(line)


def _unknown(name: str) -> NoReturn:
    from difflib import get_close_matches  # a slow import that only a mistake needs

    from .arguments import UsageError
    from .commands import COMMANDS

    near = get_close_matches(name, COMMANDS, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else "see: keel --help"
    raise UsageError(f"keel has no option {name}" if name.startswith("-") else f"keel has no command {name}", hint=hint)


def _stop(number: int, frame: Optional[FrameType]) -> NoReturn:
    del frame
    raise _Stopped(number)


def _failed(message: str, hint: Optional[str], code: int, as_json: bool) -> int:
    if as_json:
        try:
            say_json({"success": False, "error": message, "hint": hint})
            flush()
        except KeelError:
            pass  # the message is on the other stream, too
        except BrokenPipeError:
            drop_output()
    fail(message, hint)
    return code


def _describe(error: OSError) -> str:
    places = [str(place) for place in (error.filename, error.filename2) if isinstance(place, (str, bytes))]
    return ": ".join([*places[-1:], error.strerror or str(error)])


def _advice(error: OSError) -> Optional[str]:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "nothing half-made was left; make room, and try again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "look at the owner and the permissions of that file or folder"
    return None
