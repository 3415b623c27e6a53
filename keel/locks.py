"""Complete lists of exact packages: `pylock.toml` (PEP 751) and what `keel env export` writes.

Follows https://packaging.python.org/specifications/pylock-toml/. What an export has besides is in `[tool.keel]`.
"""

import os
from typing import Any, Dict, FrozenSet, Iterator, List, Mapping, Optional, Sequence, Tuple

from ._vendor.packaging.pylock import (
    Package,
    PackageArchive,
    PackageDirectory,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
    PylockSelectError,
    PylockValidationError,
)
from .base import Base
from .errors import KeelError
from .indexing import file_url
from .wanted import Pin, Wanted, read_text

EXPORT_SCHEMA = 1


def read_lock(base: Base, path: str) -> Wanted:
    """What the lock at `path` has for this machine. KeelError, also where a bundled wheel is not the locked one."""
    document = _parse(path)
    keel = _own(document)
    try:
        lock = Pylock.from_dict(document)
        chosen = list(lock.select())
    except (PylockValidationError, PylockSelectError) as error:
        raise KeelError(f"{path}: {error}", hint="make the lock for this Python and system, or mend it") from error
    requested = frozenset(keel["requested"]) if keel else None
    pins = [_pin(base, path, package, source, requested) for package, source in chosen]
    for one in keel.get("packages", ()):
        words = tuple(one.get("words", ()))
        pins.append(Pin(one["name"], one["version"], words, requested=one["name"] in keel["requested"]))
    variables = _texts(keel.get("variables", {}))
    return Wanted(pins=tuple(pins), whole=bool(keel), name=keel.get("name"), variables=variables)


def _own(document: Dict[str, Any]) -> Dict[str, Any]:
    """`[tool.keel]` of an export."""
    tool = document.get("tool")
    keel = tool.get("keel") if isinstance(tool, dict) else None
    return keel if isinstance(keel, dict) and "requested" in keel else {}


def read_export(base: Base, path: str) -> Wanted:
    """What `keel env export --format json` has written."""
    import json

    try:
        document = json.loads(read_text(path))
        if document.get("keel_export") != EXPORT_SCHEMA:
            raise ValueError("it is no export that this keel knows")
        pins = [
            Pin(
                one["name"],
                one["version"],
                tuple(one.get("words", ())),
                frozenset({f"sha256:{one['sha256']}"} if one.get("sha256") else ()),
                requested=bool(one["requested"]),
            )
            for one in document["packages"]
        ]
        for pin in pins:
            _check_bundled(base, path, pin.name, pin.version, _bundled_file(document, pin.name))
        variables = _texts(document.get("variables", {}))
        return Wanted(pins=tuple(pins), whole=True, name=document.get("name"), variables=variables)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeelError(
            f"{path} is not an export of keel: {error}", hint="make one: keel env export --format json"
        ) from error


def _bundled_file(document: Mapping[str, Any], name: str) -> Dict[str, str]:
    return {
        one["wheel"]: f"sha256:{one['sha256']}"
        for one in document["packages"]
        if one["name"] == name and one.get("wheel") and one.get("sha256")
    }


def _parse(path: str) -> Dict[str, Any]:
    try:
        import tomllib
    except ImportError:  # before Python 3.11
        from ._vendor import tomli as tomllib  # type: ignore[no-redef]
    try:
        return tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise KeelError(f"{path} is not TOML: {error}", hint="mend the file") from error


def _texts(values: Any) -> Dict[str, str]:
    return {str(name): str(value) for name, value in values.items()} if isinstance(values, dict) else {}


