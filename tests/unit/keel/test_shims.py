"""Shims: what a resolver reads in them, and what their build backend does in a base and elsewhere."""

import gzip
import importlib.util
import io
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from packaging.metadata import Metadata
from packaging.utils import parse_sdist_filename

from keel.manifest import Unit
from keel.shims import shim, shim_path
from keel.store import unit_files
from tests.unit.keel.bases import FakeBase

Loader = Callable[[Unit], ModuleType]


def content(fake: FakeBase, unit: Unit) -> dict[str, bytes]:
    """The files of a shim, without the folder that they are in."""
    with tarfile.open(fake.prefix / shim_path(unit.name, unit.version)) as archive:
        files = {member.name: archive.extractfile(member) for member in archive}
        return {name.split("/", 1)[1]: file.read() for name, file in files.items() if file is not None}


@pytest.fixture
def load(fake: FakeBase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Loader:
    """Gives a shim's backend, as it is imported by a Python whose base prefix is the base."""
    monkeypatch.setattr(sys, "base_prefix", str(fake.prefix))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def make(unit: Unit) -> ModuleType:
        file = tmp_path / "_keel_shim.py"
        file.write_bytes(content(fake, unit)["_keel_shim.py"])
        spec = importlib.util.spec_from_file_location("_keel_shim", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return make


def test_a_shim_tells_all_that_a_resolver_asks_for(fake: FakeBase) -> None:
    unit = fake.add("Demo_Pkg", "1.0", requires=["idna>=2", "rich; extra == 'colours'"])
    files = content(fake, unit)
    assert set(files) == {"PKG-INFO", "_keel_shim.py", "pyproject.toml"}
    metadata = Metadata.from_email(files["PKG-INFO"])
    assert (metadata.name, str(metadata.version), metadata.metadata_version) == ("demo-pkg", "1.0", "2.2")
    assert [str(one) for one in metadata.requires_dist or ()] == ["idna>=2", 'rich; extra == "colours"']
    assert not metadata.dynamic
    assert b"requires = []" in files["pyproject.toml"]


def test_its_name_is_that_of_an_sdist(fake: FakeBase) -> None:
    path = shim_path("ruamel.yaml-Clib", "1.0+cpu")
    assert path == "pkgs/.index/ruamel_yaml_clib-1.0+cpu.tar.gz"
    assert parse_sdist_filename(path.rpartition("/")[2])[0] == "ruamel-yaml-clib"


def test_the_bytes_depend_on_the_wheel_alone(fake: FakeBase) -> None:
    unit = fake.add("demo")
    metadata = unit_files(fake.base, unit).metadata()
    made = [shim("demo", "1.0", unit.sha256, metadata) for _ in range(2)]
    assert made[0] == made[1]
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(made[0]))) as archive:
        assert {(one.mtime, one.uid, one.uname, one.mode) for one in archive} == {(0, 0, "", 0o644)}


def test_much_metadata_fits(fake: FakeBase) -> None:
    unit = fake.add("demo", requires=[f"package-{number}" for number in range(6000)])
    assert content(fake, unit)["PKG-INFO"].count(b"Requires-Dist") == 6000


def test_the_wheel_comes_out_of_the_store(fake: FakeBase, load: Loader, tmp_path: Path) -> None:
    unit = fake.add("demo")
    backend = load(unit)
    assert backend.get_requires_for_build_wheel() == []
    assert backend.build_wheel(str(tmp_path)) == unit.wheel
    with zipfile.ZipFile(tmp_path / unit.wheel) as wheel:
        assert wheel.read("demo.py") == b"VERSION = '1.0'\n"


def test_metadata_come_without_a_record(fake: FakeBase, load: Loader, tmp_path: Path) -> None:
    unit = fake.add("demo", scripts={"demo": "demo:main"})
    folder = tmp_path / load(unit).prepare_metadata_for_build_wheel(str(tmp_path))
    assert {path.name for path in folder.iterdir()} == {"METADATA", "WHEEL", "entry_points.txt"}
    (folder / "METADATA").write_text("pip may change it")


def test_a_shim_without_its_base_says_where_it_belongs(
    fake: FakeBase, load: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = load(fake.add("demo"))
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    with pytest.raises(SystemExit, match=r"this sdist belongs to a Keel base, which holds demo 1\.0") as ended:
        backend.build_wheel(str(tmp_path))
    assert "keel wheelhouse FOLDER demo" in str(ended.value)


def test_a_shim_of_another_base_is_refused(fake: FakeBase, load: Loader, tmp_path: Path) -> None:
    backend = load(fake.add("demo"))
    fake.units = [unit for unit in fake.units if unit.name != "demo"]
    fake.write_manifest()
    with pytest.raises(SystemExit, match=r"belongs to another Keel base.*demo 1\.0"):
        backend.build_wheel(str(tmp_path))


def test_a_damaged_store_ends_the_build_with_a_message(fake: FakeBase, load: Loader, tmp_path: Path) -> None:
    unit = fake.add("demo")
    (fake.prefix / unit.path / "demo.py").unlink()
    with pytest.raises(SystemExit, match=r"demo\.py is missing\nhint: .*keel check --fix"):
        load(unit).build_wheel(str(tmp_path))


def test_there_is_no_source_code_to_edit_or_pack(fake: FakeBase, load: Loader, tmp_path: Path) -> None:
    backend = load(fake.add("demo"))
    for hook in (backend.build_editable, backend.build_sdist):
        with pytest.raises(SystemExit, match=r"demo 1\.0 is bundled as a wheel"):
            hook(str(tmp_path))
