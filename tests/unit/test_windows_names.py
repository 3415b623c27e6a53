"""Files that Windows cannot hold are found before anything is packed."""

from pathlib import Path

import pytest

from builder.errors import BuilderError
from builder.lock import LockedWheel
from builder.units import WheelUnit
from builder.windows_names import check_names, name_problem
from tests.unit.wheels import make_wheel, sha256


def unit(folder: Path, *paths: str, scripts: dict[str, str] | None = None) -> WheelUnit:
    wheel = make_wheel(folder, files=dict.fromkeys(("demo.py", *paths), b""), scripts=scripts)
    locked = LockedWheel(name="demo", version="1.0", filename=wheel.name, path=wheel, sha256=sha256(wheel))
    return WheelUnit(locked=locked, wheel=wheel, base=True, requested=True)


@pytest.mark.parametrize(
    "path",
    [
        "demo/aux.py",
        "demo/CON",
        "lpt1.tar.gz/x",
        "demo/nul .txt",
        "ab:c",
        "what?.py",
        "end./x",
        "end ",
        "com\u00b9.txt",
    ],
)
def test_what_windows_cannot_hold_is_refused_with_the_package_and_the_file(tmp_path: Path, path: str) -> None:
    assert name_problem(path)
    with pytest.raises(BuilderError) as raised:
        check_names([unit(tmp_path, path)])
    assert f"demo 1.0: {path}: " in raised.value.message
    assert "sys_platform" in (raised.value.hint or "")


@pytest.mark.parametrize("path", ["auxiliary.py", "console/x.py", "com/x", "lpt10.txt", ".hidden", "è 中.txt"])
def test_what_only_looks_like_it_is_fine(tmp_path: Path, path: str) -> None:
    check_names([unit(tmp_path, path)])


def test_files_that_differ_by_case_only_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BuilderError, match=r"demo 1.0: demo/A.py and demo/a.py are one file there"):
        check_names([unit(tmp_path, "demo/A.py", "demo/a.py")])


def test_a_script_that_would_be_a_device_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuilderError, match=r"prn.exe: it is the name of a device"):
        check_names([unit(tmp_path, scripts={"prn": "demo:main"})])
