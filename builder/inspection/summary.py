"""What an installer, or a lock, has to say: for people, for machines, and to be compared."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..lock import Lock, minimum_glibc, minimum_macos, read_lock
from .installer import Installer, open_installer

_SCHEMA = 1
_LOCK = ".toml"


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A package. What a lock does not tell is None. See `builder.inspection.Package`."""

    name: str
    version: str
    wheel: str
    sha256: str
    size: int | None = None
    license: str | None = None
    base: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Summary:
    """file: its name.  format: of an installer, or "lock".  size, sha256: of an installer.  name, version: the
    recipe's.  python: full version.  glibc, macos: the oldest that will do.  interpreter: source, version, build and
    hash.  packages: by name, sorted."""

    file: str
    format: str
    name: str
    version: str
    python: str
    platform: str
    glibc: str | None
    macos: str | None
    interpreter: Mapping[str, str]
    packages: tuple[Listed, ...]
    size: int | None = None
    sha256: str | None = None
    company: str | None = None
    description: str | None = None
    homepage: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The form that `show --json` prints: docs/inspecting.md describes it."""
        return {"schema": _SCHEMA, **asdict(self)}

    @property
    def target(self) -> tuple[str, str, str]:
        """What it is made for: recipe, Python without its patch, platform."""
        return self.name, ".".join(self.python.split(".")[:2]), self.platform


def summarize(path: Path) -> Summary:
    """The summary of an installer or a `pylock.*.toml`. Raises InstallerFileError, RecipeError (for a lock)."""
    if path.suffix == _LOCK:
        return _of_lock(read_lock(path), path.name)
    with open_installer(path) as installer:
        return summary_of(installer)


def summary_of(installer: Installer) -> Summary:
    manifest = installer.manifest
    return Summary(
        file=installer.path.name,
        format=installer.format,
        size=installer.size,
        sha256=installer.sha256,
        name=manifest.name,
        version=manifest.version,
        company=manifest.company,
        description=manifest.description,
        homepage=manifest.homepage,
        python=manifest.python,
        platform=manifest.platform,
        glibc=manifest.glibc,
        macos=manifest.macos,
        interpreter=manifest.interpreter,
        packages=tuple(Listed(**asdict(package)) for package in installer.packages),
    )


def _of_lock(lock: Lock, file: str) -> Summary:
    interpreter = lock.interpreter
    return Summary(
        file=file,
        format="lock",
        name=lock.recipe,
        version=lock.version,
        python=interpreter.version,
        platform=lock.platform,
        glibc=minimum_glibc(lock),
        macos=minimum_macos(lock),
        interpreter={
            "source": interpreter.source,
            "version": interpreter.version,
            "build": interpreter.build,
            "sha256": interpreter.sha256,
        },
        packages=tuple(
            Listed(name=wheel.name, version=wheel.version, wheel=wheel.filename, sha256=wheel.sha256)
            for wheel in lock.wheels
        ),
    )
