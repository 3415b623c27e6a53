"""Installing into a folder that holds other things, or that cannot be replaced by a rename."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import need, need_root

from .conftest import Engine, listing
from .payload_maker import MARKER, file, folder, payload_of

FOREIGN = "keel-meta/foreign.txt"


@contextmanager
def mounted(place: Path, options: str) -> Iterator[Path]:
    """A small tmpfs."""
    need_root()
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A prefix with things of the user's own in folders that a base has, too."""
    prefix = tmp_path / "base"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin/mine").write_text("mine")
    (prefix / "pkgs/tool-1").mkdir(parents=True)
    (prefix / "own/empty").mkdir(parents=True)
    (prefix / "link").symlink_to("nowhere")
    return prefix


def test_force_keeps_what_was_there_and_lists_it(demo: Engine, filled: Path) -> None:
    done = demo.install(filled, "--force", "--foreign", FOREIGN)
    assert done.code == 0, done
    assert (filled / "bin/mine").read_text() == "mine"
    assert str((filled / "link").readlink()) == "nowhere"
    assert (filled / "bin/python3.11").exists()
    assert (filled / "lib/tool.py").samefile(filled / "pkgs/tool-1/tool.py")
    assert sorted((filled / FOREIGN).read_text().splitlines()) == ["bin/mine", "link", "own/empty", "pkgs/tool-1"]
    assert not (filled / ".keel-staging").exists()


def test_an_empty_prefix_gets_no_foreign_list(demo: Engine, tmp_path: Path) -> None:
    assert demo.install(tmp_path / "base", "--force", "--foreign", FOREIGN).code == 0
    assert not (tmp_path / "base" / FOREIGN).exists()


@pytest.mark.parametrize("kind", ["file", "link", "folder for a file", "file for a folder", "link for a folder"])
def test_a_collision_is_refused_and_nothing_changes(demo: Engine, filled: Path, kind: str, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    if kind == "file":
        (filled / "bin/python3.11").write_text("mine")
    elif kind == "link":
        (filled / "bin/python").symlink_to("mine")
    elif kind == "folder for a file":
        (filled / "empty").mkdir()
    elif kind == "file for a folder":
        (filled / "lib").write_text("mine")
    else:
        (filled / "lib").symlink_to(tmp_path / "outside")
    before = listing(filled)
    done = demo.install(filled, "--force")
    assert done.code == 4, done
    assert "already holds 1 of the files" in done.err
    assert listing(filled) == before
    assert listing(tmp_path / "outside") == []


def test_ten_collisions_are_named_and_the_rest_counted(engine_for: Callable[..., Engine], filled: Path) -> None:
    names = [f"bin/{number}" for number in range(12)]
    for name in names:
        (filled / name).write_text("mine")
    done = engine_for(payload_of(*(file(name) for name in names))).install(filled, "--force")
    assert done.code == 4
    assert "already holds 12 of the files" in done.err
    assert sum(name in done.err.replace(",", " ").split() for name in names) == 10


def test_a_foreign_name_with_a_line_break_is_refused(demo: Engine, filled: Path) -> None:
    (filled / "two\nlines").write_text("")
    done = demo.install(filled, "--force", "--foreign", FOREIGN)
    assert done.code == 4
    assert "line break" in done.err
    assert not (filled / ".keel-staging").exists()


def test_a_foreign_list_must_not_leave_the_prefix(demo: Engine, filled: Path, tmp_path: Path) -> None:
    done = demo.install(filled, "--force", "--foreign", "../evil")
    assert done.code == 2
    assert not (tmp_path / "evil").exists()


def test_a_mount_point_is_filled_in_place(demo: Engine, tmp_path: Path) -> None:
    with mounted(tmp_path / "base", "size=16m") as prefix:
        assert demo.install(prefix).code == 0
        assert (prefix / MARKER).exists()
        assert not (prefix / ".keel-staging").exists()


def test_links_are_reflinks_where_the_file_system_has_them(demo: Engine, tmp_path: Path) -> None:
    make_xfs, disk = need("mkfs.xfs"), tmp_path / "disk"
    disk.mkdir()
    with mounted(tmp_path / "memory", "size=600m") as memory:
        with (memory / "image").open("wb") as stream:
            stream.truncate(512 << 20)
        subprocess.run([make_xfs, "-q", "-m", "reflink=1", memory / "image"], check=True)
        subprocess.run(["mount", "-o", "loop", memory / "image", disk], check=True)
        try:
            assert demo.install(disk / "base").code == 0
            store, link = disk / "base/pkgs/tool-1/tool.py", disk / "base/lib/tool.py"
            assert (link.read_bytes(), link.stat().st_mode) == (store.read_bytes(), store.stat().st_mode)
            assert (link.stat().st_mtime, link.stat().st_nlink) == (1_000_000_002, 1)
        finally:
            subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("room", ["64k", "1m", "2m"])
def test_a_full_disk_is_told_and_cleaned_up(demo: Engine, tmp_path: Path, room: str) -> None:
    with mounted(tmp_path / "disk", f"size={room}") as disk:
        done = demo.install(disk / "deep/base")
        assert done.code == 6, done
        assert "space" in done.err
        assert " MB" in done.err
        assert "free some space" in done.err
        assert listing(disk) == []


def test_a_disk_that_fills_up_on_the_way_is_told_and_cleaned_up(
    engine_for: Callable[..., Engine], tmp_path: Path
) -> None:
    # Each file takes a page, which the index does not tell.
    engine = engine_for(payload_of(folder("a"), *(file(f"a/{number}", b"x") for number in range(1000))))
    with mounted(tmp_path / "disk", "size=2m") as disk:
        done = engine.install(disk / "deep/base")
        assert done.code == 6, done
        assert "No space left on device" in done.err
        assert "the installation needs 1 MB" in done.err
        assert listing(disk) == []


def test_a_disk_without_inodes_is_told(engine_for: Callable[..., Engine], tmp_path: Path) -> None:
    engine = engine_for(payload_of(*(file(f"a/{number}") for number in range(200))))
    for inodes in (50, 150):  # known beforehand, and found out on the way
        with mounted(tmp_path / "disk", f"size=8m,nr_inodes={inodes}") as disk:
            done = engine.install(disk / "base")
            assert done.code == 6, done
            assert listing(disk) == []


def test_a_read_only_file_system_is_told(demo: Engine, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=8m,ro") as disk:
        done = demo.install(disk / "base")
        assert done.code == 4
        assert "read-only" in done.err


def test_a_limit_on_file_sizes_is_told(demo: Engine, tmp_path: Path) -> None:
    limited = ["sh", "-c", 'ulimit -f 100; exec "$@"', "sh", *demo.command("install", "--prefix", tmp_path / "base")]
    done = subprocess.run(limited, capture_output=True, text=True, check=False)
    assert done.returncode == 6, done
    assert "ulimit -f" in done.stderr
    assert not (tmp_path / "base").exists()
