"""What a user can mend. Raised where the fact is known, printed in `cli.py` only, a traceback never belongs to one."""


class BuilderError(Exception):
    """Base of all expected failures.

    message: one sentence that names the offending thing.  hint: the next step to take, or None.
    exit_code: the process's exit code when it ends the command (documented in docs/exit-codes.md).
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class RecipeError(BuilderError):
    """A recipe, a lock that must fit it, or an archive.yaml is wrong; `message` holds every problem, one a line."""

    exit_code = 2


class ResolveError(BuilderError):
    """No consistent set of wheels exists for the target."""

    exit_code = 3


class FetchError(BuilderError):
    """A file could not be had, or is not the one that was asked for."""

    exit_code = 4


class WrongFileError(FetchError):
    """A file arrived that is not the one that was asked for: never a reason to take another one in silence."""


class InterpreterError(BuilderError):
    """An interpreter could not be had, or cannot be used for the target."""

    exit_code = 5


class OutputError(BuilderError):
    """The result could not be written."""

    exit_code = 6


class PolicyError(BuilderError):
    """What would be built is not what the recipe allows: a licence."""

    exit_code = 7


class FailedTestsError(BuilderError):
    """The finished base failed the recipe's tests; the installer was not put into the output folder."""

    exit_code = 8


class ArchiveError(BuilderError):
    """An archive, or a key or signature of one, cannot be used or is not to be trusted."""

    exit_code = 9


class InstallerFileError(BuilderError):
    """A file is no installer of Keel's, or it is damaged."""

    exit_code = 10


class TargetsError(BuilderError):
    """Some targets of a plan were built, and others were not, or not for the same kind of reason."""

    exit_code = 12
