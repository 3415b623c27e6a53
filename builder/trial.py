"""The recipe's tests: a finished installer is installed into a temporary folder, and the base there is tried.

The list is part of the base (`keel-meta/tests.json`) and run by `installer_templates/unix/selftest.py`, as it is by the
installer's own option -t.
"""

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from .errors import FailedTestsError
from .lock import Lock, minimum_glibc
from .platforms import glibc_tuple
from .resources import TEMPLATES
from .settings import Settings
from .target import Target

SELFTEST = TEMPLATES / "unix" / "selftest.py"
# How an installer is run, by its name's ending: those that a builder's host can run without leaving anything behind.
_RUN = {".sh": ("sh",)}
_INSTALL_SECONDS = 1800
_PATH = "/usr/local/bin:/usr/bin:/bin"


def try_installers(installers: Mapping[str, Path], *, target: Target, lock: Lock, settings: Settings) -> None:
    """Run the recipe's tests with the first of `installers` that can be run here; without one, tell why not.

    installers: what each is going to be called -> where it is.  Raises FailedTestsError with what the test said.
    """
    tests = target.recipe.tests
    if not tests or not settings.tests:
        return
    runs = [(path, _RUN[ending]) for name, path in installers.items() if (ending := Path(name).suffix) in _RUN]
    reason = _obstacle(target, lock, settings) or ("" if runs else f"the builder cannot try {' or '.join(installers)}")
    if reason:
        settings.reporter.note(f"tests: not run here: {reason}")
        return
    installer, command = runs[0]
    with tempfile.TemporaryDirectory(prefix="keel-tests-", ignore_cleanup_errors=True) as folder:
        _try(installer, command, Path(folder), settings)
    count = len(tests.imports) + len(tests.commands)
    settings.reporter.step(f"tests: {count} passed in the finished base")


def _obstacle(target: Target, lock: Lock, settings: Settings) -> str | None:
    """Why this machine cannot run the target, or None."""
    host, platform = settings.host, target.platform
    if host.platform_name != platform.name:
        return f"the target is {platform.name}, and this machine {host.platform_name}"
    needed = minimum_glibc(lock)
    if needed and (host.glibc is None or glibc_tuple(host.glibc) < glibc_tuple(needed)):
        return f"the base needs glibc {needed}, and this machine has {host.glibc or 'none'}"
    return None


def _try(installer: Path, command: Sequence[str], folder: Path, settings: Settings) -> None:
    home, base = folder / "home", folder / "base"
    home.mkdir()
    kept = {name: settings.env[name] for name in ("TMPDIR", "SYSTEMROOT") if name in settings.env}
    env = {"HOME": str(home), "PATH": _PATH, "LANG": "C.UTF-8", **kept}
    settings.reporter.step("tests: installing into a temporary folder")
    code, said = _run([*command, installer, "-b", "-p", base], env, home, _INSTALL_SECONDS)
    if code:
        raise FailedTestsError(
            f"the installer could not be installed (exit code {code}):\n{said}", hint="build with --no-tests"
        )
    code, said = _run(
        [base / "bin" / "python", "-I", "-B", "-c", SELFTEST.read_text("utf-8"), "recipe"], env, home, None
    )
    if code:
        raise FailedTestsError(
            f"the finished base failed the recipe's tests:\n{said}",
            hint="mend the recipe; or, to have the installer all the same: --no-tests",
        )


def _run(
    command: Sequence[str | os.PathLike[str]], env: dict[str, str], folder: Path, seconds: int | None
) -> tuple[int, str]:
    """Exit code, and everything that was said."""
    try:
        done = subprocess.run(
            command, env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8", errors="replace", timeout=seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise FailedTestsError(f"the installer did not end within {seconds} s", hint="build with --no-tests") from None
    except OSError as error:
        raise FailedTestsError(
            f"{command[0]} cannot be run: {error.strerror or error}",
            hint="set TMPDIR to a folder in which programs may run, or build with --no-tests",
        ) from error
    return done.returncode, done.stdout.strip()
