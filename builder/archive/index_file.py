"""Reading and writing `index.json`: an `Index` has full package lists, the file is compact."""

import json
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from ..errors import ArchiveError
from .index import DOCUMENT_SUFFIXES, Document, DocumentKind, Entry, Index, Interpreter, Package, Product
from .wire import SCHEMA, IndexFile, InstallerLine, stamp

# How many of the sets before are tried as the beginning of the next one, besides the last of the same kind.
_NEIGHBOURS = 8


def read_index(data: bytes) -> Index:
    """The index that `data`, the content of an index.json, holds. Whether to trust it is asked in `trust`.

    Raises ArchiveError for what is none, is damaged, or has another schema.
    """
    try:
        head = json.loads(data)
        if isinstance(head, dict) and isinstance(head.get("schema"), int) and head["schema"] != SCHEMA:
            raise ArchiveError(
                f"the index of the archive has schema {head['schema']}, and this keel-builder knows {SCHEMA}",
                hint="install a newer keel-builder",
            )
        return _index(IndexFile.model_validate_json(data))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _damaged(f"{place}: {first['msg']}" if place else first["msg"]) from error
    except (ValueError, IndexError, RecursionError) as error:
        raise _damaged(str(error)) from error


def _damaged(why: str) -> ArchiveError:
    return ArchiveError(f"this is no index of an archive, or a damaged one: {why}", hint="check the archive's address")


def _index(file: IndexFile) -> Index:
    interpreters = [Interpreter(**line.model_dump()) for line in file.interpreters]
    licenses = file.licenses
    packages = [
        Package(name=name, version=version, license=None if license is None else licenses[license])
        for name, version, license in file.packages
    ]
    sets = _resolved(file, packages)
    documents = {
        stem: {
            kind: Document(name=stem + DOCUMENT_SUFFIXES[kind], size=size, sha256=sha256)
            for kind, (size, sha256) in lines.items()
        }
        for stem, lines in file.documents.items()
    }
    installers = tuple(_entry(line, interpreters, sets, documents) for line in file.installers)
    files = {entry.file for entry in installers}
    if len(files) != len(installers) or not files.issuperset(file.latest.values()):
        raise ValueError("a file is listed twice, or a stable name stands for a file that is not listed")
    return Index(
        archive=file.archive,
        version=file.version,
        generated=file.generated,
        expires=file.expires,
        key=file.key,
        installers=installers,
        latest=file.latest,
        products={name: Product(**line.model_dump()) for name, line in file.products.items()},
    )


def _resolved(file: IndexFile, packages: list[Package]) -> list[tuple[Package, ...]]:
    """The full package list of every set."""
    numbers: list[frozenset[int]] = []
    for line in file.sets:
        if line.start is not None and line.start >= len(numbers):
            raise ValueError("a set begins with one that comes later")
        start = frozenset() if line.start is None else numbers[line.start]
        numbers.append((start - frozenset(line.remove)) | frozenset(line.add))
    return [tuple(packages[number] for number in sorted(one)) for one in numbers]


def _entry(
    line: InstallerLine,
    interpreters: list[Interpreter],
    sets: list[tuple[Package, ...]],
    documents: Mapping[str, Mapping[DocumentKind, Document]],
) -> Entry:
    return Entry(
        file=line.file,
        format=line.format,
        size=line.size,
        sha256=line.sha256,
        modified=line.modified,
        published=line.published,
        name=line.name,
        version=line.version,
        python=line.python,
        platform=line.platform,
        glibc=line.glibc,
        macos=line.macos,
        windows=line.windows,
        interpreter=interpreters[line.interpreter],
        packages=sets[line.packages],
        store=sets[line.store],
        documents=documents.get(line.file.removesuffix(f".{line.format}"), {}),
    )


