"""The tool that tries a finished installer on a machine of its own kind."""

import sys
from pathlib import Path

import pytest

from tests.acceptance.conftest import run
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

TOOL = ROOT / "tools/verify_installation.py"


def test_an_installer_is_tried_and_gets_a_row(starter_installer: Path, tmp_path: Path) -> None:
    done = run(sys.executable, TOOL, "--work", tmp_path, starter_installer)
    assert done.out.startswith("| 20")
    assert f"`{starter_installer.name}`" in done.out
    assert "bash, dash" in done.out
    assert "checks passed |" in done.out
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_one_fails(starter_installer: Path, tmp_path: Path) -> None:
    damaged = tmp_path / starter_installer.name
    damaged.write_bytes(starter_installer.read_bytes()[:-100])
    done = run(sys.executable, TOOL, "--work", tmp_path, damaged, code=1)
    assert done.out.rstrip().endswith("| – | FAILED: verify, install |")
    assert "damaged" in done.err
