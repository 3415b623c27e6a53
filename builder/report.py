"""How long work tells about itself, without knowing whether a terminal, a log or a test listens."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol


def megabytes(size: int) -> str:
    """ "49.6 MB", "23 kB" """
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.0f} kB"


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

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Facts to be read side by side."""

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

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        del title, columns, rows

    @contextmanager
    def progress(self, label: str, total: int, *, unit: str = "bytes") -> Iterator[Progress]:
        del label, total, unit
        yield _NoProgress()


class PrefixedReporter:
    """Tells `reporter`, with what the work is about in front: one of several targets."""

    def __init__(self, reporter: Reporter, prefix: str) -> None:
        self._reporter = reporter
        self._prefix = prefix

    def step(self, text: str) -> None:
        self._reporter.step(f"{self._prefix}: {text}")

    def note(self, text: str) -> None:
        self._reporter.note(f"{self._prefix}: {text}")

    def warn(self, text: str) -> None:
        self._reporter.warn(f"{self._prefix}: {text}")

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self._reporter.table(f"{self._prefix}: {title}", columns, rows)

    @contextmanager
    def progress(self, label: str, total: int, *, unit: str = "bytes") -> Iterator[Progress]:
        with self._reporter.progress(f"{self._prefix}: {label}", total, unit=unit) as progress:
            yield progress
