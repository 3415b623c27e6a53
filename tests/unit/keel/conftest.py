"""Bases for the tests of keel."""

from pathlib import Path

import pytest

from tests.unit.keel.bases import ODD, FakeBase, make_base


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeBase:
    """A base in an awkward place, with pip; HOME is the folder that it lies in, and no environment is active."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KEEL_PREFIX", "VIRTUAL_ENV", "KEEL_SHLVL", "ZDOTDIR"):
        monkeypatch.delenv(name, raising=False)
    return make_base(tmp_path / ODD)
