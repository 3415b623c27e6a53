"""`keel wheelhouse`."""

import hashlib
import json
from pathlib import Path

import pytest

from keel import wheelhouse
from keel.errors import KeelError
from tests.unit.keel.bases import FakeBase


@pytest.fixture
def stocked(fake: FakeBase) -> FakeBase:
    """Of app and helper, app needs helper; other is in the store only."""
    fake.add("helper")
    fake.add("app", requires=["helper>=1"])
    fake.add("other", base=False)
    return fake


def names(folder: Path) -> list[str]:
    return sorted(path.name.split("-")[0] for path in folder.iterdir())


def test_without_packages_the_whole_store_comes(stocked: FakeBase, tmp_path: Path) -> None:
    said = stocked.keel("wheelhouse", tmp_path / "new" / "è x").stdout
    assert names(tmp_path / "new" / "è x") == ["app", "helper", "other", "pip"]
    assert said.startswith("4 wheels in ")
    assert f"--find-links '{tmp_path}/new/è x'" in said


def test_packages_bring_what_they_need_unless_told_not_to(stocked: FakeBase, tmp_path: Path) -> None:
    stocked.keel("wheelhouse", tmp_path / "a", "app>=1")
    assert names(tmp_path / "a") == ["app", "helper"]
    stocked.keel("wheelhouse", tmp_path / "b", "app", "--no-deps")
    assert names(tmp_path / "b") == ["app"]


def test_what_is_not_bundled_is_an_error_before_anything_is_written(stocked: FakeBase, tmp_path: Path) -> None:
    said = stocked.keel("wheelhouse", tmp_path / "a", "othr", code=1).stderr
    assert said == "error: no bundled package is called othr\nhint: nearest bundled names: other\n"
    assert not (tmp_path / "a").exists()


def test_hashes_are_those_of_the_files(stocked: FakeBase, tmp_path: Path) -> None:
    pins = tmp_path / "requirements.txt"
    done = json.loads(stocked.keel("wheelhouse", tmp_path / "a", "app", "--requirements", pins, "--json").stdout)
    hashes = {one["name"]: one["sha256"] for one in done["wheels"]}
    for one in done["wheels"]:
        data = Path(one["path"]).read_bytes()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (one["sha256"], one["size"])
    assert pins.read_text() == "".join(f"{name}==1.0 --hash=sha256:{hashes[name]}\n" for name in ("app", "helper"))


def test_what_is_there_already_stays_and_what_differs_is_replaced(stocked: FakeBase, tmp_path: Path) -> None:
    stocked.keel("wheelhouse", tmp_path / "a", "app")
    app, helper = sorted((tmp_path / "a").iterdir())
    wheel, kept = helper.read_bytes(), app.stat()
    helper.write_bytes(b"half a wheel")
    (tmp_path / "a" / "notes.txt").write_text("mine")
    assert ", 1 of them there already" in stocked.keel("wheelhouse", tmp_path / "a", "app").stdout
    assert (app.stat().st_ino, app.stat().st_mtime_ns) == (kept.st_ino, kept.st_mtime_ns)
    assert helper.read_bytes() == wheel
    assert len(list((tmp_path / "a").iterdir())) == 3


def test_a_damaged_unit_leaves_no_half_wheel(stocked: FakeBase, tmp_path: Path) -> None:
    (unit,) = [unit for unit in stocked.units if unit.name == "helper"]
    (stocked.prefix / unit.path / "helper.py").unlink()
    said = stocked.keel("wheelhouse", tmp_path / "a", "app", code=1).stderr
    assert "helper.py is missing" in said
    assert names(tmp_path / "a") == ["app"]


def test_a_file_is_no_folder(stocked: FakeBase, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(KeelError, match="is not a folder"):
        wheelhouse.fill(stocked.base, stocked.units, str(tmp_path / "file"), lambda unit: None)
    assert (tmp_path / "file").read_text() == "mine"
