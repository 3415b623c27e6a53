"""What a package (.pkg) has left outside of a base on macOS: receipts, which it is made to forget, and a shortcut."""

import os
import re
from typing import List, NamedTuple, Tuple

from . import quoting
from .base import META

# A line for each: the package's identifier, a tab, and the volume or home folder where its receipt is kept.
_FILE = f"{META}/receipts.txt"
# The path of a file on each line.
_SHORTCUTS = f"{META}/outside.txt"
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")


class Receipt(NamedTuple):
    """identifier: the package's.  volume: where pkgutil(1) finds it: `/`, another volume, or a home folder."""

    identifier: str
    volume: str


def read_receipts(prefix: str) -> Tuple[Receipt, ...]:
    """Those of the base at `prefix`; none where it came another way."""
    return tuple(
        Receipt(identifier, volume)
        for identifier, _, volume in (line.partition("\t") for line in _lines(os.path.join(prefix, _FILE)))
        if _IDENTIFIER.fullmatch(identifier) and volume.startswith("/")
    )


def read_shortcuts(prefix: str) -> Tuple[str, ...]:
    """The files that were made for the base at `prefix` and still lead to it."""
    root = f"\nKEEL_ROOT={quoting.sh(prefix)}\n"
    paths = (path for path in _lines(os.path.join(prefix, _SHORTCUTS)) if os.path.isabs(path))
    return tuple(path for path in paths if not os.path.islink(path) and root in "\n" + "\n".join(_lines(path)) + "\n")


def _lines(path: str) -> List[str]:
    """Of a text file; none where there is no such file."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read(65_536).split("\n")
    except OSError:
        return []


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
