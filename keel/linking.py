"""Many files out of the store at once: by the engine that the base ships, which keeps all cores busy, or one by one."""

import os
from typing import Dict, List, NamedTuple, Optional, Tuple

from .engine import Engine
from .linker import Linker, link_target

# Below this many files the engine is not worth its start.
_WORTH_IT = 200
_BUFFER = 1 << 15
# The engine deals out jobs, so a large folder is several of them.
_LARGEST_JOB = 500


class Job(NamedTuple):
    """Files that are to appear under their names in another folder.

    source: the absolute path of their folder in the store.  folder: relative to the environment, "" for itself.
    """

    source: str
    folder: str
    names: List[str]


class Links:
    """Gathers what an environment gets out of the store; the engine begins with the first jobs while more come in.

    Leaving the `with` ends everything that was begun; only after `finish` are the files there, and counted by `linker`.
    Meanwhile folders may be made by others, too.
    """

    def __init__(self, linker: Linker) -> None:
        self._linker = linker
        self._jobs: List[Job] = []
        self._waiting: Dict[Tuple[str, str], List[str]] = {}
        self._count = 0
        self._sent = 0
        self._sender: Optional[_Sender] = None
        self._untried = hasattr(os, "posix_spawn")

    def __enter__(self) -> "Links":
        return self

    def __exit__(self, *error: object) -> None:
        if self._sender is not None:
            self._sender.engine.kill()

    def add(self, source: str, folder: str, names: List[str]) -> None:
        """Have files called `names` of the folder `source` in `folder`, which is made even without a name."""
        for start in range(0, len(names) or 1, _LARGEST_JOB):
            self._jobs.append(Job(source, folder, names[start : start + _LARGEST_JOB]))
        self._count += len(names)
        if self._untried and self._count >= _WORTH_IT:
            self._untried = False
            self._start()
        if self._sender is not None:
            self._send()

    def file(self, source: str, dest: str) -> None:
        """Have the one file `source` at `dest` (relative, under the same name). Files are sent on by `finish`."""
        from_folder, name = os.path.split(source)
        self._waiting.setdefault((from_folder, os.path.dirname(dest)), []).append(name)

    def finish(self) -> None:
        """Return when all files are there. Raises OSError and KeelError."""
        for (source, folder), names in self._waiting.items():
            self.add(source, folder, names)
        self._waiting.clear()
        text = self._sender.finish() if self._sender is not None else b""
        self._sender = None
        refused = _refused(text, self._jobs)
        if refused is None:
            self._all_by_hand()
            return
        self._linker.linked += sum(len(job.names) for job in self._jobs) - len(refused)
        for number, entry in refused:
            job = self._jobs[number]
            self._by_hand(job._replace(names=[job.names[entry]]))

    def _start(self) -> None:
        """Start the engine, if links work here. One file tells: a way that is no better for the others is left out."""
        first = next(job for job in self._jobs if job.names)
        self._jobs[self._jobs.index(first)] = first._replace(names=first.names[1:])
        way = self._by_hand(first._replace(names=first.names[:1]))
        ways = self._linker.ways
        if ways:
            self._sender = _Sender(self._linker, ways[: ways.index(way) + 1] if way else ways)

    def _send(self) -> None:
        assert self._sender is not None
        for job in self._jobs[self._sent :]:
            self._sender.send(job)
        self._sent = len(self._jobs)

    def _all_by_hand(self) -> None:
        """What an engine may have begun and not finished is done anew."""
        begun = self._sent > 0
        for job in self._jobs:
            self._by_hand(job, begun=begun)

    def _by_hand(self, job: Job, *, begun: bool = False) -> str:
        """Gives the way that the last file took."""
        way = ""
        folder = os.path.join(self._linker.staging, job.folder) if job.folder else self._linker.staging
        os.makedirs(folder, exist_ok=True)
        for name in job.names:
            dest = os.path.join(folder, name)
            if begun and os.path.lexists(dest):
                os.unlink(dest)
            way = self._linker.place(os.path.join(job.source, name), dest)
        return way


def _refused(report: bytes, jobs: List[Job]) -> Optional[List[Tuple[int, int]]]:
    """(number of the job, of the name in it) of each file that is not there; None if it is no report of all `jobs`."""
    lines = report.splitlines()
    try:
        refused = [(int(job), int(entry)) for job, entry, _ in map(bytes.split, lines[:-1])]
        word, made = lines[-1].split()
        right = all(0 <= entry < len(jobs[job].names) for job, entry in refused)
        whole = int(made) + len(set(refused)) == sum(len(job.names) for job in jobs)
    except (ValueError, IndexError):
        return None
    return refused if word == b"made" and right and whole else None


class _Sender:
    """Tells a `keel-engine link` what to do."""

    def __init__(self, linker: Linker, ways: str) -> None:
        self._linker = linker
        self._ways = ways
        self._buffer = bytearray(b"keel-links 1\0")
        self.engine = Engine(linker.base_prefix, "link", "--into", linker.staging)

    def send(self, job: Job) -> None:
        target = ""
        if "s" in self._ways:
            link = os.path.join(self._linker.final, job.folder, "name")
            target = link_target(job.source, link, self._linker.base_prefix)
        source = job.source if self._ways != "s" else ""
        fields = (self._ways, source, target, job.folder, *job.names, "", "")
        self._buffer += os.fsencode("\0".join(fields))
        if len(self._buffer) >= _BUFFER:
            self._flush()

    def _flush(self) -> None:
        self.engine.write(bytes(self._buffer))
        self._buffer.clear()

    def finish(self) -> bytes:
        """The report."""
        self._buffer += b"end\0"
        self._flush()
        return self.engine.read()
