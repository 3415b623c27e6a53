"""`keel-engine link`: what a list of jobs makes, what of it is reported, and what no list can do."""

import errno
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from .conftest import ODD, Done


def job(ways: str, source: object, folder: str, *names: str, target: object = "") -> list[str]:
    return [ways, str(source), str(target), folder, *names, ""]


def listed(*jobs: Sequence[str], first: str = "keel-links 1", last: str = "end") -> bytes:
    fields = [first, *(field for one in jobs for field in one), last]
    return b"".join(os.fsencode(field) + b"\0" for field in fields)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a `store` and an empty `env`."""
    root = tmp_path / ODD
    (root / "store").mkdir(parents=True)
    (root / "env").mkdir()
    for name in ("a.py", "b.py", ODD):
        (root / "store" / name).write_text(name)
        (root / "store" / name).chmod(0o444)
    return root


@pytest.fixture
def link(program: Path, place: Path) -> Callable[..., Done]:
    def run(jobs: bytes, *options: object, umask: int = -1) -> Done:
        done = subprocess.run(
            [program, "link", "--into", place / "env", *map(str, options)],
            input=jobs, capture_output=True, umask=umask, timeout=60, check=False,
        )  # fmt: skip
        assert b"Sanitizer" not in done.stderr, done.stderr
        assert b"runtime error" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode(errors="replace"))

    return run


def same(one: Path, other: Path) -> bool:
    return one.stat().st_ino == other.stat().st_ino


def test_hard_links_and_their_folders_are_made(link: Callable[..., Done], place: Path) -> None:
    store, env = place / "store", place / "env"
    jobs = listed(
        job("h", store, "", "a.py"), job("h", store, f"lib/{ODD}/deep", "a.py", ODD), job("h", store, "empty/er")
    )
    assert link(jobs, umask=0o027) == Done(0, "made 3\n", "")
    assert same(env / "a.py", store / "a.py")
    assert same(env / "lib" / ODD / "deep" / ODD, store / ODD)
    assert (env / "empty/er").is_dir()
    assert (env / "lib").stat().st_mode & 0o777 == 0o750
    assert (store / "a.py").stat().st_nlink == 3


def test_symbolic_links_say_what_they_are_told(link: Callable[..., Done], place: Path) -> None:
    assert link(listed(job("s", "", "lib", "a.py", ODD, target="../../store"))) == Done(0, "made 2\n", "")
    assert str((place / "env/lib" / ODD).readlink()) == f"../../store/{ODD}"


def test_the_next_way_is_taken_for_exactly_the_file_that_needs_it(link: Callable[..., Done], place: Path) -> None:
    store, env = place / "store", place / "env"
    (store / "folder").mkdir()  # cannot be hard-linked: EPERM
    done = link(listed(job("hs", store, "lib", "a.py", "folder", target=store)))
    assert done == Done(0, "made 2\n", "")
    assert same(env / "lib/a.py", store / "a.py")
    assert not (env / "lib/a.py").is_symlink()
    assert str((env / "lib/folder").readlink()) == str(store / "folder")
    assert link(listed(job("h", store, "more", "folder", "a.py"))).out == f"0 0 {errno.EPERM}\nmade 1\n"


def test_a_reflink_is_a_private_file_or_leaves_nothing(link: Callable[..., Done], place: Path) -> None:
    done = link(listed(job("r", place / "store", "lib", "a.py")))
    made = place / "env/lib/a.py"
    if done.out == "made 1\n":  # btrfs, XFS, APFS
        assert made.read_text() == "a.py"
        assert made.stat().st_mode & 0o777 == 0o644
        assert made.stat().st_ino != (place / "store/a.py").stat().st_ino
    else:
        assert done.out.startswith("0 0 ")
        assert not made.exists()
        assert link(listed(job("rh", place / "store", "lib", "a.py"))).out == "made 1\n"


def test_what_cannot_be_done_is_reported_with_its_place_and_reason(link: Callable[..., Done], place: Path) -> None:
    (place / "env/file").touch()
    jobs = listed(
        job("h", place / "store", "lib", "a.py", "gone.py", "b.py"),
        job("h", place / "nowhere", "lib", "b.py"),
        job("h", place / "store", "file/x", "a.py"),
        job("h", "relative", "lib", "c.py"),
        job("h", place / "store", "file"),
    )
    done = link(jobs, "--threads", 1)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"0 1 {errno.ENOENT}",
        f"1 0 {errno.ENOENT}",
        f"2 0 {errno.ENOTDIR}",
        f"3 0 {errno.EINVAL}",
        f"4 0 {errno.ENOTDIR}",
        "made 2",
    ]


def test_nothing_is_overwritten_and_no_link_is_followed(link: Callable[..., Done], place: Path) -> None:
    store, env, outside = place / "store", place / "env", place / "outside"
    outside.mkdir()
    (env / "a.py").write_text("mine")
    (env / "b.py").symlink_to(outside / "new")
    (env / "away").symlink_to(outside)
    (env / "deep").mkdir()
    (env / "deep/away").symlink_to(outside)
    jobs = listed(
        job("rhs", store, "", "a.py", "b.py", target=store),
        job("h", store, "away", "a.py"),
        job("h", store, "deep/away/more", "a.py"),
    )
    done = link(jobs, "--threads", 1)
    codes = [line.split() for line in done.out.splitlines()]
    assert done.out.endswith("made 0\n")
    assert [int(code[2]) in (errno.EEXIST, errno.ELOOP, errno.ENOTDIR) for code in codes[:-1]] == [True] * 4
    assert (env / "a.py").read_text() == "mine"
    assert not list(outside.iterdir())


def test_the_target_folder_must_be_a_real_one(program: Path, place: Path) -> None:
    (place / "link").symlink_to(place / "env")
    for into in ("link", "nowhere"):
        command = [program, "link", "--into", place / into]
        done = subprocess.run(command, input=listed(), capture_output=True, timeout=60, check=False)
        assert done.returncode == 4
        assert done.stdout == b""


HOSTILE = {
    "empty": b"",
    "another version": listed(first="keel-links 2"),
    "no end": listed()[:-4],
    "cut off in a name": listed(job("h", "/x", "lib", "name"))[:-8],
    "cut off in a job": listed(job("h", "/x", "lib", "name"))[:-5],
    "more behind the end": listed() + b"x",
    "a zero behind the end": listed() + b"\0",
    "no ways": listed(job("", "/x", "lib", "name")),
    "unknown ways": listed(job("hx", "/x", "lib", "name")),
    "a way twice": listed(job("hh", "/x", "lib", "name")),
    "no source": listed(job("h", "", "lib", "name")),
    "a source that is not used": listed(job("s", "/x", "lib", "name", target="y")),
    "no target": listed(job("hs", "/x", "lib", "name")),
    "a target that is not used": listed(job("h", "/x", "lib", "name", target="y")),
    "a long source": listed(job("h", "/" + "x" * 4095, "lib", "name")),
    "a long target": listed(job("s", "", "lib", "name", target="x" * 4000)),
    "an absolute folder": listed(job("h", "/x", "/lib", "name")),
    "a folder that leaves": listed(job("h", "/x", "lib/../..", "name")),
    "a folder with an empty part": listed(job("h", "/x", "lib//x", "name")),
    "a folder that ends in a slash": listed(job("h", "/x", "lib/", "name")),
    "the folder itself": listed(job("h", "/x", ".", "name")),
    "a deep folder": listed(job("h", "/x", "/".join("x" * 129), "name")),
    "a long folder": listed(job("h", "/x", "/".join(["x" * 60] * 70), "name")),
    "a path for a name": listed(job("h", "/x", "lib", "a/b")),
    "a name that leaves": listed(job("h", "/x", "lib", "..")),
    "a name that stays": listed(job("h", "/x", "lib", ".")),
    "a backslash": listed(job("h", "/x", "lib", "a\\b")),
    "a long name": listed(job("h", "/x", "lib", "x" * 256)),
    "a large job": listed(job("h", "/x", "lib", *["x" * 250] * 5000)),
    "an endless field": b"keel-links 1\0h\0" + b"x" * (1 << 21),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_list_that_is_none_is_refused(name: str, link: Callable[..., Done], place: Path) -> None:
    done = link(HOSTILE[name])
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert not list((place / "env").iterdir())


@pytest.mark.parametrize(
    "options",
    [[], ["--into"], ["--into", "x", "--offset", "1"], ["--into", "x", "y"], ["--into", "x", "--threads", "0"]],
)
def test_a_wrong_command_line_is_refused(options: list[str], program: Path) -> None:
    done = subprocess.run([program, "link", *options], input=b"", capture_output=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: ")


def test_many_folders_are_shared_among_threads(link: Callable[..., Done], place: Path) -> None:
    names = [f"{number}.py" for number in range(50)]
    for name in names:
        (place / "store" / name).touch()
    folders = [f"lib/{one}/{other}" for one in range(20) for other in range(20)]
    assert link(listed(*(job("h", place / "store", folder, *names) for folder in folders)), "--threads", 8) == Done(
        0, "made 20000\n", ""
    )
    assert all((place / "store" / name).stat().st_nlink == 401 for name in names)
    assert sorted(path.name for path in (place / "env/lib/7/11").iterdir()) == sorted(names)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_even_while_it_waits(number: signal.Signals, program: Path, place: Path) -> None:
    process = subprocess.Popen(
        [program, "link", "--into", place / "env"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(listed(job("h", place / "store", "lib", "a.py"))[:-4])
        process.stdin.flush()
        while not (place / "env/lib/a.py").exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(number)
        assert process.wait(60) == 128 + number
        assert process.stdout.read() == b""
