"""Which base this is, and where it was when keel last looked: `keel-meta/prefix` has a path and an id, a line each.

The id tells a moved base from another one. An installer's last step records it; where nobody has (a base that was
unpacked by hand), it follows from what was installed and when, so that all users of a base come to the same one.
"""

import os
from typing import NamedTuple, Optional

from .base import META, Base

FILE = f"{META}/prefix"


class Identity(NamedTuple):
    """prefix: where the base was."""

    prefix: str
    id: str


def read_identity(base: Base) -> Optional[Identity]:
    """What is recorded; None where nothing is."""
    try:
        with open(os.path.join(base.prefix, FILE), encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            text = file.read()
    except OSError:
        return None
    prefix, _, number = text.rstrip("\n").rpartition("\n")
    return Identity(prefix, number) if prefix and number else None


def base_id(base: Base) -> str:
    """16 hexadecimal digits."""
    known = read_identity(base)
    return known.id if known is not None else _derived(base)


def record_identity(base: Base, *, new: bool = False) -> None:
    """Note that the base is where it is now; `new`: it has just been installed. Raises OSError."""
    from .staging import replace_file

    number = os.urandom(8).hex() if new and read_identity(base) is None else base_id(base)
    text = f"{base.prefix}\n{number}\n"
    replace_file(os.path.join(base.prefix, FILE), text.encode("utf-8", "surrogateescape"), mode=0o644)


def _derived(base: Base) -> str:
    from hashlib import sha256

    from .manifest import MANIFEST

    try:
        with open(os.path.join(base.prefix, MANIFEST), "rb") as file:
            digest = sha256(file.read())
        logs = os.listdir(os.path.join(base.prefix, META, "logs"))
    except OSError:
        return sha256(os.fsencode(base.prefix)).hexdigest()[:16]
    digest.update(os.fsencode(min(logs, default="")))
    return digest.hexdigest()[:16]
