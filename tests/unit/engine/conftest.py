"""The engine under test: this machine's prebuilt one, or the one that KEEL_TEST_ENGINE names (a sanitizer build)."""

import os
import platform
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT

from .payload_maker import FramePlan, Plan, file, folder, hard_link, marker_frame, symbolic_link

PREBUILT = ROOT / "installer_templates/engine/prebuilt"
ODD = 'it\'s "odd" è 中 片'


@dataclass(frozen=True)
class Done:
    """A finished engine: exit code (negative: killed by that signal), and what it said."""

    code: int
    out: str
    err: str


class Engine:
    """Runs the engine on one installer file, whose payload lies at `offset`."""

    def __init__(self, program: Path, installer: Path, offset: int) -> None:
        self.program, self.installer, self.offset = program, installer, offset

    def command(self, word: str, *options: object) -> list[str]:
        where = [str(self.installer), "--offset", str(self.offset)]
        return [str(self.program), word, *where, *map(str, options)]

    def run(self, word: str, *options: object, cwd: Path | None = None, umask: int = -1) -> Done:
        done = subprocess.run(
            self.command(word, *options), capture_output=True, text=True, cwd=cwd, umask=umask, timeout=120, check=False
        )
        assert "Sanitizer" not in done.stderr, done.stderr
        assert "runtime error" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def install(self, prefix: object, *options: object) -> Done:
        return self.run("install", "--prefix", prefix, *options)

    def start(self, prefix: object, *options: object) -> "subprocess.Popen[str]":
        """The same in the background."""
        return subprocess.Popen(
            self.command("install", "--prefix", prefix, *options),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture(scope="session")
def program() -> Path:
    """The engine itself."""
    named = os.environ.get("KEEL_TEST_ENGINE")
    if named:
        return Path(named).resolve()
    if platform.system() != "Linux" or platform.machine() not in ("x86_64", "aarch64"):
        pytest.skip("the engine is tested on Linux")
    return PREBUILT / f"linux-{platform.machine()}" / "keel-engine"


@pytest.fixture
def engine_for(program: Path, tmp_path: Path) -> Callable[..., Engine]:
    """Makes an installer file out of payload bytes, with something in front and behind."""

    def make(payload: bytes, *, front: bytes = b"#!/bin/sh\nexit\n" * 7, behind: bytes = b"") -> Engine:
        installer = tmp_path / f"{ODD}.sh"
        installer.write_bytes(front + payload + behind)
        return Engine(program, installer, len(front))

    return make


def demo_plan(more: Sequence[FramePlan] = ()) -> Plan:
    """A small base with everything that a payload can hold."""
    store = FramePlan(
        items=[
            folder("envs"),
            file("pkgs/tool-1/tool.py", b"print('tool')\n", mode=0o444, mtime=1_000_000_002),
            file("pkgs/tool-1/run", b"#!/bin/sh\n", mode=0o555),
            file("pkgs/" + "/".join(["très-long-片" * 4] * 6), b"x" * 1000),
            file("empty", b""),
        ]
    )
    interpreter = FramePlan(
        items=[
            file("bin/python3.11", b"\x7fELF" * 1000, mode=0o755),
            symbolic_link("bin/python", "python3.11"),
            symbolic_link("lib64", "lib"),
            file("lib/big", bytes(range(256)) * 10_000),
        ],
        unit="python",
    )
    links = FramePlan(items=[hard_link("lib/tool.py", "pkgs/tool-1/tool.py")], stage=1, unit="tool-links")
    return Plan(frames=[store, interpreter, *more, links, marker_frame()])


@pytest.fixture
def demo(engine_for: Callable[..., Engine]) -> Engine:
    """An installer of the small base."""
    return engine_for(demo_plan().to_bytes())


def many_files(count: int) -> bytes:
    """A payload that takes a while to unpack."""
    frames = [
        FramePlan(items=[file(f"pkgs/{part}/{number}.py", b"x = 1\n") for number in range(count // 10)])
        for part in range(10)
    ]
    return Plan(frames=[*frames, marker_frame()]).to_bytes()


def listing(place: Path) -> list[str]:
    """Everything below a folder."""
    return sorted(str(path.relative_to(place)) for path in place.rglob("*"))
