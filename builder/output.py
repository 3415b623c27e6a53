"""Putting installers and what lies beside them into the output folder: all of it complete, or nothing."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from .errors import OutputError
from .installers import Format, InstallerFacts
from .lock import Lock, minimum_glibc, minimum_macos
from .payload import Payload
from .provenance import Record
from .signing import sign
from .target import Target


def write_installers(
    writers: Sequence[Format],
    payload: Payload,
    target: Target,
    lock: Lock,
    record: Record,
    folder: Path,
    *,
    trial: Callable[[Mapping[str, Path]], None],
) -> list[Path]:
    """Write a target's installers into `folder`, with the record and their hashes beside them; returns their paths.

    trial: gets the finished installers (name -> where they are for now) before anything is replaced; what it raises
    stops all.
    Raises OutputError when writing is not possible.
    """
    facts, signing = installer_facts(target, payload, lock), target.recipe.signing
    names = [writer.filename(target) for writer in writers]
    with _staging(folder) as stage:
        for name, data in record.beside(target.stem).items():
            stage.write(name, data)
        for writer, name in zip(writers, names, strict=True):
            with stage.create(name, mode=0o755) as stream:
                writer.write(payload, target, facts, stream)
            if signing:
                sign(stage.parts[name], name, signing.commands(Path(name).suffix), target.folder)
                stage.parts[name].chmod(0o755)
            # As sha256sum writes and checks it.
            stage.write(f"{name}.sha256", f"{_sha256(stage.parts[name])}  {name}\n".encode())
        trial({name: stage.parts[name] for name in names})
        stage.publish(last=names)
    return [folder / name for name in names]


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
        glibc=minimum_glibc(lock),
        macos=minimum_macos(lock),
        default_prefix=recipe.default_prefix,
        license=recipe.license.read_text(encoding="utf-8") if recipe.license else None,
        installed_bytes=payload.installed_bytes,
        installed_files=payload.files,
        bytecode=lock.bytecode,
    )


@dataclass(frozen=True, kw_only=True)
class _Stage:
    """Files on their way into `folder`. parts: final name -> where the file is for now."""

    folder: Path
    parts: dict[str, Path] = field(default_factory=dict)

    @contextlib.contextmanager
    def create(self, name: str, *, mode: int) -> Iterator[IO[bytes]]:
        """A stream for the content of the file that will be called `name`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(prefix=f".{name}.", suffix=".part", dir=self.folder)
        self.parts[name] = Path(part)
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        self.parts[name].chmod(mode)

    def write(self, name: str, data: bytes) -> None:
        with self.create(name, mode=0o644) as stream:
            stream.write(data)

    def publish(self, *, last: Sequence[str]) -> None:
        """Give all files their names: those in `last` when everything else has its own. Nothing but renames is left to
        do, so that old and new can be mixed only where one of them fails."""
        for name in sorted(self.parts, key=lambda name: name in last):
            self.parts[name].replace(self.folder / name)


@contextlib.contextmanager
def _staging(folder: Path) -> Iterator[_Stage]:
    """A stage whose files vanish unless they are published. Raises OutputError for what goes wrong with them."""
    stage = _Stage(folder=folder)
    try:
        yield stage
    except OSError as error:
        place = error.filename or folder
        raise OutputError(
            f"{folder} cannot be written to: {error.strerror or error} ({place})",
            hint="choose another folder with --output",
        ) from error
    finally:
        for part in stage.parts.values():
            part.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
