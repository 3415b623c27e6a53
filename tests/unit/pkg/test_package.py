"""A whole package, taken apart by programs of others and by readers that know nothing of the writer."""

import gzip
import html
import io
import subprocess
import tracemalloc
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest

from builder.engine import read_engine
from builder.errors import BuilderError, OutputError
from builder.installers import FORMATS, default_format, find_format, pkg
from builder.installers.pkg.documents import SCRIPTS, Package
from builder.target import Target
from tests.conftest import need
from tests.unit.installers.test_render import HOSTILE, shellcheck
from tests.unit.locks import make_target

from .bom_reader import Bom
from .conftest import FACTS, IDENTIFIER, STAGING, Payload, make_package, read, small_base, unpack

ENGINE = b"engine" * 20_000
COMPONENTS = ("base.pkg", "shell.pkg", "shortcut.pkg")
PackageMaker = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> PackageMaker:
    def make(recipe: str = "", **facts: object) -> Path:
        return make_package(tmp_path / "Starter 2.pkg", tmp_path / "recipe", ENGINE, recipe, **facts)

    return make


def payload_lines(package: Path, component: str) -> dict[str, tuple[int, int, int, int, int]]:
    """Path -> mode, owner, group, time, size of what is in a Payload: the headers, read as the standard has them."""
    data = gzip.decompress(read(package, f"{component}/Payload"))
    found = {}
    place = 0
    while True:
        head = data[place : place + 76]
        assert head[:6] == b"070707"
        mode, uid, gid = (int(head[start : start + 6], 8) for start in (18, 24, 30))
        mtime, name_size, size = int(head[48:59], 8), int(head[59:65], 8), int(head[65:76], 8)
        name = data[place + 76 : place + 75 + name_size].decode()
        place += 76 + name_size + size
        if name == "TRAILER!!!":
            assert place == len(data)
            return found
        found[name] = mode, uid, gid, mtime, size


def cksum(path: Path) -> int:
    return int(subprocess.run([need("cksum"), path], capture_output=True, check=True).stdout.split()[0])


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_bom_says_of_every_path_what_is_in_the_payload(make: PackageMaker, component: str, tmp_path: Path) -> None:
    package = make()
    bom = Bom(read(package, f"{component}/Bom")).paths()
    lines = payload_lines(package, component)
    told = {path: (line.mode, line.uid, line.gid, line.mtime, line.size) for path, line in bom.items()}
    assert told == lines
    out = tmp_path / "out"
    out.mkdir()
    unpack(package, f"{component}/Payload", out)
    for path, line in bom.items():
        assert line.checksum == (cksum(out / path) if (out / path).is_file() else 0)


def test_the_payload_is_engine_and_payload(make: PackageMaker, tmp_path: Path) -> None:
    package = make()
    unpack(package, "base.pkg/Payload", tmp_path)
    assert (tmp_path / STAGING / "payload").read_bytes() == small_base()
    assert (tmp_path / STAGING / "keel-engine").read_bytes() == ENGINE
    assert list(payload_lines(package, "base.pkg")) == [
        ".", "./Library", "./Library/Application Support", f"./{STAGING}", f"./{STAGING}/keel-engine",
        f"./{STAGING}/payload",
    ]  # fmt: skip


