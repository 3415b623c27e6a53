"""pip and uv, for what the store does not have: they resolve first, and later install exactly what came out of that.

Both get the packages of the store and what is installed as preferences, and the shims of the store (`keel.shims`) as a
place to look in, so that bundled packages count wherever they fit; what they choose of those is linked, not fetched.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ._vendor.packaging.requirements import InvalidRequirement, Requirement
from .base import Base
from .errors import KeelError
from .indexing import file_url, shims_url
from .installed import normalised
from .wanted import Pin, Wanted

# What pip says when the fault is that nothing fits together; another attempt makes sense then only.
_NO_FIT = re.compile(r"ResolutionImpossible|No matching distribution|conflicting dependencies|No solution found")
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
    """pip or uv, as `Settings.installer` has it."""

    def __init__(self, base: Base, wanted: Wanted, *, quiet: bool, lock: int = -1) -> None:
        """wanted: its options hold.  quiet: what they say goes to standard error.  lock: see `Transaction.lock`."""
        self._base = base
        self._options = list(wanted.options)
        self._quiet = quiet
        self._lock = lock
        self._uv = find_uv(base)
        self._options += ["--find-links", shims_url(base)]
        if not has_index(base, wanted):
            self._options = [*(word for word in self._options if word != "--no-index"), "--no-index"]
        elif "--index-url" not in self._options and base.index is not None:
            self._options += ["--index-url", base.index]

    def resolve(
        self, place: Place, wanted: Wanted, preferred: Mapping[str, str], newest: Sequence[str]
    ) -> List[Pin]:
        """All that has to be in the environment for `wanted` and is not there, by exact versions.

        preferred: name -> version to take where it fits.  newest: names that may be upgraded.  Raises KeelError.
        """
        with tempfile.TemporaryDirectory(prefix="keel-") as folder:
            resolve = self._resolve_uv if self._uv else self._resolve_pip
            return resolve(place, wanted, preferred, newest, folder)

    def _resolve_pip(
        self, place: Place, wanted: Wanted, preferred: Mapping[str, str], newest: Sequence[str], folder: str
    ) -> List[Pin]:
        report, limits = os.path.join(folder, "report.json"), os.path.join(folder, "limits.txt")
        words = ["install", "--dry-run", "--report", report, *self._common_pip(), *self._asked(wanted, folder)]
        if place.empty:
            words.append("--ignore-installed")
        if newest:
            words += ["--upgrade", "--upgrade-strategy", "only-if-needed"]
        _write(limits, (f"{name}=={version}" for name, version in sorted(preferred.items())))
        said = self._run([*self._pip(place), *words, "--quiet", "--constraint", limits], capture=True)
        if said is not None:
            if not _NO_FIT.search(said):
                raise _failed("pip", said)
            self._run([*self._pip(place), *words, "--quiet"])
        with open(report, encoding="utf-8") as file:
            return [_pin_of_report(entry) for entry in json.load(file)["install"]]

    def _resolve_uv(
        self, place: Place, wanted: Wanted, preferred: Mapping[str, str], newest: Sequence[str], folder: str
    ) -> List[Pin]:
        # What a former output says is kept where it fits.
        output = os.path.join(folder, "pins.txt")
        _write(output, (f"{name}=={version}" for name, version in sorted(preferred.items())))
        asked = self._asked(wanted, folder)
        words = ["pip", "compile", "--python", place.python, "--no-header", "--no-annotate", "--quiet"]
        for name in newest:
            words += ["--upgrade-package", name]
        self._run([str(self._uv), *words, *self._options, "--output-file", output, *asked])
        with open(output, encoding="utf-8") as file:
            lines = [line.strip() for line in file]
        return [pin for pin in map(_pin_of_line, lines) if pin is not None]

    def _asked(self, wanted: Wanted, folder: str) -> List[str]:
        """Requirements as options: a file, as uv compiles nothing else."""
        path = os.path.join(folder, "wanted.in")
        lines = [*wanted.requirements, *(_line(words) for words in wanted.addresses)]
        _write(path, lines)
        if not wanted.constraints:
            return ["-r", path] if not self._uv else [path]
        limits = os.path.join(folder, "constraints.txt")
        _write(limits, (text for text, _ in wanted.constraints))
        return [*(["-r", path] if not self._uv else [path]), "--constraint", limits]

    def install(self, place: Place, pins: Sequence[Pin]) -> None:
        """Install exactly `pins` into `place`, with nothing else. Raises KeelError."""
        # Where one has a hash, pip wants one for each; a folder cannot have any.
        for group in ([pin for pin in pins if pin.hashes], [pin for pin in pins if not pin.hashes]):
            if group:
                self._install(place, group)

    def _install(self, place: Place, pins: Sequence[Pin]) -> None:
        with tempfile.TemporaryDirectory(prefix="keel-") as folder:
            path = os.path.join(folder, "pins.txt")
            _write(path, (_line(pin.words, pin) for pin in pins))
            words = ["install", "--no-deps", "-r", path]
            if place.managed:
                words.append("--break-system-packages")
            if self._uv:
                command = [str(self._uv), "pip", *words, "--python", place.python, *self._options]
                self._run(command + (["--quiet"] if self._quiet else []))
            else:
                self._run([*self._pip(place), *words, *self._common_pip(), "--no-warn-script-location"])

    def _pip(self, place: Place) -> List[str]:
        """pip out of the store, run by the environment's Python: the environment may have none, or a broken one."""
        for unit in self._base.manifest.units:
            path = os.path.join(self._base.prefix, unit.path, "pip")
            if unit.name == "pip" and os.path.isfile(os.path.join(path, "__main__.py")):
                return [place.python, path]
        return [place.python, "-m", "pip"]

    def _common_pip(self) -> List[str]:
        return ["--disable-pip-version-check", "--no-input", *self._options]

    def _run(self, command: Sequence[str], *, capture: bool = False) -> Optional[str]:
        """Run to the end. capture: gives what it said where it failed. Otherwise that is an error."""
        name = "uv" if self._uv else "pip"
        env = {key: value for key, value in os.environ.items() if not _UNWANTED.fullmatch(key)}
        env.update(PIP_NO_INDEX="0", PYTHONNOUSERSITE="1")
        sys.stdout.flush()
        kept = (self._lock,) if self._lock != -1 else ()
        output = subprocess.PIPE if capture else 2 if self._quiet else None
        errors = subprocess.STDOUT if capture else None
        with _ended(
            subprocess.Popen(
                list(command), env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, pass_fds=kept
            )
        ) as process:
            said = process.communicate()[0]
        if process.returncode == 0:
            return None
        if capture:
            return str((said or b"").decode("utf-8", "replace"))
        raise KeelError(
            f"{name} failed (exit code {process.returncode}); it says above why", hint="nothing was changed"
        )


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


