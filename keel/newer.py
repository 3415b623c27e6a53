"""Whether the base's archive has a newer version of it."""

import os
import re
from typing import TYPE_CHECKING, NamedTuple, Optional, Tuple

from .archives import Archive, Offer, normal_address, read_archive
from .config import NOWHERE
from .errors import KeelError
from .seen import FILE

if TYPE_CHECKING:
    from .base import Base

_HINT = "name one: keel update --check --archive URL, or for good: keel config set archive URL"
# What is offered first where an archive has several formats for one platform.
_FORMATS = ("sh", "exe", "pkg", "7z")


class Source(NamedTuple):
    """Where a base looks for newer versions. key: the text of its archive's public key, None where nobody gave one."""

    address: str
    key: Optional[str]


class News(NamedTuple):
    """newest: the newest installer for this base's Python and platform, None where there is none.  newer: whether it
    is newer than the base.  elsewhere: one that is newer still, but has another Python."""

    archive: Archive
    newest: Optional[Offer]
    newer: bool
    elsewhere: Optional[Offer]


def archive_of(base: "Base", address: Optional[str] = None, key: Optional[str] = None) -> Optional[Source]:
    """The archive of a base: what is given here, else what the settings say, else what the recipe said.

    A key stays the same wherever the archive is mirrored, so that another address needs the key of the recipe too,
    unless another one is given (NOWHERE: none). None where there is no archive. Raises KeelError.
    """
    recorded = base.manifest.archive or {}
    settings = base.settings
    address = address or settings.archive or recorded.get("url")
    key = key or settings.archive_key or recorded.get("public_key")
    if address is None or address == NOWHERE:
        return None
    return Source(normal_address(address), None if key == NOWHERE else key)


def look_for_newer(base: "Base", source: Optional[Source]) -> News:
    """Ask the archive. Raises KeelError."""
    if source is None:
        raise KeelError(f"{base.prefix} does not know an archive to ask for newer versions", hint=_HINT)
    memory = os.path.join(base.home, ".keel", FILE) if base.home else None
    archive = read_archive(source.address, source.key, memory)
    manifest = base.manifest
    same = [one for one in archive.offers if one.name == manifest.name and one.platform == manifest.platform]
    here = _newest([one for one in same if _minor(one.python) == base.python_minor])
    anywhere = _newest(same)
    best = here.version if here and version_key(here.version) > version_key(manifest.version) else manifest.version
    newer_elsewhere = anywhere is not None and version_key(anywhere.version) > version_key(best)
    return News(archive, here, best != manifest.version, anywhere if newer_elsewhere else None)


def version_key(version: str) -> Tuple[object, ...]:
    """Sorts versions: PEP 440; those that are none below, by their numbers and letters (docs/archive-format.md)."""
    from ._vendor.packaging.version import InvalidVersion, Version

    try:
        return (1, Version(version))
    except InvalidVersion:
        parts = re.findall(r"[0-9]+|[A-Za-z]+", version)
        return (0, tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts))


def _newest(offers: "list[Offer]") -> Optional[Offer]:
    """Pre-releases only where there is nothing else."""

    def rank(offer: Offer) -> Tuple[object, ...]:
        key = version_key(offer.version)
        final = not getattr(key[1], "is_prerelease", False)
        wanted = -_FORMATS.index(offer.format) if offer.format in _FORMATS else -len(_FORMATS)
        return final, key, version_key(offer.python), wanted

    return max(offers, key=rank, default=None)


def _minor(python: str) -> str:
    return ".".join(python.split(".")[:2])
