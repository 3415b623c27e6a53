"""`keel-builder cache`: what was downloaded and packed before."""

import json
import os
from pathlib import Path

import click
from rich.table import Table

from ..cache import AREAS, Cache, default_cache_root
from .shared import OUT, Command, cache_option


@click.group()
def command() -> None:
    """Look at the cache, or clean it."""


@command.command(cls=Command, epilog="keel-builder cache info --json")
@cache_option("root")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def info(root: Path | None, as_json: bool) -> None:
    """What the cache holds."""
    place = root or default_cache_root(os.environ)
    rows = Cache(place).info()
    if as_json:
        areas = {area: {"files": files, "bytes": size} for area, files, size in rows}
        click.echo(json.dumps({"path": str(place), "areas": areas}, indent=1))
        return
    table = Table("area", "files", "MB", box=None, title=str(place), title_justify="left")
    for area, files, size in rows:
        table.add_row(area, str(files), f"{size / 1e6:.1f}")
    OUT.print(table)


@command.command(
    cls=Command,
    epilog="""
    keel-builder cache clean
    keel-builder cache clean frames --older-than 30
    """,
)
@cache_option("root")
@click.argument("areas", nargs=-1, type=click.Choice(AREAS))
@click.option("--older-than", type=click.FloatRange(min=0), help="Only what has not been used for this many days.")
def clean(root: Path | None, areas: tuple[str, ...], older_than: float | None) -> None:
    """Remove cached files: all AREAS, or those named."""
    seconds = None if older_than is None else older_than * 86_400
    freed = Cache(root or default_cache_root(os.environ)).clean(areas or AREAS, older_than=seconds)
    OUT.print(f"freed {freed / 1e6:.1f} MB", markup=False)
