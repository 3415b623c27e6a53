"""Putting an installer into the output folder: complete, or not at all."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from .errors import OutputError
from .installers import Format, InstallerFacts
from .lock import Lock, minimum_glibc, minimum_macos
from .payload import Payload
from .signing import sign
from .target import Target


def write_installer(writer: Format, payload: Payload, target: Target, lock: Lock, folder: Path) -> Path:
    """Write one installer into `folder`, and return its path. Raises OutputError when that is not possible."""
    path = folder / writer.filename(target)
    signing = target.recipe.signing
    with _replacing(path, signing.commands(path.suffix) if signing else ()) as stream:
        writer.write(payload, target, installer_facts(target, payload, lock), stream)
    return path


def installer_facts(target: Target, payload: Payload, lock: Lock) -> InstallerFacts:
    """What the installer of a target tells about itself."""
    recipe = target.recipe
    return InstallerFacts(
        name=recipe.name,
        title=target.title,
        version=recipe.version,
        company=recipe.company,
        python=lock.interpreter.version,
        label=target.platform.label,
        system=target.platform.system,
        machine=target.platform.machine,
        glibc=minimum_glibc(lock) if target.platform.system == "linux" else None,
        macos=minimum_macos(lock, recipe.macos) if target.platform.system == "macos" else None,
        default_prefix=recipe.default_prefix,
        license=recipe.license.read_text(encoding="utf-8") if recipe.license else None,
        installed_bytes=payload.installed_bytes,
        installed_files=payload.files,
    )


@contextlib.contextmanager
def _replacing(path: Path, signing: Sequence[Sequence[str]]) -> Iterator[IO[bytes]]:
    """A stream whose content becomes the executable file `path` when the block ends well, and vanishes otherwise.

    signing: commands for it (`sign`).
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if signing:
            sign(temporary, path.name, signing)
        temporary.chmod(0o755)
        temporary.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}", hint="choose another folder with --output"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
