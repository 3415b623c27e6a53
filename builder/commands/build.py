"""`keel-builder build`: installers of recipes."""

from pathlib import Path
from typing import Any

import click

from ..build import build_plan, preview
from ..console import print_table
from ..errors import BuilderError
from ..locking import LockMode
from ..outcomes import failure_of, foreseen_table, show_built
from ..plan import Choice, make_plan
from .shared import OUT, RECIPES, Command, load, settings_from, target_options


@click.command(
    cls=Command,
    epilog="""
    keel-builder build recipes/starter.yaml
    keel-builder build recipes/starter.yaml --python 3.12 --output /srv/installers
    keel-builder build recipes/*.yaml --all --keep-going
    keel-builder build recipes/data-science.yaml --all --dry-run
    keel-builder build recipes/data-science.yaml --locked --offline
    """,
)
@RECIPES
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Every format for every platform of the recipe; for all that there are if it names none.",
)
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
@click.option("--dry-run", is_flag=True, help="Show what would be built and what of it is cached; write no file.")
@click.option("--keep-going", is_flag=True, help="Build the other targets when one fails.")
@click.option("--no-tests", is_flag=True, help="Do not run the recipe's tests in the finished base.")
@click.option("--jobs", type=click.IntRange(min=1), help="Threads for packing [default: one a core].")
@target_options
def command(
    recipes: tuple[Path, ...],
    everything: bool,
    formats: tuple[str, ...],
    output: Path,
    locked: bool,
    dry_run: bool,
    keep_going: bool,
    **options: Any,
) -> None:
    """Build the installers of each RECIPE."""
    choice = Choice(everything=everything, formats=formats, pythons=options["pythons"], platforms=options["platforms"])
    plan = make_plan([load(recipe) for recipe in recipes], choice)
    settings = settings_from(options)
    mode = LockMode.LOCKED if locked else LockMode.UPDATE
    if dry_run:
        foreseen = preview(plan, settings, mode=mode)
        print_table(OUT, *foreseen_table(foreseen))
        _raise(failure_of(foreseen))
        return
    built = build_plan(plan, settings, mode=mode, output=output, keep_going=keep_going)
    show_built(built, settings.reporter)
    for path in (path for one in built if one.made for path in one.made.paths):
        OUT.print(str(path), markup=False)
    _raise(failure_of(built))


def _raise(error: BuilderError | None) -> None:
    if error is not None:
        raise error
