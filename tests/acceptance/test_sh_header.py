"""The sh installer with the real engine and a small payload, in every shell and in awkward places."""

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.cache import Cache
from builder.engine import read_engine
from builder.frames import COMPRESSIONS, pack
from builder.installers.sh import write_parts
from builder.payload import Payload, order_frames
from builder.platforms import PLATFORMS
from builder.units import Entry, Slice, content_entry, digest
from tests.acceptance.conftest import Done, clean_environment, run
from tests.conftest import need, need_root, skip_unless
from tests.unit.installers.conftest import FACTS, ODD, SHELLS, Box
from tests.unit.installers.terminal import Terminal

pytestmark = pytest.mark.slow

MARKER = "keel-meta/manifest.json"
# Incompressible, so that an installation lasts long enough to be interrupted.
LARGE = 24
MEGABYTE = 2**20


def large_content(number: int) -> bytes:
    return random.Random(number).randbytes(MEGABYTE)


def stage_zero() -> list[Entry]:
    large = [
        content_entry(f"pkgs/large/{number:02}.bin", large_content(number), mode=0o444, mtime=10**9)
        for number in range(LARGE)
    ]
    return [
        content_entry("bin/python", b'#!/bin/sh\necho "python $*"\n', mode=0o755, mtime=10**9),
        content_entry("cmd/keel", b'#!/bin/sh\necho "keel $*"\n', mode=0o755, mtime=10**9),
        content_entry("pkgs/très long 片/module.py", b"answer = 42\n", mode=0o444, mtime=10**9),
        *large,
    ]


def stage_one() -> list[Entry]:
    return [
        Entry(path="lib/module.py", mode=0o444, mtime=10**9, link="pkgs/très long 片/module.py"),
        Entry(path="bin/python3", mode=0o777, mtime=10**9, symlink="python"),
        Entry(path="envs/", mode=0o755, mtime=10**9),
        content_entry(MARKER, b"{}\n", mode=0o644, mtime=10**9),
    ]


