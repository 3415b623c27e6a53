"""What a base does not need, and what an archive has lost: which files stay in an interpreter's tree, as what."""

import filecmp
import os
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

from keel.scripts import HEADER, entry_point_script, rewrite_script

from ..errors import InterpreterError
from .layout import Layout, find_program

_TEST_FOLDERS = frozenset({"test", "tests", "idle_test"})
_TEST_MODULES = ("_test*.so", "_ctypes_test*.so", "_xxtestfuzz*.so", "xxlimited*.so")
_KEPT_IN_PREFIX = frozenset({"bin", "lib", "include", "share"})
_KEPT_IN_SHARE = frozenset({"man", "terminfo", "licenses", "tcltk"})
_README = """\
This directory exists so that 3rd party packages can be installed
here.  Read the source for site.py for more details.
"""
# No installer carries an empty folder.
_DYNLOAD_README = "Python finds its exec_prefix by this folder, which must therefore exist.\n"
ADDITIONS = Path(__file__).parent / "additions"
_2TO3 = HEADER + b'import sys\nfrom lib2to3.main import main\nsys.exit(main("lib2to3.fixes"))\n'


def trim(layout: Layout) -> None:
    """Remove packages, tests, caches, static libraries, and what does not belong to Python at all."""
    keep_only(layout.prefix, _KEPT_IN_PREFIX)
    keep_only(layout.prefix / "share", _KEPT_IN_SHARE)
    keep_only(layout.prefix / "include", {f"python{layout.minor}"})
    for folder in (layout.prefix / "share" / "man", layout.prefix / "lib" / "pkgconfig"):
        remove_all(path for path in folder.rglob("*") if not path.is_dir() and not path.name.startswith("python"))
    remove_all(path for path in layout.prefix.glob("lib/*") if path.suffix in (".a", ".la"))
    remove_all([*layout.prefix.glob("lib/*.sh"), *layout.prefix.glob("lib/*/*Config.sh")])
    trim_library(layout.stdlib)
    _trim_dynload(layout.stdlib / "lib-dynload")


def trim_library(stdlib: Path, *, compiled: bool = False) -> None:
    """Remove from a standard library packages, tests, caches and static libraries.

    compiled: its modules are .pyc files without sources, which stay.
    """
    packages = stdlib / "site-packages"
    remove_all([packages, stdlib / "EXTERNALLY-MANAGED", stdlib / "sitecustomize.py", stdlib / "usercustomize.py"])
    packages.mkdir()
    (packages / "README.txt").write_text(_README, encoding="utf-8")
    unwanted = (".a", ".o") if compiled else (".pyc", ".pyo", ".a", ".o")
    for folder, folders, names in os.walk(stdlib):
        here = Path(folder)
        remove_all(here / name for name in folders if name == "__pycache__" or name in _TEST_FOLDERS)
        folders[:] = [name for name in folders if (here / name).is_dir()]
        remove_all(here / name for name in names if name.endswith(unwanted))


def _trim_dynload(dynload: Path) -> None:
    for pattern in _TEST_MODULES:
        remove_all(dynload.glob(pattern))
    dynload.mkdir(exist_ok=True)
    if not any(dynload.iterdir()):  # all modules are part of the program, as in python-build-standalone
        (dynload / "README.txt").write_text(_DYNLOAD_README, encoding="utf-8")


def rebuild_bin(layout: Layout) -> None:
    """Lay out bin/: the program, its other names, and relocatable scripts; everything else goes."""
    folder = layout.prefix / "bin"
    program = find_program(layout)
    if program is None:
        raise InterpreterError(f"bin/python{layout.minor} is missing", hint="is the archive complete?")
    content = program.resolve()
    aside = layout.prefix / f".python{layout.minor}"
    content.replace(aside)
    shutil.rmtree(folder)
    folder.mkdir()
    aside.replace(folder / f"python{layout.minor}")
    for name in ("python3", "python"):
        (folder / name).symlink_to(f"python{layout.minor}")
    for name, script in _scripts(layout).items():
        (folder / name).write_bytes(script)


def _scripts(layout: Layout) -> dict[str, bytes]:
    """The scripts that CPython installs, in the form that finds the python beside it."""
    minor = layout.minor
    found: dict[str, bytes] = {}
    if (layout.stdlib / "pydoc.py").is_file():
        found |= dict.fromkeys((f"pydoc{minor}", "pydoc3"), entry_point_script("pydoc", "cli"))
    if (layout.stdlib / "idlelib" / "pyshell.py").is_file():
        found |= dict.fromkeys((f"idle{minor}", "idle3"), entry_point_script("idlelib.pyshell", "main"))
    if (layout.stdlib / "lib2to3" / "main.py").is_file():
        found |= dict.fromkeys((f"2to3-{minor}", "2to3"), _2TO3)
    config = rewrite_script((ADDITIONS / "python_config.py").read_bytes())
    found |= dict.fromkeys((f"python{minor}-config", "python3-config"), config)
    return found


def restore_links(folder: Path) -> None:
    """Shared libraries that some transport has copied become links again: libX.so -> libX.so.1.0."""
    libraries = [path for path in sorted(folder.glob("lib*.so*")) if path.is_file() and not path.is_symlink()]
    for short in libraries:
        longer = [path for path in libraries if path.name.startswith(short.name + ".")]
        full = next((path for path in longer if filecmp.cmp(short, path, shallow=False)), None)
        if full is not None:
            short.unlink()
            short.symlink_to(full.name)


def settle(root: Path) -> None:
    """Links relative, inside and leading somewhere; modes 0755 and 0644; no empty folders.

    Raises InterpreterError for a link that leads out, and for what is neither file, folder nor link.
    """
    for folder, _, names in os.walk(root, topdown=False):
        here = Path(folder)
        for name in [*names, *(path.name for path in here.iterdir() if path.is_symlink() and path.is_dir())]:
            _settle_one(here / name, root)
        if here != root and not any(here.iterdir()):
            here.rmdir()
        else:
            here.chmod(0o755)


def _settle_one(path: Path, root: Path) -> None:
    if path.is_symlink():
        target = path.readlink()
        if not path.exists():
            path.unlink()
        elif target.is_absolute() or not path.resolve().is_relative_to(root.resolve()):
            raise InterpreterError(
                f"{path.relative_to(root)} is a link to {target}, outside of the interpreter",
                hint="take a complete installation",
            )
    elif stat.S_ISREG(path.lstat().st_mode):
        path.chmod(0o755 if _is_executable(path, root) else 0o644)
    else:
        raise InterpreterError(f"{path.relative_to(root)} is neither a file nor a link", hint="remove it")


def _is_executable(path: Path, root: Path) -> bool:
    """Programs and shared libraries by their place and name: npm, zip and others lose the bit."""
    if path.parent == root / "bin" or path.suffix == ".so" or ".so." in path.name or path.suffix == ".dylib":
        return True
    if not path.stat().st_mode & stat.S_IXUSR:
        return False
    with path.open("rb") as stream:
        return stream.read(2) == b"#!"


def keep_only(folder: Path, names: Iterable[str]) -> None:
    """Remove everything else in `folder`, which need not be there."""
    kept = frozenset(names)
    if folder.is_dir():
        remove_all(path for path in folder.iterdir() if path.name not in kept)


def remove_all(paths: Iterable[Path]) -> None:
    """Remove files, links and whole folders, those that are there."""
    for path in list(paths):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
