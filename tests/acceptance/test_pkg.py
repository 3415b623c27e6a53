"""Packages for macOS: real wheels of the index around a small Python, and a real base that comes out of one."""

import json
import shutil
import tarfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import lief
import pytest
import zstandard

from builder.installers.pkg import write_package
from builder.installers.pkg.documents import Package
from builder.platforms import glibc_tuple
from builder.settings import current_host
from tests.acceptance.conftest import ODD, keel_builder, run
from tests.conftest import ROOT, need
from tests.unit.interpreters.mac_trees import make_mac_prefix
from tests.unit.interpreters.machos import bad_pages
from tests.unit.locks import make_target
from tests.unit.pkg.bom_reader import Bom
from tests.unit.pkg.conftest import FACTS, NOTING, Mac, Payload, read, unpack

pytestmark = pytest.mark.slow

# PyYAML's wheel for Apple silicon is for macOS 11, its one for Intel for 10.13; its module is a Mach-O file of its own.
RECIPE = """\
name: acme
version: "2026.11"
company: Acme Corp
python: "3.11"
platforms: [macos-arm64, macos-x86_64]
packages: [markupsafe, pyyaml ==6.0.3]
build_tools: false
bytecode: false
compression: fast
license: terms.txt
interpreter: {path: "python-{{ platform or 'macos-arm64' }}"}
signing:
  pkg: ["sh sign.sh {file} {signed}", "test -s {file}"]
"""
PLATFORMS = ("macos-arm64", "macos-x86_64")


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recipe")
    for platform in PLATFORMS:
        make_mac_prefix(folder / f"python-{platform}", platform.removeprefix("macos-"))
    (folder / "terms.txt").write_text("Be nice.\n")
    (folder / "sign.sh").write_text('test "${1##*.}" = pkg && cp "$1" "$2" && echo signed >>signed\n')
    (folder / "acme.yaml").write_text(RECIPE)
    return folder / "acme.yaml"


def build_all(recipe: Path, output: Path, cache: Path | None = None) -> dict[str, Path]:
    formats = ("--format", "pkg", "--format", "sh")
    done = keel_builder("build", recipe, "--output", output, *formats, cache=cache)
    paths = [Path(line) for line in done.out.splitlines()]
    return {path.name: path for path in paths}


