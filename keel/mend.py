"""Mending what `keel.moves` found: whatever in an environment or the base names a place where it is no more.

Each file is replaced in one step and `pyvenv.cfg` comes last, so a mend that is killed is done again by the next
command, and two at the same time do no harm. Only real files below the prefix are touched, never what a link leads to.
"""

import contextlib
import os
from typing import Callable, Dict, Iterator, List, Mapping, Optional

from .base import ENVS, META, STORE, Base, site_packages
from .config import base_file, read_values, write_values
from .environments import CONFIG, Environment, list_environments, read_config, same_place
from .errors import KeelError
from .hashes import update_records
from .identity import base_id, record_identity
from .indexing import mend_pip_config, moved_shims
from .kernels import move_kernels
from .layout import PIP_CONFIG, with_slashes
from .linker import link_target, replace_link
from .moves import Move, Moves
from .registry import forget, register
from .relocate import relocation
from .settle import follow_move
from .staging import replace_file
from .transaction import repair
from .variables import moved_variables, read_variables, write_variables
from .venv import ACTIVATE_FILES, activate_file

_LARGEST_SCRIPT = 1 << 20
# In the base, but not to be looked through: environments are mended one by one, the rest names no place.
_NOT_OURS = frozenset({ENVS, META, STORE})


def mend(base: Base, moves: Moves, *, blocks: bool) -> List[str]:
    """Mend all of it; gives lines for people. What fails stays as it was, and is said. blocks: see `mend_moved`."""
    done: List[str] = []
    failed: List[str] = []
    # Environments first: as long as the base is not recorded, they can be told by its former place.
    for move in moves.environments:
        _attempt(move.prefix, lambda move=move: mend_environment(base, move), done, failed)  # type: ignore[misc]
    if moves.record:
        _attempt(base.prefix, lambda: _mend_base(base, moves.base_was), done if moves.base_was else [], failed)
    lines = []
    if done:
        names = {one.prefix: one.label for one in list_environments(base)}
        called = ", ".join(names.get(prefix, prefix) for prefix in done)
        lines.append(f"{_what_moved(base, moves)}; mended: {called}")
    lines += [f"could not mend {text}" for text in failed]
    if moves.base_was is not None and blocks:
        files = _stale_blocks(moves.base_was)
        lines += [f"{', '.join(files)} still names {moves.base_was}: run keel init"] if files else []
    return lines


def _attempt(prefix: str, action: Callable[[], bool], done: List[str], failed: List[str]) -> None:
    try:
        if action():
            done.append(prefix)
    except (OSError, KeelError) as error:
        failed.append(f"{prefix}: {error}")


def _what_moved(base: Base, moves: Moves) -> str:
    old = moves.base_was or next((one.base_was for one in moves.environments if one.base_was != base.prefix), None)
    if old is not None:
        return f"the base has moved here from {old}"
    old = next((one.was for one in moves.environments if one.was != one.prefix), None)
    return f"moved from {old}" if old is not None else "the base was installed anew"


def mend_environment(base: Base, move: Move) -> bool:
    """Have the environment know its place and its base's; True if that was done.

    One of another Python (the base was installed anew) is left alone: `keel check` explains it. OSError, KeelError.
    """
    config = read_config(move.prefix)
    if not os.path.isdir(os.path.join(move.prefix, site_packages(base.python_minor))):
        return False
    repair(move.prefix)  # what it puts back names the former place, too
    mender = _Mender(base, move.prefix, move.was, move.base_was)
    mender.links("")
    mender.python()
    if move == Move(move.prefix, move.prefix, base.prefix):  # its base was installed anew around it
        _relink(base, Environment(None, move.prefix))
    mender.scripts()
    mender.variables()
    prompt, old_name = config.get("prompt", ""), os.path.basename(move.was)
    prompt = os.path.basename(move.prefix) if prompt == old_name else prompt
    mender.activate_files(prompt)
    if os.path.isfile(os.path.join(move.prefix, PIP_CONFIG)) and mender.is_real(PIP_CONFIG):
        mend_pip_config(base, move.prefix)
    move_kernels(base, mender.places)
    _mend_registry(base, move)
    mender.config(prompt)
    return True


def _relink(base: Base, place: Environment) -> None:
    """Links into the store to what has another place there now; `keel check` explains those to what is gone."""
    from .intact import broken_links
    from .repair import Repair

    problems = list(broken_links(base, place))
    if problems:
        Repair(base).run(problems)


def _mend_registry(base: Base, move: Move) -> None:
    if move.was != move.prefix:
        forget(base, move.was)
    if os.path.dirname(move.prefix) not in base.envs_dirs():
        register(base, move.prefix)


def _mend_base(base: Base, was: Optional[str]) -> bool:
    """The base's own files, for its owner; then its place is recorded."""
    if was is not None:
        mender = _Mender(base, base.prefix, was, was)
        for name in sorted(set(os.listdir(base.prefix)) - _NOT_OURS):
            if not os.path.islink(os.path.join(base.prefix, name)) and os.path.isdir(os.path.join(base.prefix, name)):
                mender.links(name)
        mender.scripts()
        mender.variables()
        _mend_settings(base, mender.places)
        follow_move(base, was)
        move_kernels(base, mender.places)
    record_identity(base)
    return True


def _mend_settings(base: Base, places: Mapping[str, str]) -> None:
    """Folders of environments that lie in the base."""
    values = read_values(base_file(base))
    folders = values.get("envs_dirs", [])
    moved = [moved_path(folder, places) or folder for folder in folders]
    if moved != folders:
        write_values(base_file(base), {**values, "envs_dirs": moved})


