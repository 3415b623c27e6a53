"""Exact copies of environments and of the base."""

import subprocess
from pathlib import Path

import pytest

from keel.hashes import digest
from keel.relocate import relocate_script
from keel.scripts import HEADER
from tests.unit.keel.bases import LIBRARY, FakeBase


def inode(path: Path) -> int:
    return path.lstat().st_ino


def user_installed(prefix: Path) -> None:
    """What pip leaves behind: a package, a script that names the environment, an editable install."""
    library = prefix / LIBRARY
    (library / "own").mkdir()
    (library / "own/__init__.py").write_text("OWN = 1\n")
    info = library / "own-2.0.dist-info"
    info.mkdir()
    (info / "INSTALLER").write_text("pip\n")
    (info / "RECORD").write_text(
        "own/__init__.py,,\n../../../bin/own,,\n../../../share/own.txt,,\nown-2.0.dist-info/RECORD,,\n"
    )
    (library / "__editable__.proj.pth").write_text("/somewhere/src\n")
    (prefix / "bin/own").write_text(
        f"#!/bin/sh\n'''exec' \"{prefix}/bin/python\" \"$0\" \"$@\"\n' '''\nimport sys; print(sys.prefix)\n"
    )
    (prefix / "bin/own").chmod(0o755)
    (prefix / "share").mkdir(exist_ok=True)
    (prefix / "share/own.txt").write_text("data")


def test_bundled_files_are_linked_and_a_users_own_are_copied(fake: FakeBase) -> None:
    unit = fake.add("tool", base=False)
    old = fake.create("old", "tool")
    user_installed(old)
    done = fake.clone("new", "old")
    new = fake.env("new")
    assert inode(new / LIBRARY / "tool.py") == inode(fake.prefix / unit.path / "tool.py")
    assert inode(new / LIBRARY / "own/__init__.py") != inode(old / LIBRARY / "own/__init__.py")
    assert (new / LIBRARY / "__editable__.proj.pth").read_text() == "/somewhere/src\n"
    assert (new / "share/own.txt").read_text() == "data"
    assert done.packages == (("own", "2.0"), ("tool", "1.0"))
    assert done.linked == 3  # tool.py, METADATA, WHEEL


def test_a_clone_has_the_same_files_as_its_origin(fake: FakeBase) -> None:
    fake.add(
        "tool", files={"tool/sub/deep.py": "", "tool-1.0.data/data/share/tool/x": "1", "tool-1.0.data/headers/t.h": ""}
    )
    old = fake.create("old", "tool", with_pip=True)
    user_installed(old)
    fake.clone("new", "old")
    listing = {path.relative_to(old) for path in old.rglob("*")}
    assert {path.relative_to(fake.env("new")) for path in fake.env("new").rglob("*")} == listing


def test_scripts_of_a_clone_run_in_the_clone(fake: FakeBase) -> None:
    user_installed(fake.create("old"))
    fake.clone("new", "old")
    out = subprocess.run([fake.env("new") / "bin/own"], capture_output=True, text=True, env=fake.environment())
    # pip itself does not quote the '"' and '$' of this path, so the origin's script cannot run; the clone's does
    assert out.stdout == f"{fake.env('new')}\n"


def test_a_file_that_was_edited_in_place_of_its_link_is_copied(fake: FakeBase) -> None:
    fake.add("tool", base=False)
    module = fake.create("old", "tool") / LIBRARY / "tool.py"
    module.unlink()
    module.write_text("EDITED = True\n")
    fake.clone("new", "old")
    clone = fake.env("new") / LIBRARY / "tool.py"
    assert clone.read_text() == "EDITED = True\n"
    assert inode(clone) != inode(module)


def test_a_hard_link_to_something_else_than_the_store_is_not_taken_for_a_bundled_file(
    fake: FakeBase, tmp_path: Path
) -> None:
    cached = tmp_path / "cached.py"
    cached.write_text("UV = 1\n")
    linked = fake.create("old") / LIBRARY / "cached.py"
    linked.hardlink_to(cached)
    fake.clone("new", "old")
    assert inode(fake.env("new") / LIBRARY / "cached.py") != inode(cached)


def test_a_clone_of_the_base_has_its_packages_and_nothing_of_keel_or_the_interpreter(fake: FakeBase) -> None:
    unit = fake.add("tool", files={"tool.py": "", "tool-1.0.data/data/share/tool/x": "1"}, scripts={"tool": "tool:x"})
    user_installed(fake.prefix)
    (fake.prefix / "bin/2to3").write_text("#!/bin/sh\n")
    (fake.prefix / LIBRARY).parent.joinpath("os.py").write_text("")
    fake.clone("new", "base")
    new = fake.env("new")
    assert {"tool", "own", "pip"} <= {path.name for path in (new / "bin").iterdir()}
    assert inode(new / "share/tool/x") == inode(fake.prefix / unit.path / "tool-1.0.data/data/share/tool/x")
    assert not (new / "bin/2to3").exists()
    assert not (new / LIBRARY).parent.joinpath("os.py").exists()
    assert {path.name for path in new.iterdir()} == {"bin", "etc", "lib", "lib64", "share", "pyvenv.cfg", "pip.conf"}


