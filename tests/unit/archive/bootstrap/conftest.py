"""An archive on a loopback server, and a machine with as many or as few tools as a test wants."""

import hashlib
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builder.archive.bootstrap import install_sh
from builder.archive.index import Entry, Index, InstallerFormat
from builder.archive.index_file import write_index
from builder.archive.latest import newest_first, stable_names
from builder.archive.minisign import SecretKey, new_key
from builder.archive.site import SiteTexts
from builder.archive.trust import Statement, signature_name
from tests.conftest import need
from tests.unit.archive import page_samples
from tests.unit.loopback import Answer, Request, Server, ranged, serving

ODD = 'it\'s "odd" $x `y` è 中'
HERE = {"x86_64": "linux-x86_64", "aarch64": "linux-aarch64"}[os.uname().machine]
NOW = datetime.now(UTC).replace(microsecond=0)
SHELLS = {
    "sh": ["sh"], "dash": ["dash"], "busybox": ["busybox", "ash"], "bash": ["bash"], "bash-posix": ["bash", "--posix"],
    "zsh": ["zsh"], "ksh": ["ksh"], "mksh": ["mksh"],
}  # fmt: skip
# What any system has; a test adds one way to download, to hash and to verify.
BASICS = (
    "sh", "cat", "cp", "cksum", "cut", "date", "dd", "df", "getconf", "grep", "ldd", "mkdir", "mv", "od", "printf",
    "rm", "sed", "sleep", "sort", "tr", "uname", "wc",
)  # fmt: skip
# Says what it was given, and ends as the test wants.
INSTALLER = b"""#!/bin/sh
printf '%s\\n' "$@" >"$RECORD"
echo "this is $0"
exit "${ENDS_WITH:-0}"
"""


@dataclass
class Done:
    code: int
    out: str
    err: str


@dataclass
class World:
    """An archive and a machine. entries: what is offered; `publish` puts it on the server.

    answer: how the server answers for one path; a test may wrap it.
    """

    root: Path
    server: Server
    key: SecretKey | None
    files: dict[str, bytes] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    site: SiteTexts = field(default_factory=SiteTexts)
    tools: Sequence[str] = ("curl", "sha256sum", "minisign")
    env: dict[str, str] = field(default_factory=dict)

    def add(
        self,
        name: str = "science",
        version: str = "2026.11",
        python: str = "3.12.9",
        platform: str = HERE,
        kind: InstallerFormat = "sh",
        content: bytes = INSTALLER,
        **changes: str | None,
    ) -> Entry:
        made = page_samples.entry(name, version, python, platform, kind, page_samples.packages(("numpy",), 0), NOW)
        facts = {"glibc": "2.17", **changes} if platform.startswith("linux") else changes
        made = replace(made, size=len(content), sha256=hashlib.sha256(content).hexdigest(), **facts)  # type: ignore[arg-type]
        self.entries.append(made)
        self.files[made.file] = content
        return made

    def index(self, **changes: object) -> Index:
        base = page_samples.index(newest_first(self.entries), key=self.key.public.text if self.key else None)
        base = replace(base, latest=stable_names(self.entries), expires=NOW + timedelta(days=30))
        return replace(base, **changes)  # type: ignore[arg-type]

    def publish(self, *, file: str = "index.json", script: bool = True, **changes: object) -> Index:
        """file: what the signature says that it is for.  script: whether install.sh is published anew as well."""
        index = self.index(**changes)
        data = write_index(index)
        self.files["index.json"] = data
        if self.key:
            statement = Statement(
                archive=index.archive, file=file, version=index.version, expires=index.expires
            )
            self.files[signature_name(index.version)] = self.key.sign(data, str(statement))
        if script:
            self.script.write_bytes(install_sh(index, self.site.model_copy(update={"url": self.server.url + "/"})))
        return index

    @property
    def script(self) -> Path:
        return self.root / "install.sh"

    @property
    def home(self) -> Path:
        return self.root / f"home {ODD}"

    @property
    def record(self) -> list[str] | None:
        """The options that the installer was run with, None if it was not."""
        file = self.root / "record"
        return file.read_text().splitlines() if file.exists() else None

    @property
    def left_over(self) -> list[Path]:
        return list((self.root / "tmp").iterdir())

    def program(self, name: str, body: str) -> None:
        """A program that pretends, before all others."""
        file = self.root / "bin" / name
        file.unlink(missing_ok=True)
        file.write_text(f"#!/bin/sh\n{body}\n")
        file.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        folder = self.root / "bin"
        for tool in (*BASICS, *self.tools):
            if tool == "python3":  # the one on PATH may be a script that needs more of PATH
                self.program(tool, f'exec {shlex.quote(sys._base_executable)} "$@"')  # type: ignore[attr-defined]
            elif not (folder / tool).exists():
                (folder / tool).symlink_to(need(tool))
        return {
            "PATH": str(folder), "HOME": str(self.home), "TMPDIR": str(self.root / "tmp"),
            "RECORD": str(self.root / "record"), **self.env,
        }  # fmt: skip

    def run(self, *options: str, shell: str = "dash", piped: bool = False) -> Done:
        """Without a terminal. piped: as `curl … | sh -s -- …` does it."""
        command = [need(SHELLS[shell][0]), *SHELLS[shell][1:]]
        start = [*command, "-s", "--", *options] if piped else [*command, str(self.script), *options]
        done = subprocess.run(
            start, input=self.script.read_bytes() if piped else b"", capture_output=True, check=False, timeout=60,
            cwd=self.root / "work", env=self.environment, start_new_session=True,
        )  # fmt: skip
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def change_answer(self, path: str, change: Callable[[Request, Answer], Answer]) -> None:
        """From now on the server's answer for `path` goes through `change`."""
        plain = self.server.answer
        self.server.answer = lambda request: (
            change(request, plain(request)) if request.path == f"/{path}" else plain(request)
        )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A signed archive with one installer for this machine, published."""
    files: dict[str, bytes] = {}

    def answer(request: Request) -> Answer:
        body = files.get(request.path.removeprefix("/"))
        return Answer(b"not here", status=404) if body is None else ranged(body, request)

    with serving(answer) as server:
        made = World(root=tmp_path, server=server, key=new_key(), files=files)
        for folder in (made.home, tmp_path / "tmp", tmp_path / "work", tmp_path / "bin"):
            folder.mkdir()
        made.add()
        made.publish()
        yield made

