"""Where an archive lies: a folder or an object store, two classes behind one Protocol. Paths are relative, with `/`."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from ..errors import BuilderError, OutputError
from ..stores import open_store
from .folder import FolderPlace

Advance = Callable[[int], None]


class Place(Protocol):
    """All methods raise OutputError when the place cannot be read or written. Files appear whole or not at all."""

    address: str

    def held(self) -> AbstractContextManager[None]:
        """Keeps other publishers out for the block; raises ArchiveError when one is at work."""

    def files(self) -> dict[str, int]:
        """Everything that is there: path -> bytes."""

    def read(self, path: str) -> bytes | None:
        """The content of a file, None where there is none."""

    def write(self, contents: Iterable[tuple[str, bytes]]) -> None:
        """Small files, in any order."""

    def upload(self, path: str, source: Path, sha256: str, advance: Advance) -> None:
        """A large file; raises OutputError when `source` has not that hash (any more)."""

    def copy(self, source: str, path: str) -> None:
        """The same content under a second name, without its bytes passing through here."""

    def swap(self, path: str, expected: bytes | None, content: bytes) -> None:
        """Write a file if it still has the expected content (None: is not there), and this publisher is still the one.

        Raises ArchiveError otherwise.
        """

    def remove(self, paths: Iterable[str]) -> None:
        """What is not there counts as removed."""


def open_place(target: str) -> Place:
    """The place that `--to` names: a folder, or an address that fsspec knows (`s3://bucket/path`).

    Raises OutputError for an address that nobody here understands.
    """
    scheme, mark, _ = target.partition("://")
    if not mark or scheme == "file":
        return FolderPlace(Path(target.removeprefix("file://")))
    if scheme in ("http", "https"):
        raise OutputError(
            f"{target} can be read but not written",
            hint="name the folder behind it, or a store, such as s3://bucket/path",
        )
    try:
        filesystem, root = open_store(target)
    except BuilderError as error:
        raise OutputError(error.message, hint=error.hint) from error
    from .object_store import ObjectPlace

    return ObjectPlace(filesystem, root.strip("/") if scheme != "memory" else root, target)
