"""`keel-builder verify`: whether installers are intact."""

from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from ..console import ConsoleReporter
from ..errors import BuilderError
from ..inspection import Installer, open_installer
from ..inspection.beside import check_published_sum
from ..report import Reporter, megabytes
from .shared import OUT, Command, print_error, verbose_option


@click.command(
    cls=Command,
    epilog="""
    keel-builder verify dist/Starter-2026.11-py312-Linux-x86_64.sh
    keel-builder verify dist/*.sh dist/*.exe dist/*.pkg dist/*.7z
    """,
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@verbose_option
def command(files: tuple[Path, ...], quiet: bool) -> int:
    """Check FILES without running them: every hash, the index, the program around it, what follows, and FILE.sha256.

    All files are checked; the exit code is 10 if any of them is damaged or no installer.
    """
    reporter = ConsoleReporter(Console(stderr=True, highlight=False, quiet=quiet))
    code = 0
    for file in files:
        try:
            with open_installer(file) as installer:
                notes = _verify(installer, reporter)
        except BuilderError as error:
            print_error(f"{file}: {error.message}" if str(file) not in error.message else error.message, error.hint)
            code = error.exit_code
            continue
        if not quiet:
            facts = ", ".join([installer.format, megabytes(installer.size), *notes])
            OUT.print(f"[green]intact[/green]  {escape(str(file))}  ({facts})")
    return code


def _verify(installer: Installer, reporter: Reporter) -> list[str]:
    with reporter.progress(f"verifying {installer.path.name}", installer.amount) as progress:
        notes = installer.verify(progress.advance)
    return [*notes, *check_published_sum(installer)]
