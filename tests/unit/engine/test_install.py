"""What an installation lays down, and where it refuses to."""

import os
import shlex
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from tests.conftest import need_root

from .conftest import ODD, Engine, listing
from .payload_maker import MARKER, FramePlan, Plan, file, marker_frame


def test_everything_arrives_with_content_modes_and_times(demo: Engine, tmp_path: Path) -> None:
    prefix = tmp_path / "new" / ODD / "base"
    done = demo.install(prefix)
    assert (done.code, done.out) == (0, ""), done
    assert (prefix / "lib/big").read_bytes() == bytes(range(256)) * 10_000
    assert (prefix / "empty").read_bytes() == b""
    assert str((prefix / "bin/python").readlink()) == "python3.11"
    assert str((prefix / "lib64").readlink()) == "lib"
    assert (prefix / "envs").is_dir()
    tool = (prefix / "pkgs/tool-1/tool.py").stat()
    assert (stat.S_IMODE(tool.st_mode), tool.st_mtime, tool.st_nlink) == (0o444, 1_000_000_002, 2)
    assert tool.st_ino == (prefix / "lib/tool.py").stat().st_ino
    assert stat.S_IMODE((prefix / "pkgs/tool-1/run").stat().st_mode) == 0o555
    assert listing(tmp_path / "new") == sorted(
        [ODD, f"{ODD}/base", *(f"{ODD}/base/{name}" for name in listing(prefix))]
    )


def test_modes_do_not_depend_on_the_umask(demo: Engine, tmp_path: Path) -> None:
    prefix = tmp_path / "base"
    assert demo.run("install", "--prefix", prefix, umask=0o077).code == 0
    folders = [prefix, *(path for path in prefix.rglob("*") if path.is_dir() and not path.is_symlink())]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o755}
    assert stat.S_IMODE((prefix / "empty").stat().st_mode) == 0o644


@pytest.mark.parametrize("name", [ODD, "two\nlines", "x" * 255, "-dash", "ends in space "])
def test_any_name_of_a_folder_will_do(demo: Engine, tmp_path: Path, name: str) -> None:
    place = tmp_path / "place"
    assert demo.install(place / name).code == 0
    assert [path.name for path in place.iterdir()] == [name]
    assert (place / name / MARKER).is_file()


def test_a_relative_prefix_counts_from_the_current_folder(demo: Engine, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    assert demo.run("install", "--prefix", "./sub//../base/", cwd=tmp_path / "here").code == 4  # sub does not exist
    assert demo.run("install", "--prefix", "./sub//base/.", cwd=tmp_path / "here").code == 0
    assert (tmp_path / "here/sub/base" / MARKER).is_file()


def test_an_empty_folder_keeps_its_mode(demo: Engine, tmp_path: Path) -> None:
    prefix = tmp_path / "base"
    prefix.mkdir()
    prefix.chmod(0o2775)
    assert demo.install(prefix).code == 0
    assert stat.S_IMODE(prefix.stat().st_mode) == 0o2775


def test_a_link_to_an_empty_folder_is_followed(demo: Engine, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert demo.install(tmp_path / "link").code == 0
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / MARKER).is_file()


def test_a_filled_folder_is_refused_and_left_alone(demo: Engine, tmp_path: Path) -> None:
    prefix = tmp_path / "base"
    prefix.mkdir()
    (prefix / "mine").write_text("mine")
    done = demo.install(prefix)
    assert done.code == 4
    assert "is not empty" in done.err
    assert "hint:" in done.err
    assert listing(prefix) == ["mine"]


def test_an_installed_base_is_refused_even_by_force(demo: Engine, tmp_path: Path) -> None:
    prefix = tmp_path / "base"
    assert demo.install(prefix).code == 0
    before = listing(prefix)
    for options in ([], ["--force"]):
        done = demo.install(prefix, *options)
        assert done.code == 4
        assert "holds an installed base already" in done.err
    assert listing(prefix) == before


@pytest.mark.parametrize("kind", ["file", "dangling link", "below a file", "root"])
def test_what_cannot_be_a_prefix_is_refused(demo: Engine, tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "dangling link").symlink_to("nowhere")
    prefix = {"below a file": tmp_path / "file/base", "root": Path("/")}.get(kind, tmp_path / kind)
    before = listing(tmp_path)
    done = demo.install(prefix)
    assert done.code == 4, done
    assert done.err.startswith("error: ")
    assert listing(tmp_path) == before


def test_a_prefix_whose_paths_would_be_too_long_is_refused(demo: Engine, tmp_path: Path) -> None:
    done = demo.install(tmp_path / "/".join(["d" * 200] * 19))
    assert done.code == 4
    assert "too long" in done.err
    assert listing(tmp_path) == [f"{ODD}.sh"]


def test_a_folder_that_may_not_be_written_is_refused(demo: Engine, tmp_path: Path) -> None:
    need_root()
    (tmp_path / "closed").mkdir(mode=0o755)
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    engine = Engine(Path(shutil.copy(demo.program, tmp_path / "keel-engine")), demo.installer, demo.offset)
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *engine.command("install", "--prefix")]
    done = subprocess.run([*command, tmp_path / "closed/base"], capture_output=True, text=True, check=False)
    assert done.returncode == 4, done
    assert "Permission denied" in done.stderr
    assert "choose a folder that you may write to" in done.stderr
    assert not any((tmp_path / "closed").iterdir())


