"""`.published.json`: what a publisher wrote, so that the next one neither writes it again nor leaves it behind.

A name loses its hash before its content is replaced, and gets the new one afterwards: what stands there is true even if
a publisher was killed in between. Installers are in it, without a hash, while they are on their way in or out.
"""

import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from .place import Place

NAME = ".published.json"
_SCHEMA = 1


class Written:
    """hashes: path -> SHA-256 of what lies there."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.hashes: dict[str, str] = {}
        content = place.read(NAME)
        if content is None:
            self._save({})  # the folder belongs to an archive from here on
        else:
            self.hashes = _parse(content)

    def expect(self, paths: Iterable[str]) -> None:
        """Before these are written, or are to go: from here on nobody knows what is in them."""
        if new := {path: "" for path in paths if self.hashes.get(path) != ""}:
            self._save({**self.hashes, **new})

    def forget(self, paths: AbstractSet[str]) -> None:
        """What is gone, or named by the index."""
        if paths & self.hashes.keys():
            self._save({path: sha256 for path, sha256 in self.hashes.items() if path not in paths})

    def add(self, hashes: Mapping[str, str]) -> None:
        """After they were written."""
        if hashes:
            self._save({**self.hashes, **hashes})

    def _save(self, hashes: Mapping[str, str]) -> None:
        self.hashes = dict(sorted(hashes.items()))
        text = json.dumps({"schema": _SCHEMA, "files": self.hashes}, indent=0)
        self._place.write([(NAME, text.encode() + b"\n")])


def _parse(content: bytes) -> dict[str, str]:
    """Nothing, where the file is unreadable or of another builder: then everything is written again."""
    try:
        values: Any = json.loads(content)
        return (
            {str(path): str(sha256) for path, sha256 in values["files"].items()} if values["schema"] == _SCHEMA else {}
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
