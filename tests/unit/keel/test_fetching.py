"""What pip is asked for, and what is left when it fails or is killed. A pip of the tests' own plays its part here;
the real ones, and uv, are in the acceptance tests."""

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from keel.config import user_file, write_values
from tests.unit.keel.bases import LIBRARY, FakeBase
from tests.unit.keel.test_packages import requested, state, versions
from tests.unit.wheels import make_wheel

PIP = """
import json, os, sys, time
folder = os.environ["HOME"]
with open(f"{folder}/calls", "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
with open(f"{folder}/plan.json") as file:
    plan = json.load(file)
if "--dry-run" in sys.argv:
    with open(f"{folder}/seen", "w") as file:
        json.dump(sorted(os.listdir(os.environ["PYTHONPATH"])), file)
    with open(sys.argv[sys.argv.index("--report") + 1], "w") as file:
        json.dump({"install": plan["report"]}, file)
    sys.exit(plan.get("resolving", 0))
for path, text in plan["files"].items():
    path = os.path.join(sys.prefix, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.lexists(path):
        os.unlink(path)
    with open(path, "w") as file:
        file.write(text.replace('"@"', '"' + sys.executable + '"'))
print("pip was here", flush=True)
open(f"{folder}/working", "w").close()
time.sleep(plan.get("sleep", 0))
sys.exit(plan.get("code", 0))
"""


def entry(name: str, version: str = "1.0", **more: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "version": version},
        "is_direct": False,
        "requested": False,
        "download_info": {"url": f"http://127.0.0.1/{name}"},
        **more,
    }


def files(name: str, version: str = "1.0", requires: str = "") -> dict[str, str]:
    info = f"{LIBRARY}/{name}-{version}.dist-info"
    record = [f"{name}.py,,", f"{name}-{version}.dist-info/RECORD,,", f"{name}-{version}.dist-info/METADATA,,",
              f"{name}-{version}.dist-info/REQUESTED,,", f"../../../bin/{name},sha256=x,1", ""]
    return {
        f"{LIBRARY}/{name}.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}\n",
        f"{info}/RECORD": "\n".join(record),
        f"{info}/INSTALLER": "pip\n",
        f"{info}/REQUESTED": "",
        f"bin/{name}": "#!/bin/sh\n'''exec' \"@\" \"$0\" \"$@\"\n' '''\n",
    }


@pytest.fixture
def online(fake: FakeBase) -> FakeBase:
    """A base with an index, and a pip that does what `plan.json` says."""
    fake.units.clear()
    fake.add("pip", "99.0", {"pip/__init__.py": "", "pip/__main__.py": PIP}, base=False)
    fake.add("low", "1.0", base=False)
    fake.add("low", "2.0", base=False)
    write_values(str(user_file(fake.base)), {"index": "http://127.0.0.1:9/simple", "installer": "pip"})
    return fake


def told(fake: FakeBase, **plan: Any) -> None:
    (fake.prefix.parent / "plan.json").write_text(json.dumps({"files": {}, **plan}))


def calls(fake: FakeBase) -> list[list[str]]:
    return [json.loads(line) for line in (fake.prefix.parent / "calls").read_text().splitlines()]


def test_what_the_store_has_is_never_asked_for(online: FakeBase) -> None:
    online.create("work")
    online.keel("install", "-n", "work", "low<2")
    assert not (online.prefix.parent / "calls").exists()


def test_bundled_packages_of_one_resolution_are_linked_and_the_rest_fetched(online: FakeBase) -> None:
    env = online.create("work")
    told(online, report=[entry("Outer", requested=True), entry("inner"), entry("low")],
         files={**files("outer"), **files("inner")})
    said = online.keel("install", "-n", "work", "outer>=1").stdout
    assert "pip was here" in said
    assert versions(env) == {"outer": "1.0", "inner": "1.0", "low": "1.0"}
    assert requested(env) == {"outer"}
    assert "REQUESTED" not in (env / LIBRARY / "inner-1.0.dist-info/RECORD").read_text()
    assert (env / LIBRARY / "low.py").stat().st_nlink > 1
    resolve, install = calls(online)
    assert resolve[:2] == ["install", "--dry-run"]
    assert resolve[resolve.index("--index-url") + 1] == "http://127.0.0.1:9/simple"
    assert "--no-deps" in install
    assert not (env / ".keel-transaction").exists()
    said = online.keel("install", "-n", "work", "outer", "--json").stdout
    assert json.loads(said)["changes"] == []


def test_pip_is_shown_the_newest_bundled_packages_but_not_those_that_are_installed(online: FakeBase) -> None:
    online.create("work", "low==1.0")
    told(online, report=[entry("outer")], files=files("outer"))
    online.keel("install", "-n", "work", "outer")
    seen = online.prefix.parent / "seen"
    assert json.loads(seen.read_text()) == ["pip-99.0.dist-info"]
    online.keel("create", "-n", "other", "outer")
    assert json.loads(seen.read_text()) == ["low-2.0.dist-info", "pip-99.0.dist-info"]


def test_an_installed_package_that_would_break_is_named_and_nothing_changes(online: FakeBase) -> None:
    env = online.create("work")
    told(online, report=[entry("outer")], files=files("outer", requires="Requires-Dist: low<2\n"))
    online.keel("install", "-n", "work", "outer")
    before = state(env)
    told(online, report=[entry("low", "3.0"), entry("more")], files=files("more"))
    assert "outer 1.0 (installed) needs low<2" in online.keel("install", "-n", "work", "more", code=1).stderr
    assert state(env) == before


