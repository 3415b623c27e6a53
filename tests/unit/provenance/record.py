"""Records of small bases: wheels, a tree that stands in for an interpreter, no network."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from builder.assemble import wheel_units
from builder.interpreters import Interpreter
from builder.lock import Lock, LockedInterpreter, LockedWheel, check_lock, read_lock
from builder.lock_inputs import Inputs
from builder.provenance import Record, describe
from builder.record_names import LOCK
from builder.settings import Settings
from builder.target import Target
from tests.unit.locks import make_settings, make_target
from tests.unit.wheels import make_wheel, sha256

URL = "https://me:secret@host.example/cpython-3.11.7%2B20260901-install_only.tar.gz"


def make_tree(folder: Path) -> Path:
    tree = folder / "tree"
    (tree / "lib/python3.11").mkdir(parents=True, exist_ok=True)
    (tree / "lib/libpython3.11.so").write_bytes(b"\0OpenSSL 3.0.19 27 Jan 2026\0")
    (tree / "lib/python3.11/LICENSE.txt").write_text("PSF\n")
    return tree


def locked(wheel: Path, **facts: Any) -> LockedWheel:
    name, version = wheel.name.split("-")[:2]
    place = facts or {"url": f"https://host.example/{wheel.name}"}
    return LockedWheel(name=name, version=version, filename=wheel.name, sha256=sha256(wheel), **place)


def make_record(
    folder: Path,
    wheels: Sequence[Path],
    recipe: str,
    *,
    platform: str = "linux-x86_64",
    settings: Settings | None = None,
    **places: dict[str, Any],
) -> Record:
    """The record of a base. places: of wheels that are not from an index, by name (`url` or `path`)."""
    wheels = [*wheels, make_wheel(folder / "wheels", "pip", "26.0", metadata="License-Expression: MIT\n")]
    target, lock = make_lock(folder, wheels, recipe, platform, places)
    units = wheel_units(target, lock, wheels)
    return describe(target, make_interpreter(folder), lock, units, settings or make_settings(folder))


def make_lock(
    folder: Path, wheels: Sequence[Path], recipe: str, platform: str, places: dict[str, dict[str, Any]]
) -> tuple[Target, Lock]:
    target = make_target(folder, recipe, platform=platform)
    interpreter = LockedInterpreter(
        source="pbs", version="3.11.7", build="20260901", url=URL, sha256="ab" * 32, glibc=None
    )
    lock = Lock(
        recipe="demo", version="1.0", python="3.11", platform=platform, inputs=Inputs.of(target, "3.11.7"),
        interpreter=interpreter, bytecode=target.recipe.bytecode,
        wheels=tuple(locked(wheel, **places.get(wheel.name.split("-")[0], {})) for wheel in wheels),
    )  # fmt: skip
    return target, lock


def make_again(folder: Path, record: Record, wheels: Sequence[Path], recipe: str) -> Record:
    """The record of a base whose lock is the one that `record` ships, beside its wheels, in `folder`."""
    wheels = [*wheels, make_wheel(folder / "wheels", "pip", "26.0", metadata="License-Expression: MIT\n")]
    target = make_target(folder, recipe)
    for wheel in wheels:
        shutil.copy(wheel, folder)
    path = folder / target.lock_name
    path.write_bytes(record.files[LOCK])
    lock = read_lock(path)
    check_lock(lock, target)
    units = wheel_units(target, lock, [wheel.path for wheel in lock.wheels if wheel.path is not None])
    return describe(target, make_interpreter(folder), lock, units, make_settings(folder))


def make_interpreter(folder: Path) -> Interpreter:
    return Interpreter(
        source="pbs", version="3.11.7", build="20260901", url=URL, sha256="ab" * 32, tree=make_tree(folder), glibc=None
    )


def read(record: Record, path: str) -> Any:
    return json.loads(record.files[path])
