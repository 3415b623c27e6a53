"""The next index of an archive, out of the present one and what comes and goes. Nothing is written here."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..errors import OutputError
from .collect import Candidate
from .index import Document, Entry, Index, Product
from .latest import newest_first, newness, stable_names
from .prune import Policy, to_prune


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What is asked of a publishing.

    withdraw: files to take off.  prune: None takes nothing off.  days: how long the index is good for, None for ever.
    renew: a new index even if nothing changes in it.  key: the public key's text that will sign it, or None.
    """

    withdraw: Sequence[str] = ()
    prune: Policy | None = None
    days: int | None = None
    renew: bool = False
    key: str | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """index: what there will be; the very object that there was if nothing changes.  added: candidates that are new.

    removed: what goes.
    """

    index: Index
    added: tuple[Candidate, ...]
    removed: tuple[Entry, ...]


def make_plan(before: Index | None, candidates: Sequence[Candidate], wishes: Wishes, now: datetime) -> Plan:
    """Raises OutputError for a name that is published with other bytes, and for withdrawing what is not there."""
    present = before.installers if before else ()
    added = _new(present, candidates)
    withdrawn = _withdrawn(present, wishes.withdraw)
    going = {entry.file for entry in withdrawn}
    entries = [entry for entry in present if entry.file not in going] + [candidate.entry for candidate in added]
    _check_names(entries)
    latest = stable_names(entries)
    pruned = to_prune(entries, wishes.prune, now, latest) if wishes.prune else ()
    gone = {entry.file for entry in pruned}
    new = {candidate.entry.file for candidate in added}
    removed = (*withdrawn, *(entry for entry in pruned if entry.file not in new))
    added = tuple(candidate for candidate in added if candidate.entry.file not in gone)
    if (
        before
        and not added
        and not removed
        and not wishes.renew
        and before.key == wishes.key
        and _is_fresh(before, now)
    ):
        return Plan(index=before, added=(), removed=())
    installers = newest_first(entry for entry in entries if entry.file not in gone)
    index = Index(
        archive=before.archive if before else secrets.token_hex(16),
        version=before.version + 1 if before else 1,
        generated=now,
        expires=now + timedelta(days=wishes.days) if wishes.days else None,
        key=wishes.key,
        installers=installers,
        latest=latest,
        products=_products(before, candidates, installers),
    )
    return Plan(index=index, added=added, removed=removed)


def _is_fresh(index: Index, now: datetime) -> bool:
    """Whether at least half of its time is left: who publishes daily never lets it expire."""
    return index.expires is None or index.expires - now >= (index.expires - index.generated) / 2


def _new(present: Sequence[Entry], candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    known = {entry.file: entry for entry in present}
    changed = [
        one.entry.file
        for one in candidates
        if one.entry.file in known and known[one.entry.file].sha256 != one.entry.sha256
    ]
    if changed:
        raise OutputError(
            f"published before with other content: {', '.join(changed)}",
            hint="people may have them already: raise the recipe's version, and build again",
        )
    fresh = {one.entry.file: one for one in candidates if one.entry.file not in known}
    return tuple(fresh.values())


def _withdrawn(present: Sequence[Entry], files: Sequence[str]) -> tuple[Entry, ...]:
    known = {entry.file: entry for entry in present}
    missing = [file for file in files if file not in known]
    if missing:
        raise OutputError(
            f"not in the archive: {', '.join(missing)}", hint="--withdraw takes names as index.json has them"
        )
    return tuple(known[file] for file in dict.fromkeys(files))


def _check_names(entries: Sequence[Entry]) -> None:
    """No two names that some file system takes for one, and one content for a target's documents."""
    files: dict[str, str] = {}
    documents: dict[str, Document] = {}
    for entry in entries:
        other = files.setdefault(entry.file.lower(), entry.file)
        if other != entry.file:
            raise OutputError(f"{entry.file} and {other} differ only in case", hint="rename the recipe")
        for document in entry.documents.values():
            if documents.setdefault(document.name, document) != document:
                raise OutputError(
                    f"{entry.file} was built from something else than its sister in another format: they differ in "
                    f"{document.name}",
                    hint="build all formats of a target from one lock, with one keel-builder",
                )


def _products(
    before: Index | None, candidates: Sequence[Candidate], installers: Sequence[Entry]
) -> Mapping[str, Product]:
    """What the newest installer of each name says about itself."""
    offered = {one.entry.file: one.product for one in candidates}
    newest: dict[str, Entry] = {}
    for entry in sorted(installers, key=newness):
        newest[entry.name] = entry
    known = before.products if before else {}
    empty = Product(company=None, description=None, homepage=None)
    return {name: offered.get(entry.file) or known.get(name, empty) for name, entry in sorted(newest.items())}
