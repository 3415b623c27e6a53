"""Packing for many targets at once: every slice once, all cores busy until the last one is done."""

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from types import TracebackType

from .cache import Cache
from .frames import Compression, Frame, frame_key, pack
from .report import Reporter
from .units import Slice

Packing = Future[list[Frame]]


class Packer:
    """Packs what it is given, in this order, until the end of its `with`.

    Two slices with the same bytes are packed once. Slices are read in `jobs` threads and frames compressed in as many
    others, so that a large slice does not keep one core busy while the others have nothing left to do. What a target
    needs to be finished does not wait for the targets behind it: threads of its own pack it.
    """

    def __init__(self, cache: Cache, jobs: int) -> None:
        self._cache = cache
        self._readers = ThreadPoolExecutor(jobs, thread_name_prefix="reading")
        self._compressors = ThreadPoolExecutor(jobs, thread_name_prefix="compressing")
        self._urgent = ThreadPoolExecutor(jobs, thread_name_prefix="finishing")
        self._known: dict[str, Packing] = {}
        self._made: dict[str, int] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> "Packer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._readers.shutdown(wait=False, cancel_futures=True)
        self._compressors.shutdown(cancel_futures=kind is not None)
        self._urgent.shutdown(cancel_futures=True)
        self._readers.shutdown()

    def submit(
        self, slices: Iterable[Slice], compression: Compression, owner: str, *, urgent: bool = False
    ) -> list[Packing]:
        """The frames of each slice, to be waited for. owner: whose they are, if nobody has asked for them before.

        urgent: they are small, and not to wait for what was submitted before.
        """
        return [self._submit(piece, compression, owner, urgent=urgent) for piece in slices]

    def _submit(self, piece: Slice, compression: Compression, owner: str, *, urgent: bool) -> Packing:
        key = frame_key(piece, compression)
        if key not in self._known:
            readers, compressors = (self._urgent, None) if urgent else (self._readers, self._compressors)
            self._known[key] = readers.submit(self._pack, piece, key, compression, owner, compressors)
        return self._known[key]

    def _pack(
        self, piece: Slice, key: str, compression: Compression, owner: str, compressors: Executor | None
    ) -> list[Frame]:
        cached = self._cache.has_folder("frames", key)
        frames = pack(piece, self._cache, compression, compressors)
        if not cached:
            with self._lock:
                self._made[owner] = self._made.get(owner, 0) + sum(frame.size for frame in frames)
        return frames

    def made_for(self, owner: str) -> int:
        """Compressed bytes that neither the cache nor another owner had."""
        return self._made.get(owner, 0)


def wait_for(packings: Sequence[Packing], reporter: Reporter) -> list[list[Frame]]:
    """The frames of each, in the same order. Raises what the first that fails raised."""
    each = dict.fromkeys(packings)
    with reporter.progress("packing", len(each), unit="items") as progress:
        for packing in as_completed(each):
            packing.result()
            progress.advance(1)
    return [packing.result() for packing in packings]
