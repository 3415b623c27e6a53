"""Keys in files: a secret one, encrypted, and beside it the public one that users pin."""

import os
from collections.abc import Callable
from pathlib import Path

from ..errors import ArchiveError, OutputError
from .minisign import DEFAULT_COST, KeyCost, PublicKey, SecretKey, is_encrypted, new_key, parse_public, parse_secret


def make_key(path: Path, passphrase: str, cost: KeyCost = DEFAULT_COST) -> tuple[SecretKey, Path]:
    """A new key in `path` (readable by its owner only) and its public half in `<path without suffix>.pub`.

    Returns the key and the place of the public one. Raises OutputError when a file exists, or cannot be written.
    """
    public = path.with_suffix(".pub")
    key = new_key()
    made: list[Path] = []
    try:
        for place, content, mode in (
            (path, key.to_file(passphrase, cost), 0o600),
            (public, key.public.to_file(), 0o644),
        ):
            handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            made.append(place)
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
    except OSError as error:
        for place in made:
            place.unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            raise OutputError(
                f"{error.filename} exists already", hint="keys are never overwritten: name another file with --output"
            ) from error
        raise OutputError(
            f"{error.filename} cannot be written: {error.strerror}", hint="name another file with --output"
        ) from error
    return key, public


def read_key(path: Path, ask: Callable[[], str]) -> SecretKey:
    """The secret key in a file. ask: for the passphrase, called when the key is encrypted. Raises ArchiveError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ArchiveError(
            f"the key {path} cannot be read: {error.strerror}", hint="make one with `keel-builder key new`"
        ) from error
    try:
        return parse_secret(data, ask() if is_encrypted(data) else "")
    except ArchiveError as error:
        raise ArchiveError(f"{path}: {error.message}", hint=error.hint) from error


def public_key(words: str) -> PublicKey:
    """What a user gives to name a public key: `RWQ…` itself, or the path of a `.pub` file. Raises ArchiveError."""
    path = Path(words)
    try:
        return parse_public(path.read_text(encoding="utf-8") if path.is_file() else words)
    except (OSError, UnicodeDecodeError) as error:
        raise ArchiveError(f"the key {path} cannot be read", hint="name a .pub file") from error
