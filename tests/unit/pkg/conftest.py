"""Packages with the Linux engine in place of the Mac's, and a stand-in for macOS that installs them."""

import io
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from builder.installers.facts import InstallerFacts
from builder.installers.pkg import write_package
from builder.installers.pkg.documents import Package
from tests.conftest import need, skip_unless
from tests.unit.engine.conftest import program  # noqa: F401  # the engine
from tests.unit.engine.payload_maker import FramePlan, Plan, file, marker_frame
from tests.unit.installers.conftest import ODD
from tests.unit.locks import make_target

FACTS = InstallerFacts(
    name="starter",
    title="Starter",
    version="2026.11",
    company="Acme & Söhne",
    python="3.11.7",
    label="MacOSX-arm64",
    system="macos",
    machine="arm64",
    glibc=None,
    macos="12.3",
    default_prefix="~/starter",
    license=None,
    installed_bytes=123_456_789,
    installed_files=20_123,
)
IDENTIFIER = "keel.starter.py311"
STAGING = f"Library/Application Support/{IDENTIFIER}"
# What keel was asked, and by whom.
KEEL = """#!/bin/sh
printf '%s\\n' "$*" >>"${0%/cmd/keel}/asked"
echo "keel $* SHELL=${SHELL-}"
exit "${KEEL_CODE:-0}"
"""


# Binds everything of this machine but /opt into another root, and runs a command there.
_INTO_SYSTEM = """
system=$1
shift
for path in /*; do
    case $path in /opt) continue ;; esac
    if [ -L "$path" ]; then
        [ -L "$system$path" ] || cp -P "$path" "$system"
    elif [ -d "$path" ]; then
        mkdir -p "$system$path"
        mount --rbind "$path" "$system$path"
    fi
done
exec chroot "$system" "$@"
"""


