"""The one step in which the trees of all sources end: the same layout, relocatable, nothing of its builder left."""

import hashlib
import os
import re
import stat
from pathlib import Path

from ..errors import InterpreterError
from .layout import Layout, find_layout
from .relocate import relocate
from .trim import ADDITIONS, rebuild_bin, restore_links, settle, trim
from .windows import arrange

# Part of the keys in the cache: raise it when the same archive gives another tree.
VERSION = 3

_SSL = """

# Added by Keel: certificates of machines other than the one that OpenSSL was built for.
import _keel_certificates
_keel_certificates.extend(sys.modules[__name__], _ssl.get_default_verify_paths)
"""
_TKINTER = "from tkinter import _keel_tcl  # added by Keel: Tcl's scripts lie beside this Python\n"


def normalise(prefix: Path) -> Layout:
    """Mend the tree at `prefix` in place. Raises InterpreterError for what cannot be mended."""
    layout = find_layout(prefix, "the interpreter")
    if layout.windows:
        arrange(layout)
    else:
        trim(layout)
        relocate(layout)
        rebuild_bin(layout)
        restore_links(prefix / "lib")
        _extend_ssl(layout.stdlib)
        _extend_tkinter(layout)
    settle(prefix)
    return layout


def _extend_ssl(stdlib: Path) -> None:
    module = stdlib / "ssl.py"
    if not module.is_file() or "_keel_certificates" in (text := module.read_text(encoding="utf-8")):
        return
    module.write_text(text + _SSL, encoding="utf-8")
    (stdlib / "_keel_certificates.py").write_bytes((ADDITIONS / "_keel_certificates.py").read_bytes())


def _extend_tkinter(layout: Layout) -> None:
    module = layout.stdlib / "tkinter" / "__init__.py"
    if not module.is_file() or not any(layout.prefix.glob("lib/tcl[0-9]*.[0-9]*/init.tcl")):
        return
    text = module.read_text(encoding="utf-8")
    if "_keel_tcl" in text:
        return
    changed, count = re.subn(r"^import _tkinter\b", _TKINTER + "import _tkinter", text, count=1, flags=re.MULTILINE)
    if not count:
        raise InterpreterError("tkinter does not import _tkinter where Keel expects it", hint="report this")
    module.write_text(changed, encoding="utf-8")
    (module.parent / "_keel_tcl.py").write_bytes((ADDITIONS / "_keel_tcl.py").read_bytes())


def tree_digest(root: Path) -> str:
    """SHA-256 of everything that gets installed: paths, contents, executable bits, targets of links; no times."""
    total = hashlib.sha256()
    for path in sorted(_leaves(root), key=lambda path: path.relative_to(root).as_posix()):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            line = f"link {name}\0{path.readlink()}"
        else:
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            kind = "program" if path.stat().st_mode & stat.S_IXUSR else "file"
            line = f"{kind} {name}\0{digest}"
        total.update(line.encode("utf-8", "surrogateescape") + b"\0")
    return total.hexdigest()


def _leaves(root: Path) -> list[Path]:
    found = []
    for folder, folders, names in os.walk(root):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        found += [Path(folder) / name for name in [*names, *links]]
    return found