@pytest.fixture(scope="module")
def built(recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return build_all(recipe, tmp_path_factory.mktemp("dist"))


@pytest.fixture(params=["arm64", "x86_64"])
def package(request: pytest.FixtureRequest, built: dict[str, Path]) -> Path:
    return built[f"Acme-2026.11-py311-MacOSX-{request.param}.pkg"]


def test_packages_and_scripts_are_made_for_both_cpus(built: dict[str, Path]) -> None:
    stems = [f"Acme-2026.11-py311-MacOSX-{machine}" for machine in ("arm64", "x86_64")]
    assert sorted(built) == sorted(f"{stem}{ending}" for stem in stems for ending in (".pkg", ".sh"))


def test_two_builds_are_the_same_bytes(built: dict[str, Path], recipe: Path, tmp_path: Path) -> None:
    again = build_all(recipe, tmp_path / "dist", tmp_path / "an empty cache")
    assert {name: path.read_bytes() for name, path in again.items()} == {
        name: path.read_bytes() for name, path in built.items()
    }


def test_others_find_no_fault(package: Path, tmp_path: Path) -> None:
    run(need("7zz"), "t", package)
    names = run(need("bsdtar"), "-tf", package).out.splitlines()
    parts = {f"base.pkg/{name}" for name in ("Bom", "PackageInfo", "Payload", "Scripts")}
    assert {"Distribution", "Resources/license.html", *parts} <= set(names)
    unpack(package, "base.pkg/Payload", tmp_path)
    sizes = {f"./{path.relative_to(tmp_path)}": path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()}
    bom = Bom(read(package, "base.pkg/Bom")).paths()
    assert {path: line.size for path, line in bom.items() if line.mode >> 12 == 0o10} == sizes


@pytest.fixture
def files(package: Path, tmp_path: Path) -> Iterator[Path]:
    """Everything that the engine would lay down, unpacked without it."""
    unpack(package, "base.pkg/Payload", tmp_path / made(tmp_path / "payload"))
    [payload] = (tmp_path / "payload").rglob("payload")
    engine = ROOT / "installer_templates/engine/prebuilt" / current_host().platform_name / "keel-engine"
    run(engine, "verify", payload, "--offset", "0")
    data = payload.read_bytes()
    index = data[64 : 64 + int.from_bytes(data[12:16], "little")].decode()
    tree = made(tmp_path / "tree")
    for line in index.splitlines():
        word, *fields = line.split(" ")
        if word == "frame" and fields[4] == "0":
            frame = data[int(fields[1]) : int(fields[1]) + int(fields[2])]
            raw = zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(frame)
            with tarfile.open(fileobj=raw, mode="r|") as tar:
                tar.extractall(tree, filter="tar")
    yield tree
    shutil.rmtree(tree)


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_every_program_is_for_the_cpu_and_a_macos_that_is_asked_for(package: Path, files: Path) -> None:
    root = ET.fromstring(read(package, "Distribution"))
    version = root.find("volume-check/allowed-os-versions/os-version")
    assert version is not None
    oldest = version.get("min", "")
    assert oldest == {"arm64": "11.0", "x86_64": "10.15"}[package.stem.rpartition("-")[2]]
    programs = [path for path in files.rglob("*") if path.is_file() and path.read_bytes()[:4] == b"\xcf\xfa\xed\xfe"]
    names = {path.name for path in programs}
    assert {"python3.11", "libpython3.11.dylib", "keel-engine", "_yaml.cpython-311-darwin.so"} <= names
    for path in programs:
        binaries = lief.MachO.parse(str(path))
        assert binaries is not None
        binary = binaries.at(0)
        assert binary is not None
        cpu = {"arm64": "ARM64", "x86_64": "X86_64"}[package.stem.rpartition("-")[2]]
        assert str(binary.header.cpu_type).endswith(cpu)
        needs = (binary.build_version or binary.version_min)
        found = needs.minos if binary.build_version else needs.version  # type: ignore[union-attr]
        assert tuple(found[:2]) <= glibc_tuple(oldest)
        if cpu == "ARM64":
            assert bad_pages(path.read_bytes()) == []
        for library in binary.libraries:
            assert str(library.name).startswith(("/usr/lib/", "/System/", "@")), path


def test_the_commands_of_the_recipe_have_signed(built: dict[str, Path], recipe: Path, tmp_path: Path) -> None:
    assert len((recipe.parent / "signed").read_text().split()) >= 2
    broken = recipe.with_name("broken.yaml")
    broken.write_text(RECIPE.replace("sh sign.sh", "sh refuse.sh"))
    (recipe.parent / "refuse.sh").write_text("echo no identity found; exit 3\n")
    options = ("--format", "pkg", "--platform", "macos-arm64", "--output", tmp_path / "dist")
    done = keel_builder("build", broken, *options, code=6)
    assert "failed with code 3" in done.err
    assert "no identity found" in done.err
    assert list((tmp_path / "dist").iterdir()) == []


@pytest.fixture
def mac(starter_installer: Path, tmp_path: Path) -> Mac:
    """A Mac with a package that holds the starter base of this machine, and this machine's engine."""
    data = starter_installer.read_bytes()
    places = dict(line.split(b"=", 1) for line in data[:4096].splitlines() if b"=" in line)
    payload = data[int(places[b"payload_offset"]) :]
    engine = ROOT / "installer_templates/engine/prebuilt" / current_host().platform_name / "keel-engine"
    mac = Mac(tmp_path / ODD, ["sh"], tmp_path / "Starter.pkg")
    target = make_target(tmp_path / "recipe", "", platform="macos-arm64")
    with mac.package.open("w+b") as stream:
        write_package(Payload(payload), Package.of(target, replace(FACTS)), engine.read_bytes(), stream)  # type: ignore[arg-type]
    (mac.home / "Library/Logs").mkdir(parents=True)
    mac.tool("uname", "case $1 in -s) echo Darwin ;; -m) echo arm64 ;; *) echo fake ;; esac")
    mac.tool("sw_vers", "echo 14.1.2")
    mac.tool("sysctl", "echo 1")
    mac.tool("id", "case ${1-} in -u) echo 501 ;; *) echo me ;; esac")
    mac.tool("dscl", "echo 'UserShell: /bin/zsh'")
    mac.tool("pkgutil", NOTING % "pkgutil")
    return mac


def test_a_base_is_installed_used_and_removed_with_its_receipts(mac: Mac) -> None:
    done = mac.install(choices=["shell", "shortcut"])
    assert done.code == 0, done.err
    assert done.err == ""
    prefix = mac.home / "starter"
    env = {"HOME": str(mac.home), "PATH": f"{mac.root / 'programs'}:/usr/bin:/bin", "CALLS": str(mac.root)}
    assert run(prefix / "bin/python", "-c", "import numpy; print(numpy.eye(2).sum())", env=env).out == "2.0\n"
    assert json.loads(run(prefix / "cmd/keel", "info", "--json", env=env).out)
    assert "keel initialize" in (mac.home / ".zshrc").read_text()
    run(prefix / "cmd/keel", "uninstall", "-y", env=env)
    assert not prefix.exists()
    assert not (mac.home / ".zshrc").exists()
    assert mac.calls("pkgutil").splitlines() == [
        word
        for name in ("base", "shell", "shortcut")
        for command in ("--pkg-info", "--forget")
        for word in ("--volume", str(mac.home), command, f"keel.starter.py311.{name}")
    ]
    assert sorted(path.name for path in mac.home.iterdir()) == ["Applications", "Library"]
    assert list((mac.home / "Applications").iterdir()) == []