def test_7_zip_finds_no_fault(make: PackageMaker, tmp_path: Path) -> None:
    package = make()
    subprocess.run([need("7zz"), "t", package], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([need("7zz"), "x", "-bso0", package], cwd=tmp_path, check=True)
    for path in ("base.pkg/Payload", "base.pkg/Scripts", "shell.pkg/Payload"):
        subprocess.run([need("7zz"), "t", path], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
        cpio = (tmp_path / path).with_suffix(".cpio")
        cpio.write_bytes(gzip.decompress((tmp_path / path).read_bytes()))
        listed = subprocess.run([need("7zz"), "l", "-ba", cpio], capture_output=True, text=True, check=True).stdout
        assert len(listed.splitlines()) >= 3


def distribution(package: Path) -> ET.Element:
    return ET.fromstring(read(package, "Distribution"))


def test_the_distribution_refers_to_what_is_in_the_package(make: PackageMaker) -> None:
    package = make()
    root = distribution(package)
    assert root.tag == "installer-gui-script"
    listed = subprocess.run([need("bsdtar"), "-tf", package], capture_output=True, text=True, check=True).stdout
    names = set(listed.splitlines())
    references = {element.get("id"): element for element in root.findall("pkg-ref")}
    assert {f"{IDENTIFIER}.{name}" for name in ("base", "shell", "shortcut")} == set(references)
    for identifier, reference in references.items():
        folder = str(reference.text).removeprefix("#")
        assert {folder, f"{folder}/PackageInfo", f"{folder}/Payload", f"{folder}/Bom"} <= names
        info = ET.fromstring(read(package, f"{folder}/PackageInfo"))
        assert info.tag == "pkg-info"
        assert (info.get("identifier"), info.get("version")) == (identifier, reference.get("version"))
        payload = info.find("payload")
        assert payload is not None
        assert payload.get("installKBytes") == reference.get("installKBytes")
        assert payload.get("numberOfFiles") == str(len(payload_lines(package, folder)))
    choices = {element.get("id"): element for element in root.findall("choice")}
    order = [line.get("choice") for line in root.findall("choices-outline/line")]
    assert order == list(choices) == ["shell", "shortcut", "base"]
    assert {reference.get("id") for reference in root.findall("choice/pkg-ref")} == set(references)
    for page in ("welcome", "conclusion"):
        element = root.find(page)
        assert element is not None
        assert f"Resources/{element.get('file')}" in names
    assert root.find("license") is None
    domains = root.find("domains")
    assert domains is not None
    assert domains.attrib == dict.fromkeys(("enable_anywhere", "enable_currentUserHome", "enable_localSystem"), "true")


def test_scripts_are_named_where_there_are_some(make: PackageMaker, tmp_path: Path) -> None:
    package = make()
    info = ET.fromstring(read(package, "base.pkg/PackageInfo"))
    scripts = {element.tag: element.get("file") for element in info.findall("scripts/*")}
    assert scripts == {"preinstall": "./preinstall", "postinstall": "./postinstall"}
    assert ET.fromstring(read(package, "shell.pkg/PackageInfo")).find("scripts") is None
    unpack(package, "base.pkg/Scripts", tmp_path)
    for name in scripts:
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o755
        assert (tmp_path / name).read_bytes().startswith(b"#!/bin/sh\n")


def test_disk_space_is_asked_for_the_base_too(make: PackageMaker) -> None:
    info = ET.fromstring(read(make(), "base.pkg/PackageInfo")).find("payload")
    assert info is not None
    kilobytes = int(info.get("installKBytes", ""))
    assert kilobytes == -(-(FACTS.installed_bytes + len(small_base()) + len(ENGINE)) // 1024)


@pytest.mark.parametrize("machine", ["arm64", "x86_64"])
def test_system_and_cpu_are_checked_by_installer(make: PackageMaker, machine: str) -> None:
    root = distribution(make(machine=machine))
    version = root.find("volume-check/allowed-os-versions/os-version")
    assert version is not None
    assert version.get("min") == "12.3"
    options = root.find("options")
    assert options is not None
    assert options.get("hostArchitectures") == machine
    assert options.get("require-scripts") == "false"
    assert options.get("customLocation") == "/"


def test_the_recipe_names_the_package_and_what_it_proposes(make: PackageMaker) -> None:
    root = distribution(make("pkg: {identifier: com.acme.science, initialize_shell: true, shortcut: false}\n"))
    assert {element.get("id") for element in root.findall("pkg-ref")} == {
        "com.acme.science.py311.base", "com.acme.science.py311.shell", "com.acme.science.py311.shortcut",
    }  # fmt: skip
    choices = {element.get("id"): element for element in root.findall("choice")}
    assert choices["shell"].get("start_selected") == "true"
    assert choices["shortcut"].get("start_selected") == "false"
    assert choices["base"].get("enabled") == "false"


def test_names_become_identifiers(tmp_path: Path) -> None:
    target = make_target(tmp_path, "", platform="macos-arm64")
    package = Package.of(target, replace(FACTS, name="Acme_Science.2"))
    assert package.identifier == "keel.acme-science-2.py311"


def test_any_text_is_shown_as_it_is(make: PackageMaker) -> None:
    terms = "1. <b>Be nice.</b> & ünïcödé\n2. " + HOSTILE
    package = make('description: "a < b & c"\n', license=terms, title=HOSTILE, company=HOSTILE)
    root = distribution(package)
    assert root.findtext("title") == f"{HOSTILE} 2026.11"
    license_element = root.find("license")
    assert license_element is not None
    assert license_element.get("file") == "license.html"
    page = read(package, "Resources/license.html").decode()
    assert html.unescape(page[page.index("<pre>") + 5 : page.index("</pre>")]) == terms
    welcome = read(package, "Resources/welcome.html").decode()
    assert "a &lt; b &amp; c" in welcome
    assert html.escape(HOSTILE) in welcome.replace("&#39;", "&#x27;").replace("&#34;", "&quot;")


def test_shellcheck_finds_nothing_in_the_scripts(make: PackageMaker) -> None:
    for name, pieces in SCRIPTS.items():
        shellcheck(b"".join(path.read_bytes() for path in pieces))
        shellcheck(Package.of(make_target_of(make), FACTS).scripts()[name])


def make_target_of(make: PackageMaker) -> Target:
    return make_target(make().parent / "recipe", "", platform="macos-arm64")


def test_two_builds_are_the_same_bytes(make: PackageMaker) -> None:
    first = make().read_bytes()
    assert make().read_bytes() == first


def test_a_package_does_not_depend_on_where_it_is_written(make: PackageMaker, tmp_path: Path) -> None:
    package = Package.of(make_target_of(make), FACTS)
    stream = io.BytesIO(b"front")
    stream.seek(5)
    pkg.write_package(Payload(small_base()), package, ENGINE, stream)
    assert stream.getvalue() == b"front" + make().read_bytes()


class Large:
    """A payload that is made while it is written."""

    first_frame = 0

    def __init__(self, size: int) -> None:
        self.size = size

    def write_to(self, stream: IO[bytes]) -> None:
        for _ in range(self.size // 2**20):
            stream.write(bytes(2**20))


def test_a_large_payload_is_not_held_in_memory(make: PackageMaker, tmp_path: Path) -> None:
    package = Package.of(make_target_of(make), FACTS)
    tracemalloc.start()
    try:
        with (tmp_path / "large.pkg").open("w+b") as stream:
            pkg.write_package(Large(100 * 2**20), package, ENGINE, stream)
        assert tracemalloc.get_traced_memory()[1] < 10 * 2**20
    finally:
        tracemalloc.stop()


def test_what_a_package_cannot_hold_is_refused_before_anything_is_written(make: PackageMaker) -> None:
    stream = io.BytesIO()
    with pytest.raises(OutputError, match="at most 8"):
        pkg.write_package(Large(8 * 2**30), Package.of(make_target_of(make), FACTS), ENGINE, stream)
    assert stream.getvalue() == b""
    pkg.check(8 * 2**30)  # may become smaller
    with pytest.raises(BuilderError, match=r"cannot hold 20\.0 GiB") as caught:
        pkg.check(20 * 2**30)
    assert caught.value.hint is not None
    assert "--format sh" in caught.value.hint


def test_pkg_is_made_for_macos_alone_and_sh_is_made_where_none_is_asked_for(tmp_path: Path) -> None:
    mac = make_target(tmp_path, "", platform="macos-arm64")
    assert find_format("pkg", mac) is FORMATS["pkg"]
    assert pkg.filename(mac) == "Demo-1.0-py311-MacOSX-arm64.pkg"
    assert default_format(mac) == "sh"
    with pytest.raises(BuilderError, match="linux-x86_64 has no pkg installers"):
        find_format("pkg", make_target(tmp_path, "", platform="linux-x86_64"))


@pytest.mark.parametrize("machine", ["arm64", "x86_64"])
def test_a_package_holds_the_engine_of_its_platform(machine: str, tmp_path: Path) -> None:
    target = make_target(tmp_path, "", platform=f"macos-{machine}")
    with (tmp_path / "x.pkg").open("w+b") as stream:
        pkg.write(Payload(small_base()), target, replace(FACTS, machine=machine), stream)
    unpack(tmp_path / "x.pkg", "base.pkg/Payload", tmp_path)
    assert (tmp_path / STAGING / "keel-engine").read_bytes() == read_engine(target.platform)
