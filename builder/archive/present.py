"""The archive as it is, before something is published to it."""

from dataclasses import dataclass

from ..errors import ArchiveError, OutputError
from . import written
from .index import Index
from .index_file import read_index
from .minisign import PublicKey
from .place import Place
from .trust import INDEX, Remembered, check_history, check_signature, signature_name

LOCK = ".publish.lock"


@dataclass(frozen=True, kw_only=True)
class Present:
    """data: the bytes of the index; both None for an archive that is yet to be made.  files: path -> bytes, all."""

    index: Index | None
    data: bytes | None
    files: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a publisher knows of the archive. key: that signs the next index.  old_key: that signed this one, where it
    is another.  unsigned: whether an archive without a signature is to be signed from now on.  remembered: from the
    last publishing on this computer."""

    key: PublicKey | None = None
    old_key: PublicKey | None = None
    unsigned: bool = False
    remembered: Remembered | None = None


def read_present(place: Place, expected: Expected) -> Present:
    """What is published now. It is checked as clients do: a publisher must not sign what somebody else put there.

    Raises ArchiveError, and OutputError for a folder that holds something else.
    """
    files = place.files()
    data = place.read(INDEX)
    if data is None:
        if files.keys() - {LOCK} and written.NAME not in files:
            raise OutputError(
                f"{place.address} holds other files, and no archive", hint="publish into a new or empty folder"
            )
        return Present(index=None, data=None, files=files)
    index = read_index(data)
    if index.key is not None:
        _check_signature(place, data, index, expected)
    elif expected.key is not None and not expected.unsigned:
        raise ArchiveError(
            f"{place.address} is not signed, so that nobody knows who published what is there",
            hint="if it never was, and you trust it: sign it with --sign-unsigned, this once",
        )
    if expected.key is not None and expected.remembered is not None:
        _check_history(place, data, index, expected.remembered)
    return Present(index=index, data=data, files=files)


def _check_signature(place: Place, data: bytes, index: Index, expected: Expected) -> None:
    key = expected.old_key or expected.key
    if key is None:
        raise ArchiveError(f"{place.address} is signed, and no key was given", hint="name the secret key with --key")
    signature = place.read(signature_name(index.version))
    if signature is None:
        raise ArchiveError(
            f"{place.address} has lost {signature_name(index.version)}, which proves its index",
            hint="somebody changed the archive: restore it from a copy",
        )
    try:
        check_signature(data, signature, key, index, INDEX)
    except ArchiveError as error:
        raise ArchiveError(
            f"{place.address} is not what was published with this key: {error.message}",
            hint="if the key is a new one, name the old public key with --old-key; otherwise restore the archive",
        ) from error


def _check_history(place: Place, data: bytes, index: Index, remembered: Remembered) -> None:
    try:
        check_history(index, data, remembered)
    except ArchiveError as error:
        raise ArchiveError(
            f"{place.address}: {error.message}", hint="if you restored or made it anew yourself: --forget, this once"
        ) from error
