"""Tests the base whose Python runs this: every public module, then what its recipe wants tested.

Run as `python -I -c TEXT` by the installer's -t, on any Python that a base can have; `python -I -c TEXT recipe`, by the
builder, runs the recipe's tests alone (keel-meta/tests.json). The exit code is 1 if anything fails.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

# Some wheels bring these by mistake; they need what only their developers have.
NOT_FOR_USERS = {"benchmarks", "conftest", "docs", "examples", "test", "testing", "tests"}
# Of what a failing test has said, the end matters.
MOST_LINES = 40


def modules(distribution):
    """Names of the public modules and packages that a distribution installs at the top level."""
    names = set()
    for path in distribution.files or ():
        if len(path.parts) == 2 and path.parts[1] == "__init__.py":
            names.add(path.parts[0])
        elif len(path.parts) == 1 and path.suffix in (".py", ".so"):
            names.add(path.parts[0].split(".")[0])
    return sorted(name for name in names if name.isidentifier() and name[0] != "_" and name not in NOT_FOR_USERS)


def import_everything():
    """The modules that cannot be imported, each with the reason."""
    count, failures = 0, []
    for distribution in metadata.distributions():
        for name in modules(distribution):
            count += 1
            try:
                importlib.import_module(name)
            except (Exception, SystemExit) as error:
                failures.append(f"{name} (of {distribution.metadata['Name']}): {error!r}")
    print(f"imported {count} modules, {len(failures)} failed")
    return failures


def recipe_tests():
    """What of the recipe's tests failed, each with what it said; nothing where the recipe has none."""
    try:
        tests = json.loads(Path(sys.prefix, "keel-meta", "tests.json").read_text("utf-8"))
    except FileNotFoundError:
        return []
    failures = []
    for name in tests["imports"]:
        failures += attempt(f"import {name}", [sys.executable, "-I", "-c", f"import {name}"], tests["timeout"])
    for command in tests["commands"]:
        failures += attempt(command, command, tests["timeout"])
    count = len(tests["imports"]) + len(tests["commands"])
    print(f"ran {count} tests of the recipe, {len(failures)} failed")
    return failures


def attempt(label, command, seconds):
    """Run one test, text by the system's shell, in an empty folder; [] or [what went wrong]."""
    programs = Path(sys.executable).parent
    path = os.pathsep.join([str(programs), str(programs / "Scripts"), os.environ.get("PATH", os.defpath)])
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command,
            shell=isinstance(command, str),
            cwd=folder,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = process.wait(seconds)
            problem = f"exit code {code}" if code else None
        except subprocess.TimeoutExpired:
            problem = f"still running after {seconds} s"
        finally:
            end(process)
        said.seek(0)
        lines = said.read().decode("utf-8", "replace").splitlines()[-MOST_LINES:]
    return [f"{label}: {problem}" + "".join(f"\n    {line}" for line in lines)] if problem else []


def end(process):
    """The process and all that it has started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except AttributeError:  # Windows
        process.kill()
    except ProcessLookupError:
        pass
    process.wait()


failures = recipe_tests() if sys.argv[1:] == ["recipe"] else import_everything() + recipe_tests()
for failure in failures:
    print(failure)
sys.exit(1 if failures else 0)
