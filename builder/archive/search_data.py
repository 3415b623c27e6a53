"""What the page's script looks things up in: all files, and which package is in which of them.

Two scripts, loaded when they are needed, each one call with JSON in it. They are scripts rather than JSON files because
a page that is opened from a shared folder (file:) may not fetch anything, and because the page's policy then can forbid
all fetching.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .index import Entry, Package
from .ordering import version_key


def files_script(entries: Sequence[Entry], sets: "PackageSets") -> bytes:
    """`keelFiles(…)`: tables of texts, and a row for each file in the order of `entries`.

    A row: file, SHA-256, size in bytes, time (seconds since 1970), the numbers of product, platform, Python and format
    in their tables, and the numbers of its sets of packages: in the base, and offline besides.
    """
    names, platforms, pythons, formats = _Table(), _Table(), _Table(), _Table()
    rows = [
        [
            entry.file,
            entry.sha256,
            entry.size,
            int(entry.modified.timestamp()),
            names.number(entry.name),
            platforms.number(entry.platform),
            pythons.number(entry.python_minor),
            formats.number(entry.format),
            sets.number(entry.packages),
            sets.number(entry.store),
        ]
        for entry in entries
    ]
    tables = {"products": names, "platforms": platforms, "pythons": pythons, "formats": formats}
    return _call("keelFiles", {**{name: table.texts for name, table in tables.items()}, "rows": rows})


def packages_script(sets: "PackageSets") -> bytes:
    """`keelPackages(…)`: for each package its versions, newest first, and the sets that hold them.

    The sets are given as runs: how many numbers to skip, how many follow each other, how many to skip, …
    """
    holders: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, packages in enumerate(sets.all):
        for package in packages:
            holders[package.name][package.version].append(number)
    found = {
        name: [[version, _runs(holders[name][version])] for version in _newest_first(holders[name])]
        for name in sorted(holders)
    }
    return _call("keelPackages", found)


class PackageSets:
    """Every set of packages once, in an order in which sets that are alike lie together: that makes for long runs."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.all: list[tuple[Package, ...]] = []
        self._numbers: dict[int, int] = {}
        ordered = sorted(entries, key=lambda entry: (entry.name, entry.platform, entry.python_minor))
        for entry in ordered:
            self._add(entry.packages)
        for entry in ordered:
            self._add(entry.store)

    def _add(self, packages: tuple[Package, ...]) -> None:
        # By identity: an index holds each set once, and to compare 10,000 of them would take seconds.
        if id(packages) not in self._numbers:
            self._numbers[id(packages)] = len(self.all)
            self.all.append(packages)

    def number(self, packages: tuple[Package, ...]) -> int:
        return self._numbers[id(packages)]


class _Table:
    def __init__(self) -> None:
        self.texts: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        if text not in self._numbers:
            self._numbers[text] = len(self.texts)
            self.texts.append(text)
        return self._numbers[text]


def _newest_first(versions: Iterable[str]) -> list[str]:
    key: Callable[[str], Any] = version_key
    return sorted(versions, key=key, reverse=True)


def _runs(numbers: Iterable[int]) -> list[int]:
    """[3, 4, 5, 9] -> [3, 3, 3, 1]."""
    runs: list[int] = []
    end = 0
    for number in numbers:
        if runs and number == end:
            runs[-1] += 1
        else:
            runs += [number - end, 1]
        end = number + 1
    return runs


def _call(function: str, data: object) -> bytes:
    """JSON.parse reads a text several times faster than a script's own literals are read."""
    text = json.dumps(data, separators=(",", ":")).replace("\\", "\\\\").replace("'", "\\'")
    return f"{function}(JSON.parse('{text}'));\n".encode("ascii")
