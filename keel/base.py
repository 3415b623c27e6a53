"""The base that this keel belongs to: its folders, its Python, its store."""

import os
import sys
from functools import cached_property
from typing import Iterator, List, Optional, Tuple

from .errors import KeelError
from .manifest import Manifest, Unit, read_manifest
from .wheel import Scheme, UnitFiles

STORE = "pkgs"
ENVS = "envs"
META = "keel-meta"


class Base:
    """An installed base.

    prefix: its absolute path, as people write it (links not resolved).  home: the user's home folder, None without one.
    Nothing is read before it is asked for.
    """

    def __init__(self, prefix: str, home: Optional[str]) -> None:
        self.prefix = prefix
        self.home = home

    @cached_property
    def manifest(self) -> Manifest:
        """Raises KeelError where there is none, or one that cannot be read."""
        return read_manifest(self.prefix)

    @property
    def python_minor(self) -> str:
        """ "3.11" """
        return ".".join(self.manifest.python.split(".")[:2])

    @property
    def python(self) -> str:
        """The interpreter itself."""
        return os.path.join(self.prefix, "bin", f"python{self.python_minor}")

    @property
    def site_packages(self) -> str:
        return os.path.join(self.prefix, site_packages(self.python_minor))

    @property
    def store(self) -> str:
        return os.path.join(self.prefix, STORE)

    def writable(self) -> bool:
        """Whether this user may put environments into the base."""
        return os.access(os.path.join(self.prefix, ENVS), os.W_OK)

    def own_envs_dir(self) -> str:
        return os.path.join(self.prefix, ENVS)

    def user_envs_dir(self) -> Optional[str]:
        """Where environments of a user go who may not write to the base; None without a home."""
        return os.path.join(self.home, ".keel", ENVS) if self.home else None

    def envs_dirs(self) -> List[str]:
        """Where environments are looked for by name; new ones go into the first."""
        dirs = [self.own_envs_dir()]
        user = self.user_envs_dir()
        if user is not None:
            dirs.insert(1 if self.writable() else 0, user)
        return dirs

    def envs_dir_for_new(self) -> str:
        """Raises KeelError where neither the base nor a home can take environments."""
        first = self.envs_dirs()[0]
        if first == self.own_envs_dir() and not self.writable():
            raise KeelError(f"{first} is not writable, and HOME is not set", hint="name a folder: keel create -p PATH")
        return first

    def unit_files(self, unit: Unit) -> UnitFiles:
        """A store unit, listed. Raises KeelError where it is damaged or gone."""
        root = os.path.join(self.prefix, *unit.path.split("/"))

        def read(name: str) -> bytes:
            with open(os.path.join(root, name), "rb") as file:
                return file.read()

        names = list(_files_below(root))
        if not names:
            raise KeelError(f"{root} is missing from the store", hint="install the base again")
        return UnitFiles(names, read)

    def unit_metadata(self, unit: Unit) -> bytes:
        """`METADATA` of a store unit, without listing the unit. Raises KeelError where it is gone."""
        distribution = unit.wheel.split("-")
        root = os.path.join(self.prefix, *unit.path.split("/"))
        usual = os.path.join(root, f"{distribution[0]}-{distribution[1]}.dist-info", "METADATA")
        try:
            with open(usual, "rb") as file:
                return file.read()
        except FileNotFoundError:
            files = self.unit_files(unit)  # a wheel's name may spell things otherwise than its .dist-info
            return files.read(f"{files.dist_info}/METADATA")

    def scheme(self) -> Scheme:
        """Where environments have a wheel's files; headers as pip puts them into a venv."""
        library = site_packages(self.python_minor)
        headers = f"include/site/python{self.python_minor}"
        return Scheme(purelib=library, platlib=library, scripts="bin", data="", headers=headers, windows=False)


def site_packages(python_minor: str) -> str:
    """Relative to a prefix."""
    return f"lib/python{python_minor}/site-packages"


def _files_below(root: str, folder: str = "") -> Iterator[str]:
    """POSIX paths relative to `root`, of files and links; nothing where `root` does not exist."""
    try:
        entries = list(os.scandir(os.path.join(root, folder)))
    except FileNotFoundError:
        return
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _files_below(root, path)
        else:
            yield path


def requires(metadata: bytes) -> Tuple[str, ...]:
    """The `Requires-Dist` values of core metadata, faster than the email package reads them."""
    head = metadata.replace(b"\r\n", b"\n").split(b"\n\n", 1)[0]
    lines = head.decode("utf-8", "replace").split("\n")
    return tuple(line.split(":", 1)[1].strip() for line in lines if line.lower().startswith("requires-dist:"))


def find_base(prefix: str) -> Base:
    """The base at `prefix`, for the user who runs this process. Raises KeelError if the base is not complete."""
    home = os.environ.get("HOME") or None
    base = Base(prefix, home if home and os.path.isabs(home) else None)
    if not os.path.exists(os.path.join(prefix, META, "manifest.json")):
        raise KeelError(
            f"{prefix} is not a complete base: {META}/manifest.json is missing",
            hint="keel works from the base that an installer laid down; install it again, or finish: keel uninstall",
        )
    return base


def python_version() -> str:
    """ "3.11.7": of the Python that runs keel, which is the base's own."""
    return ".".join(map(str, sys.version_info[:3]))
