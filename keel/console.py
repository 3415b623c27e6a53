"""What keel says, and how: tables, colours where somebody looks, questions whose answer is no unless it is yes."""

import contextlib
import os
import sys
from typing import Iterator, List, Sequence, TextIO

from .errors import KeelError
from .layout import WINDOWS

_RED, _GREEN, _BOLD, _PLAIN = "\033[1;31m", "\033[32m", "\033[1m", "\033[0m"


def coloured(stream: TextIO) -> bool:
    """Whether colours are wanted on `stream` (https://no-color.org/)."""
    # Windows' old console shows the escapes themselves.
    terminal = "WT_SESSION" in os.environ if WINDOWS else os.environ.get("TERM") != "dumb"
    return stream.isatty() and terminal and not os.environ.get("NO_COLOR")


def _paint(text: str, colour: str, stream: TextIO) -> str:
    return f"{colour}{text}{_PLAIN}" if coloured(stream) else text


def open_streams() -> None:
    """Standard streams that were closed (`keel list >&-`) lead nowhere; else the next file would be taken for one."""
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor <= 2:  # kept open
        descriptor = os.open(os.devnull, os.O_RDWR)
    os.close(descriptor)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)


def say(text: str = "") -> None:
    """A line of the command's result. KeelError where it cannot be written."""
    with _writing():
        sys.stdout.write(printable(text) + "\n")


def say_json(value: object) -> None:
    import json  # what people read needs none

    with _writing():
        sys.stdout.write(json.dumps(value, indent=2) + "\n")


def flush() -> None:
    """Have the result written; KeelError where it cannot be."""
    with _writing():
        sys.stdout.flush()


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    """A full disk under the result is another thing than one under an environment. A reader that is gone is neither."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        drop_output()
        raise KeelError(
            f"the output could not be written: {error.strerror}", hint="look where it goes; nothing else has failed"
        ) from error


def drop_output() -> None:
    """Nothing that is still to be written can be; Python must not try it again when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def warn(text: str) -> None:
    """A line for people, beside the result."""
    sys.stderr.write(printable(text) + "\n")


def fail(message: str, hint: "str | None") -> None:
    """The one place where errors are printed."""
    warn(f"{_paint('error:', _RED, sys.stderr)} {message}")
    if hint:
        warn(f"{_paint('hint:', _BOLD, sys.stderr)} {hint}")


def printable(text: str) -> str:
    """Names from the file system may hold bytes that are no UTF-8; they are shown as escapes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def table(rows: Sequence[Sequence[str]], heading: Sequence[str]) -> List[str]:
    """Lines of aligned columns under a heading, without spaces at their ends."""
    widths = [max(len(row[column]) for row in [heading, *rows]) for column in range(len(heading))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in [heading, *rows]]
    lines[0] = _paint(lines[0], _BOLD, sys.stdout)
    return lines


def star(text: str) -> str:
    """Marks the active environment."""
    return _paint(text, _GREEN, sys.stdout)


def confirm(question: str) -> bool:
    """Ask on standard error; only a clear yes is one, the end of input is a no."""
    sys.stderr.write(f"{printable(question)} [y/N] ")
    sys.stderr.flush()
    answer = sys.stdin.readline() if sys.stdin is not None else ""
    if not answer.endswith("\n"):
        sys.stderr.write("\n")
    return answer.strip().lower() in ("y", "yes")


def size(count: int) -> str:
    """1536 -> "1.5 kB" (powers of 1000, as disks are sold)."""
    value = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{count} bytes" if unit == "bytes" else f"{value:.1f} {unit}"
