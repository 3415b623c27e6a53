"""pip and uv, which fetch what the store does not have: exactly what was resolved (`keel.resolving`), and no more."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from typing import Iterator, Mapping, NamedTuple, Optional, Sequence

from .base import Base
from .errors import KeelError
from .indexing import file_url, shims_url
from .wanted import Pin, Wanted

_UNCHANGED = "nothing was changed"
# Variables that would send the tools elsewhere, or that ask for what keel says by options.
_UNWANTED = re.compile(
    r"PYTHON(PATH|HOME|STARTUP)|PIP_(USER|TARGET|PREFIX|ROOT|NO_INDEX|PYTHON|REPORT|DRY_RUN|CONSTRAINT|REQUIREMENT)"
    r"|UV_(DEFAULT_INDEX|INDEX_URL|NO_INDEX|PYTHON|SYSTEM_PYTHON|CONSTRAINT|OVERRIDE|TARGET|PREFIX|BREAK_SYSTEM_PACKAGES)"
)


class Place(NamedTuple):
    """What is resolved and installed for.  python: its interpreter.  empty: take nothing there for installed.
    managed: it is the base, which says of itself that it is not for everybody's pip (PEP 668)."""

    python: str
    empty: bool
    managed: bool


class Fetcher:
    """pip or uv, as `Settings.installer` has it.  uv: the path of uv, where it is the one."""

    def __init__(self, base: Base, wanted: Wanted, *, quiet: bool, lock: int = -1) -> None:
        """wanted: its options hold.  quiet: what they say goes to standard error.  lock: see `Transaction.lock`."""
        self._base = base
        self._quiet = quiet
        self._lock = lock
        self.uv = find_uv(base)
        self._options = [*wanted.options, "--find-links", shims_url(base)]
        if not has_index(base, wanted):
            self._options = [*(word for word in self._options if word != "--no-index"), "--no-index"]
        elif "--index-url" not in self._options and base.index is not None:
            self._options += ["--index-url", base.index]

    def install(self, place: Place, pins: Sequence[Pin]) -> None:
        """Install exactly `pins` into `place`, with nothing else. Raises KeelError."""
        # Where one has a hash, pip wants one for each; a folder cannot have any.
        for group in ([pin for pin in pins if pin.hashes], [pin for pin in pins if not pin.hashes]):
            if group:
                self._install(place, group)

    def _install(self, place: Place, pins: Sequence[Pin]) -> None:
        with tempfile.TemporaryDirectory(prefix="keel-") as folder:
            path = os.path.join(folder, "pins.txt")
            write_lines(path, [line_of(pin.words, pin) for pin in pins])
            words = ["install", "--no-deps", "-r", path]
            if place.managed:
                words.append("--break-system-packages")
            if self.uv:
                self.run_uv(place, words)
            else:
                self.pip(place, [*words, "--no-warn-script-location"])

    def pip(
        self, place: Place, words: Sequence[str], *, seen: Optional[str] = None, options: Sequence[str] = ()
    ) -> None:
        """Run pip out of the store by the environment's Python: the environment may have no pip, or a broken one.

        seen: a folder that it takes for one of packages.  options: for Python.  Raises KeelError where it fails.
        """
        units = [unit for unit in self._base.manifest.units if unit.name == "pip"]
        program = ["-m", "pip"]
        for unit in units:
            program = [os.path.join(self._base.prefix, unit.path, "pip")]
        command = [place.python, *options, *program, *words, "--disable-pip-version-check", "--no-input"]
        self._run("pip", [*command, *self._options], {"PYTHONPATH": seen} if seen else {})

    def run_uv(self, place: Place, words: Sequence[str]) -> None:
        """Run `uv pip` for `place`. Raises KeelError where it fails."""
        self._run("uv", [str(self.uv), "pip", *words, "--python", place.python, *self._options], {})

    def _run(self, name: str, command: Sequence[str], more: Mapping[str, str]) -> None:
        env = {key: value for key, value in os.environ.items() if not _UNWANTED.fullmatch(key)}
        env.update(PIP_NO_INDEX="0", PYTHONNOUSERSITE="1", **more)
        sys.stdout.flush()
        with _ended(
            subprocess.Popen(
                list(command),
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=2 if self._quiet else None,
                pass_fds=(self._lock,) if self._lock != -1 else (),
            )
        ) as process:
            process.wait()
        if process.returncode != 0:
            raise KeelError(f"{name} failed (exit code {process.returncode}); it says above why", hint=_UNCHANGED)


@contextlib.contextmanager
def _ended(process: "subprocess.Popen[bytes]") -> Iterator["subprocess.Popen[bytes]"]:
    """No process is left behind by one that is interrupted."""
    try:
        yield process
    except BaseException:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise


def can_fetch(base: Base, wanted: Wanted) -> bool:
    """Whether packages can be had by name: an index is set, or a file of requirements names places to look in."""
    return has_index(base, wanted) or "--find-links" in wanted.options


def has_index(base: Base, wanted: Wanted) -> bool:
    """Whether there is an index: the one that is set, or one of a file of requirements, which may also forbid it."""
    if "--no-index" in wanted.options:
        return False
    return base.index is not None or any(word in wanted.options for word in ("--index-url", "--extra-index-url"))


def find_uv(base: Base) -> Optional[str]:
    """uv, where the settings do not rule it out: on PATH, or in the base. KeelError where they demand it in vain."""
    wish = base.settings.installer
    if wish == "pip":
        return None
    found = shutil.which("uv") or shutil.which("uv", path=os.path.join(base.prefix, base.layout.scripts))
    if wish == "uv" and found is None:
        raise KeelError(
            "uv is set as installer, but it is not on PATH", hint="install it, or: keel config unset installer"
        )
    return found


def line_of(words: Sequence[str], pin: Optional[Pin] = None) -> str:
    """A line for a file of requirements."""
    if words:
        text = f"-e {_as_word(words[1])}" if words[0] == "-e" else _as_word(words[0])
    else:
        assert pin is not None  # a pin without words has a version
        text = f"{pin.name}=={pin.version}"
    return " ".join([text, *(f"--hash={one}" for one in sorted(pin.hashes if pin else ()))])


def _as_word(word: str) -> str:
    """A path as pip and uv read it out of a file, whatever is in it: as an address, which has no spaces."""
    path, bracket, extras = word.partition("[") if word.endswith("]") else (word, "", "")
    if "://" in word or " @ " in word or not os.path.exists(os.path.expanduser(path)):
        return word
    return file_url(os.path.abspath(os.path.expanduser(path))) + bracket + extras


def write_lines(path: str, lines: Sequence[str]) -> None:
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.writelines(f"{line}\n" for line in lines)
