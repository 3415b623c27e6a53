"""Whether to believe an archive: its signature, its expiry, and that it is not an older or another one than before.

docs/archive-format.md, "How a program reads an archive". All checks raise ArchiveError; its message says which of them
failed, its hint what the user can do.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from ..errors import ArchiveError
from .index import Index
from .index_file import read_index
from .minisign import PublicKey, verify
from .wire import parse_stamp, stamp

INDEX = "index.json"
SUMS = "SHA256SUMS"
_STATEMENT = re.compile(
    r"keel archive:(?P<archive>[0-9a-f]{32}) file:(?P<file>\S+)"
    r" version:(?P<version>[1-9][0-9]*) expires:(?P<expires>\S+)"
)


def signature_name(version: int) -> str:
    """Where the signature of that version's index lies: a name whose bytes never change."""
    return f"signatures/index-{version}.minisig"


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What a signature says in its trusted comment. file: INDEX or SUMS."""

    archive: str
    file: str
    version: int
    expires: datetime | None

    def __str__(self) -> str:
        until = stamp(self.expires) if self.expires else "never"
        return f"keel archive:{self.archive} file:{self.file} version:{self.version} expires:{until}"


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """What a client knows of an archive from the last time.

    key: the text of the public key, None if the archive was unsigned.  sha256: of the index of that version.
    """

    archive: str
    key: str | None
    version: int
    sha256: str


def read_signed_index(
    data: bytes, signature: bytes | None, *, key: PublicKey | None, now: datetime, remembered: Remembered | None = None
) -> Index:
    """The index in `data` (index.json), once everything that can be checked has been.

    signature: the content of `signature_name(version)`, None if there is none.  key: the one that was pinned or
    remembered; None takes the archive as it is, as long as it was not signed before.  now: aware.
    """
    index = read_index(data)
    if key is not None:
        if signature is None:
            raise ArchiveError("the archive is not signed, and a key was given", hint="ask its publisher")
        check_signature(data, signature, key, index, INDEX)
    elif remembered is not None and remembered.key is not None:
        raise ArchiveError("the archive was signed before, and cannot be checked without its key", hint="pass --key")
    check_expiry(index, now)
    if remembered is not None:
        check_history(index, data, remembered)
    return index


def check_signature(data: bytes, signature: bytes, key: PublicKey, index: Index, file: str) -> None:
    """That `data` (the content of `file`: INDEX or SUMS) is signed with `key`, for this index's archive and version."""
    try:
        statement = parse_statement(verify(data, signature, key))
    except ArchiveError as error:
        raise ArchiveError(f"{file}: {error.message}", hint=error.hint) from error
    wanted = Statement(archive=index.archive, file=file, version=index.version, expires=index.expires)
    if statement != wanted:
        raise ArchiveError(
            f'{file}: the signature is for something else: "{statement}", not "{wanted}"',
            hint="files of different archives or versions were mixed up; ask the archive's publisher",
        )


def parse_statement(comment: str) -> Statement:
    """The inverse of `str(Statement)`."""
    match = _STATEMENT.fullmatch(comment)
    try:
        if match is None:
            raise ValueError(comment)
        until = match["expires"]
        return Statement(
            archive=match["archive"],
            file=match["file"],
            version=int(match["version"]),
            expires=None if until == "never" else parse_stamp(until),
        )
    except ValueError as error:
        raise ArchiveError(
            f'the signature does not say what it is for: "{comment}"', hint="it was not made by keel-builder publish"
        ) from error


def check_expiry(index: Index, now: datetime) -> None:
    """That the index may still be believed. A mirror that somebody holds back shows nothing else."""
    if index.expires is not None and index.expires <= now:
        raise ArchiveError(
            f"the index of the archive has expired: it was good until {stamp(index.expires)}",
            hint="its publisher renews it with `keel-builder publish --to ARCHIVE --key KEY`; or is this clock wrong?",
        )


def check_history(index: Index, data: bytes, remembered: Remembered) -> None:
    """That the index (whose bytes are `data`) continues what was seen the last time."""
    if index.archive != remembered.archive:
        raise ArchiveError(
            "this is another archive than the last time at this address",
            hint="ask its publisher whether it was made anew; then forget the old one with --forget",
        )
    if index.version < remembered.version:
        raise ArchiveError(
            f"the archive was rolled back: version {index.version} is older than {remembered.version}, seen before",
            hint="an old mirror or cache, or somebody who holds newer installers back; ask the archive's publisher",
        )
    if index.version == remembered.version and hashlib.sha256(data).hexdigest() != remembered.sha256:
        raise ArchiveError(
            f"version {index.version} of the archive has other content than the last time",
            hint="a version never changes; ask the archive's publisher",
        )
