"""Environments as kernels of Jupyter (https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs).

A kernel is a folder with a `kernel.json` in the user's Jupyter folder. Ours start through `keel run`, so that notebooks
have the environment's variables and programs, too.
"""

import json
import os
import re
import sys
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional

from .base import META, Base
from .environments import Environment
from .errors import KeelError
from .layout import WINDOWS, in_prefix
from .staging import remove_tree, replace_file

_FILE = "kernel.json"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")  # what jupyter_client takes, in lower case


class Kernel(NamedTuple):
    """A kernel that keel made.  folder: its own.  prefix: its environment's, which may be gone."""

    name: str
    display_name: str
    folder: str
    prefix: str


def kernels_folder(home: Optional[str]) -> str:
    """Where Jupyter looks for a user's kernels. Raises KeelError where nothing says so."""
    data = os.environ.get("JUPYTER_DATA_DIR")
    if not data:
        if home is None:
            raise KeelError("HOME is not set, so there is no folder for kernels", hint="set JUPYTER_DATA_DIR")
        if WINDOWS:
            roaming = os.environ.get("APPDATA") or os.path.join(home, "AppData", "Roaming")
            return os.path.join(roaming, "jupyter", "kernels")
        shared = os.environ.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share")
        data = os.path.join(home, "Library", "Jupyter") if sys.platform == "darwin" else os.path.join(shared, "jupyter")
    return os.path.join(data, "kernels")


def add_kernel(base: Base, environment: Environment, *, name: Optional[str], display_name: Optional[str]) -> Kernel:
    """Make `environment` a kernel, in the place of one of that name that keel made for it. Raises KeelError."""
    name = name or _default_name(environment)
    if _NAME.fullmatch(name) is None:
        raise KeelError(
            f"{name!r} cannot be a kernel's name", hint="take small letters, digits, '.', '_' and '-': --name NAME"
        )
    _check_ipykernel(base, environment)
    folder = os.path.join(kernels_folder(base.home), name)
    there = _read(folder)
    if os.path.lexists(folder) and (there is None or there.prefix != environment.prefix):
        raise KeelError(f"there is a kernel {name} already: {folder}", hint="choose another: --name NAME")
    kernel = Kernel(name, display_name or f"Python ({environment.label})", folder, environment.prefix)
    os.makedirs(folder, exist_ok=True)
    replace_file(os.path.join(folder, _FILE), json.dumps(_spec(base, kernel), indent=1).encode() + b"\n")
    return kernel


def _default_name(environment: Environment) -> str:
    stem = re.sub(r"[^a-z0-9._-]+", "-", os.path.basename(environment.prefix).lower()).strip("-._")
    return f"keel-{environment.name.lower() if environment.name else stem or 'env'}"


def _check_ipykernel(base: Base, environment: Environment) -> None:
    from .installed import installed

    if not any(package.name == "ipykernel" for package in installed(environment.prefix, base)):
        raise KeelError(
            f"{environment.label} has no ipykernel, without which Jupyter cannot use it",
            hint=f"keel install {environment.option} ipykernel",
        )


def _spec(base: Base, kernel: Kernel) -> Dict[str, Any]:
    # By `keel run`, so that it has the environment's variables; as a list of words, which no batch file gets unharmed.
    manager = in_prefix(base.prefix, f"{META}/keel/__main__.py")
    batch = [base.python, "-I", "-S", "-B", "-X", "utf8", manager]
    keel = batch if WINDOWS else [os.path.join(base.prefix, "cmd", "keel")]
    python = in_prefix(kernel.prefix, base.layout.own_python)
    arguments = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]
    return {
        "argv": [*keel, "run", "-p", kernel.prefix, python, *arguments],
        "display_name": kernel.display_name,
        "language": "python",
        "metadata": {"debugger": True, "keel": {"prefix": kernel.prefix, "base": base.prefix}},
    }


def list_kernels(base: Base) -> List[Kernel]:
    """Those that keel made for environments of this base, by name."""
    return sorted(_kernels(base))


def _kernels(base: Base) -> Iterator[Kernel]:
    try:
        folder = kernels_folder(base.home)
        names = os.listdir(folder)
    except (KeelError, OSError):
        return
    for name in names:
        kernel = _read(os.path.join(folder, name))
        if kernel is not None:
            yield kernel


def _read(folder: str) -> Optional[Kernel]:
    """None for what is no kernel, or not made by keel."""
    try:
        with open(os.path.join(folder, _FILE), encoding="utf-8") as file:
            spec = json.load(file)
        prefix = spec["metadata"]["keel"]["prefix"]
        return Kernel(os.path.basename(folder), str(spec["display_name"]), folder, str(prefix))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove_kernel(kernel: Kernel) -> None:
    remove_tree(kernel.folder)


def move_kernels(base: Base, places: Mapping[str, str]) -> None:
    """Have the user's kernels name an environment and a base where they are now. places: former -> new. OSError."""
    for kernel in list_kernels(base):
        path = os.path.join(kernel.folder, _FILE)
        with open(path, encoding="utf-8") as file:
            spec = json.load(file)
        names = spec["metadata"]["keel"]
        if names["prefix"] in places or names.get("base") in places:
            moved = {key: places.get(place, place) for key, place in names.items()}
            kernel = kernel._replace(prefix=moved["prefix"])
            spec["metadata"]["keel"] = moved
            spec["argv"] = _spec(base, kernel)["argv"]
            data = json.dumps(spec, indent=1).encode() + b"\n"
            replace_file(path, data)
