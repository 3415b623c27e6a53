"""What the Python that runs the builder says about itself, and whether it can become a base."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..elf import read_elf
from .model import UnavailableError

# Asked from the outside with -I: the builder's own process may have been told anything by its environment.
_QUESTION = """
import json, os, sys, sysconfig
try:
    import ensurepip
    bundled = os.path.isdir(os.path.join(os.path.dirname(ensurepip.__file__), "_bundled"))
except ImportError:
    bundled = False
print(json.dumps({
    "implementation": sys.implementation.name,
    "version": ".".join(map(str, sys.version_info[:3])),
    "final": sys.version_info.releaselevel == "final",
    "prefix": sys.base_prefix,
    "exec_prefix": sys.base_exec_prefix,
    "executable": os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable),
    "stdlib": os.path.dirname(os.path.abspath(os.__file__)),
    "debug": hasattr(sys, "gettotalrefcount"),
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "debian": "deb_system" in sysconfig.get_scheme_names(),
    "ensurepip": bundled,
    "libdir": sysconfig.get_config_var("LIBDIR") or "",
}))
"""
_TCL_QUESTION = "import tkinter; print(tkinter.Tcl().eval('info library'))"
_HINT = "use `pbs`, an archive, or a Python that was built from source (pyenv, or configure and make)"


@dataclass(frozen=True, kw_only=True)
class HostFacts:
    """As sys and sysconfig name them; the base interpreter's where the builder runs in a virtual environment."""

    implementation: str
    version: str
    final: bool
    prefix: str
    exec_prefix: str
    executable: str
    stdlib: str
    debug: bool
    free_threaded: bool
    debian: bool
    ensurepip: bool
    libdir: str

    @property
    def minor(self) -> str:
        """ "3.11" """
        return ".".join(self.version.split(".")[:2])


def ask_host(python: Path) -> HostFacts:
    """The facts of `python`. Raises UnavailableError if it does not answer."""
    try:
        answer = subprocess.run(
            [python, "-I", "-B", "-c", _QUESTION], capture_output=True, text=True, timeout=60, check=True, cwd="/"
        )
        return HostFacts(**json.loads(answer.stdout))
    except (OSError, subprocess.SubprocessError, ValueError, TypeError) as error:
        raise UnavailableError(f"{python} does not answer: {error}", hint=_HINT) from error


def find_tcl(python: Path) -> Path | None:
    """The folder of Tcl's own scripts, asked from Tcl; None where tkinter does not work."""
    try:
        answer = subprocess.run(
            [python, "-I", "-B", "-c", _TCL_QUESTION], capture_output=True, text=True, timeout=60, check=True, cwd="/"
        )
    except (OSError, subprocess.SubprocessError):
        return None
    folder = Path(answer.stdout.strip())
    return folder if (folder / "init.tcl").is_file() else None


def check_host(facts: HostFacts) -> None:
    """Raises UnavailableError for a Python that cannot be made relocatable, saying why."""
    what = f"Python {facts.version} in {facts.prefix}"
    if facts.implementation != "cpython":
        raise UnavailableError(f"{what} is {facts.implementation}, not CPython", hint=_HINT)
    if not facts.final:
        raise UnavailableError(f"{what} is a pre-release", hint=_HINT)
    if facts.debug or facts.free_threaded:
        kind = "debug" if facts.debug else "free-threaded"
        raise UnavailableError(f"{what} is a {kind} build, which ordinary wheels do not fit", hint=_HINT)
    _check_distribution(facts, what)
    if facts.prefix != facts.exec_prefix:
        raise UnavailableError(f"{what} has its platform files elsewhere ({facts.exec_prefix})", hint=_HINT)
    _check_loader(facts, what)


def _check_distribution(facts: HostFacts, what: str) -> None:
    if facts.debian or facts.prefix in ("/usr", "/") or "dist-packages" in facts.stdlib:
        raise UnavailableError(
            f"{what} belongs to the system: distributions patch their Python and spread it over the file system, "
            "so that it cannot be moved",
            hint=_HINT,
        )
    if Path(facts.stdlib) != Path(facts.prefix) / "lib" / f"python{facts.minor}":
        raise UnavailableError(f"{what} has its library in an unusual place ({facts.stdlib})", hint=_HINT)
    if not facts.ensurepip:
        raise UnavailableError(f"{what} has no ensurepip, so that `python -m venv` would not work", hint=_HINT)


def _check_loader(facts: HostFacts, what: str) -> None:
    elf = read_elf(Path(facts.executable))
    if elf is None or elf.loader is None:
        raise UnavailableError(f"{what}: {facts.executable} is not a dynamic program", hint=_HINT)
    if "musl" in elf.loader:
        raise UnavailableError(f"{what} was built for musl, and installers for Linux need glibc", hint=_HINT)
    if not elf.loader.startswith(("/lib/", "/lib64/")):
        raise UnavailableError(
            f"{what} is bound to a C library of its own ({elf.loader}), which other machines do not have", hint=_HINT
        )
