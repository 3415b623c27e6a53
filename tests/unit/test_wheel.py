"""Where the files of a wheel go, and what is refused."""

import csv
import io
import zipfile

import pytest

from keel.launchers import Launchers
from keel.scripts import HEADER
from keel.wheel import Placement, Scheme, UnitFiles, WheelError, check_path, plan

SCHEME = Scheme(
    purelib="lib/python3.11/site-packages",
    platlib="lib64/python3.11/site-packages",
    scripts="bin",
    data="",
    headers="include/python3.11",
)
PURE, PLAT = SCHEME.purelib, SCHEME.platlib


def unit(files: dict[str, bytes] | None = None, *, purelib: bool = True, wheel_version: str = "1.0") -> UnitFiles:
    everything = {
        "demo-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n",
        "demo-1.0.dist-info/WHEEL": f"Wheel-Version: {wheel_version}\nRoot-Is-Purelib: {purelib}\n".encode(),
        "demo-1.0.dist-info/RECORD": b'demo.py,sha256=abc,5\n"a,b.py",sha256=def,6\n',
        **(files or {}),
    }
    return UnitFiles(everything, everything.__getitem__)


def placed(files: dict[str, bytes], *, requested: bool = False, purelib: bool = True) -> dict[str, Placement]:
    return {place.dest: place for place in plan(unit(files, purelib=purelib), SCHEME, requested=requested)}


def test_files_go_where_the_wheel_specification_says() -> None:
    places = placed(
        {
            "demo.py": b"",
            "demo-1.0.data/purelib/pure.py": b"",
            "demo-1.0.data/platlib/plat.so": b"",
            "demo-1.0.data/headers/sub/demo.h": b"",
            "demo-1.0.data/data/share/man/man1/demo.1": b"",
            "demo-1.0.data/scripts/native": b"\x7fELF",
        }
    )
    assert {dest: place.source for dest, place in places.items() if place.source} == {
        f"{PURE}/demo.py": "demo.py",
        f"{PURE}/pure.py": "demo-1.0.data/purelib/pure.py",
        f"{PLAT}/plat.so": "demo-1.0.data/platlib/plat.so",
        "include/python3.11/demo/sub/demo.h": "demo-1.0.data/headers/sub/demo.h",
        "share/man/man1/demo.1": "demo-1.0.data/data/share/man/man1/demo.1",
        "bin/native": "demo-1.0.data/scripts/native",
        f"{PURE}/demo-1.0.dist-info/METADATA": "demo-1.0.dist-info/METADATA",
        f"{PURE}/demo-1.0.dist-info/WHEEL": "demo-1.0.dist-info/WHEEL",
    }


def test_a_platform_wheel_goes_to_platlib() -> None:
    assert f"{PLAT}/demo.py" in placed({"demo.py": b""}, purelib=False)


def test_entry_points_and_python_scripts_become_relocatable_scripts() -> None:
    points = b"[console_scripts]\nDemo-Tool = demo.cli:main.run [extra]\n[gui_scripts]\nwin=demo:gui\n[other]\nx = y\n"
    places = placed(
        {"demo-1.0.dist-info/entry_points.txt": points, "demo-1.0.data/scripts/own": b"#!python\nprint(1)\n"}
    )
    assert places["bin/Demo-Tool"].content.startswith(HEADER)
    assert b"from demo.cli import main\n" in places["bin/Demo-Tool"].content
    assert b"main.run()" in places["bin/Demo-Tool"].content
    assert places["bin/own"].content == HEADER + b"__doc__ = None\nprint(1)\n"
    assert all(places[f"bin/{name}"].executable for name in ("Demo-Tool", "win", "own"))
    assert "bin/x" not in places


def test_record_names_everything_that_was_placed_with_the_wheels_own_hashes() -> None:
    places = placed({"demo.py": b"12345", "a,b.py": b"", "demo-1.0.data/scripts/own": b"#!python\n"}, requested=True)
    record = places[f"{PURE}/demo-1.0.dist-info/RECORD"].content.decode()
    rows = {row[0]: row[1:] for row in csv.reader(record.splitlines())}
    assert rows["demo.py"] == ["sha256=abc", "5"]
    assert rows["a,b.py"] == ["sha256=def", "6"]
    assert rows["demo-1.0.dist-info/RECORD"] == ["", ""]
    assert rows["demo-1.0.dist-info/REQUESTED"] == ["sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", "0"]
    assert rows["../../../bin/own"][0].startswith("sha256=")
    assert len(rows) == len(places)


def test_what_only_installers_write_is_not_taken_from_the_wheel() -> None:
    places = placed({"demo-1.0.dist-info/INSTALLER": b"evil", "demo-1.0.dist-info/direct_url.json": b"{}"})
    assert places[f"{PURE}/demo-1.0.dist-info/INSTALLER"].content == b"keel\n"
    assert f"{PURE}/demo-1.0.dist-info/direct_url.json" not in places
    assert f"{PURE}/demo-1.0.dist-info/REQUESTED" not in places


