"""Wheels that are built here, for packages that have none for the target (`build_from_source`)."""

import hashlib
import re
import shutil
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.pylock import Pylock, PylockValidationError

from .errors import ResolveError
from .fetch import Download
from .settings import Settings
from .target import Target
from .transfer import public_url
from .uv import Uv

if TYPE_CHECKING:
    from .interpreters import Interpreter


def build_wheels(
    target: Target,
    interpreter: "Interpreter",
    settings: Settings,
    uv: Uv,
    requirements: Mapping[str, str],
    options: Sequence[str],
) -> list[Path]:
    """The wheel of each package, built from its newest fitting source distribution, in the cache.

    requirements: package -> requirement; constraints.txt in uv's folder limits them further.  options: uv's, for
    finding distributions.  Raises ResolveError where this machine cannot build for the target, or a build fails.
    """
    python = _python(target, interpreter, settings, list(requirements))
    wheels = []
    for name, requirement in requirements.items():
        sdist = _find_sdist(uv, name, requirement, interpreter.version, python, options)
        [archive] = settings.fetcher.fetch([sdist])
        wheels.append(_built(target, interpreter, settings, uv, python, sdist, archive, options))
    return wheels


def _python(target: Target, interpreter: "Interpreter", settings: Settings, names: Sequence[str]) -> Path:
    """The target's own interpreter, or the builder's, whichever runs here and builds for the target."""
    host = settings.host
    if host.platform_name == target.platform.name:
        own = interpreter.tree / target.platform.python_path(target.python_minor)
        if _runs(own):
            return own
        if host.python_minor == target.python_minor:
            return host.python_executable
    raise ResolveError(
        f"{', '.join(names)} would have to be built from source for Python {target.python_minor} on "
        f"{target.platform.name}, and this machine is Python {host.python_minor} on {host.platform_name}",
        hint="run keel-builder on such a machine, or bring wheels along with `wheels` or `find_links`",
    )


def _runs(python: Path) -> bool:
    try:
        subprocess.run([python, "-I", "-S", "-B", "-c", ""], capture_output=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _find_sdist(uv: Uv, name: str, requirement: str, version: str, python: Path, options: Sequence[str]) -> Download:
    """The newest source distribution that meets the requirement."""
    source, result = uv.folder / f"{name}.in", uv.folder / f"pylock.{re.sub(r'[^a-z0-9]', '-', name.lower())}.toml"
    source.write_text(f"{requirement}\n", encoding="utf-8")
    uv.run(
        *("pip", "compile", source.name, "--constraints", "constraints.txt", "--output-file", result.name),
        *("--format", "pylock.toml", "--no-deps", "--no-binary", name, "--no-header", "--quiet"),
        *("--python-version", version, "--python", python),
        *options,
    )
    try:
        [package] = Pylock.from_dict(tomllib.loads(result.read_text(encoding="utf-8"))).packages
        sdist = package.sdist
        if sdist is None:
            raise ResolveError(f"{name} has no source distribution", hint="take it out of `build_from_source`")
        place = public_url(sdist.url) if sdist.url else str(uv.folder / (sdist.path or ""))
        return Download(url=place, filename=sdist.filename, sha256=sdist.hashes["sha256"], size=sdist.size)
    except (PylockValidationError, ValueError, KeyError) as error:
        raise ResolveError(f"the source distribution of {name} cannot be used: {error}") from error


def _built(
    target: Target,
    interpreter: "Interpreter",
    settings: Settings,
    uv: Uv,
    python: Path,
    sdist: Download,
    archive: Path,
    options: Sequence[str],
) -> Path:
    """The wheel of a source distribution, from the cache if it was built there for the same Python and platform."""
    facts = [sdist.sha256, interpreter.version, target.platform.name, settings.host.glibc or ""]
    key = hashlib.sha256("\n".join(facts).encode()).hexdigest()

    def make(folder: Path) -> None:
        settings.reporter.step(f"building {sdist.filename}")
        named = uv.folder / sdist.filename
        shutil.copyfile(archive, named)
        try:
            uv.run("build", "--wheel", named.name, "--out-dir", folder, "--python", python, "--quiet", *options)
        except ResolveError as error:
            raise ResolveError(
                f"{sdist.filename} cannot be built:\n{error.message}",
                hint="it may need a compiler or libraries of this machine; see the message above",
            ) from None

    found = sorted(settings.cache.folder("wheels", key, make).glob("*.whl"))
    if len(found) != 1:
        raise ResolveError(f"building {sdist.filename} gave {len(found)} wheels instead of one")
    return found[0]
