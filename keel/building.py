"""How any new environment comes into being: in one step, so that there is all of it or nothing."""

import os
from typing import Callable, NamedTuple, Optional, Sequence, Tuple

from .base import Base
from .environments import Environment, check_name, check_prefix, is_environment
from .errors import KeelError
from .linker import Linker
from .registry import register
from .staging import Staging, remove_stale


class Created(NamedTuple):
    """What came into being.  packages: (name, version), sorted.  linked, copied: files; copied_bytes: of the copies."""

    environment: Environment
    packages: Tuple[Tuple[str, str], ...]
    linked: int
    copied: int
    copied_bytes: int


def destination(base: Base, *, name: Optional[str], path: Optional[str]) -> Environment:
    """The place for a new environment, by its name or its path. Raises KeelError where there cannot be one."""
    if path is None:
        environment = Environment(check_name(name or ""), "")
        for folder in base.envs_dirs():
            _check_free(os.path.join(folder, str(name)), f"the environment {name} exists already")
        prefix = check_prefix(os.path.join(base.envs_dir_for_new(), str(name)))
        return Environment(environment.name, prefix)
    prefix = check_prefix(path)
    inside = prefix == base.prefix or prefix.startswith(base.prefix + os.sep)
    known = os.path.dirname(prefix) in base.envs_dirs()
    if inside and not known:
        raise KeelError(f"{prefix} lies inside the base", hint=f"environments of the base are in {base.own_envs_dir()}")
    _check_free(prefix, f"{prefix} exists already")
    return Environment(check_name(os.path.basename(prefix)) if known else None, prefix)


def _check_free(prefix: str, message: str) -> None:
    if not os.path.lexists(prefix):
        return
    if is_environment(prefix):
        raise KeelError(message, hint="choose another name, or remove it: keel env remove")
    if os.path.islink(prefix) or not os.path.isdir(prefix) or os.listdir(prefix):
        raise KeelError(f"{prefix} is in the way: it is neither an environment nor empty", hint="choose another name")


def build(
    base: Base, environment: Environment, fill: Callable[[str, Linker], Sequence[Tuple[str, str]]], *, copy: bool
) -> Created:
    """Make `environment`: `fill(folder, linker)` puts all of it into a hidden folder, which is then moved.

    fill: gives the packages that it installed.  copy: link nothing.
    """
    remove_stale(os.path.dirname(environment.prefix))
    with Staging(environment.prefix) as staging:
        folder = os.path.join(staging.folder, "new")
        os.mkdir(folder)
        linker = Linker(base.prefix, folder, environment.prefix, mode="copy" if copy else base.settings.link_mode)
        packages = fill(folder, linker)
        staging.publish(folder)
    if environment.name is None:
        register(base, environment.prefix)
    return Created(environment, tuple(sorted(packages)), linker.linked, linker.copied, linker.copied_bytes)