def _stale_blocks(was: str) -> List[str]:
    """Start-up files with a block for the base at its former place."""
    from .shells import all_start_up_files
    from .startup import plan_reverse

    with contextlib.suppress(OSError):
        return [path for path in all_start_up_files(os.environ) if plan_reverse(path, was).action != "none"]
    return []


def moved_path(path: str, places: Mapping[str, str]) -> Optional[str]:
    """Where `path` is now; None if it is in none of the former `places` (former -> new, the longest first)."""
    for old, new in places.items():
        if path == old or path.startswith(old + os.sep):
            return new + path[len(old) :]
    return None


class _Mender:
    """Mends one tree, at `prefix`, that was at `was` when its base was at `base_was`."""

    def __init__(self, base: Base, prefix: str, was: str, base_was: str) -> None:
        self._base = base
        self._prefix = prefix
        self._was = was
        places = {was: prefix, base_was: base.prefix}
        self.places: Dict[str, str] = {old: places[old] for old in sorted(places, key=len, reverse=True)}
        self._library = os.path.join(prefix, site_packages(base.python_minor))

    def is_real(self, relative: str) -> bool:
        """Whether no part of `relative` is a link, so that what is there is the environment's own."""
        path = self._prefix
        for part in relative.split("/"):
            path = os.path.join(path, part)
            if os.path.islink(path):
                return False
        return True

    def links(self, relative: str) -> None:
        """Symbolic links below the folder `relative` that led into a former place lead to the present one."""
        folder = os.path.join(self._prefix, relative) if relative else self._prefix
        for entry in _entries(folder):
            if entry.is_symlink():
                self._link(relative, entry)
            elif entry.is_dir(follow_symlinks=False):
                self.links(f"{relative}/{entry.name}" if relative else entry.name)

    def _link(self, relative: str, entry: "os.DirEntry[str]") -> None:
        text = os.readlink(entry.path)
        led_to = os.path.normpath(os.path.join(self._was, relative, text))
        target = moved_path(led_to, self.places) or led_to
        if os.path.isabs(text):
            new = target if target != led_to else text
        elif os.path.normpath(os.path.join(self._prefix, relative, text)) == target:
            new = text
        else:
            new = link_target(target, entry.path, self._base.prefix) if self._in_base(target) else target
        if new != text:
            replace_link(entry.path, new)

    def _in_base(self, path: str) -> bool:
        return path.startswith(self._base.prefix + os.sep)

    def python(self) -> None:
        """The environment's Python is the base's, unless it is a file of its own."""
        scripts = self._base.layout.scripts
        path = os.path.join(self._prefix, scripts, "python")
        if self.is_real(scripts) and os.path.islink(path) and not same_place(path, self._base.python):
            replace_link(path, link_target(self._base.python, path, self._base.prefix))

    def scripts(self) -> None:
        """Programs that name a Python at a former place, and their hashes in RECORD."""
        scripts = self._base.layout.scripts
        relocate = relocation(self._base)
        changed: Dict[str, bytes] = {}
        folder = os.path.join(self._prefix, scripts)
        for entry in _entries(folder) if self.is_real(scripts) else ():
            if not entry.is_file(follow_symlinks=False) or entry.stat().st_size > _LARGEST_SCRIPT:
                continue
            with open(entry.path, "rb") as file:
                script = file.read()
            new = script
            for old, place in self.places.items():
                new = relocate(new, (old,), place)
            if new != script:
                replace_file(entry.path, new)
                changed[with_slashes(os.path.relpath(entry.path, self._library))] = new
        if self.is_real(site_packages(self._base.python_minor)):
            update_records(self._library, changed)

    def variables(self) -> None:
        """Values that name a former place, also where uv finds the base's shims."""
        try:
            old = read_variables(self._prefix)
        except KeelError:  # whoever wrote it by hand is told by the command that needs it
            return
        new: Mapping[str, str] = {name: moved_shims(self._base, value) for name, value in old.items()}
        for was, place in self.places.items():
            new = moved_variables(new, (was,), place)
        if new != old and self.is_real("etc/keel"):
            write_variables(self._prefix, new)

    def activate_files(self, prompt: str) -> None:
        scripts = self._base.layout.scripts
        for name in ACTIVATE_FILES:
            path = os.path.join(self._prefix, scripts, name)
            if self.is_real(f"{scripts}/{name}") and os.path.isfile(path):
                text = activate_file(self._base, name, self._prefix, prompt)
                replace_file(path, text.encode("utf-8", "surrogateescape"))

    def config(self, prompt: str) -> None:
        """`pyvenv.cfg`, with all that keel did not write into it left as it is."""
        values = {
            "home": self._base.python_home,
            "version": self._base.manifest.python,
            "executable": self._base.python,
            "prompt": prompt,
            "keel-prefix": self._prefix,
            "keel-base": base_id(self._base),
        }
        path = os.path.join(self._prefix, CONFIG)
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().split("\n")
        known = [line.partition("=")[0].strip().lower() for line in lines]
        lines = [f"{key} = {values[key]}" if key in values else line for key, line in zip(known, lines)]
        end = len(lines) - (lines[-1:] == [""])
        lines[end:end] = [f"{key} = {values[key]}" for key in ("keel-prefix", "keel-base") if key not in known]
        replace_file(path, "\n".join(lines).encode("utf-8", "surrogateescape"))


def _entries(folder: str) -> "Iterator[os.DirEntry[str]]":
    try:
        with os.scandir(folder) as entries:
            yield from list(entries)
    except OSError:
        return
