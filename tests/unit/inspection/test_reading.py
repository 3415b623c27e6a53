"""Installers of any format, opened without being run."""

import hashlib
import io
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from builder.inspection import InstallerFileError, open_installer
from keel.manifest import MANIFEST
from tests.conftest import need
from tests.unit.wheels import make_wheel, sha256

from .making import FORMATS, Making, package_files, xar


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_says_what_is_in_it(format: str, installers: dict[str, Path], making: Making) -> None:
    path = installers[format]
    with open_installer(path) as installer:
        assert (installer.format, installer.size) == (format, path.stat().st_size)
        assert installer.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert (installer.name, installer.version, installer.python) == ("demo", "1.0", "3.11.7")
        assert installer.platform == FORMATS[format]
        assert installer.manifest.company == "Äcme"
        demo, helper = installer.packages
        assert (demo.name, demo.version, demo.base) == ("demo", "1.2", True)
        assert (demo.wheel, demo.sha256) == (making.wheels[0].name, sha256(making.wheels[0]))
        assert demo.size > 50_000 > helper.size
        assert (helper.name, helper.base) == ("helper", False)
        assert installer.read("keel-meta/pylock.toml") == b"lock-version = '1.0'\n"
        assert installer.read("lib/" + "deep/" * 30 + "é.py") == b"x = 1\n" * 1000
        paths = installer.paths()
        assert MANIFEST in paths
        assert paths == sorted(set(paths))
        assert installer.verify() == []


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_not_there_is_named(format: str, installers: dict[str, Path]) -> None:
    with (
        open_installer(installers[format]) as installer,
        pytest.raises(InstallerFileError, match=r"no file nowhere/x\.py"),
    ):
        installer.read("nowhere/x.py")


def test_a_link_of_the_base_is_read_from_the_store(installers: dict[str, Path]) -> None:
    with open_installer(installers["sh"]) as installer:
        assert installer.read("lib/python3.11/site-packages/demo.py") == b"x = 1\n"


def test_the_licence_is_what_the_wheel_declares(making: Making, tmp_path: Path) -> None:
    wheel = tmp_path / "free-1-py3-none-any.whl"
    with zipfile.ZipFile(making.wheels[1]) as old, zipfile.ZipFile(wheel, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("METADATA"):
                data = "Metadata-Version: 2.4\nName: free\nVersion: 1\nLicense: The MIT License\nAuthor: È\n".encode()
            new.writestr(name.replace("helper-0.1", "free-1"), data)
    path = replace(making, folder=tmp_path, wheels=[wheel]).write("sh")
    with open_installer(path) as installer:
        assert [package.license for package in installer.packages] == ["MIT"]


def test_a_signed_program_is_read_and_verified(installers: dict[str, Path], tmp_path: Path) -> None:
    need("osslsigncode")
    key, certificate, signed = (tmp_path / name for name in ("key.pem", "cert.pem", "signed.exe"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-subj", "/CN=Keel test", "-addext",
         "extendedKeyUsage=codeSigning", "-days", "2", "-nodes", "-keyout", key, "-out", certificate],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    sign = ["osslsigncode", "sign", "-certs", certificate, "-key", key, "-h", "sha256"]
    subprocess.run([*sign, "-in", installers["exe"], "-out", signed], check=True, capture_output=True, timeout=60)
    with open_installer(signed) as installer:
        assert installer.name == "demo"
        assert [note.split(" ")[0] for note in installer.verify()] == ["signed"]
    signed.write_bytes(signed.read_bytes() + b"more")
    with open_installer(signed) as installer, pytest.raises(InstallerFileError, match="not a signature"):
        installer.verify()


def test_a_wheel_in_many_frames_of_a_large_base_is_read_piece_by_piece(making: Making, tmp_path: Path) -> None:
    """More than a frame's size in one unit, and a file that is larger than any chunk."""
    from dataclasses import replace

    large = make_wheel(
        tmp_path, "large", "1", {f"large/{number}.bin": bytes([number]) * 20_000_000 for number in range(3)}
    )
    path = replace(making, folder=tmp_path, wheels=[large]).write("sh")
    with open_installer(path) as installer:
        (package,) = installer.packages
        assert package.size > 60_000_000
        assert (
            installer.read("large/1.bin".replace("large/", f"pkgs/large-1-{package.sha256[:8]}/large/"))[:2] == b"\1\1"
        )
        assert installer.verify() == []


def test_a_package_of_a_second_writer_is_read_as_well(making: Making, tmp_path: Path) -> None:
    stream = io.BytesIO()
    replace(making, platform="macos-arm64").payload().write_to(stream)
    path = tmp_path / "second.pkg"
    path.write_bytes(xar(package_files(stream.getvalue())))
    with open_installer(path) as installer:
        assert [package.name for package in installer.packages] == ["demo", "helper"]
        assert installer.verify() == []
    path.write_bytes(xar(package_files(stream.getvalue()), lambda toc: toc.replace(b"</toc>", b"<signature/></toc>")))
    with open_installer(path) as installer:
        assert [note.split(" ")[0] for note in installer.verify()] == ["signed"]
