"""A reader of Boms that shares nothing with the writer: it follows what lsbom is known to do.

Beyond what a reader needs it checks what macOS could rely on: all blocks inside the file and none overlapping, nodes
chained in both directions and of the tree's block size, every leaf reached from the root, order by (parent, name).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Line:
    """What `lsbom` prints about a path."""

    mode: int
    uid: int
    gid: int
    mtime: int
    size: int
    checksum: int
    link: str | None


def read_u32(data: bytes, place: int) -> int:
    return int.from_bytes(data[place : place + 4], "big")


class Bom:
    """A Bom that has been taken apart."""

    def __init__(self, data: bytes) -> None:
        assert data[:8] == b"BOMStore"
        self.data = data
        version, used, index, index_size, names, names_size = struct.unpack(">6I", data[8:32])
        assert version == 1
        assert data[32:512] == bytes(480)
        count = read_u32(data, index)
        self.places = [struct.unpack(">II", data[index + 4 + 8 * n : index + 12 + 8 * n]) for n in range(count)]
        assert self.places[0] == (0, 0)
        assert used == sum(1 for place in self.places if place != (0, 0))
        free = index + 4 + 8 * count
        assert read_u32(data, free) == 0
        assert index + index_size == len(data) == free + 4 + 16
        self._check_overlaps([(0, 512), (index, index_size), (names, names_size)])
        self.names = dict(self._read_names(names, names_size))
        self.levels = 0

    def _check_overlaps(self, others: list[tuple[int, int]]) -> None:
        end = 0
        for start, size in sorted([*others, *(place for place in self.places if place[1])]):
            assert start >= end
            end = start + size
        assert end == len(self.data)

    def _read_names(self, start: int, size: int) -> Iterator[tuple[str, int]]:
        place = start + 4
        for _ in range(read_u32(self.data, start)):
            length = self.data[place + 4]
            name = self.data[place + 5 : place + 5 + length]
            assert b"\0" not in name
            yield name.decode(), read_u32(self.data, place)
            place += 5 + length
        assert place == start + size

    def block(self, number: int) -> bytes:
        start, size = self.places[number]
        assert number > 0
        return self.data[start : start + size]

    def tree(self, number: int) -> list[tuple[int, int]]:
        """All pairs of a tree, by the chain of leaves; that the way from the root finds the same is checked."""
        magic, version, root, block_size, count, _ = struct.unpack(">4sIIIIB", self.block(number))
        assert (magic, version) == (b"tree", 1)
        levels = [[root]]
        while not self._node(levels[-1][0], block_size)[0]:
            below = []
            for branch in levels[-1]:
                leaf, _, _, pairs = self._node(branch, block_size)
                assert not leaf
                for child, value in pairs:
                    assert self._node(child, block_size)[3][-1][1] == value
                    below.append(child)
            levels.append(below)
        self.levels = len(levels)
        for level in levels:
            for before, node, after in zip([0, *level], level, [*level[1:], 0], strict=False):
                assert self._node(node, block_size)[1:3] == (after, before)
        pairs = [pair for leaf in levels[-1] for pair in self._node(leaf, block_size)[3]]
        assert len(pairs) == count
        return pairs

    def _node(self, number: int, block_size: int) -> tuple[int, int, int, list[tuple[int, int]]]:
        data = self.block(number)
        assert len(data) == block_size
        leaf, count, after, before = struct.unpack(">HHII", data[:12])
        assert count <= (block_size - 12) // 8
        return leaf, after, before, [struct.unpack(">II", data[12 + 8 * n : 20 + 8 * n]) for n in range(count)]

    def paths(self) -> dict[str, Line]:
        """Every path, from "." on."""
        large = self.tree(self.names["Size64"])
        sizes = {read_u32(self.block(facts), 0): int.from_bytes(self.block(size), "big") for size, facts in large}
        assert self.tree(self.names["HLIndex"]) == []
        version, virtual, zero, _ = struct.unpack(">IIIB", self.block(self.names["VIndex"]))
        assert (version, zero, self.tree(virtual)) == (1, 0, [])
        names: dict[int, str] = {}
        found: dict[str, Line] = {}
        order = []
        for key, value in self.tree(self.names["Paths"]):
            number, facts = struct.unpack(">II", self.block(key))
            file = self.block(value)
            parent, name = read_u32(file, 0), file[4:-1]
            assert file.endswith(b"\0")
            assert b"\0" not in name
            assert b"/" not in name
            order.append((parent, name))
            names[number] = f"{names[parent]}/{name.decode()}" if parent else name.decode()
            found[names[number]] = self._line(facts, sizes.get(facts))
        assert order == sorted(order)
        assert len(found) == len(names) == len(order)
        total, entries = struct.unpack(">II", self.block(self.names["BomInfo"])[4:12])
        assert (total, entries) == (len(found) + 1, 1)
        assert read_u32(self.block(self.names["BomInfo"]), 20) == sum(line.size for line in found.values()) % 2**32
        return found

    def _line(self, number: int, size64: int | None) -> Line:
        data = self.block(number)
        kind, one, flags, mode, uid, gid, mtime, size, one_again = struct.unpack(">BBHHIIIIB", data[:23])
        assert (one, flags, one_again) == (1, 0xF, 1)
        assert kind == {0o10: 1, 0o04: 2, 0o12: 3}[mode >> 12]
        assert data.endswith(bytes(8))
        link = data[31 : 31 + read_u32(data, 27) - 1].decode() if kind == 3 else None
        checksum = read_u32(data, 23) if kind != 2 else 0
        assert size64 is None or size64 % 2**32 == size
        assert self.places[number][1] == (31 if kind == 2 else 35 if link is None else 40 + len(link.encode()))
        return Line(mode=mode, uid=uid, gid=gid, mtime=mtime, size=size64 or size, checksum=checksum, link=link)
