"""Install a finished installer on this machine, use it as its users would, remove it, and say how that went.

    python tools/verify_installation.py dist/Starter-2026.11-py312-MacOSX-arm64.sh [MORE...]

Every kind of installer (.sh, .pkg, .exe, .7z), each on its own system. Needs Python 3.9 or later, nothing else. What is
done is told on standard error; standard output gets one row for each installer, for the table in docs/verified-on.md.
Exits 1 if any check failed. A .pkg goes into the user's home folder, everything else below a folder with spaces, quotes
and foreign letters in its name, which is removed at the end.
"""

import argparse
import ctypes
import json
import os
import platform
import re
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from installer_kinds import KINDS, CheckError, Installer, call

WINDOWS = sys.platform == "win32"
# What Windows cannot have in a name is left out there.
ODD = "it's (odd) è 中" if WINDOWS else 'it\'s "odd" è 中'
# Variables that would lead Python, pip or keel elsewhere.
_FOREIGN = re.compile(r"(PYTHON|PIP_|UV_|KEEL_|_KEEL_|CONDA|VIRTUAL_ENV|__PYVENV)")

# Runs inside the base: everything that was asked for can be imported, compiled modules included.
_IMPORT_ALL = """
import importlib, json, sys
from importlib import metadata
import bz2, ctypes, hashlib, lzma, sqlite3, ssl, zlib
with open(sys.argv[1], encoding="utf-8") as file:
    units = json.load(file)["units"]
count = 0
for unit in units:
    if unit["base"] and unit["requested"]:
        files = metadata.distribution(unit["name"]).files or []
        tops = {path.parts[0] for path in files if len(path.parts) == 2 and path.name == "__init__.py"}
        for name in sorted(top for top in tops if top.isidentifier()):
            importlib.import_module(name)
            count += 1
print(f"{count} packages imported")
"""
# Runs in an activated shell; the answer goes to a file, because some shells recode what they pass on.
_PROBE = """
import os, sys
with open(os.environ["KEEL_PROBE_ANSWER"], "w", encoding="utf-8") as file:
    file.write(sys.prefix + "\\n" + os.environ.get("KEEL_DEFAULT_ENV", ""))
"""
_POSIX = '. "$KEEL_PROBE_BASE/etc/profile.d/keel.sh" && keel activate one && python "$KEEL_PROBE" && keel deactivate'
_FISH = (
    'source "$KEEL_PROBE_BASE/etc/profile.d/keel.fish"; and keel activate one; and python "$KEEL_PROBE"'
    "; and keel deactivate"
)
# An alias of csh exists from the next line on.
_CSH = """\
source "$KEEL_PROBE_BASE/etc/profile.d/keel.csh"
keel activate one
python "$KEEL_PROBE"
keel deactivate
"""
_POWERSHELL = """\
$ErrorActionPreference = "Stop"
. (Join-Path $env:KEEL_PROBE_BASE "etc/profile.d/keel.ps1")
keel activate one
python $env:KEEL_PROBE
keel deactivate
"""
_CMD = """\
@call "%KEEL_PROBE_BASE%\\cmd\\keel.bat" activate one
@python "%KEEL_PROBE%"
@call "%KEEL_PROBE_BASE%\\cmd\\keel.bat" deactivate
"""


@dataclass(frozen=True)
class Shell:
    """command: starts it, for a script in a file.  suffix: of that file."""

    command: Sequence[str]
    script: str
    suffix: str = ".sh"


