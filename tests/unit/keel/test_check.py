"""`keel check`: what is found, what --fix mends, and what it leaves alone; private copies."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from keel.check import check, fix
from keel.environments import find_environment
from keel.repair import unit_time
from tests.unit.keel.bases import LIBRARY, FakeBase

JSON = dict[str, object]


@pytest.fixture
def base(fake: FakeBase) -> FakeBase:
    """With `tool` in the store and in the base, which needs `other`."""
    fake.keel("--settle")
    fake.add("other", "2.0", {"other.py": "OTHER = 2\n"})
    fake.add("tool", "1.0", {"tool/__init__.py": "TOOL = 1\n"}, requires=["other>=2"], scripts={"tool": "tool:main"})
    return fake


def found(base: FakeBase, *options: object, code: int = 1) -> list[JSON]:
    told = json.loads(base.keel("check", "--json", *options, code=code).stdout)
    assert told["success"] == (code == 0)
    problems: list[JSON] = told["problems"]
    return problems


def kinds(problems: list[JSON]) -> list[tuple[object, object, object]]:
    return [(one["place"], one["kind"], one["fixed"]) for one in problems]


def edit_in_place(path: Path, text: str) -> None:
    """As root or the owner of the store can, whatever its mode: the file stays the same one."""
    path.chmod(0o644)
    with path.open("r+") as file:
        file.write(text)
        file.truncate()
    path.chmod(0o444)


def test_a_base_and_its_environments_are_well(base: FakeBase) -> None:
    base.create("work", "tool", with_pip=True)
    base.clone("copy", "base")
    base.keel("create", "-p", base.prefix.parent / "elsewhere", "tool")
    assert base.keel("check", "--all").stdout.startswith("all is well: base, ")
    assert found(base, "-n", "work", code=0) == []


def test_missing_and_changed_files_are_put_back_and_what_was_changed_is_kept(base: FakeBase) -> None:
    env = base.create("work", "tool", copy=True)
    module, script = env / LIBRARY / "tool/__init__.py", env / "bin/tool"
    good = script.read_bytes()
    module.write_text("TOOL = 'mine'\n")
    script.unlink()
    (env / LIBRARY / "other.py").unlink()
    assert sorted(kinds(found(base, "-n", "work"))) == [
        ("work", "changed", False), ("work", "missing", False), ("work", "missing", False)
    ]
    told = json.loads(base.keel("check", "-n", "work", "--fix", "--json").stdout)
    assert all(one["fixed"] for one in told["problems"])
    assert module.read_text() == "TOOL = 1\n"
    assert script.read_bytes() == good
    assert os.access(script, os.X_OK)
    assert Path(told["kept"] + str(module)).read_text() == "TOOL = 'mine'\n"
    assert not list(module.parent.glob(".*"))
    assert found(base, "-n", "work", code=0) == []


def test_an_edit_in_place_is_found_everywhere_and_undone_out_of_a_private_copy(base: FakeBase) -> None:
    linked = base.create("linked", "tool")
    base.create("apart", "tool", copy=True)
    stored = base.prefix / base.units[-1].path / "tool/__init__.py"
    edit_in_place(linked / LIBRARY / "tool/__init__.py", "TOOL = 'edited'\n")
    assert stored.read_text() == "TOOL = 'edited'\n"
    problems = found(base, "--all")
    assert kinds(problems) == [("store", "changed", False), ("base", "changed", False), ("linked", "changed", False)]
    assert all("changed in place" in str(one["text"]) for one in problems)
    assert "keel unlink tool" in str(problems[2]["hint"])
    assert "changed in place" in str(found(base, "-n", "linked")[0]["text"])
    assert all(one["fixed"] for one in found(base, "--all", "--fix", code=0))
    for place in stored, linked / LIBRARY / "tool/__init__.py", base.prefix / LIBRARY / "tool/__init__.py":
        assert place.read_text() == "TOOL = 1\n"
    assert stored.stat().st_ino == (linked / LIBRARY / "tool/__init__.py").stat().st_ino
    assert stored.stat().st_mode & 0o777 == 0o444
    assert stored.stat().st_mtime == unit_time(base.units[-1])
    assert found(base, "--all", code=0) == []


def test_mending_one_environment_mends_the_store_that_it_needs(base: FakeBase) -> None:
    linked = base.create("linked", "tool")
    base.create("apart", "tool", copy=True)
    edit_in_place(linked / LIBRARY / "tool/__init__.py", "TOOL = 'edited'\n")
    assert [one["fixed"] for one in found(base, "-n", "linked", "--fix", code=0)] == [True]
    assert found(base, "--all", code=0) == []


def test_without_an_intact_copy_the_next_step_is_said(base: FakeBase) -> None:
    env = base.create("linked", "tool")
    edit_in_place(env / LIBRARY / "tool/__init__.py", "TOOL = 'edited'\n")
    problems = found(base, "--all", "--fix")
    assert not any(one["fixed"] for one in problems)
    assert "run the installer of Tiny 1 into another folder, and copy pkgs/tool-1.0-" in str(problems[0]["hint"])
    shutil.rmtree(base.prefix / base.units[-1].path)
    problems = found(base)
    assert ("store", "missing", False) in kinds(problems)
    base.keel("check", "--fix", code=1)


def test_links_to_a_unit_that_is_gone_are_explained_or_led_to_its_new_place(base: FakeBase) -> None:
    base.keel("config", "set", "link_mode", "symlink")
    env = base.create("work", "tool")
    unit = base.units[-1]
    aside = base.prefix / "pkgs/aside"
    (base.prefix / unit.path).rename(aside)
    problems = found(base, "-n", "work", "--fix")
    assert {one["kind"] for one in problems} >= {"broken link"}
    assert not any(one["fixed"] for one in problems)
    assert "install" in str(problems[-1]["hint"])
    base.units[-1] = unit._replace(path="pkgs/tool-1.0-elsewhere")
    aside.rename(base.prefix / "pkgs/tool-1.0-elsewhere")
    base.write_manifest()
    assert all(one["fixed"] for one in found(base, "-n", "work", "--fix", code=0))
    assert (env / LIBRARY / "tool/__init__.py").read_text() == "TOOL = 1\n"


def test_an_environment_whose_base_was_installed_anew_is_linked_again(base: FakeBase) -> None:
    base.keel("config", "set", "link_mode", "symlink")
    env = base.create("work", "tool")
    unit = base.units[-1]
    base.units[-1] = unit._replace(path="pkgs/tool-1.0-elsewhere")
    (base.prefix / unit.path).rename(base.prefix / "pkgs/tool-1.0-elsewhere")
    base.write_manifest()
    (base.prefix / "keel-meta/prefix").unlink()
    base.keel("--settle")
    assert base.keel("env", "list").stderr == "the base was installed anew; mended: work\n"
    assert (env / LIBRARY / "tool/__init__.py").read_text() == "TOOL = 1\n"
    assert base.keel("env", "list").stderr == ""


def test_dependencies_that_are_missing_or_of_another_version_are_found(base: FakeBase) -> None:
    env = base.create("work", "tool")
    library = env / LIBRARY
    for path in library.glob("other*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    info = library / "mine-1.dist-info"
    info.mkdir()
    (info / "RECORD").write_text("")
    (info / "METADATA").write_text(
        "Name: mine\nVersion: 1\nRequires-Dist: tool[fast]<1\nRequires-Dist: never; sys_platform == 'none'\n\nbody\n"
    )
    problems = found(base, "-n", "work")
    assert [(one["kind"], one["text"]) for one in problems] == [
        ("dependency", "mine 1 needs tool<1, but 1.0 is installed"),
        ("dependency", "tool 1.0 needs other>=2, which is not installed"),
    ]
    assert problems[1]["hint"] == "keel install -n work other"


def test_what_an_extra_needs_is_needed_where_the_extra_is_asked_for(base: FakeBase) -> None:
    base.add("big", files={"big.py": ""}, requires=['other; extra == "all"', 'absent; extra == "rest"'])
    base.add("user", files={"user.py": ""}, requires=["big[all,rest]"])
    assert [one["text"] for one in found(base)] == ["big 1.0 needs absent, which is not installed"]


def test_lost_sources_and_path_files_are_listed(base: FakeBase, tmp_path: Path) -> None:
    library = base.create("work") / LIBRARY
    (library / "old.pth").write_text(f"import os\n{tmp_path}/gone\n{tmp_path}\n")
    for name, editable in ("devel", "true"), ("once", "false"):
        info = library / f"{name}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {name}\n\n")
        (info / "RECORD").write_text("")
        (info / "direct_url.json").write_text(
            json.dumps({"url": f"file://{tmp_path}/my%20src", "dir_info": {"editable": editable == "true"}})
        )
    told = found(base, "-n", "work")
    assert [(one["kind"], one["note"]) for one in told] == [("editable", False), ("source", True), ("path", False)]
    assert f"{tmp_path}/my src" in str(told[0]["text"])
    assert f"{tmp_path}/gone" in str(told[2]["text"])


def test_an_environment_of_another_python_or_base_is_explained(base: FakeBase) -> None:
    env = base.create("work")
    config = (env / "pyvenv.cfg").read_text()
    (env / LIBRARY).parent.rename(env / "lib/python3.0")
    assert "it was made for Python" in str(found(base, "-n", "work")[0]["text"])
    (env / "lib/python3.0").rename((env / LIBRARY).parent)
    (env / "bin/python").unlink()
    assert kinds(found(base, "-n", "work", "--fix", code=0)) == [("work", "python", True)]
    subprocess.run([env / "bin/python", "-c", ""], check=True)
    lost = config.replace(f"home = {base.prefix}", "home = /nowhere").replace("keel-base", "x")
    (env / "pyvenv.cfg").write_text(lost)
    assert "names the Python of another place, where nothing is any more: /nowhere/bin" in base.keel(
        "check", "-n", "work", code=1
    ).stdout


def test_foreign_files_in_the_store_are_noted(base: FakeBase) -> None:
    (base.prefix / base.units[-1].path / "tool/extra.py").touch()
    (base.prefix / "pkgs/old-1.0-00000000").mkdir()
    assert [(one["kind"], one["note"]) for one in found(base, code=0)] == [("foreign", True), ("foreign", True)]


def test_a_private_copy_can_be_edited_and_linked_again(base: FakeBase) -> None:
    env = base.create("work", "tool")
    module, record = env / LIBRARY / "tool/__init__.py", (env / LIBRARY / "tool-1.0.dist-info/RECORD")
    before = record.read_bytes()
    assert "tool 1.0 in work is a private copy: 4 files" in base.keel("unlink", "-n", "work", "Tool").stdout
    module.write_text("TOOL = 'mine'\n")
    assert record.read_bytes() == before
    assert (base.prefix / LIBRARY / "tool/__init__.py").read_text() == "TOOL = 1\n"
    assert "bundled (private copy)" in base.keel("list", "-n", "work").stdout
    assert [(one["kind"], one["note"]) for one in found(base, "--all", "--fix", code=0)] == [("edited", True)]
    assert module.read_text() == "TOOL = 'mine'\n"
    base.clone("copy", "work")
    assert "private copy" in base.keel("list", "-n", "copy").stdout
    assert "nothing was changed" in base.keel("unlink", "--undo", "-n", "work", "tool", code=1).stderr
    kept = json.loads(base.keel("unlink", "--undo", "-n", "work", "tool", "-y", "--json").stdout)["kept"]
    assert Path(kept + str(module)).read_text() == "TOOL = 'mine'\n"
    assert module.stat().st_ino == (base.prefix / LIBRARY / "tool/__init__.py").stat().st_ino
    assert found(base, "-n", "work", code=0) == []
    assert "private copy" not in base.keel("list", "-n", "work").stdout


def test_only_what_came_out_of_the_store_is_unlinked(base: FakeBase) -> None:
    env = base.create("work", "tool")
    assert "has no package nothing" in base.keel("unlink", "-n", "work", "tool", "nothing", code=1).stderr
    (env / LIBRARY / "tool-1.0.dist-info/INSTALLER").write_text("pip\n")
    assert "private already" in base.keel("unlink", "-n", "work", "tool", code=1).stderr
    assert not (env / "etc/keel/private.txt").exists()


def test_a_package_that_is_installed_anew_is_a_private_copy_no_more(base: FakeBase) -> None:
    env = base.create("work", "tool")
    base.keel("unlink", "-n", "work", "tool", "other")
    base.keel("remove", "-y", "-n", "work", "tool")
    base.keel("install", "-n", "work", "tool")
    assert (env / "etc/keel/private.txt").read_text() == "other 2.0\n"
    assert found(base, "-n", "work", code=0) == []


def test_without_a_home_that_can_be_written_to_files_are_put_back_all_the_same(
    base: FakeBase, tmp_path: Path
) -> None:
    env = base.create("work", "tool", copy=True)
    (env / LIBRARY / "tool/__init__.py").write_text("TOOL = 'mine'\n")
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.keel").touch()
    told = base.keel("check", "-n", "work", "--fix", env=base.environment(HOME=str(tmp_path / "home"))).stdout
    assert "1 mended" in told
    assert "kept" not in told
    assert (env / LIBRARY / "tool/__init__.py").read_text() == "TOOL = 1\n"


def test_variables_that_cannot_be_read_are_found(fake: FakeBase) -> None:
    env = fake.create("work")
    (env / "etc/keel").mkdir(parents=True, exist_ok=True)
    (env / "etc/keel/vars.json").write_text("{bad")
    said = fake.keel("check", "-n", "work", code=1).stdout
    assert "vars.json: " in said
    assert "to have no variables" in said


def test_pipes_and_devices_are_damage_and_nobody_waits_for_them(base: FakeBase) -> None:
    env = base.create("work", "tool")
    files = [env / LIBRARY / "other.py", env / LIBRARY / "tool/__init__.py"]
    for file in files:
        file.unlink()
    os.mkfifo(files[0])
    files[1].symlink_to("/dev/zero")
    assert [one["kind"] for one in found(base, "-n", "work")] == ["changed", "changed"]
    base.keel("check", "-n", "work", "--fix")
    assert [file.read_text() for file in files] == ["OTHER = 2\n", "TOOL = 1\n"]


def test_fix_does_not_follow_links_out_of_the_environment(base: FakeBase, tmp_path: Path) -> None:
    env = base.create("work", "tool")
    for name in ("bin", f"{LIBRARY}/tool"):
        outside = tmp_path / Path(name).name
        (env / name).rename(outside)
        (env / name).symlink_to(outside)
    (tmp_path / "bin/python").unlink()
    (tmp_path / "tool/__init__.py").unlink()
    assert base.keel("check", "-n", "work", "--fix", code=1).stdout.count("leads out of") == 2
    assert not (tmp_path / "bin/python").is_symlink()
    assert not (tmp_path / "tool/__init__.py").exists()


def test_an_environment_of_another_user_is_left_to_them(base: FakeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    file = base.create("work", "tool") / LIBRARY / "tool/__init__.py"
    file.unlink()
    problems = check(base.base, [find_environment(base.base, "work")], store=False, tell=lambda text: None)
    monkeypatch.setattr("keel.repair.is_own", lambda base, prefix: False)
    done, _ = fix(base.base, problems)
    assert ["let its owner run" in str(reason) for reason in done.values()] == [True]
    assert not file.exists()
