"""`keel-builder schema`: for editors that complete and check recipes."""

import json

import click

from ..recipe import json_schema
from .shared import Command


@click.command(cls=Command, epilog="keel-builder schema > recipe.schema.json")
def command() -> None:
    """Print the JSON Schema of recipes, for editors."""
    click.echo(json.dumps(json_schema(), indent=2))
