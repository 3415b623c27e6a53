"""Links by the engine: whatever becomes of it, the environment is the same; and the ways that a user may force."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from keel.errors import KeelError
from keel.linker import Linker
from keel.manifest import ENGINE

from .bases import LIBRARY, FakeBase, host_engine

BIG = f"{LIBRARY}/big"


@pytest.fixture
def big(fake: FakeBase) -> FakeBase:
    """A base with enough files for the engine to be worth its start."""
    fake.add("big", files={f"big/{folder}/{number}.py": "x = 1" for folder in range(4) for number in range(100)})
    return fake


def snapshot(env: Path) -> dict[str, object]:
    """What is where; files by number where they are linked to something, else by content."""

    def state(path: Path) -> object:
        if path.is_symlink():
            return path.readlink()
        if path.is_dir():
            return "folder"
        return path.stat().st_ino if path.stat().st_nlink > 1 else path.read_bytes()

    return {str(path.relative_to(env)): state(path) for path in sorted(env.rglob("*"))}


def replace_engine(base: FakeBase, script: str) -> None:
    (base.prefix / ENGINE).unlink()
    (base.prefix / ENGINE).write_text(f"#!/bin/sh\nreal='{host_engine()}'\n{script}\n")
    (base.prefix / ENGINE).chmod(0o755)


# $3 is the folder that is being filled.
BROKEN = {
    "ends at once": "exit 1",
    "garbled report": "cat >/dev/null; echo 'made many'",
    "says too little": "cat >/dev/null; echo 'made 3'",
    "refuses what there is not": "cat >/dev/null; echo '99999 0 1'; echo 'made 400'",
    "killed before its report": '"$real" "$@" >/dev/null; kill -9 $$',
    "killed midway": 'head -c 3000 | "$real" "$@"; kill -9 $$',
    "leaves half a file": f'mkdir -p "$3/{BIG}/2"; : >"$3/{BIG}/2/7.py"; exit 1',
}


@pytest.mark.parametrize("name", ["absent", "not executable", "another CPU's", *BROKEN])
def test_an_environment_is_the_same_without_the_engine(name: str, big: FakeBase) -> None:
    done = big.clone("one", "base")
    engine = big.prefix / ENGINE
    if name in BROKEN:
        replace_engine(big, BROKEN[name])
    elif name == "absent":
        engine.unlink()
    elif name == "not executable":
        engine.chmod(0o644)
    else:
        engine.write_bytes(b"\x7fELF" + bytes(100))
    again = big.clone("two", "base")
    assert snapshot(big.env("two")).keys() == snapshot(big.env("one")).keys()
    assert {path: state for path, state in snapshot(big.env("two")).items() if path.startswith(BIG)} == {
        path: state for path, state in snapshot(big.env("one")).items() if path.startswith(BIG)
    }
    assert (again.linked, again.copied) == (done.linked, done.copied)
    third = big.create("three", "big")
    assert snapshot(third / BIG) == snapshot(big.env("one") / BIG)


def test_what_the_engine_cannot_do_goes_the_next_way_alone(big: FakeBase, tmp_path: Path) -> None:
    """An engine that does every second file, and says so."""
    program = tmp_path / "half.py"
    program.write_text(
        "import os, sys\n"
        "fields = iter(sys.stdin.buffer.read().split(b'\\0')[1:])\n"
        "job = made = 0\n"
        "while (ways := next(fields)) != b'end':\n"
        "    source, target, folder = next(fields), next(fields), next(fields)\n"
        "    os.makedirs(os.path.join(os.fsencode(sys.argv[3]), folder), exist_ok=True)\n"
        "    for entry, name in enumerate(iter(lambda: next(fields), b'')):\n"
        "        if entry % 2:\n"
        "            print(job, entry, 31)\n"
        "        else:\n"
        "            os.link(os.path.join(source, name), os.path.join(os.fsencode(sys.argv[3]), folder, name))\n"
        "            made += 1\n"
        "    job += 1\n"
        "print('made', made)\n"
    )
    done = big.clone("one", "base")
    replace_engine(big, f"exec '{sys.executable}' '{program}' \"$@\"")
    assert big.clone("two", "base")[2:] == done[2:]
    assert snapshot(big.env("two") / BIG) == snapshot(big.env("one") / BIG)


def test_a_signal_ends_the_engine_too_and_leaves_nothing(big: FakeBase, tmp_path: Path) -> None:
    replace_engine(big, f"echo $$ >'{tmp_path}/new'; mv '{tmp_path}/new' '{tmp_path}/pid'; exec sleep 600")
    process = subprocess.Popen(
        [big.prefix / "cmd/keel", "create", "-n", "work", "--clone", "base"], env=big.environment()
    )
    while not (tmp_path / "pid").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    assert not list((big.prefix / "envs").iterdir())


def counted(base: FakeBase, *arguments: str) -> dict[str, int]:
    """linked and copied of `keel create`."""
    answer = json.loads(base.keel("create", "--json", *arguments).stdout)
    return {key: answer[key] for key in ("linked", "copied")}


def test_the_way_of_links_can_be_chosen(big: FakeBase) -> None:
    big.keel("config", "set", "link_mode", "symlink")
    assert counted(big, "-n", "soft", "big", "--no-pip") == {"linked": 402, "copied": 0}
    modules = list((big.env("soft") / BIG).rglob("*.py"))
    assert len(modules) == 400
    assert all(str(path.readlink()).startswith("../") and path.read_text() for path in modules)
    big.keel("config", "set", "link_mode", "copy")
    assert counted(big, "-n", "own", "big", "--no-pip") == {"linked": 0, "copied": 402}
    big.keel("config", "set", "link_mode", "hardlink")
    assert counted(big, "-n", "hard", "--clone", "base")["linked"] > 400
    assert all(path.stat().st_nlink > 1 for path in (big.env("hard") / BIG).rglob("*.py"))
    assert counted(big, "-p", str(big.prefix.parent / "x"), "--copy")["linked"] == 0


@pytest.mark.parametrize("mode", ["hardlink", "reflink"])
def test_a_way_that_was_chosen_and_cannot_work_is_an_error(
    mode: str, big: FakeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*names: object, **options: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr("keel.linker._reflink", refuse)
    linker = Linker(str(big.prefix), str(big.prefix), str(big.prefix), mode=mode)
    with pytest.raises(KeelError, match=f"link_mode is {mode}") as caught:
        linker.place(str(big.prefix / "cmd/keel"), str(big.prefix / "new"))
    assert "link_mode auto" in str(caught.value.hint)
    assert not (big.prefix / "new").exists()
