"""`keel-engine scan`: what is in a tree, by inode number."""

import os
import socket
import subprocess
from pathlib import Path

from .conftest import ODD


def scan(program: Path, *folders: object) -> "subprocess.CompletedProcess[bytes]":
    done = subprocess.run(
        [str(program), "scan", *map(str, folders)], capture_output=True, timeout=60, check=False
    )
    assert b"Sanitizer" not in done.stderr, done.stderr
    assert b"runtime error" not in done.stderr, done.stderr
    return done


def listed(folder: Path, tree: Path) -> list[str]:
    """The fields of one folder, sorted by name."""
    kinds = {"l": Path.is_symlink, "d": Path.is_dir, "f": Path.is_file}
    found = []
    for path in sorted(folder.iterdir()):
        kind = next((letter for letter, test in kinds.items() if test(path)), "o")
        found += [f"{kind}{path.lstat().st_ino}", path.name]
    relative = folder.relative_to(tree).as_posix()
    return ["" if relative == "." else relative, *found]


def test_everything_is_listed_with_its_kind_and_number_and_no_link_is_followed(program: Path, tmp_path: Path) -> None:
    tree = tmp_path / ODD
    (tree / "one" / ODD / "deep").mkdir(parents=True)
    (tree / "two").mkdir()
    (tree / "one/file").touch()
    (tree / "one" / ODD / "twin").hardlink_to(tree / "one/file")
    (tree / "away").symlink_to(tmp_path)
    (tree / os.fsdecode(b"no-utf-8-\xff")).touch()
    with socket.socket(socket.AF_UNIX) as bound:
        here = Path.cwd()
        os.chdir(tree)  # a socket's path must be short
        try:
            bound.bind("socket")
        finally:
            os.chdir(here)
        done = scan(program, tree)
    assert (done.returncode, done.stderr) == (0, b"")
    fields = os.fsdecode(done.stdout).split("\0")
    assert fields[-2:] == ["/", ""]
    folders, at = {}, 0
    while at < len(fields) - 2:
        end = fields.index("", at + 1)
        pairs = sorted(zip(fields[at + 2 : end : 2], fields[at + 1 : end : 2], strict=True))
        folders[fields[at]] = [fields[at], *(field for name, key in pairs for field in (key, name))]
        at = end + 1
    expected = [tree, *(path for path in tree.rglob("*") if path.is_dir() and not path.is_symlink())]
    assert sorted(folders.values()) == sorted(listed(folder, tree) for folder in expected)


def test_what_cannot_be_listed_is_an_error_and_gives_nothing(program: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    deep = tmp_path / "deep" / "/".join("x" * 130)
    deep.mkdir(parents=True)
    for place, code in ((tmp_path / "gone", 4), (tmp_path / "file", 4), (tmp_path / "link", 4), (tmp_path / "deep", 4)):
        done = scan(program, place)
        assert (done.returncode, done.stdout) == (code, b""), place
        assert done.stderr.startswith(b"error: ")


def test_it_takes_one_folder(program: Path, tmp_path: Path) -> None:
    assert scan(program).returncode == 2
    assert scan(program, tmp_path, tmp_path).returncode == 2
