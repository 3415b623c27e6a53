"""The lock of a target: the exact interpreter and wheels, with hashes.

On disk it is a `pylock.<name>.toml` (https://packaging.python.org/specifications/pylock-toml/), one wheel a package;
what the specification does not know about (the interpreter, what was asked for) is in `[tool.keel]`.
"""

import contextlib
import os
import re
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tomli_w
from packaging.pylock import Package, PackageWheel, Pylock, PylockUnsupportedVersionError, PylockValidationError
from packaging.utils import NormalizedName, parse_wheel_filename

from keel.manifest import NO_BYTECODE, SHIPPED

from .errors import OutputError, RecipeError
from .fetch import Download
from .lock_inputs import Inputs
from .platforms import PLATFORMS, Platform, glibc_tuple
from .target import Target

_SCHEMA = 1
_RELOCK = "bring it up to date: keel-builder lock RECIPE"
_MANYLINUX = re.compile(r"manylinux(?:_(\d+)_(\d+)|(1|2010|2014))_(.+)")
_MACOSX = re.compile(r"macosx_(\d+)_(\d+)_(.+)")
_LEGACY = {"1": (2, 5), "2010": (2, 12), "2014": (2, 17)}


@dataclass(frozen=True, kw_only=True)
class LockedInterpreter:
    """As `builder.interpreters.Interpreter`, without where it lies on this machine."""

    source: str
    version: str
    build: str
    url: str | None
    sha256: str
    glibc: str | None
    macos: str | None = None


@dataclass(frozen=True, kw_only=True)
class LockedWheel:
    """One wheel. name: normalised.  Either `url`, or `path` (absolute) for files of this machine.

    size: in bytes, None when the index does not tell.  glibc: read from its libraries, where its tags do not tell.
    source: where it came from when the lock was shipped (`builder.provenance.parts`), for a lock out of a base.
    """

    name: str
    version: str
    filename: str
    sha256: str
    url: str | None = None
    path: Path | None = None
    size: int | None = None
    glibc: str | None = None
    source: str | None = None

    @property
    def download(self) -> Download:
        """The file, for a Fetcher."""
        place = self.url or str(self.path)
        return Download(url=place, filename=self.filename, sha256=self.sha256, size=self.size)


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """Another `version` of the package `name`, and the targets that have it ("py312-linux-x86_64")."""

    name: str
    version: str
    targets: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Lock:
    """recipe, version: the recipe's.  python: "3.11".  platform: its name.  wheels: sorted by name, one each.

    bytecode: "build" (in the installer), "install" (made by its last step) or "none".  compiler: the version of Python
    that makes it for "build" ("3.11.7"), as its bytes depend on it.  consistency: the recipe's.  elsewhere: of packages
    that other targets of the recipe have in other versions, who has which.
    """

    recipe: str
    version: str
    python: str
    platform: str
    inputs: Inputs
    interpreter: LockedInterpreter
    wheels: tuple[LockedWheel, ...]
    bytecode: str = NO_BYTECODE
    compiler: str | None = None
    consistency: str = "strict"
    elsewhere: tuple[Elsewhere, ...] = ()

    @property
    def downloads(self) -> list[Download]:
        """The wheels' files, in the order of `wheels`."""
        return [wheel.download for wheel in self.wheels]


def minimum_glibc(lock: Lock) -> str | None:
    """The oldest glibc that the interpreter and all wheels run on ("2.28"); None where nothing needs one.

    It is None for other systems, too, even where a wheel's file has tags for several of them.
    """
    if PLATFORMS[lock.platform].system != "linux":
        return None
    return newest_glibc(lock.interpreter.glibc, *(wheel_glibc(wheel, lock.platform) for wheel in lock.wheels))


def newest_glibc(*versions: str | None) -> str | None:
    """The highest of those that are known: "2.9" < "2.28"."""
    return max((version for version in versions if version), key=glibc_tuple, default=None)


def minimum_macos(lock: Lock) -> str | None:
    """The oldest macOS that the interpreter and all wheels run on ("11.0"), or the one that the recipe asks for if
    that is newer; None for other systems."""
    platform = PLATFORMS[lock.platform]
    if platform.system != "macos":
        return None
    wheels = (wheel_macos(wheel, platform) for wheel in lock.wheels)
    known = (platform.oldest_macos, lock.interpreter.macos, lock.inputs.macos, *wheels)
    return max((version for version in known if version), key=glibc_tuple)