class Payload:
    """A payload of the test's own writer, as the formats take it."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def first_frame(self) -> int:
        raise AssertionError("a package does not need it")

    def write_to(self, stream: io.BufferedIOBase) -> None:
        for start in range(0, len(self.data), 1000):
            stream.write(self.data[start : start + 1000])


def small_base() -> bytes:
    """A payload with as much of a base as the scripts look at."""
    files = [file("cmd/keel", KEEL.encode(), mode=0o755), file("bin/python", b"#!/bin/sh\n", mode=0o755)]
    return Plan(frames=[FramePlan(items=files), marker_frame()]).to_bytes()


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


@dataclass
class Mac:
    """A Mac of which only the programs that scripts ask are there, and its Installer.

    programs: name -> script, first on PATH.  env: of the scripts.  system: what is `/` to them, with all folders of
    this machine but `opt` in it; None: this machine's own.
    """

    root: Path
    shell: Sequence[str]
    package: Path
    programs: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    system: Path | None = None

    @property
    def home(self) -> Path:
        return self.root / f"Users {ODD}"

    def tool(self, name: str, script: str) -> None:
        self.programs[name] = f"#!/bin/sh\n{script}\n"

    def calls(self, name: str) -> str:
        """What a program that notes its calls has been called with."""
        path = self.root / f"{name}.calls"
        return path.read_text() if path.exists() else ""

    def run(self, script: str, destination: Path | str, **env: str) -> Done:
        """Run preinstall or postinstall as Installer does."""
        programs, scripts, temporary = (self.root / name for name in ("programs", "scripts", f"tmp {ODD}"))
        for folder in (programs, scripts, temporary):
            folder.mkdir(exist_ok=True)
        for name, text in self.programs.items():
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        unpack(self.package, "base.pkg/Scripts", scripts)
        plain = {"HOME": str(self.home), "TMPDIR": str(temporary), "SHELL": "/bin/bash", "USER": "me"}
        into = ["unshare", "-m", "sh", "-euc", _INTO_SYSTEM, "sh", str(self.system)] if self.system else []
        done = subprocess.run(
            [*into, *self.shell, str(scripts / script), str(self.package), str(destination), "/", "/"],
            env={**plain, "PATH": f"{programs}:{os.environ['PATH']}", "CALLS": str(self.root), **self.env, **env},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def install(self, destination: Path | None = None, *, choices: Sequence[str] = (), **env: str) -> Done:
        """The whole installation, to the home folder unless told otherwise."""
        place = destination or self.home
        before = self.run("preinstall", place, **env)
        if before.code:
            return before
        self.lay_down(place, choices)
        after = self.run("postinstall", place, **env)
        return Done(after.code, before.out + after.out, before.err + after.err)

    def lay_down(self, place: Path, choices: Sequence[str] = ()) -> None:
        """What Installer does between the scripts; folders that are there stay as they are."""
        for component in (*choices, "base"):
            with tempfile.TemporaryDirectory(dir=self.root) as folder:
                unpack(self.package, f"{component}.pkg/Payload", Path(folder))
                shutil.copytree(folder, place if component == "base" else self.home, dirs_exist_ok=True)

    def logs(self) -> list[str]:
        return sorted(path.name for path in (self.home / "Library/Logs").iterdir())


def read(package: Path, path: str) -> bytes:
    """A file of a package, read by libarchive."""
    return subprocess.run([need("bsdtar"), "-xOf", package, path], capture_output=True, check=True).stdout


def unpack(package: Path, path: str, folder: Path) -> None:
    """Unpack an archive that is in a package, as libarchive does it."""
    subprocess.run([need("bsdtar"), "-xpf", "-", "-C", folder], input=read(package, path), check=True)


def make_package(path: Path, folder: Path, engine: bytes, recipe: str = "", **facts: object) -> Path:
    """A package at `path`. recipe: more lines of it.  facts: changes to FACTS."""
    target = make_target(folder, recipe, platform=f"macos-{facts.get('machine', 'arm64')}")
    package = Package.of(target, replace(FACTS, **facts))  # type: ignore[arg-type]
    with path.open("w+b") as stream:
        write_package(Payload(small_base()), package, engine, stream)
    return path


MacMaker = Callable[..., Mac]
NOTING = 'printf "%%s\\n" "$@" >>"$CALLS/%s.calls"'


@pytest.fixture
def make_mac(tmp_path: Path, program: Path) -> MacMaker:  # noqa: F811
    def make(shell: str = "sh", recipe: str = "", **facts: object) -> Mac:
        command = {"bash": ["bash"], "bash-posix": ["bash", "--posix"], "dash": ["dash"], "sh": ["sh"]}[shell]
        skip_unless(shutil.which(command[0]), f"{command[0]} is not installed")
        root = tmp_path / ODD
        root.mkdir()
        package = make_package(root / "Starter.pkg", tmp_path / "recipe", program.read_bytes(), recipe, **facts)
        mac = Mac(root, command, package)
        (mac.home / "Library/Logs").mkdir(parents=True)
        (mac.home / "Library/Application Support").mkdir()
        mac.tool("uname", "case $1 in -s) echo Darwin ;; -m) echo arm64 ;; *) echo fake ;; esac")
        mac.tool("sw_vers", "echo 14.1.2")
        mac.tool("sysctl", "case $2 in hw.optional.arm64) echo 1 ;; *) exit 1 ;; esac")
        mac.tool("id", "case ${1-} in -u) echo 501 ;; -un) echo me ;; *) echo staff ;; esac")
        mac.tool("dscl", "echo 'UserShell: /bin/zsh'")
        mac.tool("osascript", NOTING % "osascript")
        return mac

    return make


@pytest.fixture(params=["dash", "bash", "bash-posix"])
def mac(request: pytest.FixtureRequest, make_mac: MacMaker) -> Mac:
    """One for each shell that /bin/sh of a Mac may be."""
    return make_mac(request.param)


@pytest.fixture
def sh_mac(make_mac: MacMaker) -> Mac:
    """One for what no shell could change."""
    return make_mac("sh")
