"""The packages of an environment or base, as recorded there
(https://packaging.python.org/specifications/recording-installed-packages/)."""

import os
import re
from typing import Iterator, List, NamedTuple, Optional

from .base import Base
from .environments import read_config
from .layout import layout

BUNDLED = "bundled"
_INSTALLER = "keel"  # what INSTALLER says of what came out of the store


class Package(NamedTuple):
    """name: normalised.  source: "bundled", an installer ("pip", "uv"), "editable: PATH", or an address."""

    name: str
    version: str
    source: str


def installed(prefix: str, base: Base) -> List[Package]:
    """What is installed at `prefix`, sorted by name."""
    folder = os.path.join(prefix, *layout(_python_minor(prefix, base)).library.split("/"))
    return sorted(_packages(folder), key=lambda package: (package.name, package.version))


def _python_minor(prefix: str, base: Base) -> str:
    """An environment that something else made in our folders may have another Python."""
    version = read_config(prefix).get("version") or read_config(prefix).get("version_info") or ""
    match = re.match(r"\d+\.\d+", version)
    return match[0] if match else base.python_minor


def _packages(folder: str) -> Iterator[Package]:
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        stem, suffix = os.path.splitext(name)
        if suffix == ".dist-info" and "-" in stem:
            distribution, version = stem.rsplit("-", 1)
            yield Package(normalised(distribution), version, _source(os.path.join(folder, name)))


def normalised(name: str) -> str:
    """A project's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _source(info: str) -> str:
    url = _read(os.path.join(info, "direct_url.json"))
    if url is not None:
        import json

        try:
            data = json.loads(url)
            address = str(data["url"])
            editable = bool(data.get("dir_info", {}).get("editable"))
        except (ValueError, KeyError, TypeError, AttributeError):
            return "unknown"
        return f"editable: {path_of(address)}" if editable else address
    installer = (_read(os.path.join(info, "INSTALLER")) or "").strip()
    return BUNDLED if installer == _INSTALLER else installer or "unknown"


def path_of(url: str) -> str:
    from urllib.parse import unquote, urlsplit  # a slow import that few need

    parts = urlsplit(url)
    return unquote(parts.path) if parts.scheme == "file" else url


def _read(path: str) -> Optional[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None
