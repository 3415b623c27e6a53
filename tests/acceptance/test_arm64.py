"""64-bit Arm: a whole installation in an emulated Linux, the engine's own tests there; Windows' programs inspected."""

import json
import os
import random
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import lief
import pytest

from builder.cache import Cache
from builder.elf import elf_files, read_elf
from builder.engine import read_engine
from builder.frames import COMPRESSIONS, pack
from builder.installers.sh import write_parts
from builder.payload import Payload, order_frames
from builder.platforms import PLATFORMS
from builder.units import Slice, content_entry, digest
from tests.acceptance.conftest import ODD, build, run
from tests.arm64_fixtures import ArmMachine, arm_machine, arm_python_root
from tests.conftest import ROOT, need
from tests.unit.installers.conftest import FACTS
from tests.unit.interpreters.windows_trees import make_complete

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("arm64")]

PREBUILT = ROOT / "installer_templates/engine/prebuilt"
RECIPE = """\
name: arm
version: "1"
python: "3.11"
platforms: [{platform}]
packages: [numpy, requests]
build_tools: false
glibc: "2.36"
compression: fast
bytecode: {bytecode}
interpreter: {{path: "{interpreter}"}}
"""
# Bytecode needs a builder's Python of the same minor version.
BYTECODE = str(sys.version_info[:2] == (3, 11)).lower()


