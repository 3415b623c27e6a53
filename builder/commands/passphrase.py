"""Asking for the passphrase of a secret key: only here, and only on a terminal."""

import os
import sys

import click

from ..errors import ArchiveError

VARIABLE = "KEEL_KEY_PASSPHRASE"


def ask_passphrase(prompt: str, *, twice: bool = False) -> str:
    """From KEEL_KEY_PASSPHRASE, else from the terminal without showing it. twice: as a new one.

    Raises ArchiveError where there is neither, and for an empty one.
    """
    given = os.environ.get(VARIABLE)
    if given is None:
        if not sys.stdin.isatty():
            raise ArchiveError(
                "there is no terminal to ask for the passphrase on", hint=f"set {VARIABLE} in the environment"
            )
        given = str(click.prompt(prompt, hide_input=True, confirmation_prompt=twice, err=True))
    if not given:
        raise ArchiveError("the passphrase is empty", hint=f"unset {VARIABLE} to be asked for one")
    return given