def wheel_macos(wheel: LockedWheel, platform: Platform) -> str | None:
    """The oldest macOS of a wheel: its lowest tag for the platform's machine; None where it has none."""
    tags = parse_wheel_filename(wheel.filename)[3]
    matches = (_MACOSX.fullmatch(tag.platform) for tag in tags)
    found = [(int(match[1]), int(match[2])) for match in matches if match and match[3] in platform.macos_machines]
    return "{}.{}".format(*min(found)) if found else None


def wheel_glibc(wheel: LockedWheel, platform: str) -> str | None:
    """The oldest glibc of a wheel: its lowest manylinux tag for the platform's machine, or what was read from it."""
    if wheel.glibc is not None:
        return wheel.glibc
    machine = PLATFORMS[platform].machine
    found = []
    for tag in parse_wheel_filename(wheel.filename)[3]:
        match = _MANYLINUX.fullmatch(tag.platform)
        if match and match[4] == machine:
            found.append(_LEGACY[match[3]] if match[3] else (int(match[1]), int(match[2])))
    return "{}.{}".format(*min(found)) if found else None


def check_lock(lock: Lock, target: Target) -> None:
    """Raise RecipeError, with all differences, unless the lock is one of this target as its recipe is now."""
    differences = lock_differences(lock, target)
    if differences:
        lines = "".join(f"\n  {line}" for line in differences)
        raise RecipeError(f"the lock {target.lock_name} does not fit the recipe:{lines}", hint=_RELOCK)


def lock_differences(lock: Lock, target: Target) -> list[str]:
    """What keeps the lock from fitting the target, one a line."""
    pinned = target.python if target.python.count(".") > 1 else target.python_minor
    locked = lock.interpreter.version if target.python.count(".") > 1 else lock.python
    facts = [
        ("name", lock.recipe, target.recipe.name),
        ("python", locked, pinned),
        ("platform", lock.platform, target.platform.name),
    ]
    found = [f"{key}: {old} in the lock, {new} in the recipe" for key, old, new in facts if old != new]
    wanted = target.recipe.bytecode
    if lock.bytecode not in {"auto": ("build", "install")}.get(wanted, (wanted,)):
        found.append(f"bytecode: {lock.bytecode} in the lock, {wanted} in the recipe")
    found += lock.inputs.differences(Inputs.of(target, lock.interpreter.version))
    if lock.platform == target.platform.name and lock.python == target.python_minor:
        found += [f"{wheel.filename} is not a wheel for it" for wheel in lock.wheels if not _fits(wheel, lock, target)]
    return found


def _fits(wheel: LockedWheel, lock: Lock, target: Target) -> bool:
    glibc = target.recipe.glibc or minimum_glibc(lock)
    tags = target.platform.tags(target.python_minor, glibc=glibc, macos=target.recipe.macos)
    return not parse_wheel_filename(wheel.filename)[3].isdisjoint(tags)


def write_lock(lock: Lock, path: Path) -> None:
    """Write the lock as `path`, whole or not at all; the same lock gives the same bytes. Raises OutputError."""
    text = tomli_w.dumps(_document(lock, lambda wheel: _place(wheel, path.parent)), indent=2)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"the lock {path} cannot be written: {error.strerror or error}",
            hint="locks lie beside their recipe; copy the recipe to a folder of your own",
        ) from error


def public_lock(lock: Lock, sources: Mapping[str, str]) -> str:
    """The lock as it is shipped: without addresses, as if the wheels lay beside it, and about this target alone.

    sources: of each wheel, by name.
    """
    wheels = tuple(replace(wheel, source=sources[wheel.name]) for wheel in lock.wheels)
    document = _document(replace(lock, wheels=wheels, elsewhere=()), lambda wheel: {"path": wheel.filename})
    document["tool"]["keel"]["interpreter"].pop("url", None)
    return tomli_w.dumps(document, indent=2)


def _place(wheel: LockedWheel, folder: Path) -> dict[str, str]:
    if wheel.path is None:
        return {"url": wheel.url or ""}
    with contextlib.suppress(ValueError):  # files of the recipe's own folder move with it
        return {"path": wheel.path.relative_to(folder.absolute()).as_posix()}
    return {"path": wheel.path.as_posix()}


