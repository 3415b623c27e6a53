"""What all sources of interpreters speak about."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..errors import InterpreterError


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """An interpreter that is ready to be packed.

    source: "pbs", "python.org", "url", "path", "page" or "host".  version: "3.11.7".  build: the source's own name of
    the build ("20260901", "embeddable"), or "".  url: where it came from; None for `path` and `host`.  sha256: of the
    archive; of the finished tree for `host` and for folders.  tree: a folder in the cache with the prefix layout,
    relocatable, mended, without packages, and never written to again.  glibc, macos: the oldest that it needs
    ("2.34"), None where that has no meaning.  lacks: parts of a complete Python that it does not have ("venv",
    "tkinter", "headers", "sources").
    """

    source: str
    version: str
    build: str
    url: str | None
    sha256: str
    tree: Path
    glibc: str | None
    macos: str | None = None
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Announced:
    """What a catalogue says about an interpreter that has not been fetched. sha256: of the archive, "" where it does
    not say."""

    source: str
    version: str
    build: str
    sha256: str

    @property
    def interpreter(self) -> Interpreter:
        """Enough of one to choose packages for it: there is no tree yet, and nothing is known about its glibc."""
        nowhere = Path("/nonexistent") / self.sha256
        return Interpreter(
            source=self.source,
            version=self.version,
            build=self.build,
            url=None,
            sha256=self.sha256,
            tree=nowhere,
            glibc=None,
        )


class UnavailableError(InterpreterError):
    """A source cannot give this interpreter, and the next one may be asked.

    Anything else that goes wrong (a wrong hash, a damaged archive) stops the search: a source that can be had and is
    not what the recipe says must not be passed over in silence.
    """


class Source(Protocol):
    """One place where interpreters come from."""

    @property
    def name(self) -> str:
        """For messages: "pbs", "host", "url https://…"."""
        ...

    def announce(self) -> Announced | None:
        """What `find` would give, without fetching it; None where only `find` can tell. Raises as it does."""
        ...

    def find(self) -> Interpreter:
        """Raises UnavailableError if it cannot be had here, other BuilderErrors if it must not be used."""
        ...
