"""Environments by name and path: which there are, what they may be called, and how one is removed."""

import os
import re
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional

from .base import Base
from .errors import KeelError
from .layout import PATH_SEPARATOR_NAME, WINDOWS, is_path, same_path
from .registry import forget, registered

BASE = "base"
CONFIG = "pyvenv.cfg"
TRANSACTION = ".keel-transaction"
_RESERVED = frozenset({"base", "root"})
# No file can be called so on Windows, where an exported environment may be made again.
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_LONGEST_NAME = 100
_NAME = re.compile(r"[^\W_][\w.+-]*(?<!\.)")


class Environment(NamedTuple):
    """name: "base", a name below one of the base's `envs_dirs`, or None for a folder elsewhere.  prefix: absolute."""

    name: Optional[str]
    prefix: str

    @property
    def label(self) -> str:
        """What people call it by."""
        return self.name or self.prefix

    @property
    def option(self) -> str:
        """What commands have to be given to mean it."""
        from .quoting import shell_word

        return f"-n {shell_word(self.name)}" if self.name else f"-p {shell_word(self.prefix)}"

    def is_base(self, base: Base) -> bool:
        return self.prefix == base.prefix


def check_name(name: str) -> str:
    """The name, if a new environment may have it; KeelError otherwise."""
    if not name or "/" in name or "\\" in name:
        raise KeelError(f"{name!r} is not a name", hint="for a folder of your own: keel create -p PATH")
    if name.lower() in _RESERVED or _DEVICE.fullmatch(name):
        raise KeelError(f"the name {name} is reserved", hint="choose another name")
    if len(name.encode("utf-8", "surrogateescape")) > _LONGEST_NAME:
        raise KeelError(f"the name {name} is longer than {_LONGEST_NAME} bytes", hint="choose a shorter name")
    if _NAME.fullmatch(name) is None:
        raise KeelError(
            f"{name!r} cannot be an environment's name",
            hint="names are made of letters, digits, '.', '_', '+' and '-'; they start with a letter or digit, "
            "and end in no '.'",
        )
    return name


def check_prefix(path: str) -> str:
    """`path` made absolute, if an environment can live there; KeelError otherwise."""
    if not path:  # the folder where we are: of no use to whoever wrote -p "$UNSET"
        raise KeelError("an empty path names no folder", hint="write the folder that is meant; this one is: .")
    prefix = os.path.abspath(os.path.expanduser(path))
    if os.pathsep in prefix:
        raise KeelError(
            f"{prefix} holds a {PATH_SEPARATOR_NAME}, which PATH cannot hold",
            hint=f"choose a folder without a {PATH_SEPARATOR_NAME}",
        )
    if re.search(r"[\x00-\x1f\x7f]", prefix):
        raise KeelError(f"{prefix!r} holds a control character", hint="choose another folder")
    return prefix


def is_environment(prefix: str) -> bool:
    return os.path.isfile(os.path.join(prefix, CONFIG))


def list_environments(base: Base) -> List[Environment]:
    """The base, then every environment in its own folders, the user's and elsewhere, by name or path.

    What is not in the base's own folder serves all bases; only the environments of this one are listed.
    """
    found: Dict[str, Environment] = {}
    for folder in base.envs_dirs():
        for environment in _in_folder(folder):
            if folder != base.own_envs_dir() and not belongs_to(environment.prefix, base):
                continue
            if environment.label in found:  # the name means the one that is found first
                environment = Environment(None, environment.prefix)
            found[environment.label] = environment
    places = {environment.prefix for environment in found.values()}
    for prefix in registered(base):
        if prefix not in places and is_environment(prefix) and belongs_to(prefix, base):
            found[prefix] = Environment(None, prefix)
    return [Environment(BASE, base.prefix), *(found[name] for name in sorted(found))]


def _in_folder(folder: str) -> Iterator[Environment]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        prefix = os.path.join(folder, name)
        if not name.startswith(".") and is_environment(prefix):
            yield Environment(name, prefix)


def belongs_to(prefix: str, base: Base) -> bool:
    """Whether the environment at `prefix` uses the base's Python."""
    home, ours = read_config(prefix).get("home"), base.python_home
    return home is not None and (same_path(home, ours) or same_place(home, ours))


def same_place(one: str, other: str) -> bool:
    """Whether both paths lead to the same file or folder, which is there."""
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):  # a NUL in what some file says
        return False