def has_index(base: Base, wanted: Wanted) -> bool:
    """Whether packages can be fetched by name: an index is set, or a file of requirements names places to look in."""
    if "--no-index" in wanted.options:
        return False
    return base.index is not None or any(word in wanted.options for word in ("--index-url", "--extra-index-url"))


def find_uv(base: Base) -> Optional[str]:
    """uv, where the settings do not rule it out: on PATH, or in the base. KeelError where they demand it in vain."""
    wish = base.settings.installer
    if wish == "pip":
        return None
    found = shutil.which("uv") or shutil.which("uv", path=os.path.join(base.prefix, "bin"))
    if wish == "uv" and found is None:
        raise KeelError(
            "uv is set as installer, but it is not on PATH", hint="install it, or: keel config unset installer"
        )
    return found


def _pin_of_report(entry: Dict[str, Any]) -> Pin:
    """Of https://pip.pypa.io/en/stable/reference/installation-report/."""
    metadata, info = entry["metadata"], entry["download_info"]
    words: Tuple[str, ...] = ()
    if entry["is_direct"]:
        if info.get("dir_info", {}).get("editable"):
            words = ("-e", _path(info["url"]))
        else:
            vcs = info.get("vcs_info")
            url = f"{vcs['vcs']}+{info['url']}@{vcs['commit_id']}" if vcs else info["url"]
            words = (f"{metadata['name']} @ {url}",)
    return Pin(normalised(metadata["name"]), metadata["version"], words, requested=bool(entry["requested"]))


def _pin_of_line(line: str) -> Optional[Pin]:
    if not line or line.startswith(("#", "--")):
        return None
    if line.startswith("-e "):
        return Pin("", "", ("-e", _path(line[3:].strip())))
    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        return Pin("", "", (line,))  # a path
    name = normalised(requirement.name)
    if requirement.url:
        return Pin(name, "", (f"{name} @ {requirement.url}",))
    return Pin(name, next(iter(requirement.specifier)).version)


def _path(url: str) -> str:
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(url)
    return unquote(parts.path) if parts.scheme == "file" else url


def _line(words: Sequence[str], pin: Optional[Pin] = None) -> str:
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


def _write(path: str, lines: Any) -> None:
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.writelines(f"{line}\n" for line in lines)


def _failed(name: str, said: str) -> KeelError:
    return KeelError(f"{name} failed:\n{said.strip()}", hint="nothing was changed")
