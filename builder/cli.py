"""The front door of `keel-builder`: which command runs, how errors are printed, and the exit codes."""

import importlib
import sys

import click

from . import __version__
from .commands import COMMANDS
from .commands.shared import print_error
from .errors import BuilderError


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with one of the codes of docs/exit-codes.md."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        code = command.main(words, prog_name="keel-builder", standalone_mode=False)
    except BuilderError as error:
        print_error(error.message, error.hint)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        print_error("interrupted", None)
        sys.exit(130)
    except Exception as error:  # a bug: say so, and show where on request
        if {"-v", "--verbose"} & set(words):
            raise
        print_error(f"{type(error).__name__}: {error}", "this should not happen; run again with -v for the traceback")
        sys.exit(1)
    if isinstance(code, int) and code:  # a command's own verdict, such as "these differ"
        sys.exit(code)


class _Commands(click.Group):
    """The table of `commands/`; a command's module is imported when it is needed."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        found = importlib.import_module(f".commands.{name}", __package__).command
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="keel-builder")
def command() -> None:
    """Your own Anaconda, out of wheels: one recipe, offline installers with an environment manager."""
