"""The recipe's tests in a finished base, with an installer that lays down this Python instead of a base."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builder.errors import FailedTestsError
from builder.settings import Settings
from builder.trial import try_installers
from tests.unit.locks import make_settings, other_host
from tests.unit.provenance.record import make_lock
from tests.unit.recipes import HEAD, problems, recipe_of
from tests.unit.wheels import make_wheel

# As an installer takes its options: -b -p PREFIX.
INSTALLER = """#!/bin/sh
set -eu
[ "$1 $2" = "-b -p" ]
mkdir -p "$3"
"{python}" -m venv --without-pip "$3"
mkdir "$3/keel-meta"
cat >"$3/keel-meta/tests.json" <<'END'
{tests}
END
"""


class Bench:
    """Builds nothing: runs the tests of a recipe with the installer above."""

    def __init__(self, folder: Path, tests: str) -> None:
        self.folder = folder
        self.settings = make_settings(folder)
        wheel = make_wheel(folder, "app")
        self.target, self.lock = make_lock(folder, [wheel], f"packages: [app]\n{tests}", "linux-x86_64", {})
        self.installer = folder / "new è.part"
        listed = self.target.recipe.tests.model_dump_json()
        self.installer.write_text(INSTALLER.format(python=sys.executable, tests=listed))

    def run(self, name: str = "Demo.sh", **settings: Any) -> list[str]:
        """What was said."""
        used: Settings = replace(self.settings, **settings)
        notes: list[str] = []
        used.reporter.note = notes.append  # type: ignore[method-assign]
        used.reporter.step = notes.append  # type: ignore[method-assign]
        try_installers({name: self.installer}, target=self.target, lock=self.lock, settings=used)
        return notes


linux = pytest.mark.skipif(sys.platform != "linux", reason="runs an installer for Linux")


@linux
def test_imports_and_commands_run_in_the_finished_base(tmp_path: Path) -> None:
    tests = "tests: {imports: [json, xml.dom], commands: ['python -c \"import sys; sys.exit(not sys.prefix)\"', ls]}\n"
    assert Bench(tmp_path, tests).run()[-1] == "tests: 4 passed in the finished base"


@linux
def test_what_fails_is_shown_with_what_it_said(tmp_path: Path) -> None:
    tests = "tests: {imports: [json, no_such_module], commands: ['echo so far so good; echo oh dear >&2; exit 3']}\n"
    with pytest.raises(FailedTestsError) as caught:
        Bench(tmp_path, tests).run()
    message = caught.value.message
    assert "ran 3 tests of the recipe, 2 failed" in message
    assert "import no_such_module: exit code 1" in message
    assert "No module named 'no_such_module'" in message
    assert "exit 3: exit code 3\n    so far so good\n    oh dear" in message
    assert "import json:" not in message


@linux
def test_a_test_that_does_not_end_is_ended_with_everything_it_started(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    command = f"sleep 60 & echo $! >'{noted}'; echo waiting; wait"
    with pytest.raises(FailedTestsError, match="still running after 1 s\n    waiting"):
        Bench(tmp_path, f'tests: {{timeout: 1, commands: ["{command}"]}}\n').run()
    process = Path("/proc", noted.read_text().strip(), "cmdline")
    assert not process.exists() or not process.read_bytes()  # gone, or waiting for somebody to ask for its exit code


@linux
def test_an_installer_that_fails_is_a_failed_test(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "tests: {imports: [json]}\n")
    bench.installer.write_text("echo no space left; exit 6\n")
    with pytest.raises(FailedTestsError, match=r"exit code 6\):\nno space left"):
        bench.run()


def test_where_the_target_cannot_run_the_build_says_so(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "tests: {imports: [json]}\n")
    assert bench.run(host=other_host(platform_name="macos-arm64")) == [
        "tests: not run here: the target is linux-x86_64, and this machine macos-arm64"
    ]
    needy = replace(bench.lock, interpreter=replace(bench.lock.interpreter, glibc="2.99"))
    bench.lock = needy
    assert "needs glibc 2.99" in bench.run(host=other_host(platform_name="linux-x86_64"))[0]
    bench.lock = replace(needy, interpreter=replace(needy.interpreter, glibc=None))
    assert "Demo.pkg" in bench.run("Demo.pkg", host=other_host(platform_name="linux-x86_64"))[0]


def test_no_tests_and_tests_that_are_not_wanted_run_nothing(tmp_path: Path) -> None:
    assert Bench(tmp_path / "one", "").run() == []
    assert Bench(tmp_path / "two", "tests: {imports: [no_such_module]}\n").run(tests=False) == []


def test_the_recipes_key_is_checked(tmp_path: Path) -> None:
    tests = recipe_of(tmp_path, HEAD + "tests: {imports: [a.b], commands: ['x --version']}\n").tests
    assert (tests.imports, tests.commands, tests.timeout) == (("a.b",), ("x --version",), 300)
    lines = problems(tmp_path, HEAD + "tests:\n  imports: [a-b, c, c]\n  timeout: 0\n  import: [x]\n")
    assert [line.split(": ", 2)[1] for line in lines] == [
        "tests.imports[0]", "tests.imports[2]", "tests.timeout", "tests.import",
    ]  # fmt: skip
