"""`keel update`."""

import argparse
from typing import TYPE_CHECKING, Any, Dict

from ..arguments import UsageError, add_json, add_place, add_yes, chosen
from ..base import Base, find_base
from ..console import say, say_json, warn
from .install import change

if TYPE_CHECKING:
    from ..newer import News

EXAMPLES = ("keel update -n work pandas", "keel update --all --dry-run", "keel update --check")
# docs/exit-codes.md
_NEWER = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_place(parser, required=False)
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help="an installed package, or like 'pandas<3'")
    parser.add_argument("--all", action="store_true", help="all that did not come from an address")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    add_yes(parser, "accepted for conda's sake; update asks nothing")
    add_json(parser)
    base = parser.add_argument_group("the base itself")
    base.add_argument(
        "--check",
        action="store_true",
        help=f"ask whether there is a newer version of the base; exit code {_NEWER} if so",
    )
    base.add_argument("--archive", metavar="URL", help="ask this archive instead of the base's own")
    base.add_argument(
        "--public-key", "--key", metavar="PUBLIC_KEY", help="what it is signed with, RW…; none: it is not signed"
    )
    parser.set_defaults(no_deps=False)


def run(options: argparse.Namespace, prefix: str) -> int:
    if options.check:
        return _check(options, prefix)
    if options.archive or options.public_key:
        raise UsageError("--archive and --public-key belong to --check")
    from ..packages import check_installed
    from ..wanted import Wanted, as_requirement, is_address, names_of

    if bool(options.packages) == options.all:
        raise UsageError("say which packages, or --all", hint="like: keel update pandas")
    base = find_base(prefix)
    wrong = [word for word in options.packages if is_address(word)]
    if wrong:
        raise UsageError(f"{wrong[0]} is an address", hint="install it again: keel install ADDRESS")
    requirements = [as_requirement(word) for word in options.packages]
    names = names_of(requirements)
    there = check_installed(base, chosen(base, options), names)
    if options.all:
        names = [name for name, one in there.items() if not one.direct]
        requirements = names
    return change(options, prefix, Wanted(tuple(requirements)), newest=frozenset(names), command="update")


def _check(options: argparse.Namespace, prefix: str) -> int:
    from ..newer import archive_of, look_for_newer

    if options.packages or options.all or options.name or options.path or options.dry_run:
        raise UsageError("--check asks about the base as a whole, and takes neither packages nor environments")
    base = find_base(prefix)
    news = look_for_newer(base, archive_of(base, options.archive, options.public_key))
    if options.json:
        say_json(_values(base, news))
    else:
        _say(base, news)
    return _NEWER if news.newer else 0


def _values(base: Base, news: "News") -> Dict[str, Any]:
    offers = {
        key: {**offer._asdict(), "url": news.archive.url(offer)} if offer else None
        for key, offer in (("newest", news.newest), ("other_python", news.elsewhere))
    }
    return {
        "name": base.manifest.name,
        "version": base.manifest.version,
        "newer": news.newer,
        **offers,
        "archive": news.archive.address,
        "signed": news.archive.signed,
        "generated": news.archive.generated,
    }


def _say(base: Base, news: "News") -> None:
    manifest, archive, newest = base.manifest, news.archive, news.newest
    mine = f"{manifest.name} {manifest.version}"
    if news.newer and newest:
        say(f"{manifest.name} {newest.version} is out; this base is {manifest.version}.")
        say(f"  {archive.url(newest)}")
        say(f"  {newest.size / 1e6:.1f} MB, SHA-256 {newest.sha256}")
    elif newest:
        say(f"{mine} is the newest version for Python {base.python_minor} on {manifest.platform}.")
    else:
        say(f"{archive.address} has no {manifest.name} for Python {base.python_minor} on {manifest.platform}.")
    other = news.elsewhere
    if other:
        say(f"With Python {other.python} there is {manifest.name} {other.version}: {archive.url(other)}")
    if not archive.signed:
        warn(f"{archive.address} was believed without a signature, for this base has no key of it")
