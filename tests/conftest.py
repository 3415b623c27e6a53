"""Fixtures and helpers for all tests."""

import os
import shutil
import signal
from pathlib import Path

import pytest

# Shells start what ends in `&` with Ctrl-C ignored, and every program of a test would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent
# Downloads of tests, keyed by hash, so that a run does not fetch the same file twice.
TEST_CACHE = ROOT / ".test-cache"


def skip_unless(condition: object, reason: str) -> None:
    """Skip the test with `reason` where a tool is missing locally; under CI, where it must be there, fail."""
    if condition:
        return
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and CI must have it")
    pytest.skip(reason)


def need(tool: str) -> str:
    """The path of a program that the test needs."""
    path = shutil.which(tool)
    skip_unless(path, f"{tool} is not installed")
    assert path is not None
    return path


def need_root() -> None:
    skip_unless(os.geteuid() == 0, "needs root")
