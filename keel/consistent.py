"""Whether what is installed fits together: every dependency there, in a version that was asked for; paths that lead
somewhere; an environment that fits its base."""

import json
import os
from typing import Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from .base import Base, site_packages
from .environments import CONFIG, Environment, read_config, same_place
from .errors import KeelError
from .hashes import dist_infos
from .installed import normalised
from .layout import in_prefix
from .problems import Problem
from .store import requires
from .variables import FILE as VARIABLES
from .variables import read_variables


class _Distribution(NamedTuple):
    name: str
    version: str
    info: str
    requires: Tuple[str, ...]


def inconsistencies(base: Base, place: Environment) -> Iterator[Problem]:
    """What does not fit in the base or an environment."""
    if not place.is_base(base):
        found = list(_layout(base, place))
        yield from found
        if any(problem.kind == "python" and not problem.fixable for problem in found):
            return  # nothing in it is where this Python looks
    try:
        read_variables(place.prefix)
    except KeelError as error:
        yield Problem(place.label, "variables", error.message, error.hint, os.path.join(place.prefix, VARIABLES))
    library = os.path.join(place.prefix, site_packages(base.python_minor))
    distributions: Dict[str, _Distribution] = {}
    for info in dist_infos(library):
        name, version = info[: -len(".dist-info")].rsplit("-", 1)
        name = normalised(name)
        metadata = _read(os.path.join(library, info, "METADATA"))
        if not os.path.exists(os.path.join(library, info, "RECORD")):
            text = f"{name} {version} has no RECORD: it is not completely installed"
            yield Problem(place.label, "incomplete", text, "install it again", os.path.join(library, info), name)
        if name in distributions:
            text = f"{name} is installed twice: {distributions[name].version} and {version}"
            yield Problem(place.label, "twice", text, f"remove it and install it again: {name}", None, name)
        distributions[name] = _Distribution(name, version, info, requires(metadata or b""))
    yield from _dependencies(place, distributions)
    yield from _lost_paths(place, library, distributions)


def _layout(base: Base, place: Environment) -> Iterator[Problem]:
    """The environment itself: its Python and `pyvenv.cfg`."""
    config = read_config(place.prefix)
    home, path = config.get("home", ""), os.path.join(place.prefix, CONFIG)
    if not same_place(home, base.python_home):
        there = "" if os.path.isdir(home) else ", where nothing is any more"
        text = f"{CONFIG} names the Python of another place{there}: {home}" if home else f"{CONFIG} names no Python"
        yield Problem(place.label, "python", text, _anew(place), path)
        return
    version = config.get("version", "")
    if not os.path.isdir(os.path.join(place.prefix, site_packages(base.python_minor))):
        text = f"it was made for Python {version or 'unknown'}, and its base has {base.manifest.python} now"
        yield Problem(place.label, "python", text, _anew(place), place.prefix)
        return
    python = in_prefix(place.prefix, base.layout.own_python)
    if not os.path.exists(python) or (os.path.islink(python) and not same_place(python, base.python)):
        text = f"{base.layout.own_python} does not lead to the base's Python"
        yield Problem(place.label, "python", text, None, python, fixable=True)
    was = config.get("keel-prefix")
    if was is not None and was != place.prefix and not same_place(was, place.prefix):
        text = f"it was moved here from {was}, and could not be mended"
        yield Problem(place.label, "moved", text, "let its owner run: keel env list", place.prefix)


def _anew(place: Environment) -> str:
    return f"make it anew: keel env remove {place.option}; keel create {place.option} PACKAGE…"


def _dependencies(place: Environment, distributions: Dict[str, _Distribution]) -> Iterator[Problem]:
    from ._vendor.packaging.markers import default_environment
    from ._vendor.packaging.requirements import InvalidRequirement, Requirement

    marks = {key: str(value) for key, value in default_environment().items()}
    waiting: List[Tuple[str, str]] = [(name, "") for name in sorted(distributions)]
    seen: Set[Tuple[str, str]] = set(waiting)
    said: Set[Tuple[str, str]] = set()
    while waiting:
        name, extra = waiting.pop(0)
        for text in distributions[name].requires:
            try:
                requirement = Requirement(text)
            except InvalidRequirement:
                if not extra:
                    yield _unmet(place, distributions[name], f"requires {text!r}, which is no requirement")
                continue
            if requirement.marker is not None and not requirement.marker.evaluate({**marks, "extra": extra}):
                continue
            needed = normalised(requirement.name)
            if needed not in distributions:
                problem = f"needs {requirement.name}{requirement.specifier}, which is not installed"
            elif not requirement.specifier.contains(distributions[needed].version, prereleases=True):
                version = distributions[needed].version
                problem = f"needs {requirement.name}{requirement.specifier}, but {version} is installed"
            else:
                new = [(needed, wanted) for wanted in sorted(requirement.extras) if (needed, wanted) not in seen]
                seen.update(new)
                waiting += new
                continue
            if (name, problem) not in said:
                said.add((name, problem))
                yield _unmet(place, distributions[name], problem, needed)


def _unmet(place: Environment, one: _Distribution, text: str, needed: Optional[str] = None) -> Problem:
    hint = f"keel install {place.option} {needed}" if needed else None
    return Problem(place.label, "dependency", f"{one.name} {one.version} {text}", hint, None, one.name)


def _lost_paths(place: Environment, library: str, distributions: Dict[str, _Distribution]) -> Iterator[Problem]:
    """Places that a move of sources left behind, and that nobody but the user can know."""
    for one in distributions.values():
        data = _read(os.path.join(library, one.info, "direct_url.json"))
        source, editable = _local_source(data) if data is not None else (None, False)
        if source is not None and not os.path.exists(source):
            how = "in place" if editable else "from a file"
            text = f"{one.name} {one.version} was installed {how} ({source}), and nothing is there any more"
            hint = f"if it has moved: keel run {place.option} pip install -e PATH" if editable else None
            kind = "editable" if editable else "source"
            yield Problem(place.label, kind, text, hint, source, one.name, note=not editable)
    try:
        names = sorted(name for name in os.listdir(library) if name.endswith(".pth"))
    except OSError:
        return
    for name in names:
        path = os.path.join(library, name)
        for line in (_read(path) or b"").decode("utf-8", "surrogateescape").splitlines():
            folder = line.strip()
            if folder.startswith("/") and not os.path.exists(folder):
                text = f"{name} puts {folder} on Python's path, where nothing is"
                yield Problem(place.label, "path", text, f"change or remove {path}", path)


def _local_source(data: bytes) -> Tuple[Optional[str], bool]:
    """(path, editable) of what `direct_url.json` names on this machine."""
    from urllib.parse import unquote, urlsplit

    try:
        value = json.loads(data)
        parts = urlsplit(str(value["url"]))
        editable = bool(value.get("dir_info", {}).get("editable"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, False
    return (unquote(parts.path), editable) if parts.scheme == "file" else (None, False)


def _read(path: str) -> Optional[bytes]:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None
