"""What a base says about itself: its manifest and its record, the last slice of a payload."""

import hashlib
from collections.abc import Sequence

from keel.manifest import MANIFEST, Manifest, Unit

from .frames import Frame
from .interpreters import Interpreter
from .lock import Lock, minimum_glibc, minimum_macos
from .provenance import Record
from .target import Target
from .units import Entry, Slice, WheelUnit, content_entry, digest, unit_mtime

# What every base has in its prefix besides the interpreter's own folders.
_TOP_LEVEL = frozenset({"cmd", "envs", "etc", "keel-meta", "pip.conf", "pkgs"})


def meta_slice(
    target: Target,
    interpreter: Interpreter,
    lock: Lock,
    units: Sequence[WheelUnit],
    frames: Sequence[Frame],
    record: Record,
) -> Slice:
    """The manifest (the marker of a complete base) and the record. frames: all others."""
    top_level = _TOP_LEVEL | {path.split("/")[0] for frame in frames for path in frame.paths}
    recipe = target.recipe
    manifest = Manifest(
        name=recipe.name,
        version=recipe.version,
        company=recipe.company,
        description=recipe.description,
        homepage=recipe.homepage,
        platform=target.platform.name,
        python=interpreter.version,
        interpreter={
            "source": interpreter.source,
            "version": interpreter.version,
            "build": interpreter.build,
            "sha256": interpreter.sha256,
            **({"lacks": ", ".join(interpreter.lacks)} if interpreter.lacks else {}),
        },
        glibc=minimum_glibc(lock),
        macos=minimum_macos(lock),
        bytecode=lock.bytecode,
        index=recipe.index,
        archive=recipe.archive.model_dump(exclude_none=True) if recipe.archive else None,
        top_level=tuple(sorted(top_level)),
        requested=tuple(map(str, recipe.requirements_for(target.platform.marker_environment(interpreter.version)))),
        units=tuple(_manifest_unit(unit) for unit in sorted(units, key=lambda unit: unit.name)),
    )
    files = {MANIFEST: manifest.to_bytes(), **record.files}
    key = digest("meta", *(f"{path} {hashlib.sha256(data).hexdigest()}" for path, data in files.items()))
    mtime = unit_mtime(key)
    return Slice(
        unit="meta",
        stage=1,
        key=key,
        entries=lambda: [
            Entry(path="envs/", mode=0o755, mtime=mtime),
            *(content_entry(path, data, mode=0o644, mtime=mtime) for path, data in files.items()),
        ],
    )


def _manifest_unit(unit: WheelUnit) -> Unit:
    return Unit(
        name=unit.locked.name,
        version=unit.locked.version,
        path=unit.store,
        wheel=unit.locked.filename,
        sha256=unit.locked.sha256,
        base=unit.base,
        requested=unit.requested,
    )
