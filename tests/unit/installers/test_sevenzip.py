"""Portable archives: what is in them, and that the same payload is the same bytes."""

import io
from dataclasses import replace
from pathlib import Path

import py7zr
import pytest

from builder.cache import Cache
from builder.errors import BuilderError
from builder.frames import COMPRESSIONS, Frame, pack
from builder.installers import find_format, sevenzip
from builder.payload import Payload
from builder.units import Entry, Slice, content_entry
from keel.manifest import MANIFEST
from tests.unit.locks import make_target

TIME = 1_000_000_000
TOP = "Demo-1.0-py311-Windows-x86_64"


def frames(folder: Path, unit: str, stage: int, entries: list[Entry]) -> list[Frame]:
    piece = Slice(unit=unit, stage=stage, key=f"{unit} {stage}", entries=lambda: entries)
    return pack(piece, Cache(folder), COMPRESSIONS["fast"])


def make_payload(folder: Path) -> Payload:
    def file(path: str, data: bytes) -> Entry:
        return content_entry(path, data, mode=0o644, mtime=TIME)

    store = [file("python.exe", b"MZ"), file("pkgs/a-1/a.py", b"x = 1\n"), file("pkgs/a-1/__init__.py", b"")]
    link = Entry(path="Lib/site-packages/a.py", mode=0o444, mtime=TIME, link="pkgs/a-1/a.py")
    meta = [Entry(path="envs/", mode=0o755, mtime=TIME), file(MANIFEST, b"{}")]
    return Payload(
        name="demo", version="1.0", python="3.11.9", platform="windows-x86_64", marker=MANIFEST,
        frames=[
            *frames(folder, "python", 0, store),
            *frames(folder, "a", 1, [link, file("Scripts/a.exe", b"MZ launcher")]),
            *frames(folder, "meta", 1, meta),
        ],
    )  # fmt: skip


def written(payload: Payload, folder: Path) -> bytes:
    target = make_target(folder, "compression: fast\n", platform="windows-x86_64")
    stream = io.BytesIO()
    sevenzip.write(payload, target, None, stream)  # type: ignore[arg-type]  # no facts are needed
    return stream.getvalue()


def test_the_store_is_in_it_once_and_the_base_is_left_to_keel(tmp_path: Path) -> None:
    archive = written(make_payload(tmp_path / "cache"), tmp_path / "recipe")
    with py7zr.SevenZipFile(io.BytesIO(archive)) as content:
        content.extractall(tmp_path / "out")
    found = {path.relative_to(tmp_path / "out").as_posix(): path for path in (tmp_path / "out").rglob("*.*")}
    names = {name for name, path in found.items() if path.is_file()}
    assert names == {
        f"{TOP}/python.exe", f"{TOP}/pkgs/a-1/a.py", f"{TOP}/pkgs/a-1/__init__.py", f"{TOP}/keel-meta/unlinked.json",
        f"{TOP}/install.bat",
    }  # fmt: skip
    assert found[f"{TOP}/pkgs/a-1/a.py"].read_bytes() == b"x = 1\n"
    assert found[f"{TOP}/pkgs/a-1/__init__.py"].read_bytes() == b""
    assert {int(found[name].stat().st_mtime) for name in names} == {TIME}
    script = found[f"{TOP}/install.bat"].read_bytes()
    assert script.count(b"\n") == script.count(b"\r\n") > 0


def test_the_same_payload_is_the_same_bytes(tmp_path: Path) -> None:
    one = written(make_payload(tmp_path / "one"), tmp_path / "recipe")
    payload = make_payload(tmp_path / "two")
    assert one == written(payload, tmp_path / "recipe") == written(replace(payload), tmp_path / "recipe")


def test_it_is_made_for_windows_only(tmp_path: Path) -> None:
    windows = make_target(tmp_path, "", platform="windows-x86_64")
    assert find_format("7z", windows).filename(windows) == f"{TOP}.7z"
    with pytest.raises(BuilderError, match="linux-x86_64 has no 7z archives"):
        find_format("7z", make_target(tmp_path, ""))
