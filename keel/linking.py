"""Many links at once, by two processes: making them is nearly all work of the kernel, which two cores can share.

(A thread would not do: it had to take Python's lock back after each link.)
"""

import json
import os
import signal
from typing import Any, Dict, List, NamedTuple, NoReturn, Sequence, Tuple

from .layout import WINDOWS
from .linker import Linker

# Below this many files a second process is not worth its start.
_WORTH_IT = 1000


class FolderLinks(NamedTuple):
    """Arguments of `Linker.place_all`."""

    names: Sequence[Tuple[str, str]]
    twin: str
    folder: str


def link_folders(linker: Linker, jobs: Sequence[FolderLinks]) -> None:
    """Do all `jobs`; `linker` counts them. Raises OSError."""
    if sum(len(job.names) for job in jobs) < _WORTH_IT or (os.cpu_count() or 1) < 2 or WINDOWS:
        _link(linker, jobs)
        return
    ours, theirs = _halves(jobs)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _in_child(linker, theirs, writer)
    os.close(writer)
    try:
        _link(linker, ours)
        with open(reader, encoding="utf-8", closefd=False) as file:
            answer = json.loads(file.read() or "{}")
    except BaseException:
        os.kill(child, signal.SIGKILL)
        raise
    finally:
        os.close(reader)
        os.waitpid(child, 0)
    _take_over(linker, answer)


def _link(linker: Linker, jobs: Sequence[FolderLinks]) -> None:
    for job in jobs:
        linker.place_all(job.names, job.twin, job.folder)


def _halves(jobs: Sequence[FolderLinks]) -> Tuple[List[FolderLinks], List[FolderLinks]]:
    """Two lists of about as many files."""
    halves: Tuple[List[FolderLinks], List[FolderLinks]] = ([], [])
    counts = [0, 0]
    for job in sorted(jobs, key=lambda job: len(job.names), reverse=True):
        smaller = counts.index(min(counts))
        halves[smaller].append(job)
        counts[smaller] += len(job.names)
    return halves


def _in_child(linker: Linker, jobs: Sequence[FolderLinks], writer: int) -> NoReturn:
    """Do `jobs`, write down what was counted or what went wrong, and end; cleaning up is for the parent."""
    try:
        linker.linked = linker.copied = linker.copied_bytes = 0
        answer: Dict[str, List[Any]]
        try:
            _link(linker, jobs)
            answer = {"counts": [linker.linked, linker.copied, linker.copied_bytes]}
        except OSError as error:
            answer = {"error": [error.errno, error.strerror, os.fsdecode(error.filename or "")]}
        os.write(writer, json.dumps(answer).encode())
    finally:
        os._exit(0)


def _take_over(linker: Linker, answer: Dict[str, List[Any]]) -> None:
    if "counts" not in answer:
        raise OSError(*answer.get("error", [0, "a process of keel ended unexpectedly"]))
    linked, copied, copied_bytes = answer["counts"]
    linker.linked += linked
    linker.copied += copied
    linker.copied_bytes += copied_bytes
