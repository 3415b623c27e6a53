"""Installers with a stand-in for the engine, and all the shells that the header has to work in."""

import io
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import pytest

from builder.installers.facts import InstallerFacts
from builder.installers.sh import write_parts
from tests.conftest import skip_unless

HERE = Path(__file__).parent
ODD = 'it\'s "odd" $x `y` è 中'
FACTS = InstallerFacts(
    name="starter",
    title="Starter",
    version="2026.11",
    company="Acme",
    python="3.11.7",
    label="Linux-x86_64",
    system="linux",
    machine=os.uname().machine,
    glibc="2.17",
    default_prefix="~/starter",
    license=None,
    installed_bytes=123_456_789,
    installed_files=20_123,
)
SHELLS = {
    "sh": ["sh"],
    "dash": ["dash"],
    "busybox": ["busybox", "ash"],
    "bash": ["bash"],
    "bash-posix": ["bash", "--posix"],
    "zsh": ["zsh"],
    "ksh": ["ksh"],
    "mksh": ["mksh"],
}
PAYLOAD = b"\x89KEEL\r\n\x1a" + b"payload" * 1000


class StubPayload:
    """Bytes where a payload belongs."""

    size = len(PAYLOAD)
    first_frame = 100

    def write_to(self, stream: IO[bytes]) -> None:
        stream.write(PAYLOAD)


def make_installer(path: Path, **changes: object) -> Path:
    """An installer at `path`, its facts those of FACTS but for `changes`."""
    stream = io.BytesIO()
    write_parts(StubPayload(), replace(FACTS, **changes), (HERE / "stub_engine.sh").read_bytes(), stream)  # type: ignore[arg-type]
    path.write_bytes(stream.getvalue())
    return path


@dataclass
class Done:
    code: int
    out: str
    err: str


@dataclass
class Box:
    """A home, a folder for temporary files and an installer, all of them oddly named, and a shell to run it."""

    root: Path
    shell: Sequence[str]
    env: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.root / f"home {ODD}"

    @property
    def tmp(self) -> Path:
        return self.root / f"tmp {ODD}"

    @property
    def installer(self) -> Path:
        return self.root / f"Starter {ODD}.sh"

    @property
    def environment(self) -> dict[str, str]:
        plain = {"PATH": os.environ["PATH"], "HOME": str(self.home), "TMPDIR": str(self.tmp), "LANG": "C.UTF-8"}
        return {**plain, "STUB_LOG": str(self.root / "calls"), **self.env}

    def run(
        self, *options: object, text: str = "", cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> Done:
        done = subprocess.run(
            [*self.shell, str(self.installer), *map(str, options)],
            input=text.encode(),
            capture_output=True,
            timeout=60,
            cwd=cwd or self.root,
            env={**self.environment, **(env or {})},
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def calls(self) -> list[str]:
        """Every argument that the engine was called with, `version` aside."""
        file = self.root / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def leftovers(self) -> list[str]:
        return sorted(path.name for path in self.tmp.iterdir())

    def tool(self, name: str, script: str) -> None:
        """Put a program of that name first on PATH."""
        folder = self.root / "fake"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
        self.env["PATH"] = f"{folder}:{os.environ['PATH']}"


BoxMaker = Callable[..., Box]


@pytest.fixture
def make_box(tmp_path: Path) -> BoxMaker:
    def make(shell: str = "sh", **changes: object) -> Box:
        command = SHELLS[shell]
        skip_unless(shutil.which(command[0]), f"{command[0]} is not installed")
        root = tmp_path / ODD
        root.mkdir()
        box = Box(root, command)
        box.home.mkdir()
        box.tmp.mkdir()
        make_installer(box.installer, **changes)
        return box

    return make


@pytest.fixture(params=[pytest.param(name, marks=[] if name == "sh" else pytest.mark.slow) for name in SHELLS])
def box(request: pytest.FixtureRequest, make_box: BoxMaker) -> Box:
    """One box for each shell; the quick suite asks only the system's own."""
    return make_box(request.param)


@pytest.fixture
def sh_box(make_box: BoxMaker) -> Box:
    """A box for what no shell could change."""
    return make_box("sh")
