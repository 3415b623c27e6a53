"""`keel uninstall`."""

import argparse
import os
from typing import List

from ..arguments import add_yes
from ..base import users_base
from ..console import confirm, say, warn
from ..errors import KeelError
from ..layout import WINDOWS

EXAMPLES = ("keel uninstall", "keel uninstall -y")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_yes(parser)


def run(options: argparse.Namespace, prefix: str) -> int:
    from ..receipts import forget
    from ..uninstall import carry_out, hand_over, plan_removal

    if WINDOWS:
        return hand_over(prefix, silent=options.yes)
    removal = plan_removal(users_base(prefix))
    question: List[str] = []
    if removal.inside:
        question += ["These environments are in the base and go with it:", *(one.label for one in removal.inside)]
    if removal.others:
        question += ["These were put into its folder later and go as well:", *removal.others]
    if not options.yes:
        for line in question:
            warn(line if line.endswith(":") else f"  {line}")
        if not confirm(f"Remove {prefix}?"):
            raise KeelError("nothing was removed", hint="to remove it without a question: keel uninstall -y")
    for receipt in forget(removal.receipts):
        warn(f"macOS keeps its receipt; try: sudo pkgutil --volume {receipt.volume} --forget {receipt.identifier}")
    for path in carry_out(removal):
        say(f"restored {path}")
    say(f"removed {prefix}" + (", but for what was there before" if os.path.isdir(prefix) else ""))
    if removal.outside:
        say("These environments are elsewhere and have lost their Python; remove them yourself:")
        for environment in removal.outside:
            say(f"  {environment.prefix}")
    return 0
