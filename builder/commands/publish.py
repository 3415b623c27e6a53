"""`keel-builder publish`: make an archive, or add to one, or renew it."""

import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
from rich.console import Console

from ..archive.keys import public_key, read_key
from ..archive.memory import Memory, default_state_root
from ..archive.minisign import SecretKey
from ..archive.page import render_site
from ..archive.place import open_place
from ..archive.plan import Plan, Wishes
from ..archive.present import Expected
from ..archive.prune import Policy, parse_policy
from ..archive.publish import Request, preview
from ..archive.publish import publish as publish_to
from ..archive.site import load_site
from ..archive.wire import stamp
from ..archive.writing import Site
from ..console import ConsoleReporter
from ..errors import ArchiveError
from .passphrase import ask_passphrase
from .shared import OUT, Command

_DAYS = 365


@click.command(
    cls=Command,
    epilog="""
    keel-builder publish dist --to /srv/www/installers
    keel-builder publish dist --to s3://acme-installers/python --key keel-archive.key --site archive.yaml
    keel-builder publish --to /srv/www/installers --prune keep=3 --dry-run
    """,
)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--to", "target", required=True, help="Folder, or address of an object store (s3://bucket/path).")
@click.option(
    "--key", type=click.Path(path_type=Path), envvar="KEEL_KEY", help="Secret key to sign with [default: KEEL_KEY]."
)
@click.option("--old-key", help="Public key that signed the archive until now, when --key is a new one.")
@click.option("--sign-unsigned", is_flag=True, help="Sign an archive that was not signed until now.")
@click.option("--forget", is_flag=True, help="Publish although the archive is an older or another one than remembered.")
@click.option(
    "--expires",
    "days",
    type=click.IntRange(min=1),
    help=f"Days that clients trust the new index for [default: {_DAYS} with a key, else for ever].",
)
@click.option("--prune", multiple=True, help="Take old files off: keep=N versions, days=N [repeatable].")
@click.option("--withdraw", multiple=True, help="Take this file off [repeatable].")
@click.option("--site", type=click.Path(path_type=Path), help="archive.yaml: title, logo and texts of the page.")
@click.option(
    "--latest-files/--no-latest-files", default=True, help="Whether …-latest-… names are files too [default: yes]."
)
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors and results.")
@click.option("-v", "--verbose", is_flag=True, expose_value=False, help="Show tracebacks of unexpected failures.")
def command(
    files: tuple[Path, ...],
    target: str,
    key: Path | None,
    old_key: str | None,
    sign_unsigned: bool,
    forget: bool,
    days: int | None,
    prune: tuple[str, ...],
    withdraw: tuple[str, ...],
    site: Path | None,
    latest_files: bool,
    dry_run: bool,
    quiet: bool,
) -> None:
    """Publish FILES (installers, or folders of them) on an archive; without any, renew it."""
    reporter = ConsoleReporter(Console(stderr=True, highlight=False, quiet=quiet))
    place, texts, policy = open_place(target), load_site(site), _policy(prune)
    secret = read_key(key, partial(ask_passphrase, f"passphrase of {key}")) if key else None
    wishes = Wishes(
        withdraw=withdraw,
        prune=policy,
        days=days or (_DAYS if secret else None),
        renew=days is not None,
    )
    memory, address = Memory(default_state_root(os.environ)), _address(target)
    expected = Expected(
        old_key=public_key(old_key) if old_key else None,
        unsigned=sign_unsigned,
        remembered=memory.recall(address) if secret and not forget else None,
    )
    request = Request(paths=files, wishes=wishes, key=secret, expected=expected)
    now = datetime.now(UTC)
    if dry_run:
        _tell(preview(request, place, now, reporter), target, secret, dry=True)
        return
    look = Site(title=texts.title, url=texts.url, render=partial(render_site, site=texts), stable_files=latest_files)
    published = publish_to(request, place, look, now, reporter)
    _tell(published.plan, target, secret, dry=False)
    if texts.url is None:
        reporter.note(
            "install.sh and install.ps1 do not know the archive's address, and have to be given it (--archive); "
            "`url: https://…` in archive.yaml (--site) tells them"
        )
    if secret is None:
        reporter.note("the archive is not signed; `keel-builder key new` makes a key for --key")
        return
    try:
        memory.remember(address, published.remembered)
    except ArchiveError as error:
        reporter.warn(f"published, but not remembered: {error.message}")


def _address(target: str) -> str:
    """A folder's is the same from wherever it is named."""
    return target if "://" in target else str(Path(target).resolve())


def _policy(words: tuple[str, ...]) -> Policy | None:
    try:
        return parse_policy(words)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--prune") from error


def _tell(plan: Plan, target: str, key: SecretKey | None, *, dry: bool) -> None:
    would = "would be " if dry else ""
    for candidate in plan.added:
        OUT.print(f"{would}added: {candidate.entry.file}", markup=False)
    for entry in plan.removed:
        OUT.print(f"{would}removed: {entry.file}", markup=False)
    index = plan.index
    until = f", good until {stamp(index.expires)[:10]}" if index.expires else ""
    signed = f", signed by {key.public.name}" if key else ""
    count = f"{len(index.installers)} installer{'' if len(index.installers) == 1 else 's'}"
    OUT.print(f"{target}: version {index.version}, {count}{signed}{until}", markup=False)
