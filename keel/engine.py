"""The engine that the base ships, run for keel (docs/engine.md). Whatever becomes of it, nothing is raised: keel can do
without."""

import contextlib
import os
import signal

from .manifest import ENGINE


class Engine:
    """A running `keel-engine`, if it could be started. `kill` it, or read all that it says."""

    def __init__(self, base_prefix: str, *arguments: str) -> None:
        self._process = self._input = self._output = -1
        if not hasattr(os, "posix_spawn"):
            return
        program = os.path.join(base_prefix, *ENGINE.split("/"))
        told, self._input = os.pipe()
        self._output, said = os.pipe()
        moves = [(os.POSIX_SPAWN_DUP2, told, 0), (os.POSIX_SPAWN_DUP2, said, 1)]
        silent = (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)
        try:
            self._process = os.posix_spawn(program, [program, *arguments], {}, file_actions=[*moves, silent])
        except OSError:  # none is there, a noexec mount, another CPU's
            self.kill()
        finally:
            os.close(told)
            os.close(said)

    def write(self, data: bytes) -> None:
        """Tell it something, if it still listens."""
        view = memoryview(data)
        try:
            while view and self._process != -1:
                view = view[os.write(self._input, view) :]
        except BrokenPipeError:
            self.kill()

    def read(self) -> bytes:
        """What it says, to its end; nothing where it ended otherwise than well."""
        if self._process == -1:
            return b""
        os.close(self._input)
        self._input = -1
        with open(self._output, "rb", closefd=False) as file:
            said = file.read()
        status = self._wait()
        self.kill()
        return said if status == 0 else b""

    def _wait(self) -> int:
        """Its status; 0 where SIGCHLD is ignored, as nobody is told then, and what it said is complete or not."""
        status = 0
        with contextlib.suppress(ChildProcessError):
            _, status = os.waitpid(self._process, 0)
        self._process = -1
        return status

    def kill(self) -> None:
        """End it, if it runs; it does nothing more when this returns."""
        if self._process != -1:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGKILL)
            self._wait()
        for descriptor in (self._input, self._output):
            if descriptor != -1:
                os.close(descriptor)
        self._input = self._output = -1
