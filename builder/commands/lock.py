"""`keel-builder lock`: the exact packages of recipes' targets."""

from pathlib import Path
from typing import Any

import click

from ..build import lock_everything
from ..locking import LockMode
from ..outcomes import failure_among
from ..plan import Choice, make_plan
from .shared import OUT, RECIPES, Command, load, settings_from, target_options


@click.command(
    cls=Command,
    epilog="""
    keel-builder lock recipes/starter.yaml
    keel-builder lock recipes/starter.yaml --upgrade
    keel-builder lock recipes/*.yaml --all
    """,
)
@RECIPES
@click.option("--all", "everything", is_flag=True, help="For all platforms that there are, if the recipe names none.")
@click.option("--upgrade", is_flag=True, help="Take the newest versions instead of keeping those of the lock.")
@target_options
def command(recipes: tuple[Path, ...], everything: bool, upgrade: bool, **options: Any) -> None:
    """Write the lock of each target of each RECIPE, next to it, without building."""
    choice = Choice(everything=everything, pythons=options["pythons"], platforms=options["platforms"])
    plan = make_plan([load(recipe) for recipe in recipes], choice)
    mode = LockMode.UPGRADE if upgrade else LockMode.UPDATE
    outcomes = lock_everything(plan, settings_from(options), mode=mode)
    for outcome in outcomes.values():
        if isinstance(outcome, Path):
            OUT.print(str(outcome), markup=False)
    error = failure_among({row: None if isinstance(one, Path) else one for row, one in outcomes.items()})
    if error is not None:
        raise error
