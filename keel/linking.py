"""Many files out of the store at once: by the engine that the base ships, which keeps all cores busy, or one by one."""

import contextlib
import os
import signal
from typing import Dict, List, NamedTuple, Optional, Tuple

from .linker import Linker, link_target
from .manifest import ENGINE

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
        self._engine: Optional[_Engine] = None
        self._untried = hasattr(os, "posix_spawn")

    def __enter__(self) -> "Links":
        return self

    def __exit__(self, *error: object) -> None:
        if self._engine is not None:
            self._engine.kill()

    def add(self, source: str, folder: str, names: List[str]) -> None:
        """Have files called `names` of the folder `source` in `folder`, which is made even without a name."""
        for start in range(0, len(names) or 1, _LARGEST_JOB):
            self._jobs.append(Job(source, folder, names[start : start + _LARGEST_JOB]))
        self._count += len(names)
        if self._untried and self._count >= _WORTH_IT:
            self._untried = False
            self._start()
        if self._engine is not None:
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
        text = self._engine.finish() if self._engine is not None else b""
        self._engine = None
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
            self._engine = _Engine(self._linker, ways[: ways.index(way) + 1] if way else ways)

    def _send(self) -> None:
        assert self._engine is not None
        for job in self._jobs[self._sent :]:
            self._engine.send(job)
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


class _Engine:
    """A running `keel-engine link` (docs/engine.md). Where it cannot be started, or ends before its time, nothing is
    raised: there is no report then."""

    def __init__(self, linker: Linker, ways: str) -> None:
        self._linker = linker
        self._ways = ways
        self._buffer = bytearray(b"keel-links 1\0")
        self._process = -1
        program = os.path.join(linker.base_prefix, *ENGINE.split("/"))
        jobs, self._input = os.pipe()
        self._output, report = os.pipe()
        moves = [(os.POSIX_SPAWN_DUP2, jobs, 0), (os.POSIX_SPAWN_DUP2, report, 1)]
        silent = (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)
        try:
            arguments = [program, "link", "--into", linker.staging]
            self._process = os.posix_spawn(program, arguments, {}, file_actions=[*moves, silent])
        except OSError:  # none is there, a noexec mount, another CPU's
            self.kill()
        finally:
            os.close(jobs)
            os.close(report)

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
        try:
            while self._buffer and self._process != -1:
                del self._buffer[: os.write(self._input, self._buffer)]
        except BrokenPipeError:
            self.kill()
        self._buffer.clear()

    def finish(self) -> bytes:
        """Wait for the engine's report; what it says is worth nothing where the engine ended otherwise than well."""
        self._buffer += b"end\0"
        self._flush()
        if self._process == -1:
            return b""
        os.close(self._input)
        self._input = -1
        with open(self._output, "rb") as file:
            self._output = -1
            report = file.read()
        return report if self._wait() == 0 else b""

    def _wait(self) -> int:
        """Its status; 0 where SIGCHLD is ignored, as nobody is told then, and the report tells enough."""
        status = 0
        with contextlib.suppress(ChildProcessError):
            _, status = os.waitpid(self._process, 0)
        self._process = -1
        return status

    def kill(self) -> None:
        """End it, if it runs; it makes nothing more when this returns."""
        if self._process != -1:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGKILL)
            self._wait()
        for descriptor in (self._input, self._output):
            if descriptor != -1:
                os.close(descriptor)
        self._input = self._output = -1
