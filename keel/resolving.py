"""One resolution by pip or uv, in which bundled packages count and are preferred wherever they fit.

pip is shown the packages of the store as installed ones, by a folder that has nothing but their METADATA: what it keeps
of those, and what it needs besides, comes out. uv is given them as the result of a former resolution, which it keeps to
where it can. Versions that neither knows that way are found by the store's shims.
"""

import json
import os
import tempfile
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Tuple

from ._vendor.packaging.requirements import InvalidRequirement, Requirement
from ._vendor.packaging.version import Version
from .base import Base
from .closure import Candidate, closure
from .distributions import Distribution
from .fetching import Fetcher, Place, line_of, write_lines
from .installed import normalised
from .manifest import Unit
from .planning import marker_environment
from .store import unit_metadata, unit_requires
from .wanted import Pin, Wanted


def resolve(
    base: Base,
    fetcher: Fetcher,
    place: Place,
    wanted: Wanted,
    installed: Mapping[str, Distribution],
    newest: FrozenSet[str],
) -> List[Pin]:
    """All that `wanted` needs, by exact versions, whether it is installed, bundled or neither. Raises KeelError.

    newest: names that may be upgraded.
    """
    offered = {name: unit for name, unit in _newest_units(base).items() if name not in installed}
    with tempfile.TemporaryDirectory(prefix="keel-") as folder:
        asked = _asked(fetcher, wanted, folder)
        if fetcher.uv:
            preferred = {unit.name: unit.version for unit in offered.values()}
            preferred.update((name, one.version) for name, one in installed.items() if not one.direct)
            return _by_uv(fetcher, place, asked, preferred, newest, folder)
        report = _by_pip(base, fetcher, place, asked, offered, newest, folder)
    return _needed(base, wanted, report, installed, offered)


def _newest_units(base: Base) -> Dict[str, Unit]:
    found: Dict[str, Unit] = {}
    for unit in base.manifest.units:
        if unit.name not in found or Version(unit.version) > Version(found[unit.name].version):
            found[unit.name] = unit
    return found


def _asked(fetcher: Fetcher, wanted: Wanted, folder: str) -> List[str]:
    """Requirements as options: a file, as uv compiles nothing else."""
    path = os.path.join(folder, "wanted.in")
    write_lines(path, [*wanted.requirements, *(line_of(words) for words in wanted.addresses)])
    words = [path] if fetcher.uv else ["-r", path]
    if wanted.constraints:
        limits = os.path.join(folder, "constraints.txt")
        write_lines(limits, [text for text, _ in wanted.constraints])
        words += ["--constraint", limits]
    return words


def _by_pip(
    base: Base,
    fetcher: Fetcher,
    place: Place,
    asked: List[str],
    offered: Mapping[str, Unit],
    newest: FrozenSet[str],
    folder: str,
) -> List[Dict[str, Any]]:
    """What pip would install (https://pip.pypa.io/en/stable/reference/installation-report/)."""
    seen = os.path.join(folder, "bundled")
    for unit in offered.values():
        info = os.path.join(seen, f"{unit.name.replace('-', '_')}-{unit.version}.dist-info")
        os.makedirs(info)
        with open(os.path.join(info, "METADATA"), "wb") as file:
            file.write(unit_metadata(base, unit))
    report = os.path.join(folder, "report.json")
    words = ["install", "--dry-run", "--quiet", "--report", report, *asked]
    if newest:
        words += ["--upgrade", "--upgrade-strategy", "only-if-needed"]
    # Without `site`, what is installed in the base itself is not seen.
    fetcher.pip(place, words, seen=seen, options=["-S"] if place.empty else [])
    with open(report, encoding="utf-8") as file:
        entries: List[Dict[str, Any]] = json.load(file)["install"]
        return entries


def _needed(
    base: Base,
    wanted: Wanted,
    report: List[Dict[str, Any]],
    installed: Mapping[str, Distribution],
    offered: Mapping[str, Unit],
) -> List[Pin]:
    """What pip reported, and what it kept of the installed and bundled ones."""
    pins = {normalised(entry["metadata"]["name"]): _pin(entry) for entry in report}
    candidates = {unit.name: Candidate(unit.name, unit.version, unit_requires(base, unit)) for unit in offered.values()}
    for name, one in installed.items():
        candidates[name] = Candidate(name, one.version, one.requires())
    roots = list(wanted.requirements)
    for entry in report:
        metadata = entry["metadata"]
        name = normalised(metadata["name"])
        candidates[name] = Candidate(name, metadata["version"], tuple(metadata.get("requires_dist", ())))
        if entry["requested"] and entry["is_direct"]:
            roots.append(f"{name}[{','.join(entry.get('requested_extras', ()))}]")
    found = closure(roots, candidates.values(), marker_environment())
    kept = [Pin(one.name, one.version) for one in found if one.name not in pins]
    return [*pins.values(), *kept]


def _pin(entry: Dict[str, Any]) -> Pin:
    metadata, info = entry["metadata"], entry["download_info"]
    words: Tuple[str, ...] = ()
    if entry["is_direct"]:
        if info.get("dir_info", {}).get("editable"):
            words = ("-e", _path(info["url"]))
        else:
            vcs = info.get("vcs_info")
            below = f"#subdirectory={info['subdirectory']}" if info.get("subdirectory") else ""
            url = f"{vcs['vcs']}+{info['url']}@{vcs['commit_id']}" if vcs else info["url"]
            words = (f"{metadata['name']} @ {url}{below}",)
    return Pin(normalised(metadata["name"]), metadata["version"], words, requested=bool(entry["requested"]))


def _by_uv(
    fetcher: Fetcher,
    place: Place,
    asked: List[str],
    preferred: Mapping[str, str],
    newest: FrozenSet[str],
    folder: str,
) -> List[Pin]:
    output = os.path.join(folder, "pins.txt")
    write_lines(output, [f"{name}=={version}" for name, version in sorted(preferred.items())])
    words = ["compile", "--no-header", "--no-annotate", "--quiet", "--output-file", output, *asked]
    for name in sorted(newest):
        words += ["--upgrade-package", name]
    fetcher.run_uv(place, words)
    with open(output, encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    return [pin for pin in map(_pin_of_line, lines) if pin is not None]


def _pin_of_line(line: str) -> Optional[Pin]:
    if not line or line.startswith(("#", "--")):
        return None
    if line.startswith("-e "):
        return Pin("", "", ("-e", _path(line[3:].strip())))
    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        return Pin("", "", (line,))  # a path
    name = normalised(requirement.name)
    if requirement.url:
        return Pin(name, "", (f"{name} @ {requirement.url}",))
    return Pin(name, next(iter(requirement.specifier)).version)


def _path(url: str) -> str:
    from .installed import path_of

    return path_of(url)
