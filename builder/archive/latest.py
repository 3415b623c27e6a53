"""Stable names: which installer is behind each `…-latest-…` (docs/archive-format.md, "Stable names")."""

from collections.abc import Iterable, Iterator

from packaging.version import InvalidVersion, Version

from ..platforms import PLATFORMS
from ..target import title_of
from .index import Entry
from .ordering import version_key


def stable_names(entries: Iterable[Entry]) -> dict[str, str]:
    """Stable name -> file. entries: of a whole archive, in any order."""
    best: dict[str, Entry] = {}
    for entry in entries:
        for name in _names(entry):
            if name not in best or newness(entry) > newness(best[name]):
                best[name] = entry
    return {name: best[name].file for name in sorted(best)}


def newness(entry: Entry) -> tuple[object, ...]:
    """Sorts installers of one name: the newest version, with the newest Python, comes last; pre-releases come first."""
    return (not _is_prerelease(entry.version), version_key(entry.version), version_key(entry.python), entry.published)


def newest_first(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The order of an index: what was published last comes first; of one day, the newest version."""
    by_name = sorted(entries, key=lambda entry: entry.file)
    return tuple(sorted(by_name, key=lambda entry: (entry.published, *newness(entry)), reverse=True))


def _names(entry: Entry) -> Iterator[str]:
    title, label = title_of(entry.name), PLATFORMS[entry.platform].label
    yield f"{title}-latest-py{entry.python_minor.replace('.', '')}-{label}.{entry.format}"
    yield f"{title}-latest-{label}.{entry.format}"


def _is_prerelease(version: str) -> bool:
    try:
        return Version(version).is_prerelease
    except InvalidVersion:
        return False
