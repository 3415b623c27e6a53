"""Pythons for Windows: python.org's embeddable zip and NuGet package, and python-build-standalone, in one layout.

    python.exe pythonw.exe python3.dll python311.dll vcruntime140.dll    Lib/ DLLs/ include/ libs/ tcl/

From an embeddable zip, the standard library comes out of its zip as it is: compiled modules without sources, which
Python imports from a folder as well. Its `._pth` goes, so that `site` runs and environments work.
"""

import re
import shutil
from pathlib import Path

from ..archives import unpack
from ..errors import InterpreterError
from .layout import Layout
from .trim import keep_only, remove_all, trim_library

_KEPT_FOLDERS = frozenset({"DLLs", "Lib", "include", "libs", "licenses", "tcl"})
# Loaded with the program itself, hence beside it; everything else that is a library belongs to extension modules.
_BESIDE_PROGRAM = re.compile(
    r"python\d+\.dll|(vcruntime|msvcp|concrt)\d+.*\.dll|ucrtbase\.dll|api-ms-win-.*\.dll", re.I
)
_PROGRAMS = frozenset({"python.exe", "pythonw.exe"})
_TEST_MODULES = ("_test*", "_ctypes_test*", "xxlimited*", "_xxtestfuzz*")
_VENV = '''\
"""Added by Keel: python.org's embeddable package, of which this base was made, has no module venv."""

import sys

_TEXT = "this Python comes from the embeddable package, which has no venv; use keel create: keel create -n NAME"
if __name__ == "__main__":
    sys.exit(f"error: {_TEXT}")
raise ModuleNotFoundError(_TEXT, name="venv")
'''
# What programs may look for, by a file that tells.
_PARTS = {"venv": "Lib/venv/__init__.py", "tkinter": "Lib/tkinter/__init__.py", "headers": "include/Python.h",
          "sources": "Lib/os.py"}  # fmt: skip


def arrange(layout: Layout) -> None:
    """Mend the tree in place: one layout, whatever it was made of, and nothing that a base does not need."""
    prefix = layout.prefix
    library = prefix / f"python{layout.minor.replace('.', '')}.zip"
    embeddable = library.is_file()
    if embeddable:
        _unpack_library(library, layout.stdlib)
    if not any((layout.stdlib / name).is_file() for name in ("os.py", "os.pyc")):
        raise InterpreterError("the standard library is missing: neither Lib nor a zip has it", hint="is it complete?")
    _sort_libraries(prefix)
    keep_only(prefix, [*_KEPT_FOLDERS, *_PROGRAMS, *(path.name for path in prefix.iterdir() if _is_kept(path))])
    trim_library(layout.stdlib, compiled=embeddable)
    remove_all([layout.stdlib / "build-details.json"])  # PEP 739; it names folders of the machine it was built on
    modules = prefix / "DLLs"
    remove_all(path for pattern in _TEST_MODULES for path in modules.glob(f"{pattern}.pyd"))
    remove_all(path for path in prefix.rglob("*") if path.suffix.lower() in (".pdb", ".chm"))
    if not (layout.stdlib / "venv").is_dir():
        (layout.stdlib / "venv.py").write_text(_VENV, encoding="utf-8", newline="\n")


def _unpack_library(library: Path, stdlib: Path) -> None:
    stdlib.mkdir(exist_ok=True)
    unpack(library, stdlib)
    library.unlink()


def _sort_libraries(prefix: Path) -> None:
    """Extension modules and their libraries into DLLs/."""
    modules = prefix / "DLLs"
    modules.mkdir(exist_ok=True)
    for path in list(prefix.iterdir()):
        if path.suffix.lower() == ".pyd" or (
            path.suffix.lower() == ".dll" and not _BESIDE_PROGRAM.fullmatch(path.name)
        ):
            shutil.move(path, modules / path.name)


def _is_kept(path: Path) -> bool:
    return bool(_BESIDE_PROGRAM.fullmatch(path.name)) or path.name.upper().startswith("LICENSE")


def lacking(layout: Layout) -> list[str]:
    """What a complete installation would have and this one does not: "venv", "tkinter", "headers", "sources"."""
    if not layout.windows:
        return []
    return [part for part, file in _PARTS.items() if not (layout.prefix / file).is_file()]
