"""`keel wheelhouse`."""

import argparse
import os
import time
from typing import TYPE_CHECKING

from ..arguments import add_json
from ..base import find_base
from ..console import say, say_json, size
from ..errors import KeelError
from ..progress import Progress
from ..quoting import shell_word

if TYPE_CHECKING:
    from ..manifest import Unit

EXAMPLES = (
    "keel wheelhouse ./wheels",
    "keel wheelhouse ./wheels pandas requests",
    "keel wheelhouse ./wheels numpy --no-deps --requirements ./wheels/requirements.txt",
    "pip install --no-index --find-links ./wheels pandas    on another machine",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="where the wheel files go; made if need be")
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help="bundled packages (PEP 508); without any, all")
    dependencies = parser.add_mutually_exclusive_group()
    dependencies.add_argument("--deps", action="store_true", default=True, help="with what they need (the default)")
    dependencies.add_argument("--no-deps", action="store_false", dest="deps", help="without what they need")
    parser.add_argument(
        "--requirements", metavar="FILE", help="also write a requirements file with the hash of each, for pip and uv"
    )
    add_json(parser)


def run(options: argparse.Namespace, prefix: str) -> int:
    from ..staging import replace_file
    from ..wheelhouse import fill, requirements, select

    base = find_base(prefix)
    started = time.monotonic()
    if options.requirements is not None and os.path.isdir(options.requirements):
        raise KeelError(f"{options.requirements} is a folder", hint="name a file: --requirements FILE")
    units = select(base, options.packages, dependencies=options.deps)
    with Progress("rebuilding wheels", len(units)) as progress:

        def tell(unit: "Unit") -> None:
            progress.step(f"{unit.name} {unit.version}")

        wheels = fill(base, units, options.folder, tell)
    if options.requirements is not None:
        replace_file(os.path.abspath(options.requirements), requirements(wheels).encode())
    if options.json:
        say_json(
            {
                "success": True,
                "folder": os.path.abspath(options.folder),
                "wheels": [
                    {
                        "name": one.unit.name,
                        "version": one.unit.version,
                        "path": one.path,
                        "sha256": one.sha256,
                        "size": one.size,
                        "written": one.written,
                    }
                    for one in wheels
                ],
            }
        )
        return 0
    there = sum(not one.written for one in wheels)
    total = size(sum(one.size for one in wheels))
    say(
        f"{len(wheels)} wheel{'' if len(wheels) == 1 else 's'} in {options.folder} ({total})"
        + (f", {there} of them there already" if there else "")
        + f", in {time.monotonic() - started:.2f} s"
    )
    say(f"to use them: pip install --no-index --find-links {shell_word(options.folder)} NAME")
    return 0
