"""`keel-builder build`: installers of a recipe."""

from pathlib import Path
from typing import Any

import click

from ..build import build_target
from ..locking import LockMode
from .shared import OUT, RECIPE, Command, chosen_targets, load, settings_from, target_options


@click.command(
    cls=Command,
    epilog="""
    keel-builder build recipes/starter.yaml
    keel-builder build recipes/starter.yaml --python 3.12 --output /srv/installers
    keel-builder build recipes/data-science.yaml --locked --offline
    """,
)
@RECIPE
@click.option(
    "--format",
    "formats",
    multiple=True,
    help="Installer format [repeatable; default: exe for Windows, sh elsewhere].",
)
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path("dist"), show_default=True, help="Folder for the result."
)
@click.option("--locked", is_flag=True, help="Build exactly what the lock says; fail if it does not fit the recipe.")
@click.option("--no-tests", is_flag=True, help="Do not run the recipe's tests in the finished base.")
@click.option("--jobs", type=click.IntRange(min=1), help="Threads for packing [default: one a core].")
@target_options
def command(recipe: Path, formats: tuple[str, ...], output: Path, locked: bool, **options: Any) -> None:
    """Build the installers of RECIPE."""
    file, settings = load(recipe), settings_from(options)
    mode = LockMode.LOCKED if locked else LockMode.UPDATE
    for target in chosen_targets(file, options):
        for path in build_target(target, settings, mode=mode, formats=formats, output=output):
            OUT.print(str(path), markup=False)
