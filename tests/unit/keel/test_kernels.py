"""`keel kernel`: environments that Jupyter knows."""

import json
import shutil
from pathlib import Path

import pytest

from tests.unit.keel.bases import FakeBase


@pytest.fixture
def work(fake: FakeBase) -> Path:
    fake.add("ipykernel", base=False)
    return fake.create("work", "ipykernel")


def folder(fake: FakeBase) -> Path:
    return fake.prefix.parent / ".local/share/jupyter/kernels"


def test_an_environment_becomes_a_kernel_that_starts_through_keel(fake: FakeBase, work: Path) -> None:
    said = fake.keel("kernel", "add", "work").stdout
    assert said == "Jupyter has the kernel keel-work, shown as Python (work)\n"
    spec = json.loads((folder(fake) / "keel-work/kernel.json").read_text())
    assert spec["argv"][:4] == [f"{fake.prefix}/cmd/keel", "run", "-p", str(work)]
    assert spec["argv"][4:] == [f"{work}/bin/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    assert spec["language"] == "python"


def test_kernels_are_listed_refreshed_and_removed(fake: FakeBase, work: Path) -> None:
    fake.keel("kernel", "add", "work", "--name", "mine")
    fake.keel("kernel", "add", "work", "--name", "mine", "--display-name", "My own")
    (one,) = json.loads(fake.keel("kernel", "list", "--json").stdout)
    assert (one["name"], one["display_name"], one["prefix"], one["exists"]) == ("mine", "My own", str(work), True)
    shutil.rmtree(work)
    assert "(gone)" in fake.keel("kernel", "list").stdout
    assert "nothing was removed" in fake.keel("kernel", "remove", "mine", code=1).stderr
    fake.keel("kernel", "remove", "mine", "-y")
    assert list(folder(fake).iterdir()) == []


def test_somebody_elses_kernel_is_left_alone(fake: FakeBase, work: Path) -> None:
    other = folder(fake) / "keel-work"
    other.mkdir(parents=True)
    (other / "kernel.json").write_text('{"argv": ["ir"], "display_name": "R", "language": "R"}')
    assert "a kernel keel-work already" in fake.keel("kernel", "add", "work", code=1).stderr
    assert "made no kernel keel-work" in fake.keel("kernel", "remove", "keel-work", code=1).stderr
    assert json.loads(fake.keel("kernel", "list", "--json").stdout) == []
    assert "R" in (other / "kernel.json").read_text()


def test_what_cannot_be_a_kernel_is_said(fake: FakeBase, work: Path) -> None:
    fake.create("empty")
    said = fake.keel("kernel", "add", "empty", code=1).stderr
    assert "has no ipykernel" in said
    assert "keel install -n empty ipykernel" in said
    assert "cannot be a kernel's name" in fake.keel("kernel", "add", "work", "--name", "../x", code=1).stderr


def test_the_folder_follows_jupyters_own_variables(fake: FakeBase, work: Path, tmp_path: Path) -> None:
    env = fake.environment(JUPYTER_DATA_DIR=str(tmp_path / "data dir"))
    fake.keel("kernel", "add", "work", env=env)
    assert (tmp_path / "data dir/kernels/keel-work/kernel.json").is_file()
