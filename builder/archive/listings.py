"""`.files.json`, `SHA256SUMS` and `atom.xml`: an index once more, for programs that know these."""

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree

from ..target import title_of
from .index import Entry, Index
from .wire import stamp

_ATOM = "http://www.w3.org/2005/Atom"
_FEED_ENTRIES = 50


@dataclass(frozen=True, kw_only=True)
class _File:
    name: str
    size: int
    sha256: str
    modified: datetime


def _files(index: Index, stable: Mapping[str, str]) -> list[_File]:
    """Installers, stable names and documents, sorted."""
    found: dict[str, _File] = {}
    for entry in index.installers:
        found[entry.file] = _File(name=entry.file, size=entry.size, sha256=entry.sha256, modified=entry.modified)
        for document in entry.documents.values():
            found[document.name] = _File(
                name=document.name, size=document.size, sha256=document.sha256, modified=entry.modified
            )
    for name, file in stable.items():
        behind = found[file]
        found[name] = _File(name=name, size=behind.size, sha256=behind.sha256, modified=behind.modified)
    return sorted(found.values(), key=lambda one: one.name)


def files_json(index: Index, stable: Mapping[str, str]) -> bytes:
    """`.files.json`, as Anaconda's archives have it. stable: the stable names that are files -> what is in them."""
    values = {
        one.name: {"mtime": int(one.modified.timestamp()), "sha256": one.sha256, "size": one.size}
        for one in _files(index, stable)
    }
    return (json.dumps(values, indent=1) + "\n").encode()


def sums(index: Index, stable: Mapping[str, str]) -> bytes:
    """`SHA256SUMS`, for `sha256sum -c`."""
    return "".join(f"{one.sha256}  {one.name}\n" for one in _files(index, stable)).encode()


def feed(index: Index, title: str, url: str | None) -> bytes:
    """`atom.xml` (RFC 4287). url: of the archive, with a slash at its end, if it is known."""
    ElementTree.register_namespace("", _ATOM)
    root = ElementTree.Element(f"{{{_ATOM}}}feed")
    _add(root, "id", f"urn:uuid:{uuid.UUID(index.archive)}")
    _add(root, "title", title)
    _add(root, "updated", stamp(index.generated))
    _add(_add(root, "author"), "name", title)
    if url:
        _add(root, "link", rel="self", href=f"{url}atom.xml", type="application/atom+xml")
    _add(root, "link", rel="alternate", href=url or "./", type="text/html")
    for entry in index.installers[:_FEED_ENTRIES]:
        _feed_entry(root, entry, index, url or "")
    ElementTree.indent(root, space="")
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _feed_entry(root: ElementTree.Element, entry: Entry, index: Index, url: str) -> None:
    node = _add(root, "entry")
    _add(node, "id", f"urn:uuid:{uuid.uuid5(uuid.UUID(index.archive), entry.file)}")
    _add(
        node,
        "title",
        f"{title_of(entry.name)} {entry.version}, Python {entry.python}, {entry.platform} (.{entry.format})",
    )
    _add(node, "updated", stamp(entry.published))
    _add(node, "link", rel="alternate", href=f"{url}installers/{entry.file}.html", type="text/html")
    _add(node, "link", rel="enclosure", href=f"{url}{entry.file}", length=str(entry.size))
    _add(node, "summary", "\n".join(_summary(entry)))


def _summary(entry: Entry) -> Iterator[str]:
    yield f"{entry.file}: {entry.size} bytes, SHA-256 {entry.sha256}"
    yield f"packages ({len(entry.packages)}): " + ", ".join(f"{one.name} {one.version}" for one in entry.packages)


def _add(parent: ElementTree.Element, name: str, text: str | None = None, **attributes: str) -> ElementTree.Element:
    node = ElementTree.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    node.text = text
    return node
