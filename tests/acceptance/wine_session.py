"""Windows programs, run for real by Debian's wine64: one Windows for the session, shared by all tests of the group.

Tests that use the fixture `wine` are marked `pytestmark = pytest.mark.xdist_group("wine")`. Programs get no console:
their input is a pipe or empty, their output a pipe.
"""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.conftest import Done

from . import wine as machines


class Wine(machines.Wine):
    """A Windows for programs that read and say much: they get input, and are heard to the end of their output."""

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
            [machines.find_wine(), *map(str, command)],
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

    @contextmanager
    def running(self, *command: object, cwd: Path) -> Iterator["subprocess.Popen[bytes]"]:
        """A program with pipes for its streams, which is ended at the end of the block."""
        process = subprocess.Popen(
            [machines.find_wine(), *map(str, command)],
            cwd=cwd,
            env=self.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        with process:
            try:
                yield process
            finally:
                process.kill()


@pytest.fixture(scope="session")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wine]:
    """A fresh Windows."""
    machine = Wine(tmp_path_factory.mktemp("wine"))
    machines.make_wine(machine, stays=True)
    try:
        yield machine
    finally:
        machine.close()
