"""Publishing: what comes and goes is decided first, then written so that a reader never meets half of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ..report import Reporter
from .collect import Candidate, collect, find_files
from .minisign import PublicKey, SecretKey
from .place import Place
from .plan import Plan, Wishes, make_plan
from .present import Present, read_present
from .writing import ArchiveWriter, Site


@dataclass(frozen=True, kw_only=True)
class Request:
    """paths: installers, and folders of them; none at all renews the index.  wishes: its key is filled in from `key`.

    key: signs the index.  old_key: the one that signed it before, where that is another one.
    """

    paths: Sequence[Path]
    wishes: Wishes
    key: SecretKey | None = None
    old_key: PublicKey | None = None

    @property
    def public(self) -> PublicKey | None:
        return self.key.public if self.key else None


def publish(request: Request, place: Place, site: Site, now: datetime, reporter: Reporter) -> Plan:
    """Publish to `place`; returns what changed. now: aware; whole seconds count.

    Raises InstallerFileError (a file is no installer, or damaged), ArchiveError (the archive cannot be trusted, or
    another publisher is at work) and OutputError; what is published is then as it was.
    """
    candidates = collect(find_files(request.paths), now.replace(microsecond=0), reporter)
    with place.held():
        before = read_present(place, request.public, request.old_key)
        plan = _plan(before, candidates, request, now)
        ArchiveWriter(place, before, plan, site, request.key, reporter).write(candidates)
    return plan


def preview(request: Request, place: Place, now: datetime, reporter: Reporter) -> Plan:
    """What `publish` would change; writes nothing, and raises the same."""
    candidates = collect(find_files(request.paths), now.replace(microsecond=0), reporter)
    return _plan(read_present(place, request.public, request.old_key), candidates, request, now)


def _plan(before: Present, candidates: Sequence[Candidate], request: Request, now: datetime) -> Plan:
    wishes, public = request.wishes, request.public
    renew = wishes.renew or not (request.paths or wishes.withdraw or wishes.prune)
    wishes = replace(wishes, key=public.text if public else None, renew=renew)
    return make_plan(before.index, candidates, wishes, now.replace(microsecond=0))
