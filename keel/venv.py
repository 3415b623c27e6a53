"""What makes a folder an environment: `pyvenv.cfg`, the interpreter's names, activate files.

The layout of the standard library's `venv` (https://docs.python.org/3/library/venv.html), known to all tools.
"""

import os
import re
import sys
from typing import Callable, Dict, Optional, Tuple

from . import __version__, quoting
from .base import META, Base
from .errors import KeelError
from .launchers import LAUNCHERS
from .layout import WINDOWS, Layout, in_prefix
from .linker import link_target

# Activate files that name their environment: file in bin/: (its template in keel-meta/shell, how that shell quotes)
ACTIVATE_FILES: Dict[str, Tuple[str, Callable[[str], str]]] = {
    "activate": ("activate.sh", quoting.sh),
    "activate.fish": ("activate.fish", quoting.fish),
    "activate.csh": ("activate.csh", quoting.csh),
}
# Those that find their environment by their own place, and are therefore the same in all of them.
_OF_CMD = ("activate.bat", "deactivate.bat") if WINDOWS else ()
_SELF_LOCATING = ("Activate.ps1", "activate.nu", "activate.xsh", *_OF_CMD)
_REDIRECTORS = ("python.exe", "pythonw.exe")


def lay_out(base: Base, folder: str, final: str, *, name: Optional[str]) -> None:
    """Make `folder` (empty, or not there yet) an environment of `base` without packages, for its place `final`.

    name: shown in prompts; None stands for the last part of `final`.
    """
    layout = base.layout
    os.makedirs(in_prefix(folder, layout.library), exist_ok=True)
    os.makedirs(os.path.join(folder, layout.scripts), exist_ok=True)
    if not os.path.exists(base.python):
        raise KeelError(f"{base.python} is missing: this base is incomplete", hint="install it again")
    if layout.windows:
        _copy_redirectors(base, os.path.join(folder, layout.scripts))
    else:
        _link_python(base, folder, final)
    prompt = name or os.path.basename(final)
    _write(folder, "pyvenv.cfg", config(base, prompt, final))
    for file in ACTIVATE_FILES:
        _write(folder, f"{layout.scripts}/{file}", activate_file(base, file, final, prompt))
    for file in _SELF_LOCATING:
        _copy(in_prefix(base.prefix, f"{META}/shell/{file}"), os.path.join(folder, layout.scripts, file))


def is_written_here(path: str, layout: Layout) -> bool:
    """Whether `lay_out` writes `path` (relative to an environment), so that a clone must not take it over."""
    if path in ("pyvenv.cfg", "lib64"):
        return True
    parent, _, name = path.rpartition("/")
    pythons = _REDIRECTORS if layout.windows else ("python", "python3", f"python{layout.minor}")
    return parent == layout.scripts and name in (*ACTIVATE_FILES, *_SELF_LOCATING, *pythons)


def _copy_redirectors(base: Base, scripts: str) -> None:
    """The environment's own python.exe, which starts the base's (installer_templates/windows/redirector)."""
    for name in _REDIRECTORS:
        _copy(in_prefix(base.prefix, f"{LAUNCHERS}/{name}"), os.path.join(scripts, name))


def _copy(source: str, dest: str) -> None:
    try:
        with open(source, "rb") as reader, open(dest, "xb") as writer:
            writer.write(reader.read())
    except FileNotFoundError as error:
        raise KeelError(f"{source} is missing: this base is incomplete", hint="install it again") from error


def _link_python(base: Base, folder: str, final: str) -> None:
    if sys.platform != "darwin":
        os.symlink("lib", os.path.join(folder, "lib64"))
    target = link_target(base.python, os.path.join(final, "bin", "python"), base.prefix)
    os.symlink(target, os.path.join(folder, "bin", "python"))
    for name in ("python3", f"python{base.python_minor}"):
        os.symlink("python", os.path.join(folder, "bin", name))


def config(base: Base, prompt: str, final: str) -> str:
    """`pyvenv.cfg`. `home` is absolute: Python takes a relative one from the current folder.

    `keel-prefix` and `keel-base` tell `keel.moves` of an environment or a base that was moved.
    """
    from .identity import base_id

    return (
        f"home = {base.python_home}\n"
        "include-system-site-packages = false\n"
        f"version = {base.manifest.python}\n"
        f"executable = {base.python}\n"
        f"prompt = {prompt}\n"
        f"keel = {__version__}\n"
        f"keel-prefix = {final}\n"
        f"keel-base = {base_id(base)}\n"
    )


def _template(base: Base, template: str) -> str:
    path = os.path.join(base.prefix, META, "shell", template)
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError as error:
        raise KeelError(f"{path} is missing: this base is incomplete", hint="install it again") from error


def activate_file(base: Base, name: str, final: str, prompt: str) -> str:
    """The text of an activate file (of ACTIVATE_FILES). Raises KeelError."""
    template, quote = ACTIVATE_FILES[name]
    text = _template(base, template)
    shown = "(env) " if re.search(r"[$`\\%!]", prompt) else f"({prompt}) "  # shells expand their prompts
    words = {"@PREFIX@": quote(final), "@NAME@": quote(prompt), "@PROMPT@": quote(shown)}
    return re.sub("@PREFIX@|@NAME@|@PROMPT@", lambda match: words[match[0]], text)


def _write(folder: str, name: str, text: str) -> None:
    with open(os.path.join(folder, name), "w", encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        file.write(text)
