"""What lies in an installer, whatever holds it: listed, read, verified."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, Protocol

from .containers import Container
from .entries import Entry, malformed
from .payload import Budget, FrameContent, FrameLine, Index, read_frame

Advance = Callable[[int], None]
Wanted = Callable[[str], bool]
# Each thread needs a window of up to 32 MiB.
_MOST_THREADS = 4


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What has been read of an installer: the entries that were met, and those files that were wanted."""

    entries: Sequence[Entry]
    files: Mapping[str, bytes]


class Contents(Protocol):
    """The files of a base inside of an installer. All methods raise InstallerFileError."""

    @property
    def amount(self) -> int:
        """What `verify` counts up to: bytes."""

    @property
    def quick(self) -> bool:
        """Whether one file can be read without reading nearly everything."""

    def read(self, wanted: Wanted) -> Reading:
        """Everything, with the content of the files that are wanted."""

    def find(self, path: str) -> Reading:
        """The file at `path`, with as little else as can be; without it where there is none."""

    def verify(self, advance: Advance) -> list[str]:
        """Check everything there is to check; returns what is worth knowing ("signed"). advance: may be called by
        any thread."""


@dataclass(frozen=True, kw_only=True)
class PayloadContents:
    """The frames of a payload."""

    container: Container
    index: Index

    @property
    def amount(self) -> int:
        return sum(frame.size for frame in self.index.frames)

    @property
    def quick(self) -> bool:
        return self.container.seekable

    def read(self, wanted: Wanted) -> Reading:
        return _joined(self._frames(self.index.frames, wanted, _ignore))

    def find(self, path: str) -> Reading:
        seen = []
        for group in self._likely_first(path):
            for frame in self._frames(group, lambda one: one == path, _ignore):
                seen.append(frame)
                if any(entry.path == path for entry in frame.entries):
                    return _joined(seen)
        return _joined(seen)

    def verify(self, advance: Advance) -> list[str]:
        notes = self.container.check(self.index.size)
        reading = _joined(self._frames(self.index.frames, lambda _: False, advance))
        check_totals(self.index, reading.entries)
        return notes

    def unit(self, name: str) -> Iterator[FrameContent]:
        """The frames of one unit with everything in them, one after the other: of each as much memory as its size."""
        for line in self.index.frames:
            if line.unit == name:
                with self.container.open(line.offset) as stream:
                    yield self._read(stream, line, lambda _: True, Budget(), _ignore)

    def _likely_first(self, path: str) -> Iterator[Sequence[FrameLine]]:
        """All frames in two groups. The names of units are a hint and not a promise."""
        if not self.container.seekable:
            yield self.index.frames
            return
        parts = path.split("/")
        unit = parts[1] if parts[0] == "pkgs" and len(parts) > 2 else "meta"
        yield [frame for frame in self.index.frames if frame.unit == unit]
        yield [frame for frame in self.index.frames if frame.unit != unit]

    def _frames(self, lines: Sequence[FrameLine], wanted: Wanted, advance: Advance) -> Iterator[FrameContent]:
        budget = Budget()
        if not self.container.seekable:  # frames are contiguous, so that `lines` must be all that follow the first
            with self.container.open(lines[0].offset if lines else 0) as stream:
                yield from (self._read(stream, line, wanted, budget, advance) for line in lines)
            return

        def one(line: FrameLine) -> FrameContent:
            with self.container.open(line.offset) as stream:
                return self._read(stream, line, wanted, budget, advance)

        with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as pool:
            futures = [pool.submit(one, line) for line in lines]
            try:
                for future in futures:
                    yield future.result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _read(
        self, stream: IO[bytes], line: FrameLine, wanted: Wanted, budget: Budget, advance: Advance
    ) -> FrameContent:
        windows = self.index.windows
        return read_frame(stream, line, windows=windows, wanted=wanted, budget=budget, advance=advance)


def _ignore(amount: int) -> None:
    del amount


def _joined(frames: Iterable[FrameContent]) -> Reading:
    entries: list[Entry] = []
    files: dict[str, bytes] = {}
    for frame in frames:
        entries += frame.entries
        files |= frame.files
    return Reading(entries=entries, files=files)


def check_totals(index: Index, entries: Iterable[Entry]) -> None:
    """What the index promises of all frames together: docs/payload-format.md. Raises InstallerFileError."""
    files = size = longest = 0
    paths: dict[str, str] = {}
    links = []
    for entry in entries:
        longest = max(longest, len(entry.path.encode("utf-16-le")) // 2)
        if entry.kind == "folder":
            continue
        files += 1
        size += entry.size
        paths[entry.path] = entry.kind
        if len(paths) != files:
            raise malformed(f"{entry.path} is in it twice")
        if entry.kind == "hard link":
            links.append(entry)
    for link in links:
        if paths.get(link.link) != "file":
            raise malformed(f"{link.path} is a link to {link.link}, which is no file in it")
    if (files, size) != (index.files, index.bytes) or longest > index.longest:
        raise malformed(
            f"its index announces {index.files} files of {index.bytes} bytes, and there are {files} of {size}"
        )
    if index.marker not in paths:
        raise malformed(f"it has no {index.marker}")