def read_config(prefix: str) -> Mapping[str, str]:
    """`pyvenv.cfg` as a mapping; empty where it cannot be read."""
    try:
        with open(os.path.join(prefix, CONFIG), encoding="utf-8", errors="surrogateescape") as file:
            pairs = (line.partition("=") for line in file if "=" in line)
            return {key.strip().lower(): value.strip() for key, _, value in pairs}
    except OSError:
        return {}


def find_environment(base: Base, name: Optional[str] = None, path: Optional[str] = None) -> Environment:
    """The environment called `name` (which may be a path, too), or at `path`. KeelError names the nearest ones.

    What a killed change of its packages has left half-done is undone.
    """
    found = _find(base, name, path)
    if os.path.lexists(os.path.join(found.prefix, TRANSACTION)):
        from .transaction import repair  # seldom needed

        repair(found.prefix)
    return found


def _find(base: Base, name: Optional[str], path: Optional[str]) -> Environment:
    if path is not None or (name is not None and is_path(name)):
        prefix = check_prefix(path if path is not None else str(name))
        if prefix == base.prefix:
            return Environment(BASE, prefix)
        if not is_environment(prefix):
            raise KeelError(f"{prefix} is not an environment: it has no {CONFIG}", hint="see: keel env list")
        known = os.path.dirname(prefix) in base.envs_dirs()
        return Environment(os.path.basename(prefix) if known else None, prefix)
    if name == BASE:
        return Environment(BASE, base.prefix)
    for folder in base.envs_dirs():
        prefix = os.path.join(folder, str(name))
        if name and not name.startswith(".") and is_environment(prefix):
            return Environment(name, prefix)
    raise KeelError(f"no environment is called {name}", hint=_nearest(base, str(name)))


def _nearest(base: Base, name: str) -> str:
    from difflib import get_close_matches  # a slow import that only a mistake needs

    names = [environment.name for environment in list_environments(base) if environment.name is not None]
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"there is: {', '.join(names)}" if len(names) > 1 else f"create it: keel create -n {name}"


def active_prefix() -> Optional[str]:
    """The prefix that is active in the shell that started keel."""
    return os.environ.get("KEEL_PREFIX") or os.environ.get("VIRTUAL_ENV") or None


def active_prefixes() -> List[str]:
    """All that is active in the shell that started keel: also what a nested activation will return to."""
    nested = [value for key, value in os.environ.items() if re.fullmatch(r"KEEL_PREFIX_\d+", key)]
    return [prefix for prefix in (os.environ.get("KEEL_PREFIX"), os.environ.get("VIRTUAL_ENV"), *nested) if prefix]


def check_removable(base: Base, environment: Environment) -> None:
    """KeelError for the base, for the environment that is active in the calling shell, and for that of another user."""
    if environment.is_base(base):
        raise KeelError("the base cannot be removed as an environment", hint="to remove all of it: keel uninstall")
    check_inactive(environment)
    check_own(environment, os.path.dirname(environment.prefix))


def check_inactive(environment: Environment) -> None:
    """KeelError for the environment that is active in the calling shell, or that it will return to."""
    if os.path.realpath(environment.prefix) in {os.path.realpath(prefix) for prefix in active_prefixes()}:
        raise KeelError(f"{environment.label} is active in this shell", hint="run first: keel deactivate")


def check_own(environment: Environment, *folders: str) -> None:
    """KeelError where this user may not write to the environment, or to those `folders` that are there."""
    for folder in (environment.prefix, *folders):
        if os.path.isdir(folder) and not os.access(folder, os.W_OK):
            raise KeelError(f"{environment.label} is not yours: {folder} is not writable for you", hint="ask its owner")


def remove_environment(base: Base, environment: Environment) -> None:
    """Remove it: first out of sight in one step, then from disk; what a killed removal leaves, the next one clears.

    An environment that is a link, or in a folder that cannot be renamed in, is an error with nothing changed.
    """
    if os.path.islink(environment.prefix):
        raise KeelError(
            f"{environment.prefix} is a symbolic link to {os.path.realpath(environment.prefix)}",
            hint="remove the environment by its own path: keel env remove -p PATH",
        )
    from .staging import Staging, held, remove_stale  # slow imports, of no use to listings

    remove_stale(os.path.dirname(environment.prefix))
    with Staging(environment.prefix) as staging, held(environment.prefix, wait=False):
        try:
            os.rename(environment.prefix, os.path.join(staging.folder, "removed"))
        except PermissionError as error:
            if not WINDOWS:
                raise
            raise KeelError(
                f"{environment.prefix} cannot be moved away: something in it is in use",
                hint="end the programs that run in it or have a file of it open, and try again",
            ) from error
    forget(base, environment.prefix)
