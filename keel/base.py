"""The base that this keel belongs to: where it is, what is known about it, where environments go."""

import os
from functools import cached_property
from typing import TYPE_CHECKING, List, Optional

from .errors import KeelError
from .layout import Layout, home_folder, in_prefix, layout

if TYPE_CHECKING:
    from .config import Settings
    from .manifest import Manifest

STORE = "pkgs"
ENVS = "envs"
META = "keel-meta"
# What a base has besides packages: no environment has it, and no package can own it.
PRIVATE = (f"{META}/", f"{STORE}/", f"{ENVS}/", "cmd/", "etc/profile.d/keel")


class Base:
    """An installed base.

    prefix: its absolute path, as people write it (links not resolved).  home: the user's home folder, None without one.
    Nothing is read before it is asked for.
    """

    def __init__(self, prefix: str, home: Optional[str]) -> None:
        self.prefix = prefix
        self.home = home

    @cached_property
    def manifest(self) -> "Manifest":
        """Raises KeelError where there is none, or one that cannot be read."""
        from .manifest import read_manifest  # not every command looks into it

        return read_manifest(self.prefix)

    @cached_property
    def settings(self) -> "Settings":
        """Raises KeelError where a file of settings holds mistakes."""
        from .config import load_settings

        return load_settings(self)

    @property
    def index(self) -> Optional[str]:
        """The address where packages are found that the store does not have: the settings', else the recipe's."""
        from .config import NO_INDEX

        url = self.settings.index_url
        if url is None:
            return self.manifest.index
        return None if url == NO_INDEX else url

    @property
    def python_minor(self) -> str:
        """ "3.11" """
        return ".".join(self.manifest.python.split(".")[:2])

    @cached_property
    def layout(self) -> Layout:
        """How this base and its environments lie on disk."""
        return layout(self.python_minor)

    @property
    def python(self) -> str:
        """The interpreter itself."""
        return in_prefix(self.prefix, self.layout.python)

    @property
    def python_home(self) -> str:
        """The folder of the interpreter, by which environments name their base."""
        return in_prefix(self.prefix, self.layout.home)

    @property
    def store(self) -> str:
        return os.path.join(self.prefix, STORE)

    def writable(self) -> bool:
        """Whether this user may put environments into the base."""
        return os.access(os.path.join(self.prefix, ENVS), os.W_OK)

    def own_envs_dir(self) -> str:
        """Where environments of the base's owner go."""
        return os.path.join(self.prefix, ENVS)

    def user_envs_dir(self) -> Optional[str]:
        """Where environments of a user go who may not write to the base; None without a home."""
        return os.path.join(self.home, ".keel", ENVS) if self.home else None

    def envs_dirs(self) -> List[str]:
        """Where environments are looked for by name, in this order; shells do the same (etc/profile.d)."""
        dirs = [self.own_envs_dir()]
        user = self.user_envs_dir()
        if user is not None:
            dirs.insert(1 if self.writable() else 0, user)
        return list(dict.fromkeys([*self.settings.envs_dirs, *dirs]))

    def envs_dir_for_new(self) -> str:
        """The first of them that is writable, or can be made. Raises KeelError where none is."""
        for folder in self.envs_dirs():
            if self.writable() if folder == self.own_envs_dir() else _can_write(folder):
                return folder
        raise KeelError(
            f"none of these folders is writable for you: {', '.join(self.envs_dirs())}",
            hint="name a folder: keel create -p PATH, or for all of them: keel config add envs_dirs PATH",
        )


def _can_write(folder: str) -> bool:
    """Whether something can be put into `folder`, which need not be there yet."""
    while not os.path.lexists(folder) and folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
    return os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)


def site_packages(python_minor: str) -> str:
    """Relative to a prefix, with `/`."""
    return layout(python_minor).library


def users_base(prefix: str) -> Base:
    """The base at `prefix`, whatever state it is in, for the user who runs this process."""
    return Base(prefix, home_folder(os.environ))


def find_base(prefix: str) -> Base:
    """The complete base at `prefix`, for the user who runs this process. Raises KeelError if it is not complete."""
    if not os.path.exists(os.path.join(prefix, META, "manifest.json")):
        from .portable import is_unlinked, link_base

        if is_unlinked(prefix):
            link_base(prefix)
            return users_base(prefix)
        raise KeelError(
            f"{prefix} is not a complete base: {META}/manifest.json is missing",
            hint="install it again, or if it was being removed, finish that: keel uninstall",
        )
    return users_base(prefix)
