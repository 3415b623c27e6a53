"""A line that tells how far work has come, for work of more than a second; only a terminal shows it."""

import sys
import time
from types import TracebackType
from typing import Optional, Type

from .console import printable

_PATIENCE = 1.0  # seconds
_ERASE = "\r\033[K"


class Progress:
    """`with Progress("linking", 20) as progress: progress.step("numpy")`, before each of the 20 steps."""

    def __init__(self, label: str, total: int = 0) -> None:
        self._label = label
        self._total = total
        self._step = 0
        self._started = time.monotonic()
        self._shown = False

    def __enter__(self) -> "Progress":
        return self

    def step(self, name: str) -> None:
        self._step += 1
        self.tell(f"({self._step}/{self._total}): {name}")

    def tell(self, text: str) -> None:
        """Show `text` without counting."""
        if sys.stderr.isatty() and time.monotonic() - self._started > _PATIENCE:
            # A line that wraps could not be erased.
            text = printable(f"{self._label} {text}")[:79]
            sys.stderr.write(_ERASE + text)
            sys.stderr.flush()
            self._shown = True

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        if self._shown:
            sys.stderr.write(_ERASE)
            sys.stderr.flush()
