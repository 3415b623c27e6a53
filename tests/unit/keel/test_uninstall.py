"""What `keel uninstall` removes, and what it leaves."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.unit.keel.bases import FakeBase


def listing(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_everything_goes_and_start_up_files_are_restored(fake: FakeBase) -> None:
    home = fake.prefix.parent
    (home / ".bashrc").write_text("# mine")
    before = listing(home) - listing_of(fake)
    fake.create("work")
    fake.keel("init", "bash", "zsh")
    said = fake.keel("uninstall", "-y").stdout
    assert f"removed {fake.prefix}\n" in said
    assert f"restored {home}/.bashrc" in said
    assert listing(home) == before
    assert (home / ".bashrc").read_text() == "# mine"


def listing_of(fake: FakeBase) -> set[str]:
    return {fake.prefix.name, *(f"{fake.prefix.name}/{path}" for path in listing(fake.prefix))}


def test_it_names_the_environments_that_go_and_takes_silence_for_a_no(fake: FakeBase) -> None:
    fake.create("precious")
    (fake.prefix / "notes.txt").write_text("mine")
    before = listing(fake.prefix)
    asked = fake.keel("uninstall", code=1).stderr
    assert "  precious\n" in asked
    assert "  notes.txt\n" in asked
    assert listing(fake.prefix) == before
    fake.keel("uninstall", text="yes\n")
    assert not fake.prefix.exists()


def test_what_was_in_the_folder_before_stays_with_the_folders_it_needs(fake: FakeBase) -> None:
    (fake.prefix / "lib/mine").mkdir()
    (fake.prefix / "lib/mine/file").write_text("mine")
    (fake.prefix / "lib/empty").mkdir()
    (fake.prefix / "bin/my tool").write_text("mine")
    (fake.prefix / "bin/dangling").symlink_to("nowhere")
    (fake.prefix / "later.txt").write_text("put there after the installation, beside what it laid down")
    (fake.prefix / "keel-meta/foreign.txt").write_text("bin/dangling\nbin/my tool\nlib/empty\nlib/mine/file\n")
    said = fake.keel("uninstall", "-y").stdout
    assert "what was there before" in said
    assert listing(fake.prefix) == {
        "bin",
        "bin/dangling",
        "bin/my tool",
        "later.txt",
        "lib",
        "lib/empty",
        "lib/mine",
        "lib/mine/file",
    }


def test_environments_elsewhere_stay_and_are_named(fake: FakeBase) -> None:
    elsewhere = fake.prefix.parent / ".keel/envs/mine"
    fake.keel("create", "-p", elsewhere)
    assert str(elsewhere) in fake.keel("uninstall", "-y").stdout
    assert (elsewhere / "pyvenv.cfg").is_file()


def test_a_folder_without_a_base_is_refused(fake: FakeBase) -> None:
    (fake.prefix / "keel-meta/manifest.json").unlink()
    before = listing(fake.prefix)
    assert "is not a base" in fake.keel("uninstall", "-y", code=1).stderr
    assert listing(fake.prefix) == before


def test_an_interrupted_removal_is_no_base_any_more_and_can_be_repeated(fake: FakeBase) -> None:
    fake.add("big", files={f"big/{folder}/{number}.py": "" for folder in range(20) for number in range(100)})
    process = subprocess.Popen(
        [fake.prefix / "cmd/keel", "uninstall", "-y"], env=fake.environment(), stdout=subprocess.DEVNULL
    )
    while process.poll() is None and not (fake.prefix / "keel-meta/uninstalling.json").exists():
        time.sleep(0.0005)
    process.send_signal(signal.SIGTERM)
    process.wait()
    if fake.prefix.exists():
        assert process.returncode == 128 + signal.SIGTERM
        assert "keel uninstall" in fake.keel("env", "list", code=1).stderr
        fake.keel("uninstall", "-y")
    assert not fake.prefix.exists()


def test_somebody_elses_base_is_refused(fake: FakeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    from keel.errors import KeelError
    from keel.uninstall import plan_removal

    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(KeelError, match="not writable"):
        plan_removal(fake.base)
