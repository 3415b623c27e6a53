"""The shells that have `keel activate`: their names, the files that they read at their start, how they load keel's.

cmd.exe has no such file; its Windows base comes with `keel.bat`, found through PATH.
"""

import os
import sys
from typing import Callable, Dict, List, Mapping, NamedTuple, Sequence

from . import quoting
from .base import Base
from .errors import KeelError
from .layout import WINDOWS, documents_folder, home_folder


class Shell(NamedTuple):
    """One kind of shell.

    extension: of its file in `etc/profile.d`.  quote: makes a path one word.  start_up: gives the files that it reads,
    by the home folder and the environment.  load: what loads the integration into a running shell, with places for the
    quoted file and prefix.  guarded: the same for a start-up file, doing nothing where the file is gone.
    """

    extension: str
    quote: Callable[[str], str]
    start_up: Callable[[str, Mapping[str, str]], List[str]]
    load: str
    guarded: str

    def file(self, prefix: str) -> str:
        return os.path.join(prefix, "etc", "profile.d", f"keel.{self.extension}")

    def lines(self, template: str, prefix: str) -> str:
        """`load` or `guarded` for the base at `prefix`."""
        return template.format(file=self.quote(self.file(prefix)), root=self.quote(prefix))


def _config(home: str, environment: Mapping[str, str], *parts: str) -> str:
    folder = environment.get("XDG_CONFIG_HOME") or ""
    return os.path.join(folder if os.path.isabs(folder) else os.path.join(home, ".config"), *parts)


def _bash(home: str, _: Mapping[str, str]) -> List[str]:
    """macOS terminals start login shells, for which bash reads `.bash_profile` only."""
    names = [".bashrc", ".bash_profile"] if sys.platform == "darwin" else [".bashrc"]
    return [os.path.join(home, name) for name in names]


def _zsh(home: str, environment: Mapping[str, str]) -> List[str]:
    return [os.path.join(environment.get("ZDOTDIR") or home, ".zshrc")]


def _sh(home: str, _: Mapping[str, str]) -> List[str]:
    return [os.path.join(home, ".profile")]


def _fish(home: str, environment: Mapping[str, str]) -> List[str]:
    return [_config(home, environment, "fish", "conf.d", "keel.fish")]


def _csh(home: str, _: Mapping[str, str]) -> List[str]:
    """tcsh reads `.cshrc` where there is no `.tcshrc`."""
    own = os.path.join(home, ".tcshrc")
    return [own if os.path.lexists(own) else os.path.join(home, ".cshrc")]


def _powershell(home: str, environment: Mapping[str, str]) -> List[str]:
    """The profile of all hosts: on Windows of its own PowerShell and of PowerShell 6 and later."""
    if WINDOWS:
        documents = documents_folder(home)
        return [os.path.join(documents, name, "profile.ps1") for name in ("WindowsPowerShell", "PowerShell")]
    return [_config(home, environment, "powershell", "profile.ps1")]


def _xonsh(home: str, environment: Mapping[str, str]) -> List[str]:
    old = os.path.join(home, ".xonshrc")
    return [old if os.path.lexists(old) else _config(home, environment, "xonsh", "rc.xsh")]


def _nushell(home: str, environment: Mapping[str, str]) -> List[str]:
    if WINDOWS and environment.get("APPDATA"):
        return [os.path.join(environment["APPDATA"], "nushell", "config.nu")]
    if sys.platform == "darwin" and not environment.get("XDG_CONFIG_HOME"):
        return [os.path.join(home, "Library", "Application Support", "nushell", "config.nu")]
    return [_config(home, environment, "nushell", "config.nu")]


_SH_BLOCK = "if [ -f {file} ]; then\n    KEEL_ROOT={root}\n    . {file}\nfi\n"
_CSH_BLOCK = "if ( -f {file} ) then\n    set KEEL_ROOT = {root}\n    source {file}\nendif\n"
_FISH_BLOCK = "if test -f {file}\n    set -g KEEL_ROOT {root}\n    source {file}\nend\n"
_POWERSHELL_BLOCK = "if (Test-Path -LiteralPath {file}) {{\n    . {file}\n}}\n"
_XONSH_BLOCK = (
    "if __import__('os').path.isfile({file}):\n"
    "    with __xonsh__.env.swap(KEEL_ROOT={root}):\n"
    "        source @({file})\n"
)
# `use` needs to know its file before anything runs.
_NUSHELL_BLOCK = "use (if ({file} | path exists) {{ {file} }} else {{ null }})\n"

