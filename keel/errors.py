"""What a user of `keel` can mend. Raised where the fact is known, printed in `cli.py` only."""

from typing import Optional


class KeelError(Exception):
    """Base of all expected failures.

    message: one sentence that names the offending thing.  hint: the next step to take, or None.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: Optional[str] = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
