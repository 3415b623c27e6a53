"""`keel-builder key`: the keys that archives are signed with, in minisign's format."""

from functools import partial
from pathlib import Path

import click
from rich.console import Console

from ..archive.keys import make_key, public_key, read_key
from ..console import ConsoleReporter
from .passphrase import ask_passphrase
from .shared import OUT, Command


@click.group()
def command() -> None:
    """Make and show the keys that archives are signed with."""


@command.command(cls=Command, epilog="keel-builder key new --output ~/keys/acme.key")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("keel-archive.key"),
    show_default=True,
    help="The secret key; the public one goes beside it, as .pub.",
)
def new(output: Path) -> None:
    """Make a key pair. The passphrase is asked for, or taken from KEEL_KEY_PASSPHRASE."""
    key, public = make_key(output, ask_passphrase("new passphrase", twice=True))
    reporter = ConsoleReporter(Console(stderr=True, highlight=False))
    reporter.step(f"{output}: the secret key. Keep it, and a copy: without it nobody can update the archive")
    reporter.step(f"{public}: the public key {key.public.name}. Give it to your users by another way than the archive:")
    OUT.print(key.public.text, markup=False)


@command.command(
    cls=Command,
    epilog="""
    keel-builder key public keel-archive.pub
    keel-builder key public keel-archive.key
    """,
)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def public(file: Path) -> None:
    """Print the public key in FILE: a .pub file, or a secret key, whose passphrase is asked for."""
    if file.suffix == ".pub":
        OUT.print(public_key(str(file)).text, markup=False)
    else:
        OUT.print(read_key(file, partial(ask_passphrase, f"passphrase of {file}")).public.text, markup=False)
