"""Whether the base or an environment has been moved since keel last looked: a glance at the start of most commands.

It opens one small file for the base and one for each environment. What it finds, `keel.mend` mends.

An environment says in its `pyvenv.cfg` where it lies (`keel-prefix`), whose it is (`keel-base`), and where its Python
is (`home`). It is this base's if its `home` is here; or if there is no base at its `home` any more, and it has
this base's id; or if it lies in the base and has that id (a copy of a base with all that is in it).
"""

import os
from typing import Iterable, Iterator, List, NamedTuple, Optional

from .base import META, Base, users_base
from .config import ENVS_DIRS
from .environments import CONFIG, belongs_to, is_environment, read_config, same_place
from .identity import Identity, base_id, read_identity
from .layout import WINDOWS
from .registry import read_paths, register, registered

# Commands that have nothing to do with environments, or deal with whatever state they are in.
UNCONCERNED = frozenset({"config", "deactivate", "search", "uninstall", "wheelhouse"})


class Move(NamedTuple):
    """An environment that is not where it was, or whose base is not.

    prefix: its place.  was: its former place, or the same.  base_was: the base's former place, or the same.
    """

    prefix: str
    was: str
    base_was: str


class Moves(NamedTuple):
    """base_was: where the base was recorded; None where it has not moved.  record: the base is to be recorded."""

    base_was: Optional[str]
    record: bool
    environments: List[Move]


def mend_moved(prefix: str, paths: Iterable[str], *, blocks: bool = True) -> List[str]:
    """Mend what has been moved; gives lines for people, seldom any. paths: see `find_moves`.

    blocks: say also which start-up files name the former base.
    Environments among them that lie in no known folder are noted, so that they are found when the base has moved.
    """
    base = users_base(prefix)
    if not os.path.exists(os.path.join(prefix, META, "manifest.json")):
        return []  # the command itself says so
    strays = list(dict.fromkeys(os.path.abspath(path) for path in paths))
    moves = find_moves(base, strays)
    lines = []
    if moves.environments or moves.record:
        from .mend import mend

        lines = mend(base, moves, blocks=blocks)
    if strays:
        known = set(_known_prefixes(base))
        for path in strays:
            stranger = path not in known and path != prefix and not os.path.islink(path)
            if stranger and is_environment(path) and belongs_to(path, base):
                register(base, path)
    return lines


def find_moves(base: Base, more: Iterable[str] = ()) -> Moves:
    """What has moved. more: prefixes of environments (or of none) that a command is about, wherever they are."""
    known = read_identity(base)
    base_was = None
    if known is not None and known.prefix != base.prefix and not same_place(known.prefix, base.prefix):
        base_was = known.prefix
    record = known is None or base_was is not None
    expected = _expected_lines(base, known)
    found = []
    for prefix in dict.fromkeys([*_known_prefixes(base), *more]):
        if prefix != base.prefix and not _stands(prefix, expected):
            move = _examine(base, prefix, known, base_was)
            if move is not None:
                found.append(move)
    return Moves(base_was, record and is_own(base, os.path.join(base.prefix, META)), found)


def _known_prefixes(base: Base) -> Iterator[str]:
    """Every folder that may be an environment, without looking into the settings, which shells read laid out."""
    folders = [base.own_envs_dir(), base.user_envs_dir()]
    for meta in (os.path.join(base.prefix, META), os.path.join(base.home, ".keel") if base.home else None):
        if meta is not None:
            folders += read_paths(os.path.join(meta, ENVS_DIRS))
    for folder in dict.fromkeys(folders):
        if folder is not None:
            try:
                names = os.listdir(folder)
            except OSError:
                continue
            yield from (f"{folder}{os.sep}{name}" for name in names if not name.startswith("."))
    yield from registered(base)


def base_home(base: Base) -> str:
    """What `home` says in the environments of `base`; the manifest is not needed to tell."""
    return base.prefix if WINDOWS else f"{base.prefix}/bin"


def _expected_lines(base: Base, known: Optional[Identity]) -> List[bytes]:
    """What `pyvenv.cfg` says of an environment that nobody has moved, but for its own place."""
    lines = [f"\nhome = {base_home(base)}\n"]
    if known is not None:
        lines.append(f"\nkeel-base = {known.id}\n")
    return [os.fsencode(line) for line in lines]


def _stands(prefix: str, expected: List[bytes]) -> bool:
    """Whether all is as it should be at `prefix`; True as well where there is no environment."""
    try:  # somebody may have put a pipe there, which must not make keel wait
        descriptor = os.open(f"{prefix}{os.sep}{CONFIG}", os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return True
    try:
        if os.fstat(descriptor).st_mode & 0o170000 != 0o100000:
            return True
        data = b"\n" + os.read(descriptor, 1 << 16)
    finally:
        os.close(descriptor)
    return os.fsencode(f"\nkeel-prefix = {prefix}\n") in data and all(line in data for line in expected)


def _examine(base: Base, prefix: str, known: Optional[Identity], base_was: Optional[str]) -> Optional[Move]:
    config = read_config(prefix)
    home = config.get("home")
    if not home or not is_own(base, prefix):
        return None
    here = home == base_home(base) or same_place(home, base_home(base))
    old_base = base.prefix if here else home if WINDOWS else os.path.dirname(home)
    if not here and not _is_adopted(base, prefix, config.get("keel-base"), old_base, base_was):
        return None
    was = config.get("keel-prefix")
    if was is None:
        inside = prefix.startswith(base.prefix + os.sep)
        was = old_base + prefix[len(base.prefix) :] if inside else prefix
    elif was != prefix and same_place(was, prefix):
        was = prefix
    # A base that was installed anew in the same place has another id.
    new_base = known is not None and config.get("keel-base") != known.id
    if here and was == prefix and (config.get("keel-prefix") is None or not new_base):
        return None
    return Move(prefix, was, old_base)


def _is_adopted(base: Base, prefix: str, its_base: Optional[str], old_base: str, base_was: Optional[str]) -> bool:
    """Whether an environment whose Python is not here is this base's all the same."""
    if os.path.exists(os.path.join(old_base, META, "manifest.json")) and not prefix.startswith(
        base.own_envs_dir() + os.sep
    ):
        return False
    return base_id(base) == its_base if its_base is not None else old_base == base_was


def is_own(base: Base, folder: str) -> bool:
    """Whether this user may change `folder`, a real folder that belongs to them or to the base's owner.

    Root could change anybody's, but must not where the other could change it, too, at the same time.
    """
    if WINDOWS:  # where access says it all
        return os.path.isdir(folder) and os.access(folder, os.W_OK)
    try:
        status = os.lstat(folder)
        owners = (os.geteuid(), os.stat(base.prefix).st_uid)
    except OSError:
        return False
    is_folder = status.st_mode & 0o170000 == 0o040000
    return is_folder and status.st_uid in owners and os.access(folder, os.W_OK)
