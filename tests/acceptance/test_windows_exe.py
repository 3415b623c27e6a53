"""The .exe of a recipe with real wheels, from the builder to the last trace: installed, used and removed under Wine."""

import json
from pathlib import Path

import pytest

from .windows_bases import MINOR, ODD, PYTHON, WindowsBase, build_wintest
from .windows_setup import APPS, ENVIRONMENT, state
from .wine import wait_until
from .wine_session import Wine

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wine")]


def test_an_installed_base_works_and_goes_without_a_trace(wine: Wine, tmp_path: Path) -> None:
    setup = build_wintest(tmp_path, "exe", bytecode="install")
    folder = wine.drive / "users" / "Žofie 中" / f"installed, {ODD}"
    folder.parent.mkdir()
    before = state(wine, "Wintest")

    done = wine.run(setup, "/S", "/AddToPath=1", "/InitShells=1", f"/D={wine.path(folder)}")
    assert done.err == "", "the base was settled, and the shells could be initialised"
    assert list(wine.root.rglob("profile.ps1"))
    base = WindowsBase(wine, folder)
    for place in ("Lib/site-packages/yaml", "Lib/site-packages/numpy", "keel-meta/keel"):
        assert (folder / place / f"__pycache__/__init__.cpython-{PYTHON.tag}.pyc").exists()
    assert "find-links" in (folder / "pip.ini").read_text("utf-8")
    assert base.path("") in (folder / "keel-meta/prefix").read_text("utf-8")
    base.keel("check")
    assert f"DisplayName    REG_SZ    Wintest 1.0 (Python {MINOR}." in wine.query(APPS)
    assert (wine.value(ENVIRONMENT, "Path") or ("", ""))[1].startswith(f"{base.path('cmd')};{base.path('')};")
    code = "import sys, numpy, orjson; print(numpy.arange(4).sum(), orjson.dumps([1]), sys.prefix)"
    assert base.python("-c", code).out == f"6 b'[1]' {base.path('')}\n"

    base.keel("create", "-n", "work", "numpy", "orjson")
    in_env = f"6 b'[1]' {base.path('envs/work')}\n"
    assert base.python("-c", code, env="work").out == in_env
    # cmd.exe stands in the prefix, which has a python.exe of its own.
    assert base.keel("run", "-n", "work", "python", "-X", "utf8", "-c", code).out == in_env
    listed = {one["name"]: one for one in json.loads(base.keel("list", "-n", "work", "--json").out)}
    assert listed["numpy"]["version"] == "1.26.4"
    assert "pyyaml" not in listed

    base.keel("uninstall", "-y")  # hands over to the uninstaller
    wait_until(lambda: not folder.exists())
    assert list(folder.parent.iterdir()) == []
    assert state(wine, "Wintest") == before
    assert not list(wine.root.rglob("profile.ps1"))
