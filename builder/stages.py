"""Taking the rows of a plan through a build, step by step: one that fails leaves, and the others go on."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from .errors import BuilderError
from .plan import Row

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Stages:
    """What has become of each row so far.

    keep_going: whether a failure leaves the other rows alone; otherwise none of them takes a further step.
    """

    def __init__(self, rows: Iterable[Row], *, keep_going: bool) -> None:
        self.failed: dict[Row, BuilderError] = {}
        self.seconds: dict[Row, float] = dict.fromkeys(rows, 0.0)
        self._keep_going = keep_going

    def each(self, rows: Iterable[Row], step: Callable[[Row], _Result]) -> dict[Row, _Result]:
        """The results of `step` for those rows where it did not fail. A step that fails does not keep it from the next
        row, so that all that is wrong at this point of the build is told together."""
        return self._sort_out({row: self._timed(row, step) for row in self._going(rows)})

    def together(
        self, rows: Mapping[Row, _Item], step: Callable[[Mapping[Row, _Item]], Mapping[Row, _Result | BuilderError]]
    ) -> dict[Row, _Result]:
        """The results of a step that deals with all rows at once. rows: with what the last step gave; a row that the
        step leaves out is left as it is."""
        going = {row: rows[row] for row in self._going(rows)}
        return self._sort_out(step(going)) if going else {}

    def until_failure(self, rows: Iterable[Row], step: Callable[[Row], _Result]) -> dict[Row, _Result]:
        """The same for long steps: without `keep_going` the first failure is the end."""
        results: dict[Row, _Result] = {}
        for row in self._going(rows):
            results |= self._sort_out({row: self._timed(row, step)})
            if self.failed and not self._keep_going:
                break
        return results

    def _sort_out(self, outcomes: Mapping[Row, _Result | BuilderError]) -> dict[Row, _Result]:
        """What was reached; the rest counts as failed."""
        results: dict[Row, _Result] = {}
        for row, outcome in outcomes.items():
            if isinstance(outcome, BuilderError):
                self.failed[row] = outcome
            else:
                results[row] = outcome
        return results

    def _going(self, rows: Iterable[Row]) -> list[Row]:
        if self.failed and not self._keep_going:
            return []
        return [row for row in rows if row not in self.failed]

    def _timed(self, row: Row, step: Callable[[Row], _Result]) -> _Result | BuilderError:
        started = time.monotonic()
        try:
            return step(row)
        except BuilderError as error:
            return error
        finally:
            self.seconds[row] += time.monotonic() - started
