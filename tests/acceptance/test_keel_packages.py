"""Packages of environments in a real base: out of the store, and by real pip and uv from an index on loopback."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from uv import find_uv_bin

from tests.acceptance.conftest import LIBRARY, Keel, contents, run
from tests.unit.loopback import Server, index, serving
from tests.unit.wheels import make_wheel, sha256

TOOLS = ["pip", "uv"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """An index with outer (needs inner and two bundled packages), inner in two versions, and a newer idna."""
    folder = tmp_path / "index"
    code = "import inner, idna, sys\ndef main(): print(sys.prefix, inner.VERSION, idna.__name__)\n"
    make_wheel(
        folder, "outer", files={"outer.py": code}, requires=["inner", "idna>=2", "rich"],
        scripts={"outer": "outer:main"},
    )
    make_wheel(folder, "inner", "1.0")
    make_wheel(folder, "inner", "2.0", requires=["pyyaml"])
    make_wheel(folder, "idna", "9000")
    with serving(lambda request: index(request, folder)) as server:
        yield server


def use(keel: Keel, tool: str, server: Server | None = None) -> None:
    """Set the installer, and the index."""
    keel.env["PATH"] = f"{Path(find_uv_bin()).parent if tool == 'uv' else '/usr/bin'}:/usr/bin:/bin"
    keel("config", "set", "installer", tool)
    if server is not None:
        keel("config", "set", "index", f"{server.url}/simple")


def freeze(keel: Keel, name: str) -> str:
    return keel.run(name, "python", "-m", "pip", "freeze", "--all")


def sources(keel: Keel, name: str) -> dict[str, str]:
    return {one["name"]: one["source"] for one in json.loads(keel("list", "-n", name, "--json"))}


def check(keel: Keel, name: str) -> None:
    assert keel.run(name, "python", "-m", "pip", "check") == "No broken requirements found.\n"


def test_a_bundled_package_comes_and_goes_offline(keel: Keel) -> None:
    keel("create", "-n", "work")
    empty = contents(keel.path("work"))
    keel("install", "-n", "work", "numpy", "rich")
    assert keel.run("work", "python", "-c", "import numpy, rich; print(numpy.arange(3).sum())") == "3\n"
    assert keel.run("work", "f2py", "-v")
    check(keel, "work")
    assert "pygments is needed by rich" in keel("remove", "-n", "work", "-y", "pygments", code=1)
    assert "nothing to do" in keel("update", "-n", "work", "--all")
    keel("remove", "-n", "work", "-y", "numpy", "rich", "markdown-it-py", "mdurl", "pygments")
    assert {path for path in contents(keel.path("work")) if "__pycache__" not in path} == {
        path for path in empty if "__pycache__" not in path
    }
    assert "nearest bundled names: requests" in keel("install", "-n", "work", "reqests", code=1)


def test_every_package_of_the_store_can_be_installed_and_removed(keel: Keel) -> None:
    offers = json.loads(keel("search", "--json"))
    names = [one["name"] for one in offers if one["name"] != "pip"]
    assert {"numpy", "setuptools"} <= set(names)
    assert all(one["summary"] for one in offers)
    keel("create", "-n", "work")
    empty = set(contents(keel.path("work")))
    keel("install", "-n", "work", *names)
    check(keel, "work")
    keel("remove", "-n", "work", "-y", *names)
    assert set(contents(keel.path("work"))) == empty


def test_the_base_of_ones_own_changes_when_it_is_named(keel: Keel) -> None:
    before = contents(keel.prefix / "lib")
    assert "-n base" in keel("install", "hatchling", code=1)
    said = json.loads(keel("install", "-n", "base", "hatchling", "--json"))
    assert run(keel.prefix / "bin/hatchling", "--help", env=keel.env).out
    keel("remove", "-n", "base", "-y", *(one["name"] for one in said["changes"]))
    now = contents(keel.prefix / "lib")
    assert {path for path in now if ".pyc" not in path} == {path for path in before if ".pyc" not in path}


@pytest.mark.parametrize("tool", TOOLS)
def test_what_the_store_does_not_have_comes_from_the_index(keel: Keel, server: Server, tool: str) -> None:
    use(keel, tool, server)
    keel("create", "-n", "new", "outer")
    keel("create", "-n", "work", "pyyaml")
    keel("install", "-n", "work", "outer")
    for name in ("new", "work"):
        found = sources(keel, name)
        assert (found["outer"], found["inner"], found["idna"], found["rich"]) == (tool, tool, "bundled", "bundled")
        assert keel.run(name, "outer") == f"{keel.path(name)} 2.0 idna\n"
        check(keel, name)
        requested = {path.parent.name for path in (keel.path(name) / LIBRARY).glob("[oi]*/REQUESTED")}
        assert requested == {"outer-1.0.dist-info"}
    keel("install", "-n", "work", "inner<2")
    assert "inner==1.0\n" in freeze(keel, "work")
    assert "inner" in keel("update", "-n", "work", "--all", "--dry-run")
    keel("update", "-n", "work", "inner")
    assert "inner==2.0\n" in freeze(keel, "work")


@pytest.mark.parametrize("tool", TOOLS)
def test_a_failed_installation_leaves_all_as_it_was(keel: Keel, server: Server, tool: str, tmp_path: Path) -> None:
    use(keel, tool, server)
    broken = tmp_path / "index/broken-1.0-py3-none-any.whl"
    make_wheel(tmp_path / "index", "broken", requires=["rich"])
    broken.write_bytes(broken.read_bytes()[:-40])
    keel("create", "-n", "work", "pyyaml")
    before = contents(keel.path("work"))
    keel("install", "-n", "work", "outer", "broken", code=1)
    assert "nearest" in keel("install", "-n", "work", "rihc", code=1)
    assert contents(keel.path("work")) == before
    keel("create", "-n", "other", "broken", code=1)
    assert [path.name for path in (keel.prefix / "envs").iterdir()] == ["work"]


@pytest.mark.parametrize("tool", TOOLS)
def test_files_folders_and_editable_projects_are_installed_offline(keel: Keel, tmp_path: Path, tool: str) -> None:
    use(keel, tool)
    source = tmp_path / "my src"
    source.mkdir()
    (source / "pyproject.toml").write_text(
        "[build-system]\nrequires = ['flit_core']\nbuild-backend = 'flit_core.buildapi'\n"
        "[project]\nname = 'devel'\nversion = '1'\ndescription = 'x'\ndependencies = ['rich']\n"
    )
    (source / "devel.py").write_text("HERE = __file__\n")
    wheel = make_wheel(tmp_path / "a dir", "private", requires=["pyyaml"])
    keel("create", "-n", "work", wheel, "-e", source)
    keel("create", "-n", "other")
    keel("install", "-n", "other", "-e", source, wheel)
    for name in ("work", "other"):
        place = keel.run(name, "python", "-c", "import devel, yaml, private; print(devel.HERE)")
        assert place == f"{source}/devel.py\n"
        assert sources(keel, name)["devel"] == f"editable: {source}"
        assert sources(keel, name)["rich"] == "bundled"
        check(keel, name)
    keel("env", "export", "-n", "work", "-o", tmp_path / "pylock.toml")
    keel("env", "create", "-n", "again", "-f", tmp_path / "pylock.toml")
    assert freeze(keel, "again") == freeze(keel, "work")
    keel("remove", "-n", "work", "-y", "devel", "private")
    keel.run("work", "python", "-c", "import devel", code=1)
    assert (source / "devel.py").exists()


@pytest.mark.parametrize("tool", TOOLS)
def test_an_export_and_a_lock_with_addresses_are_made_again(
    keel: Keel, server: Server, tmp_path: Path, tool: str
) -> None:
    use(keel, tool, server)
    keel("create", "-n", "work", "outer", "numpy")
    for name in ("pylock.toml", "env.json", "env.txt"):
        keel("env", "export", "-n", "work", "-o", tmp_path / name)
        keel("create", "-n", "again", "-f", tmp_path / name)
        assert freeze(keel, "again") == freeze(keel, "work")
        keel("env", "remove", "-y", "-n", "again")
    keel("config", "set", "index", "none")
    file = tmp_path / "index/inner-1.0-py3-none-any.whl"
    lock = (
        'lock-version = "1.0"\ncreated-by = "tests"\n[[packages]]\nname = "inner"\nversion = "1.0"\n'
        f'[[packages.wheels]]\nurl = "{server.url}/files/{file.name}"\nhashes = {{ sha256 = "%s" }}\n'
    )
    (tmp_path / "pylock.toml").write_text(lock % sha256(file))
    keel("create", "-n", "again", "-f", tmp_path / "pylock.toml")
    assert "inner==1.0\n" in freeze(keel, "again")
    (tmp_path / "pylock.toml").write_text(lock % ("ab" * 32))
    keel("create", "-n", "bad", "-f", tmp_path / "pylock.toml", code=1)
    assert not keel.path("bad").exists()


def test_a_clone_of_what_was_fetched_stays_whole_when_that_is_gone(keel: Keel, server: Server) -> None:
    use(keel, "pip", server)
    keel("create", "-n", "work", "outer")
    keel("create", "-n", "copy", "--clone", "work")
    shutil.rmtree(keel.path("work"))
    assert keel.run("copy", "outer") == f"{keel.path('copy')} 2.0 idna\n"
    keel("remove", "-n", "copy", "-y", "outer", "inner")
    assert not (keel.path("copy") / "bin/outer").exists()
