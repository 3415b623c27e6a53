"""Wheel files out of the store: complete, verified, and the same bytes every time."""

import io
import zipfile
from pathlib import Path

import pytest

from keel.errors import KeelError
from keel.manifest import Unit
from keel.packer import pack_wheel
from tests.unit.keel.bases import FakeBase

FILES: dict[str, bytes | str] = {
    "demo/__init__.py": "import sys\n",
    "demo/a name of è.txt": "è",
    "demo-1.0.data/scripts/tool": "#!python\nprint('tool')\n",
    "demo/empty.txt": b"",
}


def packed(fake: FakeBase, unit: Unit) -> bytes:
    stream = io.BytesIO()
    pack_wheel(fake.base, unit, stream)
    return stream.getvalue()


def spoil(path: Path, content: str) -> None:
    path.chmod(0o644)
    path.write_text(content)


def test_a_rebuilt_wheel_holds_what_the_original_held(fake: FakeBase) -> None:
    unit = fake.add("demo", files=FILES)
    with (
        zipfile.ZipFile(fake.prefix.parent / "wheels" / unit.wheel) as original,
        zipfile.ZipFile(io.BytesIO(packed(fake, unit))) as rebuilt,
    ):
        assert rebuilt.testzip() is None
        assert sorted(rebuilt.namelist()) == sorted(original.namelist())
        assert all(rebuilt.read(name) == original.read(name) for name in original.namelist())
        assert rebuilt.namelist()[-1] == "demo-1.0.dist-info/RECORD"


def test_bytecode_and_foreign_files_stay_out(fake: FakeBase) -> None:
    unit = fake.add("demo")
    before = packed(fake, unit)
    (fake.prefix / unit.path / "__pycache__").mkdir()
    (fake.prefix / unit.path / "__pycache__/demo.cpython-311.pyc").write_bytes(b"pyc")
    (fake.prefix / unit.path / "notes.txt").write_text("mine")
    assert packed(fake, unit) == before


def test_the_same_unit_gives_the_same_bytes_whatever_its_times(fake: FakeBase, tmp_path: Path) -> None:
    unit = fake.add("demo", files=FILES)
    before = packed(fake, unit)
    for path in (fake.prefix / unit.path).rglob("*"):
        path.touch()
    assert packed(fake, unit) == before


def test_programs_stay_executable(fake: FakeBase) -> None:
    unit = fake.add("demo", files=FILES)
    (fake.prefix / unit.path / "demo-1.0.data/scripts/tool").chmod(0o555)
    with zipfile.ZipFile(io.BytesIO(packed(fake, unit))) as rebuilt:
        modes = {info.filename: info.external_attr >> 16 & 0o777 for info in rebuilt.infolist()}
    assert modes["demo-1.0.data/scripts/tool"] == 0o755
    assert modes["demo/__init__.py"] == 0o644


def test_a_changed_file_is_named_with_what_mends_it(fake: FakeBase) -> None:
    unit = fake.add("demo", files=FILES)
    file = fake.prefix / unit.path / "demo/__init__.py"
    spoil(file, "import os\n\n")
    with pytest.raises(KeelError) as caught:
        packed(fake, unit)
    assert str(file) in caught.value.message
    assert caught.value.hint == "the store is damaged; run: keel check --fix"


@pytest.mark.parametrize("gone", ["demo/__init__.py", "demo-1.0.dist-info/RECORD", "demo-1.0.dist-info", "."])
def test_what_is_missing_is_named(fake: FakeBase, gone: str) -> None:
    unit = fake.add("demo", files=FILES)
    path = fake.prefix / unit.path / gone
    path.rename(fake.prefix / "away")
    with pytest.raises(KeelError, match=r"is missing|0 \.dist-info") as caught:
        packed(fake, unit)
    assert unit.path in caught.value.message


def test_a_record_that_leads_out_of_the_unit_is_refused(fake: FakeBase) -> None:
    unit = fake.add("demo")
    record = fake.prefix / unit.path / "demo-1.0.dist-info/RECORD"
    spoil(record, "../../../etc/passwd,,\n")
    with pytest.raises(KeelError, match="unsafe path"):
        packed(fake, unit)
