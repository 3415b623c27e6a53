"""The commands of keel: a module each, imported only when its command is typed.

Such a module has `EXAMPLES` (lines for its help), `add_arguments(parser)`, and `run(options, prefix)`, which gives the
exit code; where a command has commands of its own, those set `run`, too. What a command does is said in the library
modules; here it is asked for and shown.
"""

from typing import Dict, NamedTuple


class Command(NamedTuple):
    """group: its heading in `keel --help`.  summary: one line, without a full stop."""

    group: str
    summary: str


_ENVIRONMENTS = "environments"
_PACKAGES = "packages"
_BASE = "this base"

# In the order of `keel --help`. The module of a command has its name.
COMMANDS: Dict[str, Command] = {
    "create": Command(_ENVIRONMENTS, "create an environment out of the base's store, or as a copy of another"),
    "activate": Command(_ENVIRONMENTS, "use an environment in this shell (without a name the base)"),
    "deactivate": Command(_ENVIRONMENTS, "return to what was active before, in this shell"),
    "rename": Command(_ENVIRONMENTS, "give an environment another name or place; nothing is copied"),
    "env": Command(_ENVIRONMENTS, "list, export and remove environments"),
    "run": Command(_ENVIRONMENTS, "run a program in an environment; streams and exit code are its own"),
    "kernel": Command(_ENVIRONMENTS, "let Jupyter start notebooks in an environment"),
    "install": Command(_PACKAGES, "install packages: out of the store, else from the index, a file or a URL"),
    "remove": Command(_PACKAGES, "remove packages"),
    "update": Command(_PACKAGES, "upgrade packages to the newest that the store or the index has"),
    "search": Command(_PACKAGES, "show what the store offers"),
    "list": Command(_PACKAGES, "list the packages of an environment (else the active one, else the base)"),
    "wheelhouse": Command(_PACKAGES, "rebuild wheel files from the store, for pip, uv or another machine"),
    "unlink": Command(_PACKAGES, "give an environment a copy of a package of its own, which may be edited"),
    "check": Command(_BASE, "check that packages fit together and files are as installed; --fix mends"),
    "clean": Command(_BASE, "remove what killed runs left, caches in the base, packages that nobody needs"),
    "info": Command(_BASE, "show the base, its Python, its folders and the active environment"),
    "config": Command(_BASE, "show and change settings: folders of environments, index, links"),
    "init": Command(_BASE, "have keel's shell function in every new shell"),
    "uninstall": Command(_BASE, "remove this base with all environments in it, and undo keel init"),
}
