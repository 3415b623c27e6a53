"""The Bom ("bill of materials") of a package: every path of its Payload with mode, owner, size and checksum.

Apple has published nothing about the format. docs/pkg-format.md gathers what is known of it, with sources. All numbers
are big-endian. A Bom is a store of numbered blocks, some of which have a name; number 0 is no block.
"""

import stat
import struct
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

_HEADER = 512
_NODE_HEAD = struct.Struct(">HHII")  # leaf?, count, next, previous
_PAIR = struct.Struct(">II")
_PATHS_BLOCK = 4096
_SMALL_BLOCK = 128
_FILE, _FOLDER, _LINK = 1, 2, 3
# All of a path's facts are told; the upper bits would tell that it is a program.
_COMPLETE = 0x000F


@dataclass(frozen=True, kw_only=True)
class BomEntry:
    """A path.

    path: "." or "./a/b".  mode: with the type, as stat(2) has it.  size, checksum (POSIX cksum): of a file's content.
    link: where a symbolic link leads.  mtime: seconds since 1970.
    """

    path: str
    mode: int
    mtime: int
    size: int = 0
    checksum: int = 0
    link: str | None = None
    uid: int = 0
    gid: int = 0


def make_bom(entries: Iterable[BomEntry]) -> bytes:
    """The Bom of `entries`: "." and everything below it, in any order, the folders above each path among them."""
    ordered = _in_order(entries)
    store = _Store()
    total = sum(_size(entry) for _, entry in ordered) % 2**32
    store.name("BomInfo", struct.pack(">IIIIIII", 1, len(ordered) + 1, 1, 0, 0, total, 0))
    pairs: list[tuple[int, int]] = []
    large: list[tuple[int, int]] = []
    for number, (parent, entry) in enumerate(ordered, 1):
        facts = store.add(_facts(entry))
        name = struct.pack(">I", parent) + entry.path.rpartition("/")[2].encode() + b"\0"
        pairs.append((store.add(struct.pack(">II", number, facts)), store.add(name)))
        if entry.size >= 2**32:
            large.append((entry.size, facts))
    store.name("Paths", _tree(store, pairs, _PATHS_BLOCK))
    store.name("HLIndex", _tree(store, [], _PATHS_BLOCK))
    virtual = store.add(_tree(store, [], _SMALL_BLOCK))
    store.name("VIndex", struct.pack(">IIIB", 1, virtual, 0, 0))
    sizes = [(store.add(struct.pack(">Q", size)), store.add(struct.pack(">I", facts))) for size, facts in sorted(large)]
    store.name("Size64", _tree(store, sizes, _SMALL_BLOCK))
    return store.finish()


def _in_order(entries: Iterable[BomEntry]) -> list[tuple[int, BomEntry]]:
    """Each entry with its parent's number (0 above "."), sorted by that and by name; its place is its own number - 1.

    Raises ValueError for a path whose folder is missing, and for one that appears twice.
    """
    children: dict[str, dict[bytes, BomEntry]] = defaultdict(dict)
    for entry in entries:
        parent, _, name = entry.path.rpartition("/")
        if children[parent].setdefault(name.encode(), entry) is not entry:
            raise ValueError(f"{entry.path} appears twice")
    ordered: list[tuple[int, BomEntry]] = []
    waiting = [(0, "")]  # grows while it is gone through: level by level
    for number, folder in waiting:
        for _, entry in sorted(children.pop(folder, {}).items()):
            ordered.append((number, entry))
            waiting.append((len(ordered), entry.path))
    if children or [entry.path for parent, entry in ordered if parent == 0] != ["."]:
        raise ValueError(f"the folder of a path is missing: {', '.join(sorted(children)) or '.'}")
    return ordered


def _facts(entry: BomEntry) -> bytes:
    kind = {stat.S_IFREG: _FILE, stat.S_IFDIR: _FOLDER, stat.S_IFLNK: _LINK}[stat.S_IFMT(entry.mode)]
    target = (entry.link or "").encode()
    common = (entry.mode, entry.uid, entry.gid, entry.mtime % 2**32, _size(entry) % 2**32)
    head = struct.pack(">BBHHIIIIB", kind, 1, _COMPLETE, *common, 1)
    if kind == _LINK:
        head += struct.pack(">II", entry.checksum, len(target) + 1) + target + b"\0"
    elif kind == _FILE:
        head += struct.pack(">I", entry.checksum)
    return head + bytes(8)


def _size(entry: BomEntry) -> int:
    return len(entry.link.encode()) if entry.link is not None else entry.size


@dataclass(kw_only=True)
class _Store:
    """blocks: all but number 0.  names: of named blocks."""

    blocks: list[bytes] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)

    def add(self, data: bytes) -> int:
        """A new block's number."""
        self.blocks.append(data)
        return len(self.blocks)

    def name(self, name: str, data: bytes) -> None:
        self.names[name] = self.add(data)

    def finish(self) -> bytes:
        """Header, names, blocks, and the index of blocks with a list of free ones, which has two empty places."""
        names = struct.pack(">I", len(self.names))
        for name, number in self.names.items():
            names += struct.pack(">IB", number, len(name)) + name.encode()
        places = [_PAIR.pack(0, 0)]
        offset = _HEADER + len(names)
        for block in self.blocks:
            places.append(_PAIR.pack(offset, len(block)))
            offset += len(block)
        index = struct.pack(">I", len(places)) + b"".join(places) + struct.pack(">I", 0) + bytes(2 * _PAIR.size)
        header = struct.pack(">8sIIIIII", b"BOMStore", 1, len(self.blocks), offset, len(index), _HEADER, len(names))
        return b"".join([header.ljust(_HEADER, b"\0"), names, *self.blocks, index])


def _tree(store: _Store, pairs: Sequence[tuple[int, int]], block_size: int) -> bytes:
    """A tree of (key, value), both numbers of blocks, in the order in which they are given.

    Its nodes are added to the store. A pair of a branch is a node below it and the value of the last pair in that.
    """
    level = _nodes(store, pairs, block_size, leaf=True)
    while len(level) > 1:
        level = _nodes(store, level, block_size, leaf=False)
    return struct.pack(">4sIIIIB", b"tree", 1, level[0][0], block_size, len(pairs), 0)


def _nodes(store: _Store, pairs: Sequence[tuple[int, int]], block_size: int, *, leaf: bool) -> list[tuple[int, int]]:
    """One level of a tree: its nodes, each as a pair for the level above."""
    capacity = (block_size - _NODE_HEAD.size) // _PAIR.size
    groups = [pairs[start : start + capacity] for start in range(0, len(pairs), capacity)] or [()]
    first = len(store.blocks) + 1
    last = first + len(groups) - 1
    found = []
    for number, group in enumerate(groups, first):
        following, previous = number + 1 if number < last else 0, number - 1 if number > first else 0
        node = _NODE_HEAD.pack(leaf, len(group), following, previous) + b"".join(_PAIR.pack(*pair) for pair in group)
        found.append((store.add(node.ljust(block_size, b"\0")), group[-1][1] if group else 0))
    return found
