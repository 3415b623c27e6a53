"""The committed engines come out of the sources, and the sources stand sanitizers and a fuzzer."""

import sys

import pytest

from tests.acceptance.conftest import run
from tests.conftest import ROOT, need

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("engine")]


def test_the_committed_binaries_are_rebuilt_byte_for_byte() -> None:
    out = run(sys.executable, "tools/build_engine.py", "--check", cwd=ROOT, timeout=1500).out
    assert out.count("the same bytes") == 8  # engines for six platforms, and two programs for Windows


def test_the_python_of_windows_environments_is_rebuilt_byte_for_byte() -> None:
    run(sys.executable, "tools/build_redirector.py", "--check", cwd=ROOT, timeout=300)


def test_the_parsers_survive_a_bounded_time_of_fuzzing() -> None:
    need("gcc")
    out = run(sys.executable, "tools/fuzz_engine.py", "--seconds", "20", cwd=ROOT).out
    runs, _, rest = out.strip().splitlines()[-1].partition(" ")
    assert int(runs) > 10_000
    assert rest == "runs, no crash"
