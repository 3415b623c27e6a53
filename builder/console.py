"""The Reporter that a person sees: bars and colours on a terminal, plain lines in a pipe."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

# In a pipe, long work says that it is alive this often, in seconds.
_PLAIN_INTERVAL = 15.0


class ConsoleReporter:
    """Implements `builder.report.Reporter` on a rich console (stderr: stdout is for results)."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def step(self, text: str) -> None:
        self._say("[green]✓[/green]" if self._console.is_terminal else "-", text)

    def note(self, text: str) -> None:
        self._say("[cyan]i[/cyan]" if self._console.is_terminal else "note:", text)

    def warn(self, text: str) -> None:
        self._say("[yellow]![/yellow]" if self._console.is_terminal else "warning:", text)

    def _say(self, mark: str, text: str) -> None:
        self._console.print(mark, end=" ")
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def progress(self, label: str, total: int, *, unit: str = "bytes") -> Iterator["_Bar | _Lines"]:
        if not self._console.is_terminal:
            yield _Lines(self._console, label, total, unit)
            return
        amounts = [DownloadColumn(), TransferSpeedColumn()] if unit == "bytes" else [MofNCompleteColumn()]
        columns = [TextColumn("  {task.description}"), BarColumn(), *amounts, TimeRemainingColumn()]
        with Progress(*columns, console=self._console, transient=True) as bars:
            yield _Bar(bars, bars.add_task(label, total=total))


class _Bar:
    def __init__(self, bars: Progress, task: TaskID) -> None:
        self._bars, self._task = bars, task

    def advance(self, amount: int) -> None:
        self._bars.advance(self._task, amount)


class _Lines:
    def __init__(self, console: Console, label: str, total: int, unit: str) -> None:
        self._console, self._label, self._total, self._unit = console, label, total, unit
        self._done = 0
        self._said = time.monotonic()
        self._lock = threading.Lock()

    def advance(self, amount: int) -> None:
        with self._lock:
            self._done += amount
            now = time.monotonic()
            if now - self._said < _PLAIN_INTERVAL:
                return
            self._said = now
        amounts = [self._done, self._total]
        done, total = (f"{n / 1e6:.1f} MB" if self._unit == "bytes" else str(n) for n in amounts)
        self._console.print(f"  {self._label}: {done} of {total}", markup=False, highlight=False)
