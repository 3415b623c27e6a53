"""Publishing: what comes and goes is decided first, then written so that a reader never meets half of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from ..report import Reporter
from .collect import Candidate, collect, find_files
from .minisign import PublicKey, SecretKey
from .place import Place
from .plan import Plan, Wishes, make_plan
from .present import Expected, Present, read_present
from .trust import Remembered
from .writing import ArchiveWriter, Site

_NOTHING = Expected()


@dataclass(frozen=True, kw_only=True)
class Request:
    """paths: installers, and folders of them; none at all renews the index.  key: signs it.

    wishes, expected: their keys are filled in from `key`.
    """

    paths: Sequence[Path]
    wishes: Wishes
    key: SecretKey | None = None
    expected: Expected = _NOTHING

    @property
    def public(self) -> PublicKey | None:
        return self.key.public if self.key else None


@dataclass(frozen=True, kw_only=True)
class Published:
    """plan: what changed.  remembered: what to expect the next time."""

    plan: Plan
    remembered: Remembered


def publish(request: Request, place: Place, site: Site, now: datetime, reporter: Reporter) -> Published:
    """Publish to `place`. now: aware; whole seconds count.

    Raises InstallerFileError (a file is no installer, or damaged), ArchiveError (the archive cannot be trusted, or
    another publisher is at work) and OutputError; what is published is then as it was.
    """
    candidates = collect(find_files(request.paths), now.replace(microsecond=0), reporter)
    with place.held():
        before = _present(place, request)
        plan = _plan(before, candidates, request, now)
        content = ArchiveWriter(place, before, plan, site, request.key, reporter).write(candidates)
    index = plan.index
    known = Remembered(archive=index.archive, key=index.key, version=index.version, sha256=sha256(content).hexdigest())
    return Published(plan=plan, remembered=known)


def preview(request: Request, place: Place, now: datetime, reporter: Reporter) -> Plan:
    """What `publish` would change; writes nothing, and raises the same."""
    candidates = collect(find_files(request.paths), now.replace(microsecond=0), reporter)
    return _plan(_present(place, request), candidates, request, now)


def _present(place: Place, request: Request) -> Present:
    return read_present(place, replace(request.expected, key=request.public))


def _plan(before: Present, candidates: Sequence[Candidate], request: Request, now: datetime) -> Plan:
    wishes, public = request.wishes, request.public
    renew = wishes.renew or not (request.paths or wishes.withdraw or wishes.prune)
    wishes = replace(wishes, key=public.text if public else None, renew=renew)
    return make_plan(before.index, candidates, wishes, now.replace(microsecond=0))
