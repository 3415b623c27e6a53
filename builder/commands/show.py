"""`keel-builder show`: what is in an installer."""

import json
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from ..inspection.summary import Listed, Summary, summarize
from ..report import megabytes
from .shared import FILE, OUT, Command, verbose_option


@click.command(
    cls=Command,
    epilog="""
    keel-builder show dist/Starter-2026.11-py312-Windows-x86_64.exe
    keel-builder show dist/Starter-2026.11-py312-Linux-x86_64.sh | grep numpy
    keel-builder show dist/Starter-2026.11-py312-MacOSX-arm64.pkg --json
    """,
)
@FILE
@click.option("--json", "as_json", is_flag=True, help="For machines (docs/inspecting.md).")
@verbose_option
def command(file: Path, as_json: bool) -> None:
    """Say what FILE is and list its packages, without running it: an installer of any format, or a lock.

    A table on a terminal; in a pipe one package a line, its fields separated by tabs.
    """
    summary = summarize(file)
    if as_json:
        click.echo(json.dumps(summary.to_json(), indent=1, ensure_ascii=False))
        return
    for label, value in _facts(summary):
        OUT.print(f"[bold]{label + ':':<13}[/bold]{escape(value)}")
    OUT.print()
    if OUT.is_terminal:
        OUT.print(_table(summary))
        return
    click.echo("\t".join(("name", "version", "size", "license", "base", "sha256", "wheel")))
    for package in summary.packages:
        base = "" if package.base is None else "base" if package.base else "store"
        size = "" if package.size is None else str(package.size)
        fields = (package.name, package.version, size, package.license or "", base, package.sha256, package.wheel)
        click.echo("\t".join(fields))


def _facts(summary: Summary) -> list[tuple[str, str]]:
    interpreter = summary.interpreter
    origin = " ".join(filter(None, (interpreter.get("source"), interpreter.get("build"))))
    in_base = sum(package.base is not False for package in summary.packages)
    company = f" by {summary.company}" if summary.company else ""
    rows = [
        ("file", f"{summary.file} ({summary.format}{f', {megabytes(summary.size)}' if summary.size else ''})"),
        ("sha256", summary.sha256),
        ("product", f"{summary.name} {summary.version}{company}"),
        ("about", summary.description),
        ("homepage", summary.homepage),
        ("platform", summary.platform + _oldest(summary)),
        ("python", f"{summary.python} ({origin})"),
        ("packages", f"{in_base} in the base, {len(summary.packages)} in all"),
    ]
    return [(label, value) for label, value in rows if value]


def _oldest(summary: Summary) -> str:
    """What the installer asks of a system, behind the platform's name."""
    found = (("glibc", summary.glibc), ("macOS", summary.macos))
    return "".join(f", {name} {version} or later" for name, version in found if version)


def _table(summary: Summary) -> Table:
    rows = [_row(package) for package in summary.packages]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("package", "version", "size", "in", "SHA-256"):
        # Where there is no room for everything, it is the licence that goes on in the next line.
        table.add_column(title, justify="right" if title == "size" else "left", no_wrap=True)
    table.add_column("licence")
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def _row(package: Listed) -> tuple[str, str, str, str, str, str]:
    size = "" if package.size is None else megabytes(package.size)
    place = "" if package.base is None else "base" if package.base else "store"
    return package.name, package.version, size, place, package.sha256[:12], package.license or "not declared"
