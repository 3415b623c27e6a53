"""A Python in a root file system of its own: a container image or another machine's disk, unpacked in a folder here.

Nothing in it is run, so that it may be for another machine: what it would say about itself is read from its files.
"""

import re
from pathlib import Path, PurePosixPath

from ..elf import read_elf
from .host_facts import HostFacts
from .layout import Layout, find_program, is_patched
from .relocate import read_variables

# As many as Linux follows (path_resolution(7)).
_MOST_LINKS = 40
_PLAIN_VERSION = re.compile(r"\d+(\.\d+)*")
_TCL_LIBRARY = re.compile(r"libtcl(?P<version>\d+\.\d+)\.so(\.\d+)*")
# Where distributions keep Tcl's scripts, relative to the root.
_TCL_PLACES = ("usr/share/tcltk", "usr/share", "usr/lib", "usr/lib64", "usr/local/lib")


def resolve_in(root: Path, path: PurePosixPath) -> Path:
    """Where `path` leads for a process whose root folder is `root`; the result need not exist.

    path: absolute, as seen from inside.  Raises OSError for a circle of links.
    """
    waiting, here = list(reversed(path.parts[1:])), root
    links = 0
    while waiting:
        name = waiting.pop()
        if name == "..":
            here = here.parent if here != root else root
            continue
        here = here / name
        if not here.is_symlink():
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(f"too many symbolic links in {root / path.relative_to('/')}")
        target = PurePosixPath(here.readlink())
        here = root if target.is_absolute() else here.parent
        waiting += [part for part in reversed(target.parts) if part != "/"]
    return here


def find_root(program: Path) -> Path | None:
    """The folder that `program` takes for `/`, by the dynamic linker that it names; None where that is `/` itself."""
    elf = read_elf(program)
    if elf is None or elf.loader is None:
        return None
    loader = PurePosixPath(elf.loader)
    found = [folder for folder in program.absolute().parents if resolve_in(folder, loader).is_file()]
    # /lib may be a link into /usr, which then looks like a root itself.
    if len(found) > 1 and found[0].name == "usr" and found[1] == found[0].parent:
        del found[0]
    return found[0] if found and found[0] != Path("/") else None


def read_facts(layout: Layout, root: Path) -> HostFacts:
    """What the Python of `layout`, installed in `root`, would answer to `ask_host`."""
    program = find_program(layout)
    if program is None:
        raise FileNotFoundError(layout.prefix / "bin" / f"python{layout.minor}")
    variables: dict[str, object] = {}
    for path in layout.stdlib.glob("_sysconfigdata_*.py"):
        variables |= read_variables(path)
    return HostFacts(
        implementation="cpython",
        version=layout.version,
        final=_PLAIN_VERSION.fullmatch(layout.version) is not None,
        prefix=str(layout.prefix),
        exec_prefix=str(layout.prefix),
        executable=str(program.resolve()),
        stdlib=str(layout.stdlib),
        debug=bool(variables.get("Py_DEBUG")),
        free_threaded=bool(variables.get("Py_GIL_DISABLED")),
        debian=is_patched(layout) or layout.prefix in (root, root / "usr"),
        ensurepip=(layout.stdlib / "ensurepip" / "_bundled").is_dir(),
        libdir=str(layout.prefix / "lib"),
    )


def find_tcl_in(root: Path, module: Path) -> Path | None:
    """The folder of Tcl's own scripts for the extension module `_tkinter`; None if `root` has none."""
    elf = read_elf(module)
    names = [match["version"] for name in elf.needed if (match := _TCL_LIBRARY.fullmatch(name))] if elf else []
    folders = [root / place / f"tcl{version}" for version in names for place in _TCL_PLACES]
    return next((folder for folder in folders if (folder / "init.tcl").is_file()), None)
