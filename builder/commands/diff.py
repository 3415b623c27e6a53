"""`keel-builder diff`: what has changed from one installer to another one."""

import json
from pathlib import Path

import click
from rich.markup import escape

from ..inspection.compare import Change, Comparison, compare
from ..inspection.summary import Listed, Summary, summarize
from ..report import megabytes
from .shared import OUT, Command, verbose_option

_PATH = click.Path(path_type=Path)
# docs/exit-codes.md
_DIFFERENT = 11


@click.command(
    cls=Command,
    epilog="""
    keel-builder diff dist/Starter-2026.10-py312-Linux-x86_64.sh dist/Starter-2026.11-py312-Linux-x86_64.sh
    keel-builder diff Starter-2026.11-py312-Windows-x86_64.exe Starter-2026.11-py312-Windows-x86_64.7z
    keel-builder diff recipes/pylock.starter-py312-linux-x86_64.toml dist/Starter-2026.11-py312-Linux-x86_64.sh
    """,
)
@click.argument("before", type=_PATH)
@click.argument("after", type=_PATH)
@click.option("--json", "as_json", is_flag=True, help="For machines (docs/inspecting.md).")
@click.option("--exit-code", is_flag=True, help=f"Exit with {_DIFFERENT} when the two differ.")
@verbose_option
def command(before: Path, after: Path, as_json: bool, exit_code: bool) -> int:
    """Say what has changed from BEFORE to AFTER: packages, interpreter, size.

    Either is an installer of any format, or a lock.
    """
    comparison = compare(summarize(before), summarize(after))
    if as_json:
        click.echo(json.dumps(comparison.to_json(), indent=1, ensure_ascii=False))
    else:
        _print(comparison)
    return _DIFFERENT if exit_code and not comparison.equal else 0


def _print(comparison: Comparison) -> None:
    before, after = comparison.before, comparison.after
    for label, side in (("before", before), ("after", after)):
        OUT.print(f"[bold]{label + ':':<13}[/bold]{escape(side.file)} ({_identity(side)})")
    if not comparison.same_target:
        OUT.print("[bold]target:[/bold]      [yellow]not the same[/yellow]: what belongs to a target is not compared")
    if comparison.interpreter:
        OUT.print(f"[bold]interpreter:[/bold] {escape(_interpreter(before))} → {escape(_interpreter(after))}")
    if before.size is not None and after.size is not None:
        sign = "+" if after.size >= before.size else "-"
        growth = f"{sign}{megabytes(abs(after.size - before.size))}"
        OUT.print(f"[bold]size:[/bold]        {megabytes(before.size)} → {megabytes(after.size)} ({growth})")
    for title, colour, changes in (
        ("added", "green", comparison.added),
        ("removed", "red", comparison.removed),
        ("changed", "yellow", comparison.changed),
    ):
        if changes:
            OUT.print(f"\n[bold]{title} ({len(changes)})[/bold]")
        for change in changes:
            OUT.print(f"  [{colour}]{escape(_line(change))}[/{colour}]")
    if not (comparison.added or comparison.removed or comparison.changed):
        OUT.print("\nThe packages are the same.")


def _identity(side: Summary) -> str:
    size = f", {megabytes(side.size)}" if side.size is not None else ""
    return f"{side.name} {side.version}, Python {side.python}, {side.platform}{size}"


def _interpreter(side: Summary) -> str:
    return " ".join(filter(None, (side.python, side.interpreter.get("source"), side.interpreter.get("build"))))


def _line(change: Change) -> str:
    old, new = change.before, change.after
    if old is None or new is None:
        package = old or new
        assert package is not None
        return f"{package.name} {package.version}"
    texts = {
        "version": f"{old.version} → {new.version}",
        "wheel": f"another wheel: {old.wheel} → {new.wheel}" if old.wheel != new.wheel else f"{new.wheel} was rebuilt",
        "license": f"licence: {old.license} → {new.license}",
        "base": f"{_place(old)} → {_place(new)}",
    }
    return f"{new.name} {'' if 'version' in change.what else f'{new.version}: '}" + "; ".join(
        texts[what] for what in change.what
    )


def _place(package: Listed) -> str:
    return "in the base" if package.base else "in the store only"