SHELLS: Dict[str, Shell] = {
    "bash": Shell("sh", quoting.sh, _bash, ". {file}", _SH_BLOCK),
    "zsh": Shell("sh", quoting.sh, _zsh, ". {file}", _SH_BLOCK),
    "sh": Shell("sh", quoting.sh, _sh, "KEEL_ROOT={root}; . {file}", _SH_BLOCK),
    "fish": Shell("fish", quoting.fish, _fish, "source {file}", _FISH_BLOCK),
    "csh": Shell("csh", quoting.csh, _csh, "set KEEL_ROOT = {root}; source {file}", _CSH_BLOCK),
    "powershell": Shell("ps1", quoting.powershell, _powershell, ". {file}", _POWERSHELL_BLOCK),
    "xonsh": Shell("xsh", quoting.python, _xonsh, "source @({file})", _XONSH_BLOCK),
    "nushell": Shell("nu", quoting.nushell, _nushell, "use {file}", _NUSHELL_BLOCK),
}
# What the programs are called.
_PROGRAMS = {
    **{name: name for name in SHELLS},
    **dict.fromkeys(("dash", "ash", "ksh", "ksh93", "mksh", "busybox"), "sh"),
    "tcsh": "csh",
    "bsd-csh": "csh",
    "pwsh": "powershell",
    "nu": "nushell",
}


def start_up_files(shell: str, environment: Mapping[str, str]) -> List[str]:
    """The files in which `shell` (of SHELLS) looks for its settings, by HOME, ZDOTDIR and XDG_CONFIG_HOME."""
    home = home_folder(environment)
    if home is None:
        raise KeelError("HOME is not set, so there are no start-up files", hint="set HOME to your home folder")
    return SHELLS[shell].start_up(home, environment)


def check_shells(names: Sequence[str], environment: Mapping[str, str]) -> List[str]:
    """Of SHELLS, those that `names` mean, or the user's own (SHELL) where there are none. Raises KeelError."""
    if not names:
        names = [os.path.basename(environment.get("SHELL") or ("powershell" if WINDOWS else ""))]
    for name in names:
        if name not in _PROGRAMS:
            text = f"{name} is not a shell that keel init knows" if name else "SHELL does not say which shell is yours"
            raise KeelError(text, hint=f"name one or more of: {', '.join(SHELLS)}")
    return list(dict.fromkeys(_PROGRAMS[name] for name in names))


def installed_shells(environment: Mapping[str, str]) -> List[str]:
    """Those of SHELLS that can be started on this machine; `sh` always can."""
    folders = [folder for folder in (environment.get("PATH") or "/usr/bin:/bin").split(os.pathsep) if folder]

    def found(shell: str) -> bool:
        programs = [program for program, meant in _PROGRAMS.items() if meant == shell]
        return any(os.access(os.path.join(folder, program), os.X_OK) for folder in folders for program in programs)

    return [shell for shell in SHELLS if shell == "sh" or found(shell)]


def all_start_up_files(environment: Mapping[str, str]) -> List[str]:
    """Of every shell; none without a home. Also those that another system or an older keel would choose."""
    home = home_folder(environment)
    if home is None:
        return []
    files = [path for shell in SHELLS for path in start_up_files(shell, environment)]
    others = (".bash_profile", ".zshrc", ".cshrc", ".xonshrc")
    return list(dict.fromkeys([*files, *(os.path.join(home, name) for name in others)]))


def calling_shell(environment: Mapping[str, str]) -> str:
    """The one of SHELLS that keel was started from, as far as can be told; else the user's own, else sh."""
    try:
        with open(f"/proc/{os.getppid()}/comm", encoding="utf-8", errors="replace") as file:
            program = file.read().strip()
    except OSError:
        program = ""
    own = os.path.basename(environment.get("SHELL") or "")
    return _PROGRAMS.get(program) or _PROGRAMS.get(own) or ("powershell" if WINDOWS else "sh")


def not_loaded(base: Base, command: str) -> KeelError:
    """What to say where `command` was typed in a shell that has no shell function for it."""
    name = calling_shell(os.environ)
    shell = SHELLS[name]
    load = shell.lines(shell.load, base.prefix)
    # These two read a whole line before they run any of it.
    joint = "\n           " if name in ("csh", "nushell") else "; "
    run = "^" if name == "nushell" else "& " if name == "powershell" else ""
    keel = run + shell.quote(os.path.join(base.prefix, "cmd", "keel.bat" if WINDOWS else "keel"))
    return KeelError(
        f"'{' '.join(command.split(' ')[:2])}' changes the shell that it is typed in, and keel's shell function is not "
        "loaded there",
        hint=f"run: {load}{joint}{command}\n      to have it in every new shell: {keel} init {name}",
    )
