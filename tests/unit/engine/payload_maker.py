"""A second writer of payloads, straight from docs/payload-format.md and independent of `builder`.

It writes what it is told to, also what the format forbids, so that the specification is checked from two sides.
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

import zstandard

MAGIC = b"\x89KEEL\r\n\x1a"
MARKER = "keel-meta/manifest.json"
BLOCK = 512


@dataclass(frozen=True, kw_only=True)
class Item:
    """One tar entry. kind: the type flag.  size, checksum: what the header claims, where that is not the truth."""

    path: bytes
    content: bytes = b""
    kind: bytes = b"0"
    link: bytes = b""
    mode: int = 0o644
    mtime: int = 1_000_000_000
    size: int | None = None
    checksum: int | None = None
    padding: bytes = b"\0"
    pax: bytes | None = None

    def to_bytes(self) -> bytes:
        """Header and content, after a pax header where a path needs one (or where `pax` brings its records)."""
        records = b"" if self.pax is None else self.pax
        name, link = self.path, self.link
        if self.pax is None:
            if len(name) > 100:
                records += pax_record(b"path", name)
                name = name[:100]
            if len(link) > 100:
                records += pax_record(b"linkpath", link)
                link = link[:100]
        before = _header(b"pax", b"x", 0o644, 0, len(records), b"", None) + _padded(records) if records else b""
        size = len(self.content) if self.size is None else self.size
        header = _header(name, self.kind, self.mode, self.mtime, size, link, self.checksum)
        return before + header + _padded(self.content, self.padding)


def file(path: str, content: bytes = b"", *, mode: int = 0o644, mtime: int = 1_000_000_000) -> Item:
    return Item(path=path.encode(), content=content, mode=mode, mtime=mtime)


def folder(path: str) -> Item:
    return Item(path=path.encode() + b"/", kind=b"5", mode=0o755)


def hard_link(path: str, target: str) -> Item:
    return Item(path=path.encode(), kind=b"1", link=target.encode())


def symbolic_link(path: str, target: str) -> Item:
    return Item(path=path.encode(), kind=b"2", link=target.encode(), mode=0o777)


def pax_record(key: bytes, value: bytes) -> bytes:
    """`LENGTH key=value\\n`, where the length counts itself."""
    rest = b" " + key + b"=" + value + b"\n"
    length = len(rest) + 1
    while length != len(str(length)) + len(rest):
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


def _padded(data: bytes, padding: bytes = b"\0") -> bytes:
    return data + padding * (-len(data) % BLOCK)


def _header(name: bytes, kind: bytes, mode: int, mtime: int, size: int, link: bytes, checksum: int | None) -> bytes:
    header = bytearray(BLOCK)
    for place, value in (
        (0, name),
        (100, b"%07o" % mode),
        (108, b"%07o" % 0),
        (116, b"%07o" % 0),
        (124, b"%011o" % size),
        (136, b"%011o" % mtime),
        (148, b" " * 8),
        (156, kind),
        (157, link),
        (257, b"ustar\00000"),
    ):
        header[place : place + len(value)] = value
    header[148:156] = b"%06o\0 " % (sum(header) if checksum is None else checksum)
    return bytes(header)


@dataclass(frozen=True, kw_only=True)
class FramePlan:
    """One frame. raw: the tar's bytes instead of `items`.  claimed_raw, digest: what the index says, if not the truth.
    behind: bytes after the zstd frame that count as the frame's."""

    items: Sequence[Item] = ()
    stage: int = 0
    unit: str = "demo-1.0"
    raw: bytes | None = None
    claimed_raw: int | None = None
    digest: str | None = None
    behind: bytes = b""
    window_log: int = 20
    content_size: bool = True

    def tar(self) -> bytes:
        return b"".join(item.to_bytes() for item in self.items) if self.raw is None else self.raw

    def compressed(self) -> bytes:
        parameters = zstandard.ZstdCompressionParameters(
            compression_level=1, window_log=self.window_log, write_content_size=self.content_size
        )
        return zstandard.ZstdCompressor(compression_params=parameters).compress(self.tar()) + self.behind


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A whole payload; `overrides` replaces values of the index by key, `lines` all of its lines."""

    frames: Sequence[FramePlan]
    overrides: dict[str, str] = field(default_factory=dict)
    lines: Sequence[str] | None = None
    platform: str = "linux-x86_64"

    def to_bytes(self) -> bytes:
        data = [frame.compressed() for frame in self.frames]
        index = self._settled_index(data)
        head = struct.pack("<8sIIQ32s8x", MAGIC, 1, len(index), sum(map(len, data)), hashlib.sha256(index).digest())
        return head + index + b"".join(data)

    def _settled_index(self, data: Sequence[bytes]) -> bytes:
        index = b""
        while len(again := self._index(data, 64 + len(index))) != len(index):
            index = again
        return again

    def _index(self, data: Sequence[bytes], offset: int) -> bytes:
        lines = list(self.lines) if self.lines is not None else self._facts()
        if self.lines is None:
            for frame, compressed in zip(self.frames, data, strict=True):
                digest = frame.digest or hashlib.sha256(compressed).hexdigest()
                raw = frame.claimed_raw if frame.claimed_raw is not None else len(frame.tar())
                lines.append(f"frame {digest} {offset} {len(compressed)} {raw} {frame.stage} {frame.unit}")
                offset += len(compressed)
            lines.append("end")
        return "".join(f"{line}\n" for line in lines).encode()

    def _facts(self) -> list[str]:
        items = [item for frame in self.frames for item in frame.items]
        paths = [item.path.decode(errors="replace") for item in items if item.kind != b"5"]
        facts = {
            "name": "Demo Base",
            "version": "1.0",
            "python": "3.11.7",
            "platform": self.platform,
            "files": str(len(paths)),
            "bytes": str(sum(len(item.content) for item in items)),
            "longest": str(max((len(path.encode("utf-16-le")) // 2 for path in paths), default=0)),
            "marker": MARKER,
        }
        return [f"{key} {value}" for key, value in {**facts, **self.overrides}.items()]


def marker_frame(*items: Item) -> FramePlan:
    """The frame of stage 1 that every payload ends with."""
    return FramePlan(items=[*items, file(MARKER, b"{}\n")], stage=1, unit="meta")


def payload_of(*items: Item, platform: str = "linux-x86_64") -> bytes:
    """A payload of one frame with `items`, and the marker."""
    return Plan(frames=[FramePlan(items=items), marker_frame()], platform=platform).to_bytes()
