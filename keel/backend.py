"""The build backend of the shims (`keel.shims`): its hooks end here, in the process that pip or uv runs for a build.

Follows PEP 517. Shims and keel come with the same base, but a base may get a newer keel: what `call` is given stays.
"""

import os
import sys
from typing import Callable, Dict, Tuple

from .base import Base
from .errors import KeelError
from .manifest import Unit
from .packer import dist_info, pack_wheel
from .store import unit_folder


def call(hook: str, prefix: str, shim: Tuple[str, str, str], folder: str) -> str:
    """Run a hook for the base at `prefix`, and give the name of what it made in `folder`.

    hook: "wheel" or "metadata".  shim: name, version and SHA-256 of the unit. What is wrong ends the process with a
    message: a traceback would tell a user of pip nothing.
    """
    hooks: Dict[str, Callable[[Base, Unit, str], str]] = {"wheel": _wheel, "metadata": _metadata}
    try:
        base = Base(prefix, None)
        return hooks[hook](base, _unit(base, *shim), folder)
    except KeelError as error:
        sys.exit(f"error: {error.message}" + (f"\nhint: {error.hint}" if error.hint else ""))


def _unit(base: Base, name: str, version: str, sha256: str) -> Unit:
    for unit in base.manifest.units:
        if unit.sha256 == sha256:
            return unit
    raise KeelError(
        f"this sdist belongs to another Keel base: {base.prefix} does not hold this build of {name} {version}",
        hint="what it holds is shown by: keel list --bundled",
    )


def _wheel(base: Base, unit: Unit, folder: str) -> str:
    with open(os.path.join(folder, unit.wheel), "xb") as file:
        pack_wheel(base, unit, file)
    return unit.wheel


def _metadata(base: Base, unit: Unit, folder: str) -> str:
    import shutil

    info = dist_info(base, unit)
    shutil.copytree(
        os.path.join(unit_folder(base, unit), info),
        os.path.join(folder, info),
        ignore=shutil.ignore_patterns("RECORD*"),
        copy_function=shutil.copyfile,  # modes are the store's, and it is read-only
    )
    return info
