"""The archive as it is, before something is published to it."""

from dataclasses import dataclass

from ..errors import ArchiveError, OutputError
from . import written
from .index import Index
from .index_file import read_index
from .minisign import PublicKey
from .place import Place
from .trust import INDEX, check_signature, signature_name

LOCK = ".publish.lock"


@dataclass(frozen=True, kw_only=True)
class Present:
    """data: the bytes of the index; both None for an archive that is yet to be made.  files: path -> bytes, all."""

    index: Index | None
    data: bytes | None
    files: dict[str, int]


def read_present(place: Place, key: PublicKey | None, old_key: PublicKey | None) -> Present:
    """What is published now, its signature checked: a publisher must not sign what somebody else put there.

    key: that signs the next index.  old_key: that signed this one, where it is another.  Raises ArchiveError, and
    OutputError for a folder that holds something else.
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
        _check(place, data, index, key, old_key)
    return Present(index=index, data=data, files=files)


def _check(place: Place, data: bytes, index: Index, key: PublicKey | None, old_key: PublicKey | None) -> None:
    if key is None:
        raise ArchiveError(f"{place.address} is signed, and no key was given", hint="name the secret key with --key")
    signature = place.read(signature_name(index.version))
    if signature is None:
        raise ArchiveError(
            f"{place.address} has lost {signature_name(index.version)}, which proves its index",
            hint="somebody changed the archive: restore it from a copy",
        )
    try:
        check_signature(data, signature, old_key or key, index, INDEX)
    except ArchiveError as error:
        raise ArchiveError(
            f"{place.address} is not what was published with this key: {error.message}",
            hint="if the key is a new one, name the old public key with --old-key; otherwise restore the archive",
        ) from error
