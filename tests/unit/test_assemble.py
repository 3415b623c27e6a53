"""From wheels to frames: the base, the store, bytecode, and units that claim the same file."""

import json
import platform
import sys
import tarfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import zstandard
from packaging.requirements import Requirement

from builder.assemble import assemble, begin, wheel_units
from builder.cache import Cache
from builder.compilers import compiler_of
from builder.engine import read_engine
from builder.errors import BuilderError
from builder.fetch import Fetcher
from builder.interpreters import Interpreter
from builder.lock import Lock, LockedInterpreter, LockedWheel
from builder.lock_inputs import Inputs
from builder.packing import Packer
from builder.payload import Payload
from builder.platforms import PLATFORMS
from builder.provenance import describe
from builder.recipe import load_recipe
from builder.report import SilentReporter
from builder.settings import Settings, current_host
from builder.target import Target, targets
from keel.manifest import ENGINE
from tests.unit.wheels import make_wheel, sha256

MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
LIBRARY = f"lib/python{MINOR}/site-packages"
CACHE_TAG = sys.implementation.cache_tag


class Listener(SilentReporter):
    """Keeps the warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


@dataclass
class Workshop:
    """Assembles payloads from small wheels, with a tree that stands in for the interpreter."""

    folder: Path
    listener: Listener = field(default_factory=Listener)

    def assemble(self, wheels: list[Path], packages: str, **keys: str) -> Payload:
        wheels = [make_wheel(self.folder, "pip", "26.0"), *wheels]
        target = self._target(packages, keys)
        version = platform.python_version()
        locked = LockedInterpreter(source="path", version=version, build="", url=None, sha256="ab" * 32, glibc="2.17")
        lock = Lock(
            recipe="demo", version="1", python=MINOR, platform="linux-x86_64",
            inputs=Inputs.of(target, version), interpreter=locked,
            wheels=tuple(_locked(wheel) for wheel in wheels), bytecode=target.recipe.bytecode.replace("auto", "build"),
        )  # fmt: skip
        tree = self.folder / "tree"
        (tree / "bin").mkdir(parents=True, exist_ok=True)
        (tree / "bin" / "tool").write_text("#!/bin/sh\n")
        (tree / "bin" / "tool").chmod(0o755)
        interpreter = Interpreter(
            source="path", version=version, build="", url=None, sha256="ab" * 32, tree=tree, glibc="2.17"
        )
        cache = Cache(self.folder / "cache")
        settings = Settings(
            cache=cache, fetcher=Fetcher(cache, self.listener), reporter=self.listener, host=current_host(), jobs=2
        )
        units = wheel_units(target, lock, wheels)
        record = describe(target, interpreter, lock, units, settings)
        with Packer(cache, 2) as packer:
            compiler = compiler_of(lock, target, interpreter, settings)
            parts = begin(target, interpreter, lock, units, record, compiler, packer)
            return assemble(parts, packer, self.listener)

    def _target(self, packages: str, keys: dict[str, str]) -> Target:
        recipe = self.folder / "demo.yaml"
        more = "".join(f"{key}: {value}\n" for key, value in keys.items())
        recipe.write_text(f'name: demo\nversion: "1"\npackages: {packages}\ncompression: fast\n{more}')
        file = load_recipe(recipe, env={}, default_python=MINOR, default_platform="linux-x86_64")
        return targets(file)[0]


def _locked(wheel: Path) -> LockedWheel:
    name, version = wheel.name.split("-")[:2]
    return LockedWheel(name=name, version=version, filename=wheel.name, sha256=sha256(wheel), path=wheel)


def members(payload: Payload, stage: int) -> dict[str, tarfile.TarInfo]:
    found = {}
    for frame in payload.frames:
        if frame.stage == stage:
            raw = zstandard.ZstdDecompressor().stream_reader(frame.file.read_bytes())
            with tarfile.open(fileobj=raw, mode="r|") as archive:
                found.update({member.name: member for member in archive})
    return found


def manifest(payload: Payload) -> dict[str, object]:
    (frame,) = [frame for frame in payload.frames if frame.unit == "meta"]
    with tarfile.open(
        fileobj=zstandard.ZstdDecompressor().stream_reader(frame.file.read_bytes()), mode="r|"
    ) as archive:
        for member in archive:
            if member.name == "keel-meta/manifest.json":
                file = archive.extractfile(member)
                assert file is not None
                found: dict[str, object] = json.loads(file.read())
                return found
    raise AssertionError("there is no manifest")


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    folder = tmp_path / "it's è"
    folder.mkdir()
    return Workshop(folder)


def test_the_base_links_to_the_store_and_the_store_offers_more(workshop: Workshop) -> None:
    app = make_wheel(workshop.folder, "app", requires=["helper", "tool; sys_platform == 'win32'"])
    helper, tool = make_wheel(workshop.folder, "helper"), make_wheel(workshop.folder, "tool")
    payload = workshop.assemble([app, helper, tool], "[app]")
    stage0, stage1 = members(payload, 0), members(payload, 1)
    store = f"pkgs/app-1.0-{sha256(app)[:8]}"
    assert stage0[f"{store}/app.py"].mode == 0o444
    assert stage1[f"{LIBRARY}/app.py"].linkname == f"{store}/app.py"
    assert stage1[f"{LIBRARY}/app.py"].islnk()
    pyc = f"__pycache__/app.{CACHE_TAG}.pyc"
    assert f"{store}/{pyc}" in stage0
    assert stage1[f"{LIBRARY}/{pyc}"].linkname == f"{store}/{pyc}"
    assert f"{LIBRARY}/tool.py" not in stage1
    assert f"pkgs/tool-1.0-{sha256(tool)[:8]}/tool.py" in stage0
    assert stage0[ENGINE].mode == 0o755
    assert stage0[ENGINE].size == len(read_engine(PLATFORMS["linux-x86_64"]))
    units = {unit["name"]: unit for unit in manifest(payload)["units"]}  # type: ignore[index,attr-defined]
    assert [(units[name]["base"], units[name]["requested"]) for name in ("app", "helper", "tool", "pip")] == [
        (True, True), (True, False), (False, False), (True, False),
    ]  # fmt: skip
    assert workshop.listener.warnings == []


def test_every_link_of_the_base_leads_to_a_file_of_the_store_and_only_the_interpreter_is_writable(
    workshop: Workshop,
) -> None:
    payload = workshop.assemble([make_wheel(workshop.folder, "app", scripts={"app": "app:main"})], "[app]")
    stage0, stage1 = members(payload, 0), members(payload, 1)
    links = [member for member in stage1.values() if member.islnk()]
    assert links
    assert all(stage0[link.linkname].isreg() for link in links)
    assert stage1["bin/app"].mode == 0o755
    assert stage0["bin/tool"].mode == 0o755
    assert stage1["envs"].isdir()
    assert payload.files == len(stage0) + len(stage1) - 1


def test_every_unit_has_a_shim_in_a_frame_that_no_other_change_makes_anew(workshop: Workshop) -> None:
    app, helper = make_wheel(workshop.folder, "app", requires=["helper"]), make_wheel(workshop.folder, "helper")
    payload = workshop.assemble([app, helper], "[app]")
    shims = {path: member for path, member in members(payload, 0).items() if path.startswith("pkgs/.index/")}
    assert set(shims) == {f"pkgs/.index/{name}.tar.gz" for name in ("app-1.0", "helper-1.0", "pip-26.0")}
    assert {member.mode for member in shims.values()} == {0o444}
    again = workshop.assemble([app, helper], "[helper]")
    assert [one.sha256 for one in payload.frames if one.unit == "shims"] == [
        one.sha256 for one in again.frames if one.unit == "shims"
    ]


def test_bytecode_can_be_left_out(workshop: Workshop) -> None:
    payload = workshop.assemble([make_wheel(workshop.folder, "app")], "[app]", bytecode="none")
    assert not [path for stage in (0, 1) for path in members(payload, stage) if path.endswith(".pyc")]
    assert manifest(payload)["bytecode"] == "none"


def test_tests_of_packages_and_modules_that_do_not_compile_have_no_bytecode(workshop: Workshop) -> None:
    files = {"app/__init__.py": "", "app/tests/test_x.py": "", "app/py2.py": "print 'x'\n"}
    payload = workshop.assemble([make_wheel(workshop.folder, "app", files=files)], "[app]")
    names = {path.rpartition("/")[2] for path in members(payload, 0) if path.endswith(".pyc") and "/app-" in path}
    assert names == {f"__init__.{CACHE_TAG}.pyc"}


def test_a_module_of_a_wheel_cannot_stand_in_for_the_standard_library_while_it_is_compiled(workshop: Workshop) -> None:
    trap = workshop.folder / "sprung"
    files = {
        f"{name}.py": f"open({str(trap)!r}, 'w')\n" for name in ("py_compile", "importlib", "enum", "sitecustomize")
    }
    payload = workshop.assemble([make_wheel(workshop.folder, "evil", files=files)], "[evil]")
    assert not trap.exists()
    assert [path for path in members(payload, 0) if path.endswith(f"py_compile.{CACHE_TAG}.pyc") and "evil" in path]


def test_a_pyc_that_a_wheel_brings_along_stays(workshop: Workshop) -> None:
    files = {"app/__init__.py": "", "app/x.py": "", f"app/__pycache__/x.{CACHE_TAG}.pyc": b"theirs"}
    app = make_wheel(workshop.folder, "app", files=files)
    stage0 = members(workshop.assemble([app], "[app]"), 0)
    assert stage0[f"pkgs/app-1.0-{sha256(app)[:8]}/app/__pycache__/x.{CACHE_TAG}.pyc"].size == len(b"theirs")
    assert f"pkgs/app-1.0-{sha256(app)[:8]}/app/__pycache__/__init__.{CACHE_TAG}.pyc" in stage0


def test_of_two_units_with_the_same_file_the_first_keeps_it(workshop: Workshop) -> None:
    one = make_wheel(workshop.folder, "one", files={"one.py": "", "tests/__init__.py": "1"})
    two = make_wheel(workshop.folder, "two", files={"two.py": "", "tests/__init__.py": "2"})
    payload = workshop.assemble([one, two], "[one, two]")
    stage1 = members(payload, 1)
    assert stage1[f"{LIBRARY}/tests/__init__.py"].linkname.startswith("pkgs/one-")
    assert f"pkgs/two-1.0-{sha256(two)[:8]}/tests/__init__.py" in members(payload, 0)
    (warning,) = workshop.listener.warnings
    assert "tests/__init__.py of two-" in warning


def test_wheels_that_do_not_fit_together_are_refused(workshop: Workshop) -> None:
    with pytest.raises(BuilderError, match="not consistent"):
        workshop.assemble([make_wheel(workshop.folder, "app", requires=["missing>=2"])], "[app]")


def test_a_wheel_that_would_write_outside_is_refused(workshop: Workshop) -> None:
    with pytest.raises(BuilderError, match="unsafe path"):
        workshop.assemble([make_wheel(workshop.folder, "evil", files={"../evil.py": ""})], "[evil]")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_wheel_that_holds_a_file_twice_is_refused(workshop: Workshop) -> None:
    wheel = make_wheel(workshop.folder, "twin")
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("twin.py", "other")
    with pytest.raises(BuilderError, match=r"twin-1\.0.*not a usable wheel: it holds a file twice"):
        workshop.assemble([wheel], "[twin]")


def test_requirements_are_recorded_as_the_target_sees_them(workshop: Workshop) -> None:
    packages = "['app; sys_platform == \"linux\"', 'pywin32; sys_platform == \"win32\"']"
    payload = workshop.assemble([make_wheel(workshop.folder, "app")], packages)
    assert manifest(payload)["requested"] == [str(Requirement("app"))]
