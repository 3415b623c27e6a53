"""`keel-builder lock`: the exact packages of a recipe's targets."""

from pathlib import Path
from typing import Any

import click

from ..build import lock_only
from ..locking import LockMode
from .shared import OUT, RECIPE, Command, chosen_targets, load, settings_from, target_options


@click.command(
    cls=Command,
    epilog="""
    keel-builder lock recipes/starter.yaml
    keel-builder lock recipes/starter.yaml --upgrade
    """,
)
@RECIPE
@click.option("--upgrade", is_flag=True, help="Take the newest versions instead of keeping those of the lock.")
@target_options
def command(recipe: Path, upgrade: bool, **options: Any) -> None:
    """Write the lock of each target of RECIPE, next to it, without building."""
    file, settings = load(recipe), settings_from(options)
    for target in chosen_targets(file, options):
        path = lock_only(target, settings, mode=LockMode.UPGRADE if upgrade else LockMode.UPDATE)
        OUT.print(str(path), markup=False)