def _pin(base: Base, path: str, package: Package, source: object, requested: Optional[FrozenSet[str]]) -> Pin:
    """One package of the lock; where the store has one of its files, the hash of that is the one to have."""
    name, version = str(package.name), str(package.version or "")
    folder = os.path.dirname(os.path.abspath(path))
    asked = requested is None or name in requested
    if isinstance(source, (PackageWheel, PackageSdist)):
        files = {wheel.filename: _sha256(wheel.hashes) for wheel in package.wheels or ()}
        ours = _check_bundled(base, path, name, version, files)
        if ours is not None:
            return Pin(name, version, hashes=frozenset({ours}), requested=asked)
        hashes = frozenset(f"{kind}:{value}".lower() for kind, value in source.hashes.items())
        return Pin(name, version, _file_words(folder, name, source), hashes, direct=False, requested=asked)
    if isinstance(source, PackageVcs):
        url = source.url or file_url(os.path.normpath(os.path.join(folder, source.path or "")))
        below = f"#subdirectory={source.subdirectory}" if source.subdirectory else ""
        return Pin(name, version, (f"{name} @ {source.type}+{url}@{source.commit_id}{below}",), requested=asked)
    if isinstance(source, PackageDirectory):
        place = os.path.normpath(os.path.join(folder, source.path, source.subdirectory or ""))
        words = ("-e", place) if source.editable else (place,)
        return Pin(name, version, words, requested=asked)
    assert isinstance(source, PackageArchive)  # there are no others
    url = source.url or file_url(os.path.normpath(os.path.join(folder, source.path or "")))
    below = f"#subdirectory={source.subdirectory}" if source.subdirectory else ""
    hashes = frozenset(f"{kind}:{value}".lower() for kind, value in source.hashes.items())
    return Pin(name, version, (f"{name} @ {url}{below}",), hashes, requested=asked)


def _file_words(folder: str, name: str, source: Any) -> Tuple[str, ...]:
    """Where a file of the lock is: beside the lock, at its address, or, with neither, in the index."""
    if source.path is not None:
        place = os.path.join(folder, source.path)
        if os.path.exists(place):
            return (f"{name} @ {file_url(os.path.abspath(place))}",)
    return (f"{name} @ {source.url}",) if source.url else ()


def _check_bundled(base: Base, path: str, name: str, version: str, files: Mapping[str, Optional[str]]) -> Optional[str]:
    """The hash of the wheel in the store that is one of `files` (name -> "sha256:…"); None where none is.

    Raises KeelError where the wheel is called the same and is another.
    """
    for unit in base.manifest.units:
        if unit.name != name or not same_version(unit.version, version):
            continue
        ours = f"sha256:{unit.sha256}"
        if ours in files.values():
            return ours
        if files.get(unit.wheel) is not None:
            raise KeelError(
                f"{path} has {unit.wheel} with {files[unit.wheel]}, but the one in the store is {ours}",
                hint="they are different files with one name; make the lock with this base, or get the other base",
            )
    return None


def same_version(one: str, other: str) -> bool:
    from ._vendor.packaging.version import InvalidVersion, Version

    try:
        return one == other or Version(one) == Version(other)
    except InvalidVersion:
        return False


def _sha256(hashes: Mapping[str, str]) -> Optional[str]:
    return f"sha256:{hashes['sha256'].lower()}" if "sha256" in hashes else None


def to_toml(document: Mapping[str, Any]) -> str:
    """TOML of tables, arrays of tables, and plain values (texts, numbers, lists of texts, inline tables)."""
    return "\n".join(_table(document, ())).strip("\n") + "\n"


def _table(values: Mapping[str, Any], path: Sequence[str]) -> Iterator[str]:
    later: List[Tuple[str, Any]] = []
    for key, value in values.items():
        tables = isinstance(value, list) and value and all(isinstance(one, dict) for one in value)
        if tables or (isinstance(value, dict) and key != "hashes"):
            later.append((key, value))
        else:
            yield f"{_key(key)} = {_value(value)}"
    for key, value in later:
        heading = ".".join(map(_key, [*path, key]))
        for one in value if isinstance(value, list) else [value]:
            if isinstance(value, list) or not all(isinstance(inner, dict) for inner in one.values()):
                yield ""
                yield f"[[{heading}]]" if isinstance(value, list) else f"[{heading}]"
            yield from _table(one, [*path, key])


def _key(key: str) -> str:
    import json

    plain = key.replace("-", "").replace("_", "")
    return key if plain.isascii() and plain.isalnum() else json.dumps(key)


def _value(value: Any) -> str:
    import json  # a JSON string is a TOML string but for DEL, which is written as an escape

    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    return "true" if value is True else "false" if value is False else str(value)
