"""Programs started in an environment, as if it had been activated for them."""

import os
import shutil
from typing import NoReturn, Sequence

from .base import Base
from .environments import Environment, active_prefix
from .errors import KeelError

# Activation is the shell's, here as everywhere; it starts no process, and what follows takes the shell's place.
_SCRIPT = 'KEEL_ROOT=$1; . "$1/etc/profile.d/keel.sh" && keel activate "$2" || exit; shift 2; exec "$@"'


class NotFoundError(KeelError):
    """There is no such program; the exit code is the one that shells have for it."""

    exit_code = 127


def run_in(base: Base, environment: Environment, command: Sequence[str]) -> NoReturn:
    """Become `command` (a program and its arguments) in `environment`: same process, streams and exit code.

    Raises KeelError where there is no such program, neither in the environment nor on PATH.
    """
    search = os.pathsep.join([os.path.join(environment.prefix, "bin"), _path_without_active()])
    if shutil.which(command[0], path=search) is None:
        raise NotFoundError(
            f"there is no program {command[0]} in {environment.label}, nor on PATH",
            hint=f"what is installed there: keel list -p {environment.prefix}",
        )
    shell = "/bin/sh"
    os.execv(shell, [shell, "-c", _SCRIPT, "keel run", base.prefix, environment.prefix, *command])


def _path_without_active() -> str:
    """PATH without the active environment, whose place another one takes."""
    gone = os.path.join(active_prefix() or "/nowhere", "bin")
    return os.pathsep.join(folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder != gone)