def write_index(index: Index) -> bytes:
    """The content of index.json; the same index gives the same bytes. Installers and stable names are one a line."""
    interpreters = sorted({entry.interpreter for entry in index.installers}, key=lambda one: tuple(vars(one).values()))
    pythons = {interpreter: place for place, interpreter in enumerate(interpreters)}
    # The same objects stand in many lists: comparing identities first spares millions of comparisons.
    objects = {id(package): package for entry in index.installers for package in (*entry.packages, *entry.store)}
    packages = sorted(set(objects.values()), key=_package_order)
    number = {package: place for place, package in enumerate(packages)}
    sets = _Sets({key: number[package] for key, package in objects.items()})
    # From the oldest on, so that each set finds its forerunner; the file lists the newest first.
    lines = [_line(entry, pythons[entry.interpreter], sets) for entry in reversed(index.installers)][::-1]
    licenses = sorted({package.license for package in packages if package.license is not None})
    place = {text: at for at, text in enumerate(licenses)}
    return _json(
        {
            "schema": SCHEMA,
            "archive": index.archive,
            "version": index.version,
            "generated": stamp(index.generated),
            "expires": stamp(index.expires) if index.expires else None,
            "key": index.key,
            "latest": dict(sorted(index.latest.items())),
            "installers": lines,
            "products": {name: dict(vars(product)) for name, product in sorted(index.products.items())},
            "interpreters": [dict(vars(one)) for one in interpreters],
            "licenses": licenses,
            "packages": [
                [one.name, one.version, None if one.license is None else place[one.license]] for one in packages
            ],
            "sets": sets.lines,
            "documents": {
                entry.stem: {kind: [one.size, one.sha256] for kind, one in sorted(entry.documents.items())}
                for entry in sorted(index.installers, key=lambda entry: entry.file)
                if entry.documents
            },
        }
    )


def _package_order(package: Package) -> tuple[str, str, str]:
    return package.name, package.version, package.license or ""


def _line(entry: Entry, interpreter: int, sets: "_Sets") -> dict[str, Any]:
    kind = (entry.name, entry.platform, entry.python_minor)
    line = {
        "file": entry.file,
        "format": entry.format,
        "size": entry.size,
        "sha256": entry.sha256,
        "modified": stamp(entry.modified),
        "published": stamp(entry.published),
        "name": entry.name,
        "version": entry.version,
        "python": entry.python,
        "platform": entry.platform,
        "glibc": entry.glibc,
        "macos": entry.macos,
        "windows": entry.windows,
        "interpreter": interpreter,
        "packages": sets.place(entry.packages, ("base", *kind)),
        "store": sets.place(entry.store, ("store", *kind)),
    }
    return {key: value for key, value in line.items() if value is not None}


class _Sets:
    """The table of package sets, each written as its difference to one before, whichever makes it short."""

    def __init__(self, numbers: Mapping[int, int]) -> None:
        """numbers: id of a package object -> its number in the file."""
        self.lines: list[dict[str, Any]] = []
        self._numbers = numbers
        self._members: list[frozenset[int]] = []
        self._places: dict[frozenset[int], int] = {}
        self._last: dict[Hashable, int] = {}
        self._recent: deque[int] = deque(maxlen=_NEIGHBOURS)

    def place(self, packages: Iterable[Package], kind: Hashable) -> int:
        """The number of the set. kind: of its relatives, whose last one is a good beginning."""
        members = frozenset(self._numbers[id(package)] for package in packages)
        found = self._places.get(members)
        if found is None:
            found = self._places[members] = len(self.lines)
            self.lines.append(self._shortest(members, kind))
            self._members.append(members)
            self._recent.append(found)
        self._last[kind] = found
        return found

    def _shortest(self, members: frozenset[int], kind: Hashable) -> dict[str, Any]:
        starts = [*([self._last[kind]] if kind in self._last else []), *self._recent]
        best = min(starts, key=lambda start: len(members ^ self._members[start]), default=None)
        if best is None or len(members ^ self._members[best]) >= len(members):
            return {"add": sorted(members)}
        start = self._members[best]
        changes = {"remove": sorted(start - members), "add": sorted(members - start)}
        return {"from": best, **{key: numbers for key, numbers in changes.items() if numbers}}


def _json(values: Mapping[str, Any]) -> bytes:
    """JSON with a line for each item of a list or mapping, for people who look and shells that read lines."""
    return ("{" + ",\n".join(f"{_text(key)}: {_block(value)}" for key, value in values.items()) + "}\n").encode()


def _block(value: Any) -> str:
    if isinstance(value, dict) and value:
        return "{\n" + ",\n".join(f"{_text(key)}: {_text(one)}" for key, one in value.items()) + "\n}"
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(map(_text, value)) + "\n]"
    return _text(value)


_text: Callable[[Any], str] = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