def write_recipe(folder: Path, platform: str, interpreter: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "arm.yaml"
    path.write_text(RECIPE.format(platform=platform, interpreter=interpreter, bytecode=BYTECODE), encoding="utf-8")
    return path


def write_small_installer(path: Path, work: Path, machine: str) -> Path:
    """A real installer for Linux, of two files."""
    entries = [
        content_entry("keel-meta/manifest.json", b"{}\n", mode=0o644, mtime=10**9),
        content_entry("lib/random", random.Random(1).randbytes(100_000), mode=0o644, mtime=10**9),
    ]
    piece = Slice(unit="demo", stage=0, key=digest("arm64"), entries=lambda: entries)
    frames = pack(piece, Cache(work), COMPRESSIONS["fast"])
    payload = Payload(
        name="starter",
        version="1",
        python="3.11.7",
        platform=f"linux-{machine}",
        marker="keel-meta/manifest.json",
        frames=order_frames(frames),
    )
    with path.open("wb") as stream:
        facts = replace(FACTS, machine=machine, label=f"Linux-{machine}")
        write_parts(payload, facts, read_engine(PLATFORMS[f"linux-{machine}"]), stream)
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """/home of the emulated machine."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def machine(home: Path) -> ArmMachine:
    return arm_machine(home)


@pytest.fixture(scope="module")
def installer(home: Path, machine: ArmMachine) -> str:
    """Its path in the machine."""
    folder = home / "dist"
    recipe = write_recipe(folder, "linux-aarch64", arm_python_root() / "usr/local")
    return f"/home/dist/{build(recipe, folder).name}"


@pytest.fixture(scope="module")
def base(home: Path, machine: ArmMachine, installer: str) -> str:
    """The prefix in the machine; its installer has tested that every package can be imported."""
    prefix = f"/home/{ODD}/base"
    (home / ODD).mkdir()
    done = machine.run("sh", installer, "-b", "-t", "-p", prefix)
    assert ", 0 failed" in done.out + done.err
    return prefix


@pytest.fixture(scope="module")
def keel(machine: ArmMachine, base: str) -> Callable[..., str]:
    return lambda *words: machine.run(f"{base}/cmd/keel", *words).out


def test_the_interpreter_brings_the_libraries_of_its_own_root(home: Path, machine: ArmMachine, base: str) -> None:
    lib = home / ODD / "base/lib"
    for name in ("libssl.so.3", "libpython3.11.so.1.0", "libsqlite3.so.0"):
        elf = read_elf(lib / name)
        assert elf is not None
        assert (elf.machine, elf.runpath) == ("aarch64", ("$ORIGIN",))
    assert not list((machine.root / "usr/lib").rglob("libssl*"))
    interpreter = [lib.parent / "bin/python3.11", *elf_files(lib / "python3.11/lib-dynload")]
    assert all(str(arm_python_root()).encode() not in path.read_bytes() for path in interpreter)


def test_the_base_runs(machine: ArmMachine, base: str) -> None:
    code = (
        "import ctypes, curses, hashlib, lzma, platform, readline, sqlite3, ssl, sys, sysconfig, numpy, requests;"
        "print(platform.machine(), sys.prefix, sysconfig.get_platform(), numpy.linalg.norm(numpy.ones((3, 3))))"
    )
    assert machine.run(f"{base}/bin/python", "-c", code).out == f"aarch64 {base} linux-aarch64 3.0\n"
    assert machine.run(f"{base}/bin/pip", "check").out == "No broken requirements found.\n"
    manifest = machine.run("cat", f"{base}/keel-meta/manifest.json").out
    assert (json.loads(manifest)["platform"], json.loads(manifest)["glibc"]) == ("linux-aarch64", "2.36")


def test_keel_creates_clones_activates_lists_and_removes(
    machine: ArmMachine, base: str, keel: Callable[..., str]
) -> None:
    keel("create", "-y", "-n", "one", "requests")
    keel("create", "-y", "-n", "two", "--clone", "base")
    names = {item["name"] for item in json.loads(keel("env", "list", "--json"))["environments"]}
    assert names == {"base", "one", "two"}
    assert "requests" in keel("list", "-n", "one")
    assert "numpy" not in keel("list", "-n", "one")
    script = (
        '. "$1/etc/profile.d/keel.sh"; keel activate two; echo "$KEEL_DEFAULT_ENV"; '
        'python -c "import numpy, sys; print(sys.prefix)"; keel deactivate; command -v python || echo none'
    )
    for shell in ("bash", "dash"):
        done = machine.run(shell, "-c", script, shell, base)
        assert done.out == f"two\n{base}/envs/two\nnone\n"
    keel("env", "remove", "-y", "-n", "one")
    keel("check")
    assert machine.run("ls", f"{base}/envs").out == "two\n"


def test_a_damaged_installer_is_told_and_leaves_nothing(home: Path, machine: ArmMachine, tmp_path: Path) -> None:
    whole = write_small_installer(home / "whole.sh", tmp_path, "aarch64").read_bytes()
    flipped = bytearray(whole)
    flipped[-1000] ^= 1
    assert machine.run("sh", "/home/whole.sh", "--verify").err.strip().endswith("verified")
    assert "lib/random" in machine.run("sh", "/home/whole.sh", "--list").out
    for name, data in (("flipped.sh", bytes(flipped)), ("cut.sh", whole[:-50_000])):
        (home / name).write_bytes(data)
        done = machine.run("sh", f"/home/{name}", "-b", "-p", "/home/damaged", code=5)
        assert "damaged" in done.err
        assert not (home / "damaged").exists()


def test_the_wrong_cpu_is_refused_both_ways(home: Path, machine: ArmMachine, tmp_path: Path) -> None:
    arm, other = (write_small_installer(home / f"{cpu}.sh", tmp_path, cpu) for cpu in ("aarch64", "x86_64"))
    done = run("sh", arm, "-b", "-p", tmp_path / "x", code=3)
    assert "this installer is for aarch64 CPUs, and this machine is x86_64" in done.err
    done = machine.run("sh", f"/home/{other.name}", "-b", "-p", "/home/x", code=3)
    assert "this installer is for x86_64 CPUs, and this machine is aarch64" in done.err
    assert not (tmp_path / "x").exists()
    assert not (home / "x").exists()


def test_the_engines_own_tests_pass(tmp_path: Path) -> None:
    # In a folder of its own, because one option makes it remove itself.
    engine = shutil.copy(PREBUILT / "linux-aarch64/keel-engine", tmp_path)
    program = tmp_path / "run"
    program.write_text(f"#!/bin/sh\nexec {need('qemu-aarch64-static')} '{engine}' \"$@\"\n")
    program.chmod(0o755)
    suites = [ROOT / f"tests/unit/engine/test_{name}.py" for name in ("damage", "install", "link", "scan", "sha256")]
    # The first of these would remove the engine behind the script; the other one's user cannot read it.
    but = "not unlink_self and not may_not_be_written"
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-k", but, *suites]
    env = {**os.environ, "KEEL_TEST_ENGINE": str(program)}
    done = run(*command, env=env, cwd=ROOT, code=None)
    assert done.code == 0, done.out[-3000:]


def test_the_uninstaller_removes_the_base(home: Path, machine: ArmMachine, base: str, keel: Callable[..., str]) -> None:
    keel("uninstall", "-y")
    assert not (home / ODD / "base").exists()


@pytest.fixture(scope="module")
def windows_installer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For Windows on Arm, around a stand-in for a Python and real wheels."""
    folder = tmp_path_factory.mktemp("windows")
    interpreter = make_complete(folder / "python", version="3.11.9", machine="arm64")
    return build(write_recipe(folder, "windows-arm64", interpreter), folder, "--format", "exe")


def parse_pe(data: bytes) -> lief.PE.Binary:
    binary = lief.PE.parse(list(data))
    assert isinstance(binary, lief.PE.Binary)
    return binary


def hardening(binary: lief.PE.Binary) -> tuple[object, ...]:
    """What is the same on every CPU: how Windows treats the program, and which libraries it asks for."""
    load = binary.load_configuration
    header = binary.optional_header
    libraries = sorted(one.name for one in binary.imports)
    return header.subsystem, header.dll_characteristics, load and load.dependent_load_flags, libraries


@pytest.mark.parametrize(
    "name",
    [
        "engine/prebuilt/{}/keel-engine.exe",
        "engine/prebuilt/{}/keel-setup.exe",
        "windows/redirector/prebuilt/{}/python.exe",
        "windows/redirector/prebuilt/{}/pythonw.exe",
    ],
)
def test_a_program_for_windows_on_arm_is_the_twin_of_the_other(name: str) -> None:
    arm, other = (
        parse_pe((ROOT / "installer_templates" / name.format(f"windows-{machine}")).read_bytes())
        for machine in ("arm64", "x86_64")
    )
    assert arm.header.machine == lief.PE.Header.MACHINE_TYPES.ARM64
    assert hardening(arm) == hardening(other)


def test_the_setup_program_for_windows_on_arm_has_everything_put_into_it(windows_installer: Path) -> None:
    assert windows_installer.name == "Arm-1-py311-Windows-arm64.exe"
    data = windows_installer.read_bytes()
    binary = parse_pe(data)
    assert binary.header.machine == lief.PE.Header.MACHINE_TYPES.ARM64
    assert binary.load_configuration is not None
    assert binary.load_configuration.dependent_load_flags == 0x800  # LOAD_LIBRARY_SEARCH_SYSTEM32
    manager = binary.resources_manager
    assert isinstance(manager, lief.PE.ResourcesManager)
    for word in ("asInvoker", "longPathAware", "UTF-8"):
        assert word in manager.manifest
    assert len(manager.icons) > 1
    assert manager.version
    assert "Arm 1 Setup".encode("utf-16-le") in data
    assert data[payload_offset(binary) :][:8] == b"\x89KEEL\r\n\x1a"


def test_every_program_that_it_installs_is_for_arm(windows_installer: Path, tmp_path: Path) -> None:
    """By the engine of this machine: a payload is the same on every system."""
    offset = payload_offset(parse_pe(windows_installer.read_bytes()))
    engine = PREBUILT / f"linux-{os.uname().machine}" / "keel-engine"
    run(engine, "install", windows_installer, "--offset", offset, "--prefix", tmp_path / "base")
    seen = []
    for path in sorted((tmp_path / "base/pkgs").rglob("*")) + sorted((tmp_path / "base/keel-meta").rglob("*")):
        # pip has launchers for all CPUs.
        if path.suffix in (".exe", ".pyd", ".dll") and path.parent.name != "distlib":
            assert parse_pe(path.read_bytes()).header.machine == lief.PE.Header.MACHINE_TYPES.ARM64, path
            seen.append(path.name)
    assert {"python.exe", "pythonw.exe", "console.exe", "gui.exe"} <= set(seen)
    assert any(name.startswith("_multiarray_umath") for name in seen)


def payload_offset(binary: lief.PE.Binary) -> int:
    """Behind the last section."""
    end = max(section.pointerto_raw_data + section.sizeof_raw_data for section in binary.sections)
    return (end + 7) // 8 * 8
