"""What the cache promises: names that exist are complete, whoever else is at work, and whatever kills whom."""

import hashlib
import os
import threading
import time
from pathlib import Path

import pytest

from builder.cache import AREAS, Cache, default_cache_root
from builder.errors import OutputError

CONTENT = b"some bytes"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / 'it\'s "a" cäche 中')


def put(cache: Cache, content: bytes = CONTENT) -> Path:
    sha256 = hashlib.sha256(content).hexdigest()
    with cache.partial("downloads", sha256) as part:
        part.write_bytes(content)
        return cache.adopt("downloads", part, sha256)


def age(path: Path, days: float) -> None:
    then = time.time() - days * 86_400
    os.utime(path, (then, then))


@pytest.mark.parametrize(
    ("environ", "root"),
    [
        ({"KEEL_CACHE": "/k c", "XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/k c"),
        ({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/x/keel"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache/keel"),
        ({"KEEL_CACHE": "", "HOME": "/h"}, "/h/.cache/keel"),
    ],
)
def test_root_comes_from_the_environment(environ: dict[str, str], root: str) -> None:
    assert default_cache_root(environ) == Path(root)


def test_an_adopted_file_is_found_by_its_hash(cache: Cache) -> None:
    assert cache.file("downloads", SHA256) is None
    path = put(cache)
    assert cache.file("downloads", SHA256) == path
    assert path.read_bytes() == CONTENT
    assert [entry.name for entry in path.parent.iterdir()] == [SHA256]


def test_a_partial_survives_a_failure_and_is_handed_out_again(cache: Cache) -> None:
    def break_off() -> None:
        with cache.partial("downloads", SHA256) as part:
            part.write_bytes(b"some")
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        break_off()
    with cache.partial("downloads", SHA256) as part:
        assert part.read_bytes() == b"some"


def test_an_empty_partial_is_not_kept(cache: Cache) -> None:
    with cache.partial("downloads", SHA256) as part:
        pass
    assert not part.exists()


def test_two_downloads_of_one_file_do_not_share_a_partial(cache: Cache) -> None:
    with cache.partial("downloads", SHA256) as mine:
        mine.write_bytes(b"so")
        with cache.partial("downloads", SHA256) as other:
            assert other != mine
            assert other.read_bytes() == b""
            other.write_bytes(CONTENT)
            cache.adopt("downloads", other, SHA256)
        assert mine.read_bytes() == b"so"
        mine.write_bytes(CONTENT)
        cache.adopt("downloads", mine, SHA256)
    assert (cache.root / "downloads" / SHA256).read_bytes() == CONTENT
    assert len(list((cache.root / "downloads").iterdir())) == 1


def test_a_folder_is_made_once(cache: Cache) -> None:
    made = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "file").write_bytes(b"x")

    first = cache.folder("frames", "key", make)
    assert cache.folder("frames", "key", make) == first == cache.root / "frames" / "key"
    assert len(made) == 1
    assert first.stat().st_mode & 0o777 == 0o755


def test_a_maker_that_fails_leaves_nothing(cache: Cache) -> None:
    def make(folder: Path) -> None:
        (folder / "half").write_bytes(b"x")
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        cache.folder("frames", "key", make)
    assert list((cache.root / "frames").iterdir()) == []


def test_makers_at_the_same_time_get_one_complete_folder(cache: Cache) -> None:
    barrier = threading.Barrier(4)
    places = []

    def make(folder: Path) -> None:
        (folder / "file").write_bytes(b"x" * 1000)
        barrier.wait(10)

    threads = [threading.Thread(target=lambda: places.append(cache.folder("frames", "key", make))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert places == [cache.root / "frames" / "key"] * 4
    assert [entry.name for entry in (cache.root / "frames").iterdir()] == ["key"]
    assert (places[0] / "file").stat().st_size == 1000


def test_info_counts_files_and_bytes_of_every_area(cache: Cache) -> None:
    put(cache)
    cache.folder("frames", "key", lambda folder: (folder / "f").write_bytes(b"12345") and None)
    info = {area: (files, size) for area, files, size in cache.info()}
    assert tuple(info) == AREAS
    assert info["downloads"] == (1, len(CONTENT))
    assert info["frames"] == (1, 5)
    assert info["wheels"] == (0, 0)


def test_info_of_a_cache_that_does_not_exist_makes_nothing(cache: Cache) -> None:
    assert cache.info() == [(area, 0, 0) for area in AREAS]
    assert cache.clean() == 0
    assert not cache.root.exists()


def test_clean_keeps_what_was_used_lately(cache: Cache) -> None:
    old, used = put(cache, b"old"), put(cache, b"used")
    folder = cache.folder("frames", "key", lambda folder: (folder / "f").write_bytes(b"12345") and None)
    for path in (old, used, folder):
        age(path, 10)
    assert cache.file("downloads", used.name)
    assert cache.clean(older_than=5 * 86_400) == len(b"old") + 5
    assert not old.exists()
    assert not folder.exists()
    assert used.exists()


def test_clean_takes_the_areas_that_are_named(cache: Cache) -> None:
    path = put(cache)
    cache.folder("frames", "key", lambda folder: (folder / "f").write_bytes(b"12345") and None)
    assert cache.clean(["frames"]) == 5
    assert path.exists()


def test_clean_leaves_alone_what_a_running_builder_writes(cache: Cache) -> None:
    def make(folder: Path) -> None:
        (folder / "half").write_bytes(b"x")
        with cache.partial("downloads", SHA256) as part:
            part.write_bytes(b"some")
            assert cache.clean() == 0
            assert part.read_bytes() == b"some"
        assert (folder / "half").exists()

    assert cache.folder("frames", "key", make).is_dir()


def test_clean_removes_what_killed_builders_left(cache: Cache) -> None:
    put(cache)
    stale = cache.root / "downloads" / ".abc.tmp"
    stale.mkdir()
    (stale / "file").write_bytes(b"1234567")
    age(stale, 2)
    (cache.root / "downloads" / f"{'0' * 64}.part").write_bytes(b"123")
    assert cache.clean(older_than=86_400) == 7
    assert cache.clean() == len(CONTENT) + 3
    assert list((cache.root / "downloads").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = Cache(tmp_path / "file" / "cache")
    with pytest.raises(OutputError, match="cache") as caught:
        cache.folder("frames", "key", lambda _: None)
    assert str(tmp_path / "file" / "cache") in caught.value.message
    assert "KEEL_CACHE" in (caught.value.hint or "")


def test_backup_programs_are_told_to_skip_it(cache: Cache) -> None:
    put(cache)
    assert (cache.root / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")