@pytest.mark.parametrize("plan", [{"code": 1}, {"resolving": 2}], ids=["installing", "resolving"])
def test_a_pip_that_fails_leaves_the_environment_as_it_was(online: FakeBase, plan: dict[str, int]) -> None:
    env = online.create("work", "low==1.0")
    before = state(env)
    broken = {**files("outer"), f"{LIBRARY}/low.py": "overwritten", "share/new": "x", "pyvenv.cfg": "broken"}
    told(online, report=[entry("outer"), entry("low", "2.0")], files=broken, **plan)
    assert "pip failed" in online.keel("install", "-n", "work", "outer", "low>1", code=1).stderr
    assert state(env) == before


def test_a_pip_that_fails_leaves_no_new_environment(online: FakeBase) -> None:
    told(online, report=[entry("outer")], files=files("outer"), code=1)
    online.keel("create", "-n", "work", "outer", code=1)
    assert not list((online.prefix / "envs").iterdir())


def test_a_new_environment_knows_nothing_of_where_it_was_made(online: FakeBase) -> None:
    told(online, report=[entry("outer", requested=True), entry("low")], files=files("outer"))
    said = online.keel("create", "-n", "work", "outer", "--json")
    assert "pip was here" in said.stderr
    assert [one["name"] for one in json.loads(said.stdout)["packages"]] == ["low", "outer", "pip"]
    env = online.env("work")
    script = (env / "bin/outer").read_text()
    assert "/envs/work/bin/python" in script
    assert ".work.keel-" not in script
    assert "sha256=x" not in (env / LIBRARY / "outer-1.0.dist-info/RECORD").read_text()
    assert str((env / "bin/python").readlink()).startswith("../../../bin/python3")


def test_a_run_that_is_killed_while_pip_works_is_undone_once_pip_has_ended(online: FakeBase) -> None:
    env = online.create("work", "low==1.0")
    before = state(env)
    told(online, report=[entry("outer"), entry("low", "2.0")], files=files("outer"), sleep=2)
    run = subprocess.Popen(
        [online.prefix / "cmd/keel", "install", "-n", "work", "outer"], env=online.environment(),
        stdout=subprocess.DEVNULL,
    )
    _wait_for(online.prefix.parent / "working")
    run.kill()
    run.wait()
    online.keel("list", "-n", "work")
    assert (env / LIBRARY / "outer.py").exists()  # pip still holds the lock
    deadline = time.monotonic() + 30
    while (env / ".keel-transaction").exists() and time.monotonic() < deadline:
        time.sleep(0.2)
        online.keel("list", "-n", "work")
    assert state(env) == before


def test_a_run_that_is_asked_to_end_ends_pip_and_undoes_its_work(online: FakeBase) -> None:
    env = online.create("work", "low==1.0")
    before = state(env)
    told(online, report=[entry("outer")], files=files("outer"), sleep=50)
    run = subprocess.Popen(
        [online.prefix / "cmd/keel", "install", "-n", "work", "outer"], env=online.environment(),
        stdout=subprocess.DEVNULL,
    )
    _wait_for(online.prefix.parent / "working")
    run.send_signal(signal.SIGTERM)
    assert run.wait(timeout=30) == 128 + signal.SIGTERM
    assert state(env) == before


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert path.exists()


def test_addresses_are_handed_over_and_without_an_index_nothing_else_is_looked_for(
    online: FakeBase, tmp_path: Path
) -> None:
    write_values(str(user_file(online.base)), {"installer": "pip"})
    env = online.create("work")
    wheel = make_wheel(tmp_path / "a b", "outer")
    direct = entry("outer", is_direct=True, download_info={"url": f"{wheel.as_uri()}", "archive_info": {}})
    told(online, report=[direct, entry("low")], files=files("outer"))
    online.keel("install", "-n", "work", wheel)
    assert versions(env) == {"outer": "1.0", "low": "1.0"}
    assert requested(env) == {"outer"}
    assert all("--no-index" in call for call in calls(online))
    assert "no bundled package" in online.keel("install", "-n", "work", "elsewhere", code=1).stderr


def test_update_asks_the_index_for_newer_ones(online: FakeBase) -> None:
    env = online.create("work", "low==1.0")
    told(online, report=[entry("low", "3.0", requested=True)], files=files("low", "3.0"))
    online.keel("update", "-n", "work", "low")
    assert "--upgrade" in calls(online)[0]
    assert "low-3.0.dist-info" in {path.name for path in (env / LIBRARY).iterdir()}


def test_uv_that_is_demanded_and_missing_is_an_error(online: FakeBase) -> None:
    online.create("work")
    online.keel("config", "set", "installer", "uv")
    assert "uv is set as installer" in online.keel("install", "-n", "work", "other", code=1).stderr


def test_places_that_a_file_of_requirements_names_are_looked_in_without_an_index(
    online: FakeBase, tmp_path: Path
) -> None:
    write_values(str(user_file(online.base)), {"installer": "pip"})
    env = online.create("work")
    (tmp_path / "r.txt").write_text("--find-links wheels\nouter\nlow<2\n")
    told(online, report=[entry("outer", requested=True), entry("low", requested=True)], files=files("outer"))
    online.keel("install", "-n", "work", "-r", tmp_path / "r.txt")
    assert versions(env) == {"outer": "1.0", "low": "1.0"}
    assert all("--no-index" in call and "wheels" in call for call in calls(online))
