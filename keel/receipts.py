"""What macOS has noted about a base that a package (.pkg) laid down: receipts, which it is made to forget."""

import os
import re
from typing import List, NamedTuple, Tuple

from .base import META

# A line for each: the package's identifier, a tab, and the volume or home folder where its receipt is kept.
_FILE = f"{META}/receipts.txt"
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")


class Receipt(NamedTuple):
    """identifier: the package's.  volume: where pkgutil(1) finds it: `/`, another volume, or a home folder."""

    identifier: str
    volume: str


def read_receipts(prefix: str) -> Tuple[Receipt, ...]:
    """Those of the base at `prefix`; none where it came another way."""
    try:
        with open(os.path.join(prefix, _FILE), encoding="utf-8", errors="surrogateescape") as file:
            lines = [line.rstrip("\n").partition("\t") for line in file]
    except FileNotFoundError:
        return ()
    return tuple(
        Receipt(identifier, volume)
        for identifier, _, volume in lines
        if _IDENTIFIER.fullmatch(identifier) and volume.startswith("/")
    )


def forget(receipts: Tuple[Receipt, ...]) -> List[Receipt]:
    """Make macOS forget them. Gives those that it has kept; a receipt that is not there (any more) is none of them."""
    import shutil
    import subprocess

    program = shutil.which("pkgutil") or shutil.which("pkgutil", path="/usr/sbin:/usr/bin")
    if program is None:
        return []

    def ask(receipt: Receipt, word: str) -> bool:
        command = [program, "--volume", receipt.volume, word, receipt.identifier]
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    return [receipt for receipt in receipts if ask(receipt, "--pkg-info") and not ask(receipt, "--forget")]