def _document(lock: Lock, place: Callable[[LockedWheel], dict[str, str]]) -> dict[str, Any]:
    interpreter = lock.interpreter
    keel = {
        "schema": _SCHEMA,
        "recipe": lock.recipe,
        "version": lock.version,
        "python": lock.python,
        "platform": lock.platform,
        "bytecode": lock.bytecode,
        "compiler": lock.compiler,
        "consistency": lock.consistency,
        "requirements": lock.inputs.digest,
        "glibc": minimum_glibc(lock),
        "interpreter": _without_none(vars(interpreter)),
        "inputs": lock.inputs.table(),
        "elsewhere": [_without_none(vars(one) | {"targets": list(one.targets)}) for one in lock.elsewhere] or None,
    }
    return {
        "lock-version": "1.0",
        "environments": [_marker(lock)],
        "requires-python": f"=={lock.python}.*",
        "created-by": "keel-builder",
        "packages": [_package(wheel, place(wheel)) for wheel in lock.wheels],
        "tool": {"keel": _without_none(keel)},
    }


def _marker(lock: Lock) -> str:
    environment = PLATFORMS[lock.platform].marker_environment(lock.interpreter.version)
    keys = ("implementation_name", "platform_machine", "sys_platform")
    return " and ".join(f"{key} == '{environment[key]}'" for key in keys)


def _package(wheel: LockedWheel, place: Mapping[str, str]) -> dict[str, Any]:
    entry = {"name": wheel.filename, **place, "size": wheel.size, "hashes": {"sha256": wheel.sha256}}
    package = {"name": wheel.name, "version": wheel.version, "wheels": [_without_none(entry)]}
    tool = _without_none({"glibc": wheel.glibc, "source": wheel.source})
    return package | ({"tool": {"keel": tool}} if tool else {})


def _without_none(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None}


def read_lock(path: Path) -> Lock:
    """The lock that `write_lock` has written as `path`. Raises RecipeError if there is none, or something else."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        return _parse(Pylock.from_dict(document), path.absolute().parent)
    except FileNotFoundError:
        raise RecipeError(f"there is no lock {path}", hint="make it: keel-builder lock RECIPE") from None
    except OSError as error:
        raise RecipeError(f"the lock {path} cannot be read: {error.strerror or error}") from error
    except (PylockValidationError, PylockUnsupportedVersionError, ValueError, LookupError, TypeError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise RecipeError(f"{path} is not a lock of keel-builder: {what}", hint=_RELOCK) from error


def _parse(document: Pylock, folder: Path) -> Lock:
    keel = (document.tool or {})["keel"]
    if keel["schema"] != _SCHEMA:
        raise ValueError(f"it has schema {keel['schema']}, and this version knows {_SCHEMA}")
    if keel["platform"] not in PLATFORMS:
        raise ValueError(f"there is no platform {keel['platform']}")
    inputs = Inputs.from_table(keel["inputs"])
    if inputs.digest != keel["requirements"]:
        raise ValueError("its inputs have been edited")
    interpreter = {"url": None, "glibc": None, "macos": None, **keel["interpreter"]}
    return Lock(
        recipe=str(keel["recipe"]),
        version=str(keel["version"]),
        python=str(keel["python"]),
        platform=str(keel["platform"]),
        inputs=inputs,
        interpreter=LockedInterpreter(**interpreter),
        wheels=tuple(_parse_package(package, folder) for package in document.packages),
        bytecode=_bytecode(keel["bytecode"]),
        compiler=keel.get("compiler"),
        consistency=str(keel.get("consistency", "strict")),
        elsewhere=tuple(Elsewhere(**{**one, "targets": tuple(one["targets"])}) for one in keel.get("elsewhere", ())),
    )


def _bytecode(value: object) -> str:
    """Locks of the time before `install` say true or false."""
    return str(value) if not isinstance(value, bool) else SHIPPED if value else NO_BYTECODE


def _parse_package(package: Package, folder: Path) -> LockedWheel:
    if not package.wheels or len(package.wheels) != 1:
        raise ValueError(f"{package.name} has {len(package.wheels or ())} wheels, and one is expected")
    wheel = package.wheels[0]
    tool = (package.tool or {}).get("keel", {})
    return LockedWheel(
        name=package.name,
        version=str(package.version or parse_wheel_filename(wheel.filename)[1]),
        filename=_plain_name(wheel, package.name),
        sha256=wheel.hashes["sha256"],
        url=wheel.url,
        path=None if wheel.path is None else folder / wheel.path,
        size=wheel.size,
        glibc=tool.get("glibc"),
        source=tool.get("source"),
    )


def _plain_name(wheel: PackageWheel, package: NormalizedName) -> str:
    # The name becomes a path in many places.
    if re.search(r"[/\\\0]", wheel.filename):
        raise ValueError(f"{package} has a wheel with the name {wheel.filename!r}")
    return wheel.filename
