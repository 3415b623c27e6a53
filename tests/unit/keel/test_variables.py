"""Variables of an environment: kept, laid out for every shell, set and taken back."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keel import quoting
from keel.errors import KeelError
from keel.variables import FILE, change_variables, moved_variables, read_variables, write_variables
from tests.conftest import need
from tests.unit.keel.bases import FakeBase
from tests.unit.keel.real_shells import HOOKED, SHELLS, VARIABLES, command_of, make_shared

# In the words of every shell here: a line of JSON with the variables as a program sees them.
SHOW = (
    f"{sys.executable} -c 'import json, os; "
    'print(json.dumps([os.environ.get(name) for name in ("DATA", "LINES_OF_TEXT", "EMPTY", "_KEEL_VARS_1")]))\''
)
# And one with everything that activation may change, but for the prompt: that is up to each shell.
SHOW_ALL = (
    f"{sys.executable} -c 'import json, os; names = set(\"PATH VIRTUAL_ENV DATA LINES_OF_TEXT EMPTY MORE\".split()); "
    'names |= {name for name in os.environ if "KEEL_" in name and name != "_KEEL_PROMPT"}; '
    "print(json.dumps({name: os.environ.get(name) for name in names}))'"
)
BEFORE = ["mine", None, "", None]
INSIDE = [VARIABLES["DATA"], VARIABLES["LINES_OF_TEXT"], VARIABLES["EMPTY"], "DATA EMPTY LINES_OF_TEXT"]
SOURCE = {"sh": '. "$BASE/{}"', "fish": "source $BASE/{}", "csh": 'source "$BASE:q/{}"'}
ALL_SHELLS = [*SHELLS, "fish", "tcsh"]


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> FakeBase:
    return make_shared(tmp_path_factory.mktemp("home"))


def run(name: str, fake: FakeBase, file: str, script: str, folder: Path) -> list[object]:
    """What `script` prints, of JSON what it stands for; the shell `name` sources `file` (without extension) first."""
    extension = {"fish": "fish", "tcsh": "csh"}.get(name, "sh")
    plain = file == "envs/set/bin/activate" and extension == "sh"
    load = SOURCE[extension].format(file if plain else f"{file}.{extension}")
    path = folder / "script"
    path.write_text(f"{load}\n{script}\n")
    commands = {"fish": ["fish", "--no-config"], "tcsh": ["tcsh", "-f"]}
    done = subprocess.run(
        [*(commands[name] if name in commands and need(name) else command_of(name)), path],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=fake.environment(BASE=str(fake.prefix), DATA="mine", EMPTY=""),
    )
    assert done.stderr == ""
    return [json.loads(line) if line[0] in "[{" else line for line in done.stdout.splitlines()]


@pytest.mark.parametrize("name", ALL_SHELLS)
def test_variables_are_set_while_the_environment_is_active(name: str, fake: FakeBase, tmp_path: Path) -> None:
    commands = ("activate set", "activate one", "deactivate", "deactivate")
    script = "\n".join([SHOW, *(f"keel {command}\n{SHOW}" for command in commands)])
    assert run(name, fake, "etc/profile.d/keel", script, tmp_path) == [BEFORE, INSIDE, BEFORE, INSIDE, BEFORE]


def shown(*commands: str) -> str:
    """A script of these commands of keel, with SHOW_ALL before the first and after each."""
    return "\n".join([SHOW_ALL, *(f"keel {command}\n{SHOW_ALL}" for command in commands)])


ENTERED = ["activate 10 a in hooked", "activate 20-b in hooked"]
LEFT = ["deactivate 20-b in hooked", "deactivate 10 a in hooked"]


@pytest.mark.parametrize("name", ALL_SHELLS)
def test_what_is_below_a_stacked_environment_keeps_its_variables_and_is_not_left(
    name: str, fake: FakeBase, tmp_path: Path
) -> None:
    script = shown(
        "activate set", "activate --stack hooked", "activate hooked", "activate one", *["deactivate"] * 3,
        "activate hooked", "activate --stack set", "activate --stack one", *["deactivate"] * 3,
    )  # fmt: skip
    lines = run(name, fake, "etc/profile.d/keel", script, tmp_path)
    told = [line for line in lines if isinstance(line, str)]
    assert told == [*ENTERED, *LEFT, *ENTERED, *LEFT, *ENTERED, *LEFT, *ENTERED, *LEFT]
    assert lines[-3:-1] == LEFT  # with two others on top of it, it is left at last
    states: list[dict[str, str | None]] = [line for line in lines if isinstance(line, dict)]
    before, set_, hooked, again, one, hooked_2, set_2, after, *others = states
    assert hooked == again == hooked_2
    assert set_ == set_2
    assert before == after == others[-1]
    assert {key: set_[key] for key in VARIABLES} == VARIABLES
    assert {key: hooked[key] for key in VARIABLES | HOOKED} == VARIABLES | HOOKED
    assert hooked["_KEEL_OLD_2_DATA"] == VARIABLES["DATA"]
    assert {key: one[key] for key in VARIABLES | HOOKED} == VARIABLES | {"MORE": None}
    assert (one["KEEL_SHLVL"], one["_KEEL_VARS_1"]) == ("3", set_["_KEEL_VARS_1"])
    hooked, upper, top, upper_2, hooked_2, _ = others
    assert {key: top[key] for key in VARIABLES | HOOKED} == HOOKED | VARIABLES
    assert str(top["PATH"]).startswith("".join(f"{fake.env(env)}/bin:" for env in ("one", "set", "hooked")))
    assert (upper, hooked) == (upper_2, hooked_2)


@pytest.mark.parametrize("child", ["fish", "tcsh", "xonsh", "dash"])
def test_a_child_of_another_kind_leaves_what_is_stacked(child: str, fake: FakeBase, tmp_path: Path) -> None:
    extension = {"fish": "fish", "tcsh": "csh", "xonsh": "xsh"}.get(child, "sh")
    load = {**SOURCE, "xsh": "source @($BASE + '/{}')"}[extension].format(f"etc/profile.d/keel.{extension}")
    (tmp_path / "child").write_text(f"{load}\n" + shown("deactivate", "deactivate"))
    options = {"fish": ["--no-config"], "tcsh": ["-f"], "xonsh": ["--no-rc"]}.get(child, [])
    program = Path(sys.executable).with_name("xonsh") if child == "xonsh" else need(child)
    command = " ".join(map(str, [program, *options, tmp_path / "child"]))
    script = shown("activate set", "activate --stack hooked")
    lines = run("bash", fake, "etc/profile.d/keel", f"{script}\n{command}", tmp_path)
    before, lower, upper, same, popped, left = (line for line in lines if isinstance(line, dict))
    assert (same, popped, left) == (upper, lower, before)


@pytest.mark.parametrize("name", ALL_SHELLS)
def test_the_activate_files_of_an_environment_set_them_too(name: str, fake: FakeBase, tmp_path: Path) -> None:
    inside, after = run(name, fake, "envs/set/bin/activate", f"{SHOW}\ndeactivate\n{SHOW}", tmp_path)
    assert inside == [*INSIDE[:3], None]
    assert after == BEFORE


@pytest.mark.parametrize("name", ["bash", "fish", "tcsh"])
def test_activating_again_refreshes_them(name: str, fake: FakeBase, tmp_path: Path) -> None:
    env = fake.env("two")
    write_variables(str(env), {"DATA": "old", "LINES_OF_TEXT": "x"})
    update = tmp_path / "update"
    update.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(Path(__file__).parents[3])!r})\n"
        "from keel.variables import change_variables\n"
        f"change_variables({str(env)!r}, {{'DATA': 'new'}}, ['LINES_OF_TEXT'])\n"
    )
    update.chmod(0o755)
    script = f"keel activate two\n{SHOW}\n{update}\nkeel activate two\n{SHOW}\nkeel deactivate\n{SHOW}"
    assert run(name, fake, "etc/profile.d/keel", script, tmp_path) == [
        ["old", "x", "", "DATA LINES_OF_TEXT"],
        ["new", None, "", "DATA"],
        BEFORE,
    ]


@pytest.mark.parametrize(
    "name",
    ["", "1A", "A-B", "A B", "Ä", "PATH", "Path", "path", "PS1", "prompt", "KEEL_PREFIX", "_KEEL_VARS", "VIRTUAL_ENV",
     "virtual_env_prompt", "PYTHONHOME", "argv", "IFS", "HOME"],
)  # fmt: skip
def test_a_name_that_a_shell_cannot_hold_or_needs_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(KeelError, match=r"cannot be"):
        write_variables(str(tmp_path), {name: "x"})
    assert list(tmp_path.iterdir()) == []


def test_no_variables_leave_no_files(tmp_path: Path) -> None:
    assert change_variables(str(tmp_path), {}, ["A"]) == {}
    write_variables(str(tmp_path), {"A": "b"})
    files = sorted(path.name for path in (tmp_path / "etc/keel").iterdir())
    assert files == ["vars.csh", "vars.fish", "vars.json", "vars.sh"]
    assert change_variables(str(tmp_path), {}, ["A"]) == {}
    assert list((tmp_path / "etc/keel").iterdir()) == []
    with pytest.raises(KeelError, match="NUL"):
        change_variables(str(tmp_path), {"A": "\0"})


@pytest.mark.parametrize("text", ["no json", "[]", '{"A": 1}', '{"PATH": "x"}'])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "etc/keel").mkdir(parents=True)
    (tmp_path / FILE).write_text(text)
    with pytest.raises(KeelError, match=r"vars\.json"):
        read_variables(str(tmp_path))


@settings(max_examples=30)
@given(raw=st.dictionaries(st.from_regex(r"X[A-Za-z0-9_]{0,5}", fullmatch=True), st.binary()))
def test_what_is_written_is_read_again(raw: dict[str, bytes]) -> None:
    values = {name: value.replace(b"\0", b"").decode("utf-8", "surrogateescape") for name, value in raw.items()}
    with tempfile.TemporaryDirectory() as folder:
        write_variables(folder, values)
        assert read_variables(folder) == values


def test_paths_in_the_old_place_lead_to_the_new_one() -> None:
    values = {"A": "/a/b/x:/a/bc:/a/b", "B": "--root=/a/b file:///a/b/c", "C": "/x/a/b", "D": "/real/b"}
    assert moved_variables(values, ["/a/b", "/real/b"], "/new place") == {
        "A": "/new place/x:/a/bc:/new place",
        "B": "--root=/new place file:///new place/c",
        "C": "/x/a/b",
        "D": "/new place",
    }


def test_the_command_sets_lists_and_unsets(fake: FakeBase) -> None:
    place = ["-n", "analysis"]
    said = fake.keel("env", "config", "vars", "set", *place, "A=it's", "B=x=y").stdout
    assert said == "A='it'\\''s'\nB=x=y\n"
    assert json.loads(fake.keel("env", "config", "vars", "list", *place, "--json").stdout) == {"A": "it's", "B": "x=y"}
    active = fake.environment(KEEL_PREFIX=str(fake.env("analysis")))
    said = fake.keel("env", "config", "vars", "unset", "A", env=active).stdout
    assert said == "A is not set any more\nre-activate to have it in this shell: keel activate analysis\n"
    assert fake.keel("env", "config", "vars", "list", *place).stdout == "B=x=y\n"
    assert "has no variable A" in fake.keel("env", "config", "vars", "unset", "A", *place, code=1).stderr
    assert "A has no value" in fake.keel("env", "config", "vars", "set", "A", *place, code=1).stderr


def test_a_clone_takes_them_over_with_its_own_paths(fake: FakeBase) -> None:
    source = fake.env("work")
    write_variables(str(source), {"DATA": f"{source}/share:/else", "MODE": "fast"})
    try:
        copy = Path(fake.clone("copy", "work").environment.prefix)
    finally:
        write_variables(str(source), {})
    assert read_variables(str(copy)) == {"DATA": f"{copy}/share:/else", "MODE": "fast"}
    assert f"{copy}/share".replace("'", "'\\''") in (copy / "etc/keel/vars.sh").read_text()


@pytest.mark.parametrize(
    ("text", "written"),
    [("100%", "100%%"), ('say "a & b"', 'say "a ^& b"'), ("a & b", "a & b"), ('x"<y>', 'x"^<y^>')],
)
def test_a_batch_file_gets_what_cmd_would_expand_escaped(text: str, written: str) -> None:
    assert quoting.cmd(text) == written
