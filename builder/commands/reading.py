"""What the commands that read archives have in common."""

from datetime import UTC, datetime

import click

from ..archive.client import Opened, open_archive
from ..archive.keys import public_key
from ..archive.memory import Memory, default_state_root
from ..settings import Settings

key_option = click.option(
    "--public-key", "--key", "key", help="The archive's key, RW… or a .pub file [default: that of the last time]."
)


def memory_of(settings: Settings) -> Memory:
    """What this user's computer remembers of archives."""
    return Memory(default_state_root(settings.env))


def open_believed(address: str, key: str | None, settings: Settings) -> Opened:
    """The archive, as `archive.client.open_archive` gives it; says so where it was believed without a signature."""
    pinned = public_key(key) if key else None
    opened = open_archive(address, settings.fetcher, memory_of(settings), key=pinned, now=datetime.now(UTC))
    if opened.key is None:
        settings.reporter.warn("the archive was believed without a signature; pin its key with --public-key")
    return opened


def signed_by(opened: Opened) -> str:
    """ "signed with 9F0C…", if that was checked."""
    if opened.key:
        return f"signed with {opened.key.name}"
    return "its signature not checked" if opened.index.key else "not signed"