@pytest.fixture(scope="session")
def installer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real installer of a small tree that looks like a base."""
    platform = PLATFORMS["linux-x86_64"]
    skip_unless(os.uname().machine == "x86_64" and os.uname().sysname == "Linux", "the engine is for Linux on x86_64")
    cache = Cache(tmp_path_factory.mktemp("cache"))
    pieces = [
        Slice(unit="demo", stage=0, key=digest("zero"), entries=stage_zero),
        Slice(unit="demo", stage=1, key=digest("one"), entries=stage_one),
    ]
    frames = [frame for piece in pieces for frame in pack(piece, cache, COMPRESSIONS["fast"])]
    payload = Payload(
        name="starter", version="1", python="3.11.7", platform=platform.name, marker=MARKER, frames=order_frames(frames)
    )
    path = tmp_path_factory.mktemp("dist") / f"Starter {ODD}.sh"
    with path.open("wb") as stream:
        write_parts(payload, FACTS, read_engine(platform), stream)
    return path


def check_tree(prefix: Path) -> None:
    """Everything of the payload is there, as it should be."""
    assert (prefix / MARKER).read_text() == "{}\n"
    assert (prefix / "lib/module.py").read_text() == "answer = 42\n"
    assert (prefix / "lib/module.py").stat().st_ino == (prefix / "pkgs/très long 片/module.py").stat().st_ino
    assert (prefix / "bin/python3").readlink() == Path("python")
    assert all(
        (prefix / f"pkgs/large/{number:02}.bin").read_bytes() == large_content(number) for number in range(LARGE)
    )


@pytest.fixture
def install(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Done]:
    """`install(installer, prefix, *options, code=0)` in batch mode; what a failure leaves stays in a folder of ours."""
    temporary = tmp_path_factory.mktemp("tmp")

    def run_installer(installer: Path, prefix: Path, *options: str, code: int = 0, folder: Path = temporary) -> Done:
        env = {**clean_environment(prefix.parent), "TMPDIR": str(folder)}
        return run("sh", installer, "-b", "-p", prefix, *options, code=code, env=env)

    return run_installer


@pytest.fixture
def box(installer: Path, tmp_path: Path) -> Callable[[str], Box]:
    def make(shell: str) -> Box:
        command = SHELLS[shell]
        skip_unless(shutil.which(command[0]), f"{command[0]} is not installed")
        made = Box(tmp_path, command)
        made.home.mkdir()
        made.tmp.mkdir()
        made.installer.symlink_to(installer)
        return made

    return make


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_installs(box: Callable[[str], Box], shell: str) -> None:
    here = box(shell)
    prefix = here.root / f"new {ODD}" / "base"
    done = here.run("-b", "-t", "-p", prefix)
    assert (done.code, done.err) == (0, "")
    check_tree(prefix)
    assert here.leftovers() == []
    assert sorted(path.name for path in prefix.parent.iterdir()) == ["base"]
    (log,) = (prefix / "keel-meta/logs").iterdir()
    assert "the engine ended with code 0" in log.read_text()


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_leads_through_the_dialogue(box: Callable[[str], Box], shell: str) -> None:
    here = box(shell)
    with Terminal(here) as terminal:
        terminal.expect(r"starter\] >>>")
        terminal.send("~/other place\n")
        terminal.expect("Initialise your shell")
        terminal.send("yes\n")
        assert terminal.end() == 0
    assert "keel init" in terminal.seen
    assert "error" not in terminal.seen
    check_tree(here.home / "other place")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing_or_a_complete_base(
    box: Callable[[str], Box], shell: str, number: signal.Signals
) -> None:
    here = box(shell)
    prefix = here.root / "base"
    process = subprocess.Popen(
        [*here.shell, str(here.installer), "-b", "-p", str(prefix)],
        env=here.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    wait_for(lambda: (here.root / ".base.keel-staging").exists() or prefix.exists())
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert not (here.root / ".base.keel-staging").exists()
    if prefix.exists():
        check_tree(prefix)
    else:
        assert process.returncode in (-number, 128 + number)
        assert b"nothing was installed" in err


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_verify_and_list_tell_about_the_payload(installer: Path) -> None:
    assert run("sh", installer, "--verify").code == 0
    assert "pkgs/très long 片/module.py" in run("sh", installer, "--list").out.splitlines()


def test_standard_tools_unpack_it(installer: Path, tmp_path: Path) -> None:
    need("zstd")
    offset = run("sh", installer, "--offset").out.strip()
    script = 'tail -c +"$1" "$2" | zstd -d --long=25 | tar -x -C "$3"'
    run("sh", "-c", script, "sh", offset, installer, tmp_path)
    check_tree(tmp_path)


def test_a_damaged_payload_is_refused_and_leaves_nothing(
    installer: Path, install: Callable[..., Done], tmp_path: Path
) -> None:
    data = bytearray(installer.read_bytes())
    payload = data.index(b"\x89KEEL\r\n\x1a")
    damaged = tmp_path / "damaged.sh"
    for place in (payload, payload + 30, payload + 100, (payload + len(data)) // 2, len(data) - 1):
        data[place] ^= 1
        damaged.write_bytes(data)
        data[place] ^= 1
        assert install(damaged, tmp_path / "new/base", code=5).err.count("error:") == 1
        assert run("sh", damaged, "--verify", code=5).err.count("error:") == 1
        assert [path.name for path in tmp_path.iterdir()] == ["damaged.sh"]


def test_a_forced_installation_keeps_and_lists_what_was_there(
    installer: Path, install: Callable[..., Done], tmp_path: Path
) -> None:
    prefix = tmp_path / "base"
    (prefix / "lib").mkdir(parents=True)
    (prefix / "lib/mine.txt").write_text("mine")
    install(installer, prefix, code=4)
    install(installer, prefix, "-f")
    check_tree(prefix)
    assert (prefix / "lib/mine.txt").read_text() == "mine"
    assert (prefix / "keel-meta/foreign.txt").read_text().split() == ["lib/mine.txt"]


def test_a_forced_installation_refuses_collisions(
    installer: Path, install: Callable[..., Done], tmp_path: Path
) -> None:
    prefix = tmp_path / "base"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin/python").write_text("mine")
    done = install(installer, prefix, "-f", code=4)
    assert "bin/python" in done.err
    assert (prefix / "bin/python").read_text() == "mine"
    assert sorted(path.relative_to(prefix).as_posix() for path in prefix.rglob("*")) == ["bin", "bin/python"]


def test_where_only_the_prefix_allows_programs_it_installs(installer: Path, tmp_path: Path) -> None:
    need_root()
    prefix = tmp_path / "base"
    prefix.mkdir()
    script = """
        for place in /tmp "$1"; do mount --bind "$place" "$place"; mount -o remount,bind,noexec "$place"; done
        mount --bind "$2" "$2"; mount -o remount,bind,exec "$2"
        exec sh "$3" -b -p "$2"
    """
    env = {**clean_environment(tmp_path), "TMPDIR": str(tmp_path)}
    run(need("unshare"), "-m", "sh", "-ec", script, "sh", tmp_path, prefix, installer, env=env)
    check_tree(prefix)
    assert not list(prefix.glob(".keel-*"))


def test_busybox_alone_is_enough(installer: Path, tmp_path: Path) -> None:
    need_root()
    chroot = need("chroot")
    root = tmp_path / "root"
    for folder in ("bin", "tmp", "dev"):
        (root / folder).mkdir(parents=True)
    shutil.copy(need("busybox"), root / "bin/busybox")
    for tool in run("busybox", "--list").out.split():
        if tool != "busybox":
            (root / "bin" / tool).symlink_to("busybox")
    (root / "dev/null").touch()
    skip_unless(run(chroot, root, "/bin/sh", "-c", ":", code=None).code == 0, "busybox is not a static one")
    shutil.copy(installer, root / "x.sh")
    done = run(chroot, root, "/bin/sh", "/x.sh", "-b", "-p", "/opt/base", env={"HOME": "/", "PATH": "/bin"})
    # There is no glibc in there at all.
    assert "cannot find out which C library" in done.err
    check_tree(root / "opt/base")


def test_of_two_runs_at_once_one_wins(installer: Path, tmp_path: Path) -> None:
    command = ["sh", str(installer), "-b", "-p", str(tmp_path / "base")]
    env = {**clean_environment(tmp_path), "TMPDIR": str(tmp_path)}
    runs = [subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(2)]
    codes = sorted(process.wait(60) for process in runs)
    # The second one meets the first at work, or its finished base.
    assert codes in ([0, 4], [0, 7])
    check_tree(tmp_path / "base")


def test_a_full_disk_is_reported_and_leaves_nothing(
    installer: Path, install: Callable[..., Done], tmp_path: Path
) -> None:
    need_root()
    small = tmp_path / "small"
    small.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=10m", "tmpfs", small)
    try:
        done = install(installer, small / "base", code=6)
        assert "space" in done.err
        assert not list(small.iterdir())
    finally:
        run("umount", small)


def test_the_next_run_cleans_up_after_a_killed_one(
    installer: Path, install: Callable[..., Done], tmp_path: Path
) -> None:
    prefix = tmp_path / "base"
    process = subprocess.Popen(
        ["sh", str(installer), "-b", "-p", str(prefix)],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**clean_environment(tmp_path), "TMPDIR": str(tmp_path)},
    )
    wait_for(lambda: (tmp_path / ".base.keel-staging").exists() or prefix.exists())
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if prefix.exists():
        shutil.rmtree(prefix)
    install(installer, prefix, folder=tmp_path)
    check_tree(prefix)
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".log")] == ["base"]
