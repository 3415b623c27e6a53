"""`keel-builder check`: mistakes in a recipe."""

from pathlib import Path

import click

from ..target import targets
from .shared import OUT, RECIPE, Command, load


@click.command(cls=Command, epilog="keel-builder check recipes/starter.yaml")
@RECIPE
def command(recipe: Path) -> None:
    """Report every mistake in RECIPE, each with its place; list its targets if there is none."""
    for target in targets(load(recipe)):
        OUT.print(f"{target.stem}  ({len(target.recipe.packages)} packages)", markup=False)
