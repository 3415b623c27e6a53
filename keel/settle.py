"""What a base needs once it lies in its place, and cannot be in an installer, as it names that place.

Every installer's last step; whoever unpacks a base by other means runs `cmd/keel --settle`.
"""

import contextlib
import os

from .base import META, Base, find_base
from .errors import KeelError
from .identity import record_identity
from .indexing import index_of_base, moved_shims, variables_for, write_base_pip_config
from .layout import in_prefix
from .manifest import AT_INSTALLATION
from .variables import change_variables, read_variables

# https://packaging.python.org/specifications/externally-managed-environments/
_MARKER = "EXTERNALLY-MANAGED"
_MARKER_TEXT = """\
[externally-managed]
Error={keel} belongs to everybody who uses this machine.
 Create an environment of your own, and install into it:

     {command} create -n NAME
     . {profile}
     keel activate NAME

 The owner of the base can allow pip and uv in it by removing this file:

     {marker}
"""


def settle(prefix: str) -> None:
    """Write the files of the base at `prefix` that name it, and compile it if its installer says so.

    Without bytecode everything works, only slower: that it could not be made is a warning. Raises KeelError, OSError.
    """
    base = find_base(prefix)
    record_identity(base, new=True)
    write_base_pip_config(base)
    change_variables(prefix, variables_for(base, index_of_base(base)))
    if is_for_everybody(base):
        mark(base)
    if base.manifest.bytecode == AT_INSTALLATION:
        _compile(base)


def _compile(base: Base) -> None:
    from .compiling import compile_base
    from .console import warn
    from .progress import Progress

    try:
        with Progress("compiling:") as progress:
            compile_base(base, progress.tell)
    except (KeelError, OSError) as error:
        warn(f"the modules of {base.prefix} are not compiled, and load more slowly the first time: {error}")


def is_for_everybody(base: Base) -> bool:
    """Whether the base is root's, and so not for one user alone. (On Windows every file says that it is root's.)"""
    return os.name == "posix" and os.stat(os.path.join(base.prefix, META)).st_uid == 0


def marker(base: Base) -> str:
    """The file that keeps pip and uv out of the base (PEP 668); environments do not have it."""
    return os.path.join(in_prefix(base.prefix, base.layout.stdlib), _MARKER)


def mark(base: Base) -> None:
    """Have pip and uv refuse to change the base, and say how to create an environment."""
    from .staging import replace_file

    path = marker(base)
    if not os.path.isdir(os.path.dirname(path)):
        raise KeelError(f"{os.path.dirname(path)} is missing: this base is incomplete", hint="install it again")
    replace_file(path, _text(base, base.prefix).encode("utf-8", "surrogateescape"), mode=0o644)


def _text(base: Base, prefix: str) -> str:
    """What the mark says in a base at `prefix`."""
    from shlex import quote

    return _MARKER_TEXT.format(
        keel=prefix,
        command=quote(os.path.join(prefix, "cmd", "keel")),
        profile=quote(os.path.join(prefix, "etc", "profile.d", "keel.sh")),
        marker=prefix + marker(base)[len(base.prefix) :],
    )


def follow_move(base: Base, old: str) -> None:
    """Have what `settle` wrote name the base's place after it was moved from `old`. Raises OSError.

    A mark that its owner has removed or written anew stays as it is.
    """
    write_base_pip_config(base)
    values = {name: moved_shims(base, value) for name, value in read_variables(base.prefix).items()}
    change_variables(base.prefix, values)
    with contextlib.suppress(FileNotFoundError):
        with open(marker(base), encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
        if text == _text(base, old):
            mark(base)
