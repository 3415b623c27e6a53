"""An archive in an object store: S3 and whatever else fsspec knows. A put is whole or not there at all."""

import contextlib
import hashlib
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ..errors import ArchiveError, BuilderError, OutputError
from .media import content_type

_LOCK = ".publish.lock"
# Seconds that a publisher may be silent before another takes its place, and how often it speaks.
_LEASE = 300.0
_RENEWAL = 60.0
# Parts of an upload: S3 takes 10,000 of them, and none below 5 MiB.
_BLOCK = 32 * 2**20
_CHUNK = 2**20
_TOGETHER = 256


class ObjectPlace:
    """Implements `builder.archive.place.Place` on an fsspec file system.

    root: bucket and prefix, as `filesystem` wants it.  address: as the user typed it.
    """

    def __init__(self, filesystem: Any, root: str, address: str) -> None:
        self._filesystem = filesystem
        self._root = root.rstrip("/")
        self.address = address
        # Only S3 is known to compare before it writes; elsewhere looking right before must do.
        self._compares = "s3" in _protocols(filesystem)
        self._lost = threading.Event()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        token = secrets.token_hex(16)
        with self._explained(_LOCK):
            self._acquire(token)
        done = threading.Event()
        self._lost.clear()
        keeper = threading.Thread(target=self._keep, args=(token, done), daemon=True)
        keeper.start()
        try:
            yield
        finally:
            done.set()
            keeper.join()
            with self._explained(_LOCK):
                if self._holder().get("token") == token:
                    self._filesystem.rm_file(self._at(_LOCK))

    def files(self) -> dict[str, int]:
        with self._explained(""):
            self._filesystem.invalidate_cache()
            found = self._filesystem.find(self._root, detail=True)
        start = len(self._root) + 1
        return {path[start:]: int(facts["size"]) for path, facts in found.items()}

    def read(self, path: str) -> bytes | None:
        with self._explained(path):
            try:
                content = self._filesystem.cat_file(self._at(path))
            except FileNotFoundError:
                return None
        assert isinstance(content, bytes)
        return content

    def write(self, contents: Iterable[tuple[str, bytes]]) -> None:
        left = iter(contents)
        while together := list(islice(left, _TOGETHER)):
            alike: dict[tuple[tuple[str, str], ...], dict[str, bytes]] = {}
            for path, content in together:
                alike.setdefault(tuple(self._headers(path).items()), {})[self._at(path)] = content
            for headers, members in alike.items():
                with self._explained(next(iter(members)).removeprefix(f"{self._root}/")):
                    self._filesystem.pipe(members, **dict(headers))

    def upload(self, path: str, source: Path, sha256: str, advance: Callable[[int], None]) -> None:
        digest = hashlib.sha256()
        with self._explained(path), source.open("rb") as stream:
            out = self._filesystem.open(self._at(path), "wb", block_size=_BLOCK, **self._headers(path))
            try:
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
                    out.write(chunk)
                    advance(len(chunk))
                if digest.hexdigest() != sha256:
                    raise OutputError(
                        f"{source} changed while it was published", hint="publish again when it is finished"
                    )
            except BaseException:
                out.discard()
                with contextlib.suppress(AttributeError):
                    out.closed = True  # what is left in its buffer must not be written when it is collected
                with contextlib.suppress(FileNotFoundError):
                    self._filesystem.rm_file(self._at(path))
                raise
            out.close()

    def copy(self, source: str, path: str) -> None:
        with self._explained(path):
            self._filesystem.cp_file(self._at(source), self._at(path))

    def swap(self, path: str, expected: bytes | None, content: bytes) -> None:
        if self._lost.is_set():
            raise ArchiveError(
                f"{self.address}: another keel-builder has taken over", hint="publish again when it is done"
            )
        tag = self._tag(path) if expected is not None else None
        if self.read(path) != expected:
            raise self._overtaken()
        try:
            with self._explained(path):
                self._put_if(path, content, tag)
        except OutputError as error:
            if _is_precondition(error.__cause__):
                raise self._overtaken() from error
            raise

    def remove(self, paths: Iterable[str]) -> None:
        for path in paths:
            with self._explained(path), contextlib.suppress(FileNotFoundError):
                self._filesystem.rm_file(self._at(path))

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _headers(self, path: str) -> dict[str, str]:
        """What browsers are told; only S3's words for it are known here."""
        if not self._compares:
            return {}
        caching = "public, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
        return {"ContentType": content_type(path), "CacheControl": caching}

    def _overtaken(self) -> ArchiveError:
        return ArchiveError(f"{self.address}: somebody else published meanwhile", hint="publish again")

    # The lock: an object that names its owner, and until when it holds.

    def _acquire(self, token: str) -> None:
        note = self._note(token)
        try:
            self._filesystem.pipe_file(self._at(_LOCK), note, mode="create")
        except OSError as error:
            if not isinstance(error, FileExistsError) and not _is_precondition(error):
                raise
            tag = self._tag(_LOCK)
            holder = self._holder()
            left = float(holder.get("expires", 0)) - time.time()
            if left > 0:
                raise ArchiveError(
                    f"another keel-builder is publishing to {self.address}: {holder.get('owner', 'unknown')}",
                    hint=f"wait until it is done; if it was killed, {left:.0f} seconds are enough",
                ) from error
            try:
                self._put_if(_LOCK, note, tag)
            except OSError as late:
                if _is_precondition(late):
                    raise ArchiveError(f"another keel-builder was faster at {self.address}", hint="try again") from late
                raise
        if self._holder().get("token") != token:
            raise ArchiveError(f"another keel-builder was faster at {self.address}", hint="try again")

    def _keep(self, token: str, done: threading.Event) -> None:
        """Renew the lock until the work is done, or until it belongs to somebody else."""
        valid = time.monotonic() + _LEASE
        while not done.wait(_RENEWAL):
            try:
                tag = self._tag(_LOCK)
                if self._holder().get("token") != token:
                    break
                self._put_if(_LOCK, self._note(token), tag)
                valid = time.monotonic() + _LEASE
            except Exception as error:  # of whatever library talks to the store
                if _is_precondition(error) or time.monotonic() > valid:
                    break
        else:
            return
        self._lost.set()

    def _note(self, token: str) -> bytes:
        owner = f"process {os.getpid()} on {socket.gethostname()}"
        return json.dumps({"owner": owner, "token": token, "expires": int(time.time() + _LEASE)}).encode()

    def _holder(self) -> dict[str, Any]:
        try:
            values = json.loads(self._filesystem.cat_file(self._at(_LOCK)))
        except (FileNotFoundError, ValueError):
            return {}
        return values if isinstance(values, dict) else {}

    def _tag(self, path: str) -> str | None:
        if not self._compares:
            return None
        self._filesystem.invalidate_cache(self._at(path))
        try:
            return str(self._filesystem.info(self._at(path))["ETag"])
        except FileNotFoundError:
            return None

    def _put_if(self, path: str, content: bytes, tag: str | None) -> None:
        """Put it if the object still has that tag, or is still not there; where the store cannot tell, in any case."""
        how: dict[str, str] = {}
        if self._compares:
            how = {**self._headers(path), **({"IfMatch": tag} if tag else {"mode": "create"})}
        self._filesystem.pipe_file(self._at(path), content, **how)

    @contextlib.contextmanager
    def _explained(self, path: str) -> Iterator[None]:
        try:
            yield
        except BuilderError:
            raise
        except Exception as error:  # of whatever library talks to the store
            words = str(error) or type(error).__name__
            raise OutputError(
                f"{self.address}{'/' if path else ''}{path}: {words}",
                hint="does it exist, and may you write to it? (S3: AWS_PROFILE or AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL)",
            ) from error


def _protocols(filesystem: Any) -> tuple[str, ...]:
    named = filesystem.protocol
    return (named,) if isinstance(named, str) else tuple(named)


def _is_precondition(error: BaseException | None) -> bool:
    """S3's 412, or 409 for a write at the same moment, as s3fs passes it on."""
    while error is not None:
        response = getattr(error, "response", None) or {}
        if response.get("Error", {}).get("Code") in ("PreconditionFailed", "ConditionalRequestConflict"):
            return True
        if isinstance(error, FileExistsError):
            return True
        error = error.__cause__
    return False