@pytest.mark.parametrize(
    "name",
    [
        *("../up.py", "/etc/passwd", "a/../../b", "a//b", "./a", "C:/x", "a\\b", "a\nb"),
        *("a\n", "", "a/", "a/..", "/", ".", ".."),
    ],
)
def test_paths_that_could_leave_the_prefix_are_refused(name: str) -> None:
    with pytest.raises(WheelError, match="unsafe path"):
        unit({name: b""})


@pytest.mark.parametrize("name", [".hidden", "..two", "a/...", "a/.b/c", "ab:c", "ä ö/'ü'.py", "a./b."])
def test_odd_names_that_stay_in_the_prefix_are_taken(name: str) -> None:
    assert check_path(name) == name


@pytest.mark.parametrize(
    "line", ["../x = a:b", "a/b = a:b", ".. = a:b", "x = a", "x = a:b; import os", "x = a b:c", "x = a:b("]
)
def test_entry_points_that_are_none_are_refused(line: str) -> None:
    with pytest.raises(WheelError, match="not an entry point"):
        placed({"demo-1.0.dist-info/entry_points.txt": f"[console_scripts]\n{line}\n".encode()})


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"other-1.dist-info/METADATA": b""}, "one .dist-info"),
        ({"demo-1.0.data/elsewhere/x": b""}, "knows no"),
        ({"demo-1.0.data/scripts": b""}, "knows no"),
        ({"demo-1.0.dist-info/entry_points.txt": b"\xff\xfe"}, "cannot be read"),
    ],
)
def test_wheels_that_break_the_specification_are_refused(files: dict[str, bytes], message: str) -> None:
    with pytest.raises(WheelError, match=message):
        placed(files)


def test_a_newer_wheel_version_is_refused() -> None:
    with pytest.raises(WheelError, match=r"version 2\.0 is not supported"):
        plan(unit(wheel_version="2.0"), SCHEME, requested=False)


WINDOWS = Scheme(
    purelib="Lib/site-packages",
    platlib="Lib/site-packages",
    scripts="Scripts",
    data="",
    headers="include",
    launchers=Launchers(console=b"MZ console", gui=b"MZ gui", python="..\\"),
)


def script_in(program: bytes) -> tuple[bytes, bytes]:
    """What stands before the zip of a launcher, and the script in it."""
    with zipfile.ZipFile(io.BytesIO(program)) as archive:
        assert [info.date_time for info in archive.infolist()] == [(1980, 1, 1, 0, 0, 0)]
        return program[: program.index(b"PK\x03\x04")], archive.read("__main__.py")


def test_scripts_on_windows_are_programs_that_find_their_python_beside_them() -> None:
    entry_points = b"[console_scripts]\ndemo = demo:main.run\n[gui_scripts]\nwindow = demo.gui:show\n"
    found = {
        place.dest: place
        for place in plan(
            unit(
                {
                    "demo-1.0.dist-info/entry_points.txt": entry_points,
                    "demo-1.0.data/scripts/old.py": b"#!python -E\r\nprint(1)\r\n",
                    "demo-1.0.data/scripts/tool": b"#!pythonw\nprint(2)\n",
                    "demo-1.0.data/scripts/native.exe": b"MZ",
                }
            ),
            WINDOWS,
            requested=False,
        )
    }
    assert {dest for dest in found if dest.startswith("Scripts/")} == {
        "Scripts/demo.exe", "Scripts/window.exe", "Scripts/old.py", "Scripts/old.exe", "Scripts/tool",
        "Scripts/tool.exe", "Scripts/native.exe",
    }  # fmt: skip
    head, code = script_in(found["Scripts/demo.exe"].content)
    assert head == b"MZ console#!<launcher_dir>\\..\\python.exe\n"
    assert b"from demo import main\n" in code
    assert b"sys.exit(main.run())" in code
    assert script_in(found["Scripts/window.exe"].content)[0] == b"MZ gui#!<launcher_dir>\\..\\pythonw.exe\n"
    assert script_in(found["Scripts/tool.exe"].content) == (
        b"MZ gui#!<launcher_dir>\\..\\pythonw.exe\n",
        b"#!/usr/bin/env python\nprint(2)\n",
    )
    assert found["Scripts/old.py"].content == b"#!/usr/bin/env python -E\r\nprint(1)\r\n"
    assert found["Scripts/native.exe"].source == "demo-1.0.data/scripts/native.exe"
    record = found["Lib/site-packages/demo-1.0.dist-info/RECORD"].content.decode()
    assert "../../Scripts/demo.exe,sha256=" in record
