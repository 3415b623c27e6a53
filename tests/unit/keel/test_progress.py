"""The line that tells how far work has come."""

import io

import pytest

from keel import progress
from keel.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in its only item."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def work(clock: list[float], seconds: float) -> None:
    with Progress("packing", 2) as running:
        for name in ("one", "t\udcffo" + "o" * 200):
            clock[0] += seconds
            running.step(name)


def test_long_work_is_shown_on_a_terminal_and_erased_at_its_end(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    work(clock, 0.7)
    lines = terminal.getvalue().split("\r\033[K")
    assert lines[1].startswith("packing (2/2): t\\xffoo")
    assert (len(lines[1]), lines[0], lines[2:]) == (79, "", [""])


def test_quick_work_and_logs_are_spared(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    for stream, seconds in ((Terminal(), 0.1), (io.StringIO(), 9)):
        monkeypatch.setattr("sys.stderr", stream)
        work(clock, seconds)
        assert stream.getvalue() == ""
