"""The Reporter that a person sees: bars and colours on a terminal, plain lines in a pipe."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

# In a pipe, long work says that it is alive this often, in seconds.
_PLAIN_INTERVAL = 15.0


def print_table(console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table; in a pipe as wide as it must be, a line for each row."""
    if console.is_terminal:
        console.print(title, style="bold", markup=False)  # a table's own title wraps at its width
        table = Table(box=None, header_style="dim")
        for number, column in enumerate(columns):
            table.add_column(column, no_wrap=number == 0)
        for row in rows:
            table.add_row(*map(Text, row))
        console.print(table)
        return
    widths = [max(len(row[number]) for row in [columns, *rows]) for number in range(len(columns))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in [columns, *rows]
    ]
    console.print("\n  ".join([f"{title}:", *(line.rstrip() for line in lines)]), markup=False, soft_wrap=True)


class ConsoleReporter:
    """Implements `builder.report.Reporter` on a rich console (stderr: stdout is for results)."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars: Progress | None = None
        self._users = 0
        self._lock = threading.Lock()

    def step(self, text: str) -> None:
        self._say("[green]✓[/green]" if self._console.is_terminal else "-", text)

    def note(self, text: str) -> None:
        self._say("[cyan]i[/cyan]" if self._console.is_terminal else "note:", text)

    def warn(self, text: str) -> None:
        self._say("[yellow]![/yellow]" if self._console.is_terminal else "warning:", text)

    def _say(self, mark: str, text: str) -> None:
        with self._lock:  # targets speak at the same time
            self._console.print(mark, end=" ")
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        print_table(self._console, title, columns, rows)

    @contextmanager
    def progress(self, label: str, total: int, *, unit: str = "bytes") -> Iterator["_Bar | _Lines"]:
        if not self._console.is_terminal:
            yield _Lines(self._console, label, total, unit)
            return
        bars = self._enter()
        task = bars.add_task(label, total=total, unit=unit)
        try:
            yield _Bar(bars, task)
        finally:
            bars.remove_task(task)
            self._leave()

    def _enter(self) -> Progress:
        """The one display that all bars share: a terminal has room for one."""
        with self._lock:
            if self._bars is None:
                columns = [TextColumn("  {task.description}"), BarColumn(), _Amounts(), TimeRemainingColumn()]
                self._bars = Progress(*columns, console=self._console, transient=True)
                self._bars.start()
            self._users += 1
            return self._bars

    def _leave(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users and self._bars is not None:
                self._bars.stop()
                self._bars = None


class _Amounts(ProgressColumn):
    """ "12.0 of 34.5 MB, 3.1 MB/s", or "3 of 17"."""

    def render(self, task: Task) -> Text:
        done, total = task.completed, task.total or 0
        if task.fields["unit"] != "bytes":
            return Text(f"{done:.0f} of {total:.0f}")
        speed = f", {task.speed / 1e6:.1f} MB/s" if task.speed else ""
        return Text(f"{done / 1e6:.1f} of {total / 1e6:.1f} MB{speed}")


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
