"""How long work tells about itself, without knowing whether a terminal, a log or a test listens."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """One running piece of work; `advance` may be called from any thread."""

    def advance(self, amount: int) -> None: ...


class Reporter(Protocol):
    """The seam between the work and the command line, which alone prints."""

    def step(self, text: str) -> None:
        """A new step of the story has begun, or is done: "resolved 103 wheels"."""

    def note(self, text: str) -> None:
        """Something the user should know and need not act on."""

    def warn(self, text: str) -> None:
        """Something the user should act on, though the work goes on."""

    @contextmanager
    def progress(self, label: str, total: int, *, unit: str = "bytes") -> Iterator[Progress]:
        """A bar for `total` units ("bytes" or "items"); yields what is advanced."""
        ...


class _NoProgress:
    def advance(self, amount: int) -> None:
        del amount


class SilentReporter:
    """Says nothing; for library use and tests."""

    def step(self, text: str) -> None:
        del text

    note = step
    warn = step

    @contextmanager
    def progress(self, label: str, total: int, *, unit: str = "bytes") -> Iterator[Progress]:
        del label, total, unit
        yield _NoProgress()
