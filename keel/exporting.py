"""`keel env export`: what is in an environment, so exactly that it can be made again with the same base elsewhere.

No address of an index is written: which one a package came from is not recorded in environments.
"""

import json
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from . import __version__
from .base import Base
from .distributions import Distribution, distributions
from .environments import Environment
from .indexing import default_variables
from .locks import EXPORT_SCHEMA, to_toml
from .manifest import Unit
from .variables import read_variables


class _Exported(NamedTuple):
    """unit: of the store, where it came from there.  url: its direct_url.json."""

    one: Distribution
    unit: Optional[Unit]
    url: Mapping[str, Any]


def export(base: Base, environment: Environment, kind: str) -> str:
    """The text of a file of `kind` : pylock, requirements or json."""
    units = {(unit.name, unit.version): unit for unit in base.manifest.units}
    found = [
        _Exported(one, units.get((one.name, one.version)) if one.bundled else None, _direct_url(one))
        for one in distributions(base, environment.prefix)
    ]
    write = {"pylock": _pylock, "requirements": _requirements, "json": _json}[kind]
    return write(base, environment, found)


def _direct_url(one: Distribution) -> Mapping[str, Any]:
    """https://packaging.python.org/specifications/direct-url-data-structure/"""
    try:
        values = json.loads(one.read("direct_url.json") or b"{}")
    except ValueError:
        return {}
    return values if isinstance(values, dict) and isinstance(values.get("url"), str) else {}


def _variables(base: Base, prefix: str) -> Dict[str, str]:
    """Those that somebody set: what keel gives to each environment names places of this machine."""
    own = default_variables(base)
    return {name: value for name, value in read_variables(prefix).items() if own.get(name) != value}


def _pylock(base: Base, environment: Environment, found: List[_Exported]) -> str:
    packages = [_package(one) for one in found]
    keel: Dict[str, Any] = {
        "version": __version__,
        **({"name": environment.name} if environment.name else {}),
        "base": f"{base.manifest.name} {base.manifest.version}",
        "python": base.manifest.python,
        "platform": base.manifest.platform,
        "requested": [item.one.name for item in found if item.one.requested],
    }
    variables = _variables(base, environment.prefix)
    if variables:
        keel["variables"] = variables
    plain = [item for item, package in zip(found, packages) if package is None]
    if plain:
        keel["packages"] = [_besides(item) for item in plain]
    document = {
        "lock-version": "1.0",
        "requires-python": f"=={base.python_minor}.*",
        "created-by": "keel",
        "packages": [package for package in packages if package is not None],
        "tool": {"keel": keel},
    }
    return to_toml(document)


def _package(item: _Exported) -> Optional[Dict[str, Any]]:
    """An entry of `packages`; None for what came from an index, whose file nobody has recorded."""
    one, url = item.one, item.url
    start = {"name": one.name, "version": one.version}
    if item.unit is not None:
        # The place is that of a wheelhouse that the lock lies in; PEP 751 wants one.
        wheel = {"path": item.unit.wheel, "hashes": {"sha256": item.unit.sha256}}
        return {**start, "wheels": [wheel]}
    below = {"subdirectory": url["subdirectory"]} if url.get("subdirectory") else {}
    if "dir_info" in url:
        editable = bool(url["dir_info"].get("editable"))
        return {**start, "directory": {"path": _path(url["url"]), "editable": editable, **below}}
    if "vcs_info" in url:
        info = url["vcs_info"]
        return {**start, "vcs": {"type": info["vcs"], "url": url["url"], "commit-id": info["commit_id"], **below}}
    hashes = _hashes(url)
    if "archive_info" in url and hashes:
        local = url["url"].startswith("file:")
        place = {"path": _path(url["url"])} if local else {"url": url["url"]}
        return {**start, "archive": {**place, "hashes": hashes, **below}}
    return None


def _besides(item: _Exported) -> Dict[str, Any]:
    """What PEP 751 has no place for: a name and a version only, or an address without a hash."""
    words = _words(item)
    return {"name": item.one.name, "version": item.one.version, **({"words": words} if words else {})}


def _hashes(url: Mapping[str, Any]) -> Dict[str, str]:
    info = url.get("archive_info", {})
    hashes: Dict[str, str] = dict(info.get("hashes") or {})
    kind, _, value = str(info.get("hash", "")).partition("=")
    return hashes or ({kind: value} if value else {})


def _path(url: str) -> str:
    from .installed import path_of

    return path_of(url)


def _words(item: _Exported) -> List[str]:
    """What pip is given to install it again; [] for NAME==VERSION."""
    url = item.url
    if not url:
        return []
    if "dir_info" in url:
        path = _path(url["url"])
        return ["-e", path] if url["dir_info"].get("editable") else [path]
    info = url.get("vcs_info")
    place = f"{info['vcs']}+{url['url']}@{info['commit_id']}" if info else url["url"]
    below = f"#subdirectory={url['subdirectory']}" if url.get("subdirectory") else ""
    return [f"{item.one.name} @ {place}{below}"]


def _requirements(base: Base, environment: Environment, found: List[_Exported]) -> str:
    manifest = base.manifest
    lines = [
        f"# {environment.name or 'an environment'} of {manifest.name} {manifest.version}: "
        f"Python {manifest.python}, {manifest.platform}"
    ]
    lines += [f"# variable: {name}={json.dumps(value)}" for name, value in _variables(base, environment.prefix).items()]
    for item in found:
        if item.unit is not None:
            lines.append(f"# {item.unit.wheel} sha256:{item.unit.sha256}")
        words = _words(item)
        lines.append(" ".join(words) if words else f"{item.one.name}=={item.one.version}")
    return "\n".join([*lines, ""])


def _json(base: Base, environment: Environment, found: List[_Exported]) -> str:
    packages = [
        {
            "name": item.one.name,
            "version": item.one.version,
            "requested": item.one.requested,
            "bundled": item.unit is not None,
            "installer": item.one.read("INSTALLER").decode("utf-8", "replace").strip() or None,
            **({"wheel": item.unit.wheel, "sha256": item.unit.sha256} if item.unit is not None else {}),
            **({"words": _words(item), "direct_url": item.url} if item.url else {}),
        }
        for item in found
    ]
    document = {
        "keel_export": EXPORT_SCHEMA,
        "keel": __version__,
        "name": environment.name,
        "base": {"name": base.manifest.name, "version": base.manifest.version},
        "python": base.manifest.python,
        "platform": base.manifest.platform,
        "variables": _variables(base, environment.prefix),
        "packages": packages,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
