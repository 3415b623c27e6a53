"""Programs started in an environment, as if it had been activated for them."""

import os
import shutil
from typing import Dict, List, Optional, Sequence

from .base import Base
from .environments import Environment, active_prefix, is_environment
from .errors import KeelError
from .layout import WINDOWS

# Activation is the shell's, here as everywhere; it starts no process, and what follows takes the shell's place.
_SCRIPT = 'KEEL_ROOT=$1; . "$1/etc/profile.d/keel.sh" && keel activate "$2" || exit; shift 2; exec "$@"'


class NotFoundError(KeelError):
    """There is no such program; the exit code is the one that shells have for it."""

    exit_code = 127


def run_in(base: Base, environment: Environment, command: Sequence[str]) -> int:
    """Become `command` (a program and its arguments) in `environment`: same process, streams and exit code.

    On Windows no process can become another one: there it is started, waited for, and its exit code given.
    Raises KeelError where there is no such program, neither in the environment nor on PATH.
    """
    search = os.pathsep.join([*_folders(base, environment.prefix), _path_without_active(base)])
    program = _which(command[0], search)
    if program is None:
        raise NotFoundError(
            f"there is no program {command[0]} in {environment.label}, nor on PATH",
            hint=f"what is installed there: keel list {environment.option}",
        )
    if WINDOWS:
        return _start(base, environment, [program, *command[1:]], search)
    shell = "/bin/sh"
    return os.execv(shell, [shell, "-c", _SCRIPT, "keel run", base.prefix, environment.prefix, *command])


def _which(name: str, search: str) -> Optional[str]:
    """The program that `name` means on PATH `search`; None: none.

    On Windows shutil.which looks into the current folder first, which may well hold a python.exe: the base's does.
    """
    if not WINDOWS or os.path.dirname(name):
        return shutil.which(name, path=search)
    endings = os.environ.get("PATHEXT", ".COM;.EXE;.BAT;.CMD").split(";")
    names = [name + ending for ending in endings if ending]
    if os.path.splitext(name)[1].lower() in {ending.lower() for ending in endings}:
        names.insert(0, name)
    places = (os.path.join(folder, one) for folder in search.split(os.pathsep) if folder for one in names)
    return next((place for place in places if os.path.isfile(place)), None)


def _start(base: Base, environment: Environment, command: Sequence[str], search: str) -> int:
    """Windows: what cmd/keel.bat sets on activation."""
    import signal
    import subprocess

    from .variables import read_variables

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the program's
    if _has_scripts(environment):
        return subprocess.call(command, env=_activated(base, environment))
    variables = {
        **os.environ,
        **read_variables(environment.prefix),
        "PATH": search,
        "KEEL_PREFIX": environment.prefix,
        "KEEL_DEFAULT_ENV": environment.label,
        "KEEL_SHLVL": "1",
    }
    variables.pop("PYTHONHOME", None)
    if is_environment(environment.prefix):
        variables["VIRTUAL_ENV"] = environment.prefix
    return subprocess.call(command, env=variables)


def _has_scripts(environment: Environment) -> bool:
    """Whether something is to be run on activation by cmd.exe."""
    try:
        names = os.listdir(os.path.join(environment.prefix, "etc", "keel", "activate.d"))
    except OSError:
        return False
    return any(name.lower().endswith(".bat") for name in names)


def _activated(base: Base, environment: Environment) -> Dict[str, str]:
    """The variables of a cmd.exe that has activated the environment. Raises KeelError where a script of it failed.

    cmd.exe reads no paths from its command line, which it would expand, but from variables; Python tells the result,
    since what `set` prints is in the console's code page.
    """
    import json
    import subprocess

    tell = "import json, os; print(json.dumps(dict(os.environ)))"
    words = {
        "_KEEL_RUN_KEEL": os.path.join(base.prefix, "cmd", "keel.bat"),
        "_KEEL_RUN_NAME": environment.prefix,
        "_KEEL_RUN_PYTHON": base.python,
    }
    # /d: nothing that the registry would run first; `1>&2`: what scripts print is not the answer.
    line = f'call "%_KEEL_RUN_KEEL%" activate "%_KEEL_RUN_NAME%" >&2 && "%_KEEL_RUN_PYTHON%" -I -S -B -c "{tell}"'
    shell = os.environ.get("COMSPEC", "cmd.exe")
    done = subprocess.run(
        f'"{shell}" /d /q /s /c "{line}"', env={**os.environ, **words}, stdout=subprocess.PIPE, check=False
    )
    try:
        variables: Dict[str, str] = json.loads(done.stdout)
    except ValueError:
        raise KeelError(
            f"{environment.label} could not be activated: cmd.exe ended with {done.returncode}",
            hint=f"look at the scripts in {os.path.join(environment.prefix, 'etc', 'keel', 'activate.d')}",
        ) from None
    return {name: value for name, value in variables.items() if name.upper() not in words}


def _folders(base: Base, prefix: str) -> List[str]:
    """What activation puts on PATH."""
    scripts = os.path.join(prefix, base.layout.scripts)
    return [prefix, scripts] if base.layout.windows and prefix == base.prefix else [scripts]


def _path_without_active(base: Base) -> str:
    """PATH without the active environment, whose place another one takes."""
    active = active_prefix()
    gone = _folders(base, active) if active else []
    return os.pathsep.join(folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder not in gone)