def test_verify_and_list_write_nothing(demo: Engine, tmp_path: Path) -> None:
    before = listing(tmp_path)
    verified = demo.run("verify")
    assert (verified.code, verified.out) == (0, "")
    assert "verified" in verified.err
    listed = demo.run("list")
    lines = listed.out.splitlines()
    assert listed.code == 0
    assert lines[:2] == ["envs/", "pkgs/tool-1/tool.py"]
    assert "bin/python -> python3.11" in lines
    assert "lib/tool.py -> pkgs/tool-1/tool.py" in lines
    assert lines[-1] == MARKER
    assert listing(tmp_path) == before


def test_quiet_says_nothing_at_all(demo: Engine, tmp_path: Path) -> None:
    done = demo.install(tmp_path / "base", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_plain_lines_tell_what_happens(demo: Engine, tmp_path: Path) -> None:
    assert demo.install(tmp_path / "base").err.splitlines() == [
        "unpacking 10 files, 2.5 MB",
        "verified",
        "installed Demo Base 1.0",
    ]


def test_a_terminal_gets_a_bar_that_goes_away(demo: Engine, tmp_path: Path) -> None:
    command = demo.command("install", "--prefix", tmp_path / "base")
    shown, code = pexpect.run(shlex.join(command), withexitstatus=True)
    assert code == 0
    assert b"\runpacking [" in shown
    assert shown.endswith(b"\rverified\r\ninstalled Demo Base 1.0\r\n")


def test_bytes_behind_the_payload_belong_to_somebody_else(
    engine_for: Callable[..., Engine], demo: Engine, tmp_path: Path
) -> None:
    engine = engine_for(demo.installer.read_bytes()[demo.offset :], behind=b"signature")
    assert engine.run("verify").code == 0


def test_unlink_self_removes_the_engine(demo: Engine, tmp_path: Path) -> None:
    copy = Path(shutil.copy(demo.program, tmp_path / "copy of engine"))
    assert Engine(copy, demo.installer, demo.offset).install(tmp_path / "base", "--unlink-self").code == 0
    assert not copy.exists()


def test_version_and_help_need_no_installer(program: Path) -> None:
    version = subprocess.run([program, "version"], capture_output=True, text=True, check=True)
    assert version.stdout.startswith("keel-engine ")
    helped = subprocess.run([program, "--help"], capture_output=True, text=True, check=True)
    assert "usage:" in helped.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["unpack"],
        ["install", "FILE", "--offset", "0"],
        ["install", "--offset", "0", "--prefix", "x"],
        ["install", "FILE", "--prefix", "x"],
        ["verify", "FILE", "--offset", "-1"],
        ["verify", "FILE", "--offset", "99999999999999999999"],
        ["verify", "FILE", "--offset"],
        ["verify", "FILE", "--offset", "0", "--prefix", "x"],
        ["verify", "FILE", "OTHER", "--offset", "0"],
        ["verify", "FILE", "--offset", "0", "--threads", "0"],
        ["verify", "FILE", "--offset", "0", "--unknown"],
        ["verify", "/nonexistent", "--offset", "0"],
        ["verify", "/", "--offset", "0"],
        ["install", "FILE", "--offset", "0", "--prefix", ""],
    ],
)
def test_wrong_usage_is_told_with_code_2(demo: Engine, arguments: list[str]) -> None:
    words = [str(demo.installer) if word == "FILE" else word for word in arguments]
    if arguments[-1:] == [""]:
        words[words.index("0")] = str(demo.offset)
    done = subprocess.run([demo.program, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done
    assert done.stderr.startswith("error: ")


@pytest.mark.parametrize("threads", [1, 3])
def test_memory_stays_below_64_mb_per_thread(engine_for: Callable[..., Engine], threads: int) -> None:
    if os.environ.get("KEEL_TEST_ENGINE"):
        pytest.skip("sanitizers need memory of their own")
    long = bytes(1 << 20) * 40  # longer than any frame that is decompressed in one piece
    usual = os.urandom(1 << 16) * 500
    contents = [long, usual, long, usual]
    frames = [FramePlan(items=[file(f"{n}", content)], window_log=25) for n, content in enumerate(contents)]
    engine = engine_for(Plan(frames=[*frames, marker_frame()]).to_bytes())
    limited = f'ulimit -v {64_000_000 // 1024 * threads}; exec "$@"'
    done = subprocess.run(
        ["sh", "-c", limited, "sh", *engine.command("verify", "--threads", threads)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done


def test_files_longer_than_a_frame_arrive_whole(engine_for: Callable[..., Engine], tmp_path: Path) -> None:
    content = os.urandom(1 << 16) * 600
    frame = FramePlan(items=[file("before", b"b"), file("long", content), file("after", b"a")], window_log=25)
    engine = engine_for(Plan(frames=[frame, marker_frame()]).to_bytes())
    assert engine.install(tmp_path / "base").code == 0
    assert (tmp_path / "base/long").read_bytes() == content
    assert (tmp_path / "base/after").read_bytes() == b"a"
