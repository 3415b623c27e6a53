"""With `compression: best`, what is small is packed together; determinism and keys stay."""

from builder.frames import RAW_SIZE
from builder.grouping import BYTECODE, PACKAGES, group_bytecode, group_packages
from builder.units import Slice, content_entry


def piece(name: str, key: str = "k") -> Slice:
    entry = content_entry(f"pkgs/{name}/x.py", name.encode(), mode=0o444, mtime=0)
    return Slice(unit=name, stage=0, key=key, entries=lambda: [entry])


def test_small_packages_become_one_and_large_ones_stay() -> None:
    small, large = [piece("a"), piece("b")], piece("numpy")
    grouped = group_packages([(small[0], 1000), (large, 30 * 2**20), (small[1], 1000)])
    assert [one.unit for one in grouped] == ["numpy", PACKAGES]
    assert [entry.path for entry in grouped[1].entries()] == ["pkgs/a/x.py", "pkgs/b/x.py"]


def test_a_group_is_about_as_large_as_a_frame() -> None:
    grouped = group_bytecode((piece(f"p{number}"), RAW_SIZE // 3) for number in range(7))
    assert [len(one.entries()) for one in grouped] == [3, 3, 1]
    assert [one.unit for one in grouped] == [BYTECODE, BYTECODE, "p6"]


def test_a_groups_key_follows_from_its_members() -> None:
    def key(*pieces: Slice) -> str:
        [group] = group_bytecode((one, 1) for one in pieces)
        return group.key

    assert key(piece("a"), piece("b")) == key(piece("a"), piece("b"))
    others = [key(piece("a"), piece("b", "other")), key(piece("a"), piece("c")), key(piece("b"), piece("a"))]
    assert len({key(piece("a"), piece("b")), *others}) == 4