def test_a_record_that_names_private_parts_or_leads_out_of_the_prefix_takes_nothing_along(fake: FakeBase) -> None:
    info = fake.prefix / LIBRARY / "evil-1.dist-info"
    info.mkdir()
    (info / "RECORD").write_text(
        "../../../keel-meta/manifest.json,,\n../../../../wheels,,\n../../../cmd/keel,,\n/etc/passwd,,\n"
    )
    fake.clone("new", "base")
    assert {path.name for path in fake.env("new").iterdir()} == {"bin", "etc", "lib", "lib64", "pyvenv.cfg", "pip.conf"}


def test_links_of_a_clone_stay_in_the_clone_or_lead_where_they_led(fake: FakeBase, tmp_path: Path) -> None:
    old = fake.create("old")
    (old / "share").mkdir()
    (old / "share/file").write_text("x")
    (old / "share/relative").symlink_to("file")
    (old / "share/absolute").symlink_to(old / "share/file")
    (old / "share/outside").symlink_to(tmp_path)
    (old / "share/upwards").symlink_to("../../../bin")
    fake.clone("new", "old")
    share = fake.env("new") / "share"
    assert str((share / "relative").readlink()) == "file"
    assert str((share / "absolute").readlink()) == str(share / "file")
    assert str((share / "outside").readlink()) == str(tmp_path)
    assert (share / "upwards").resolve() == (fake.prefix / "bin").resolve()


def test_a_users_pip_conf_is_kept(fake: FakeBase) -> None:
    (fake.create("old") / "pip.conf").write_text("[global]\nindex-url = http://127.0.0.1/\n")
    fake.clone("new", "old")
    assert "127.0.0.1" in (fake.env("new") / "pip.conf").read_text()


def test_many_files_are_linked_and_counted_by_the_engine(fake: FakeBase) -> None:
    unit = fake.add("big", files={f"big/{folder}/{number}.py": "" for folder in range(11) for number in range(100)})
    done = fake.clone("new", "base")
    assert done.linked >= 1100
    assert all(
        inode(path) == inode(fake.prefix / unit.path / path.relative_to(fake.env("new") / LIBRARY))
        for path in (fake.env("new") / LIBRARY / "big").rglob("*.py")
    )


OLD, NEW = "/opt/old env", "/srv/new"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"#!/opt/plain/bin/python\nx", b"#!/srv/new/bin/python\nx"),
        (b"#!/opt/plain/bin/python3.11 -E -s\nx", b"#!/srv/new/bin/python3.11 -E -s\nx"),
        (b"#!/bin/sh\n'''exec' \"/opt/old env/bin/python\" \"$0\" \"$@\"\n' '''\nx", b"#!/srv/new/bin/python\nx"),
        (b"#!/bin/sh\n'''exec' '/opt/old env/bin/python3' \"$0\" \"$@\"\n' '''\nx", b"#!/srv/new/bin/python3\nx"),
        (b"#!/usr/bin/python3\nx", None),
        (b"#!/bin/sh\necho /opt/plain/bin/python\n", None),
        (b"#!/opt/plainer/bin/python\nx", None),
        (b"\x7fELF\x00/opt/plain/bin/python", None),
        (HEADER + b"import sys\n", None),
        (b"", None),
    ],
)
def test_interpreter_lines_that_name_the_old_environment_are_moved(before: bytes, after: bytes | None) -> None:
    assert relocate_script(before, (OLD, "/opt/plain"), NEW) == (before if after is None else after)


@pytest.mark.parametrize("new", ["/srv/with space", "/srv/" + "long" * 40, '/srv/"quoted" `$x` \\ it\'s é'])
def test_a_path_that_an_interpreter_line_cannot_hold_goes_through_sh_and_back(new: str) -> None:
    moved = relocate_script(b"#!/opt/plain/bin/python\nx", ("/opt/plain",), new)
    assert moved.startswith(b"#!/bin/sh\n'''exec' ")
    assert relocate_script(moved, (new,), "/opt/plain") == b"#!/opt/plain/bin/python\nx"


def test_the_hash_of_a_script_that_names_the_new_place_is_recorded(fake: FakeBase) -> None:
    old = fake.create("old")
    script = old / "bin/own"
    script.write_text(f"#!/bin/sh\n'''exec' \"{old}/bin/python\" \"$0\" \"$@\"\n' '''\n")
    info = old / LIBRARY / "own-1.dist-info"
    info.mkdir()
    (info / "RECORD").write_text(f"../../../bin/own,{digest(script.read_bytes())},{script.stat().st_size}\n")
    fake.clone("new", "old")
    moved = (fake.env("new") / "bin/own").read_bytes()
    assert moved != script.read_bytes()
    record = (fake.env("new") / LIBRARY / "own-1.dist-info/RECORD").read_text()
    assert record == f"../../../bin/own,{digest(moved)},{len(moved)}\n"
    assert digest(script.read_bytes()) in (info / "RECORD").read_text()
