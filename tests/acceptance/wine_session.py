"""Windows programs, run for real by Debian's wine64: one Windows for the session, shared by all tests of the group.

Tests that use the fixture `wine` are marked `pytestmark = pytest.mark.xdist_group("wine")`. Programs get no console:
their input is a pipe or empty, their output a pipe.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.acceptance.conftest import Done
from tests.conftest import skip_unless

# Debian's `wine` is a script that writes hints to standard error; some systems have the program itself on PATH.
_LOADERS = ("/usr/lib/wine/wine64", "wine64")
_SERVERS = ("/usr/lib/wine/wineserver64", "/usr/lib/wine/wineserver", "wineserver")


@dataclass(frozen=True)
class Wine:
    """A Windows of its own below `prefix`: registry, drive C:, users; nothing of it survives the session.

    loader, server: Wine's programs.  variables: environment of every program, besides Windows' own.
    """

    prefix: Path
    loader: str
    server: str
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def drive(self) -> Path:
        """C: as a folder of this machine."""
        return self.prefix / "drive_c"

    @property
    def profile(self) -> Path:
        """The user's folder on C:."""
        return next(path for path in (self.drive / "users").iterdir() if path.name != "Public")

    def environment(self, **more: str) -> dict[str, str]:
        """What Wine itself needs, and `more` for the program."""
        return {
            "HOME": str(self.prefix.parent),
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "WINEPREFIX": str(self.prefix),
            "WINEDEBUG": "-all",
            # No offers to download Mono and Gecko.
            "WINEDLLOVERRIDES": "mscoree,mshtml=",
            **self.variables,
            **more,
        }

    def run(
        self,
        *command: object,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        text: str | None = None,
        code: int | None = 0,
        timeout: float = 120,
    ) -> Done:
        """Run a program (a path of this machine, or a name that Windows finds) to its end, within `timeout` seconds.

        Fails unless it exits with `code` (None: any; of Windows' 32 bits Unix keeps the last 8). Line ends of its
        output become `\\n`.
        """
        done = subprocess.run(
            [self.loader, *(str(word) for word in command)],
            cwd=cwd or self.drive,
            env=self.environment(**(env or {})),
            input=(text or "").encode(),
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        out, err = (stream.decode("utf-8", "replace").replace("\r\n", "\n") for stream in (done.stdout, done.stderr))
        result = Done(done.returncode, out, err)
        assert code is None or done.returncode == code, f"{command}: {result}"
        return result

    def path(self, path: Path) -> str:
        r"""A path of this machine as Windows programs name it: `C:\…` below `drive`, `Z:\…` elsewhere."""
        if path.is_relative_to(self.drive):
            return "C:\\" + str(path.relative_to(self.drive)).replace("/", "\\")
        return "Z:" + str(path).replace("/", "\\")

    def registry(self, key: str) -> dict[str, str]:
        r"""The values of a registry key (`HKCU\Software\…`) by name, `(Default)` for the unnamed one."""
        done = self.run("reg", "query", key, code=None)
        values = re.findall(r"^ {4}(.+?) {4}REG_\w+ {4}(.*)$", done.out, re.MULTILINE)
        return dict(values)


def _find(names: tuple[str, ...]) -> str:
    found = next((path for name in names if (path := shutil.which(name))), None)
    skip_unless(found, f"{names[-1]} is not installed")
    assert found is not None
    return found


@pytest.fixture(scope="session")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wine]:
    """A fresh Windows, made in about 15 seconds; its server stays for the session, as starting one takes 3."""
    machine = Wine(prefix=tmp_path_factory.mktemp("wine") / "prefix", loader=_find(_LOADERS), server=_find(_SERVERS))
    machine.prefix.mkdir()
    quiet = {"env": machine.environment(), "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    subprocess.run([machine.server, "--persistent"], **quiet, stderr=subprocess.DEVNULL, check=True, timeout=60)
    # Windows' services live as long as the server and keep what they inherit: none of a test's pipes, therefore.
    subprocess.run([machine.loader, "wineboot", "--init"], **quiet, stderr=subprocess.DEVNULL, check=True, timeout=180)
    try:
        yield machine
    finally:
        subprocess.run([machine.server, "--kill"], **quiet, check=False, timeout=60)
