"""`keel-builder verify`: whether installers are intact, and archives to be believed."""

from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from ..archive.client import check_files, count_files, normal_address
from ..archive.wire import stamp
from ..errors import ArchiveError, BuilderError
from ..inspection import Installer, open_installer
from ..inspection.beside import check_published_sum
from ..report import Reporter, megabytes
from ..settings import Settings
from .reading import key_option, memory_of, open_believed, signed_by
from .shared import OUT, Command, common_options, print_error, settings_from


@click.command(
    cls=Command,
    epilog="""
    keel-builder verify dist/Starter-2026.11-py312-Linux-x86_64.sh
    keel-builder verify dist/*.sh dist/*.exe dist/*.pkg dist/*.7z
    keel-builder verify --archive https://get.acme.example/python --public-key RWQf6LRCGA9i… --files
    """,
)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--archive", help="Check this archive (a URL or a folder): signature, expiry, and no step back.")
@key_option
@click.option("--files", "with_files", is_flag=True, help="Check every file of the archive, too.")
@click.option("--forget", is_flag=True, help="Forget what was seen of the archive before.")
@common_options
def command(files: tuple[Path, ...], archive: str | None, **options: Any) -> int:
    """Check FILES without running them: every hash, the index, the program around it, what follows, and FILE.sha256.

    All files are checked; the exit code is 10 if any of them is damaged or no installer.
    """
    if not files and archive is None:
        raise click.UsageError("give files, or --archive")
    if archive is None and (options["key"] or options["with_files"] or options["forget"]):
        raise click.UsageError("--public-key, --files and --forget belong to --archive")
    settings = settings_from(options)
    codes = [_verify_file(file, settings.reporter, options["quiet"]) for file in files]
    if archive is not None:
        _verify_archive(archive, settings, options)
    return max(codes, default=0)


def _verify_file(file: Path, reporter: Reporter, quiet: bool) -> int:
    """The exit code."""
    try:
        with open_installer(file) as installer:
            notes = _verify(installer, reporter)
    except BuilderError as error:
        print_error(error.message if str(file) in error.message else f"{file}: {error.message}", error.hint)
        return error.exit_code
    if not quiet:
        facts = ", ".join([installer.format, megabytes(installer.size), *notes])
        OUT.print(f"[green]intact[/green]  {escape(str(file))}  ({facts})")
    return 0


def _verify_archive(address: str, settings: Settings, options: dict[str, Any]) -> None:
    if options["forget"]:
        memory_of(settings).forget(normal_address(address))
    opened = open_believed(address, options["key"], settings)
    index = opened.index
    if options["with_files"]:
        count = count_files(index)
        with settings.reporter.progress("verifying files", count, unit="items") as progress:
            problems = check_files(opened, settings.fetcher, progress)
        if problems:
            lines = "".join(f"\n  {problem}" for problem in problems)
            raise ArchiveError(
                f"{address}: {len(problems)} of its files are wrong:{lines}",
                hint="try again if it is being published to right now; else ask whoever publishes it",
            )
    if not options["quiet"]:
        until = f", good until {stamp(index.expires)[:10]}" if index.expires else ""
        files = f", {count} files checked" if options["with_files"] else ""
        installers = f"{len(index.installers)} installer{'' if len(index.installers) == 1 else 's'}"
        facts = f"version {index.version}, {installers}, {signed_by(opened)}{until}{files}"
        OUT.print(f"[green]intact[/green]  {escape(address)}  ({facts})")


def _verify(installer: Installer, reporter: Reporter) -> list[str]:
    with reporter.progress(f"verifying {installer.path.name}", installer.amount) as progress:
        notes = installer.verify(progress.advance)
    return [*notes, *check_published_sum(installer)]
