"""Files in object stores and whatever else fsspec knows by address: `s3://bucket/path`, `memory://…`."""

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .errors import BuilderError, FetchError, WrongFileError
from .transfer import CancelledError, Expected, hash_file, public_url

_CHUNK = 2**20
_NO_STORES = ("", "http", "https", "file")


def is_store(address: str) -> bool:
    """Whether it is fsspec that knows the address: no path, no file URL, and nothing of the web."""
    scheme, mark, _ = address.partition("://")
    return bool(mark) and scheme.lower() not in _NO_STORES


def open_store(address: str) -> tuple[Any, str]:
    """fsspec's file system, and the path in it. Raises BuilderError where a package is missing or nobody knows it."""
    scheme = address.partition("://")[0]
    try:
        import fsspec

        filesystem, path = fsspec.core.url_to_fs(address)
    except ImportError as error:
        extra = "s3" if scheme == "s3" else "archive"
        raise BuilderError(
            f"{public_url(address)} needs a package that is not installed: {error}",
            hint=f"{sys.executable} -m pip install 'keel-builder[{extra}]' (and what fsspec needs for {scheme}://)",
        ) from error
    except ValueError as error:
        hint = "a folder, or an address such as s3://bucket/path"
        raise BuilderError(f"{public_url(address)}: {error}", hint=hint) from error
    return filesystem, path


def read_store(address: str, limit: int) -> bytes:
    """A small file of at most `limit` bytes. Raises FetchError."""
    filesystem, path = _opened(address)
    try:
        with filesystem.open(path, "rb") as stream:
            data: bytes = stream.read(limit + 1)
    except Exception as error:  # of whatever library talks to the store
        raise _failure(address, error) from error
    if len(data) > limit:
        raise FetchError(f"{public_url(address)} is longer than {limit} bytes")
    return data


def download_from_store(
    address: str, part: Path, expected: Expected, advance: Callable[[int], None], cancel: threading.Event
) -> None:
    """Complete the file `part`, which may hold the beginning already, as `transfer.Http.download` does."""
    filesystem, path = _opened(address)
    try:
        with part.open("ab") as file, filesystem.open(path, "rb") as stream:
            advance(file.tell())
            stream.seek(file.tell())
            while chunk := stream.read(_CHUNK):
                file.write(chunk)
                advance(len(chunk))
                if cancel.is_set():
                    raise CancelledError
    except CancelledError:
        raise
    except Exception as error:  # of whatever library talks to the store
        raise _failure(address, error) from error
    sha256, size = hash_file(part)
    if sha256 != expected.sha256 or expected.size not in (None, size):
        part.unlink()
        raise WrongFileError(
            f"{expected.name} from {public_url(address)} is not the expected file: {size} bytes with SHA-256 {sha256}",
            hint="try again; if it stays like that, ask whoever put it there",
        )


def _opened(address: str) -> tuple[Any, str]:
    try:
        return open_store(address)
    except BuilderError as error:
        raise FetchError(f"{public_url(address)} cannot be read: {error.message}", hint=error.hint) from error


def _failure(address: str, error: Exception) -> FetchError:
    words = "it is not there" if isinstance(error, FileNotFoundError) else str(error) or type(error).__name__
    return FetchError(f"{public_url(address)} cannot be read: {words}", hint="check the address, and your credentials")
