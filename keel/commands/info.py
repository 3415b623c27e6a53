"""`keel info`."""

import argparse
import os
from typing import Optional

from .. import __version__
from ..arguments import add_json
from ..base import find_base
from ..console import say, say_json
from ..environments import active_prefix, list_environments
from ..newer import Source, archive_of

EXAMPLES = ("keel info", "keel info --json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-e", "--envs", action="store_true", help="the same as keel env list")
    add_json(parser)


def run(options: argparse.Namespace, prefix: str) -> int:
    if options.envs:
        from .env import list_all

        return list_all(options, prefix)
    base = find_base(prefix)
    manifest = base.manifest
    source = archive_of(base)
    values = {
        "base": base.prefix,
        "name": manifest.name,
        "version": manifest.version,
        "company": manifest.company,
        "description": manifest.description,
        "homepage": manifest.homepage,
        "platform": manifest.platform,
        "glibc": manifest.glibc,
        "macos": manifest.macos,
        "python": manifest.python,
        "interpreter": manifest.interpreter,
        "keel": __version__,
        "active": active_prefix(),
        "envs_dirs": base.envs_dirs(),
        "writable": base.writable(),
        "packages": len([unit for unit in manifest.units if unit.base]),
        "store": len(manifest.units),
        "index": base.index,
        "archive": source._asdict() if source else None,
        "shell_integration": "KEEL_SHLVL" in os.environ,
    }
    if options.json:
        say_json(values)
        return 0
    company = f"({manifest.company})" if manifest.company else ""
    about = (("about", manifest.description), ("homepage", manifest.homepage))
    needs = (("glibc", manifest.glibc), ("macOS", manifest.macos))
    rows = [
        ["base", base.prefix + ("" if base.writable() else " (not writable for you)")],
        ["product", f"{manifest.name} {manifest.version} {company}".rstrip()],
        *([label, text] for label, text in about if text),
        ["python", f"{manifest.python} ({manifest.interpreter.get('source', 'unknown')})"],
        ["platform", manifest.platform + "".join(f", {name} {oldest} or later" for name, oldest in needs if oldest)],
        ["keel", __version__],
        ["active", active_prefix() or "none"],
        ["environments", f"{len(list_environments(base)) - 1}, new ones go to {base.envs_dir_for_new()}"],
        ["packages", f"{values['packages']} in the base, {values['store']} in the store"],
        ["index", base.index or "none (offline)"],
        ["archive", _archive(source)],
    ]
    for name, value in rows:
        say(f"{name + ':':<14}{value}")
    return 0


def _archive(source: Optional[Source]) -> str:
    """Where the base came from, and newer versions of it are."""
    if source is None:
        return "none known"
    return f"{source.address} ({f'signed with {source.key}' if source.key else 'not signed'})"
