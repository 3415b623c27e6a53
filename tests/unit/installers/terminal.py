"""An installer at a pseudo-terminal."""

from collections.abc import Mapping
from types import TracebackType

import pexpect

from .conftest import Box


class Terminal:
    """Runs the box's installer; everything that it says is in `seen` once it has ended."""

    def __init__(self, box: Box, *options: str, env: Mapping[str, str] | None = None) -> None:
        self._child = pexpect.spawn(
            box.shell[0],
            [*box.shell[1:], str(box.installer), *options],
            env={**box.environment, "TERM": "xterm", **(env or {})},  # type: ignore[arg-type]  # asks for os._Environ
            cwd=str(box.root),
            encoding="utf-8",
            timeout=10,
            dimensions=(40, 200),
        )
        self._child.delaybeforesend = None
        self.seen = ""

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.close(force=True)

    def expect(self, pattern: str) -> None:
        self._child.expect(pattern)
        self.seen += str(self._child.before) + str(self._child.after)

    def send(self, text: str) -> None:
        self._child.send(text)

    def end(self) -> int:
        """Wait for its end; the exit code as a shell would tell it."""
        self._child.expect(pexpect.EOF)
        self.seen += str(self._child.before)
        self._child.close()
        signal: int | None = self._child.signalstatus
        code: int | None = self._child.exitstatus
        return 128 + signal if signal is not None else code or 0