SHELLS: Mapping[str, Shell] = {
    "bash": Shell(("bash", "--norc", "--noprofile"), _POSIX),
    "dash": Shell(("dash",), _POSIX),
    "zsh": Shell(("zsh", "-f"), _POSIX),
    "ksh": Shell(("ksh",), _POSIX),
    "mksh": Shell(("mksh",), _POSIX),
    "busybox": Shell(("busybox", "ash"), _POSIX),
    "fish": Shell(("fish", "--no-config"), _FISH, ".fish"),
    "tcsh": Shell(("tcsh", "-f"), _CSH, ".csh"),
    "pwsh": Shell(("pwsh", "-NoLogo", "-NoProfile", "-NonInteractive", "-File"), _POWERSHELL, ".ps1"),
    "powershell": Shell(
        ("powershell", "-NoLogo", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-File"),
        _POWERSHELL,
        ".ps1",
    ),
    "cmd": Shell(("cmd", "/q", "/d", "/c"), _CMD, ".bat"),
}
# On Windows, bash is Git's, WSL's or MSYS2's; bases for Windows have nothing for it.
_OF_WINDOWS = ("cmd", "powershell", "pwsh")


class Base:
    """An installed base, used through its own programs."""

    def __init__(self, prefix: Path, env: Mapping[str, str], work: Path) -> None:
        self.prefix, self.env, self.work = prefix, env, work

    def python(self, *words: object, name: str = "") -> str:
        """The base's python, or that of the environment `name`."""
        folder = self.prefix / "envs" / name if name else self.prefix
        below = ("Scripts/python.exe" if name else "python.exe") if WINDOWS else "bin/python"
        return call([folder / below, *words], env=self.env)

    def keel(self, *words: str) -> str:
        if WINDOWS:
            # Relative, for cmd.exe has strange ideas about quotes.
            return call(["cmd", "/q", "/d", "/c", "cmd\\keel.bat", *words], env=self.env, cwd=self.prefix)
        return call([self.prefix / "cmd" / "keel", *words], env=self.env)

    def check_python(self) -> None:
        answer = self.python("-c", "import sys; print(sys.prefix)").strip()
        if not Path(answer).samefile(self.prefix):
            raise CheckError(f"sys.prefix is {answer}")
        self.python("-c", _IMPORT_ALL, self.prefix / "keel-meta" / "manifest.json")

    def check_pip(self) -> None:
        self.python("-m", "pip", "--disable-pip-version-check", "check")

    def check_environments(self) -> None:
        """Create, clone, list, run."""
        self.keel("create", "-y", "-n", "one", "pip")
        self.keel("create", "-y", "-n", "two", "--clone", "base")
        listed = {one["name"] for one in json.loads(self.keel("env", "list", "--json"))["environments"]}
        if not {"base", "one", "two"} <= listed:
            raise CheckError(f"keel env list --json names {sorted(listed)}")
        for name in ("one", "two"):
            answer = self.python("-c", "import pip, sys; print(sys.prefix)", name=name).strip()
            if not Path(answer).samefile(self.prefix / "envs" / name):
                raise CheckError(f"sys.prefix of {name} is {answer}")
        self.keel("check")

    def check_shell(self, shell: Shell) -> None:
        script, probe, answer = (self.work / name for name in (f"activate{shell.suffix}", "probe.py", "answer.txt"))
        script.write_text(shell.script, encoding="ascii")
        probe.write_text(_PROBE, encoding="ascii")
        answer.unlink(missing_ok=True)
        variables = {
            "KEEL_PROBE": str(probe),
            "KEEL_PROBE_ANSWER": str(answer),
            "KEEL_PROBE_BASE": str(self.prefix),
            # Where a shell cannot tell which file it reads, as without /proc.
            "KEEL_ROOT": str(self.prefix),
        }
        call([*shell.command, script], env={**self.env, **variables}, cwd=self.work)
        if not answer.is_file():
            raise CheckError("there was no python to run")
        prefix, active = answer.read_text(encoding="utf-8").split("\n")
        if active != "one" or not Path(prefix).samefile(self.prefix / "envs" / "one"):
            raise CheckError(f"python ran in {prefix}, with {active or 'nothing'} active")

    def check_removing(self) -> None:
        for name in ("one", "two"):
            self.keel("env", "remove", "-y", "-n", name)
            if (self.prefix / "envs" / name).exists():
                raise CheckError(f"envs/{name} is still there")


class Report:
    """What has been checked, and how it went."""

    def __init__(self) -> None:
        self.passed: list[str] = []
        self.failed: list[str] = []

    def check(self, name: str, action: Callable[[], object]) -> bool:
        """True if nothing went wrong."""
        started = time.monotonic()
        try:
            action()
        except CheckError as error:
            self.failed.append(name)
            tell(f"  FAILED {name}: {error}")
        except Exception:
            self.failed.append(name)
            tell(f"  FAILED {name}: {traceback.format_exc()}")
        else:
            self.passed.append(name)
            tell(f"  ok     {name} ({time.monotonic() - started:.1f} s)")
        return name in self.passed

    def result(self) -> str:
        if self.failed:
            return f"FAILED: {', '.join(self.failed)}"
        return f"{len(self.passed)} checks passed"


def tell(text: str) -> None:
    print(text.encode("ascii", "backslashreplace").decode(), file=sys.stderr, flush=True)


def shells_here() -> list[str]:
    return [name for name, shell in SHELLS.items() if shutil.which(shell.command[0]) and fits(name)]


def fits(name: str) -> bool:
    if wine_version():
        return name == "cmd"  # its PowerShell does nothing
    return name in _OF_WINDOWS if WINDOWS else name not in ("cmd", "powershell")


def wine_version() -> str:
    """ "8.0", "" on a real Windows and elsewhere."""
    library = ctypes.CDLL("ntdll") if WINDOWS else None
    ask = getattr(library, "wine_get_version", None)
    if ask is None:
        return ""
    ask.restype = ctypes.c_char_p
    return str(ask().decode())


def verify(file: Path, work: Path) -> tuple[Report, list[str]]:
    """Everything that is checked of one installer, and the shells in which an environment was activated."""
    env = {name: value for name, value in os.environ.items() if not _FOREIGN.match(name)}
    env.update(PYTHONUTF8="1", PYTHONIOENCODING="utf-8")
    if not WINDOWS:
        (work / "home").mkdir()
        env["HOME"] = str(work / "home")
    report, active = Report(), []
    installer = KINDS[file.suffix](file, env, work / ODD / "base")
    report.check("verify", installer.verify)
    found: list[Path] = []
    (work / ODD).mkdir()
    if not report.check("install", lambda: found.append(installer.install())):
        return report, []
    base = Base(found[0], env, work)
    report.check("keel list", lambda: base.keel("list"))  # the first keel links the base of a .7z
    report.check("python", base.check_python)
    report.check("pip", base.check_pip)
    if report.check("keel create and clone", base.check_environments):
        for name in shells_here():
            if report.check(f"keel activate in {name}", partial(base.check_shell, SHELLS[name])):
                active.append(name)
        report.check("keel env remove", base.check_removing)
    report.check("uninstall", lambda: remove(installer, base.prefix))
    return report, active


def remove(installer: Installer, prefix: Path) -> None:
    installer.remove(prefix)
    if prefix.exists():
        left = sorted(str(path.relative_to(prefix)) for path in prefix.rglob("*"))
        raise CheckError(f"{prefix} is still there: {', '.join(left[:20]) or 'empty'}")


def this_system() -> str:
    """ "macOS 15.5", "Debian GNU/Linux 12 (bookworm)", "Windows 11 (10.0.26100)"."""
    if WINDOWS:
        wine = wine_version()
        return f"{f'Wine {wine} as ' if wine else ''}Windows {platform.release()} ({platform.version()})"
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    for line in Path("/etc/os-release").read_text(encoding="utf-8").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip('"')
    return platform.platform()


def row(file: Path, report: Report, active: Sequence[str]) -> str:
    day = time.strftime("%Y-%m-%d", time.gmtime())
    cells = [day, this_system(), platform.machine(), f"`{file.name}`", ", ".join(active) or "–", report.result()]
    return f"| {' | '.join(cells)} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("installers", nargs="+", type=Path, metavar="INSTALLER")
    parser.add_argument(
        "--work", type=Path, help="folder to work in (default: one of the system's for temporary files)"
    )
    arguments = parser.parse_args()
    failed = False
    for file in arguments.installers:
        if file.suffix not in KINDS or not file.is_file():
            parser.error(f"{file} is no installer: needed is a file that ends in {', '.join(KINDS)}")
        work = Path(os.path.realpath(tempfile.mkdtemp(prefix="keel-", dir=arguments.work)))
        tell(f"{file.name} on {this_system()}, in {work}")
        try:
            report, active = verify(file.absolute(), work)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        # Names may have letters that a console's own encoding does not have.
        sys.stdout.buffer.write(f"{row(file, report, active)}\n".encode())
        sys.stdout.flush()
        failed = failed or bool(report.failed)
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
