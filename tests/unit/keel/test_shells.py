"""`keel init`: start-up files are changed as little as possible, and back byte for byte."""

import os
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.errors import KeelError
from keel.shells import SHELLS, check_shells, installed_shells, start_up_files
from keel.startup import apply, block, plan_init, plan_reverse
from tests.conftest import need
from tests.unit.keel.bases import FakeBase

PREFIX = '/opt/it\'s "odd" $x è'


def initialise(path: Path, prefix: str = PREFIX) -> str:
    change = plan_init("bash", str(path), prefix)
    apply(change)
    return change.action


def reverse(path: Path, prefix: str = PREFIX) -> str:
    change = plan_reverse(str(path), prefix)
    apply(change)
    return change.action


@pytest.mark.parametrize(
    "before", [b"", b"\n", b"alias x=y\n", b"no newline", b"\xff\xfe not utf-8\n", b"crlf\r\nfile\r\n", b"\n\n\n"]
)
def test_a_file_comes_back_byte_for_byte(tmp_path: Path, before: bytes) -> None:
    file = tmp_path / ".bashrc"
    file.write_bytes(before)
    assert initialise(file) == "add"
    after = file.read_bytes()
    assert after.startswith(before)
    assert initialise(file) == "none"
    assert file.read_bytes() == after
    assert reverse(file) == "remove"
    assert file.read_bytes() == before
    assert reverse(file) == "none"


@given(before=st.binary(max_size=60), behind=st.binary(max_size=60).filter(lambda text: b">>>" not in text))
def test_what_was_added_later_stays(before: bytes, behind: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("home") / "rc"
    file.write_bytes(before)
    initialise(file)
    file.write_bytes(file.read_bytes() + behind)
    reverse(file)
    joint = b"\n" if before and not before.endswith(b"\n") and behind else b""
    assert file.read_bytes() == before + joint + behind


def test_a_file_that_was_made_for_the_block_goes_with_it(tmp_path: Path) -> None:
    file = tmp_path / ".zshrc"
    initialise(file)
    assert file.stat().st_mode & 0o777 == 0o644
    reverse(file)
    assert not file.exists()
    initialise(file)
    file.write_bytes(file.read_bytes() + b"mine\n")
    reverse(file)
    assert file.read_bytes() == b"mine\n"


def test_mode_and_symbolic_link_are_kept(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    real, link = tmp_path / "dotfiles/bashrc", tmp_path / ".bashrc"
    real.write_text("x\n")
    real.chmod(0o600)
    link.symlink_to("dotfiles/bashrc")
    initialise(link)
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert b"keel initialize" in real.read_bytes()
    assert [path.name for path in real.parent.iterdir()] == ["bashrc"]


def test_another_base_takes_the_block_over_and_only_its_own_base_removes_it(tmp_path: Path) -> None:
    file = tmp_path / ".bashrc"
    file.write_bytes(b"first")
    initialise(file)
    file.write_bytes(file.read_bytes() + b"last\n")
    assert initialise(file, "/opt/second") == "refresh"
    assert file.read_bytes().count(b">>> keel initialize >>>") == 1
    assert reverse(file, PREFIX) == "none"
    assert reverse(file, "/opt/second") == "remove"
    assert file.read_bytes() == b"first\nlast\n"


def test_a_block_without_its_end_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / ".bashrc"
    damaged = block("sh", PREFIX).replace(b"# <<< keel initialize <<<\n", b"") + b"precious\n"
    file.write_bytes(damaged)
    assert reverse(file) == "none"
    assert file.read_bytes() == damaged


def test_start_up_files_are_the_ones_that_each_shell_reads(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path)}
    config = {**home, "XDG_CONFIG_HOME": "/c"}
    assert start_up_files("fish", home) == [str(tmp_path / ".config/fish/conf.d/keel.fish")]
    assert start_up_files("fish", config) == ["/c/fish/conf.d/keel.fish"]
    assert start_up_files("powershell", config) == ["/c/powershell/profile.ps1"]
    assert start_up_files("nushell", config) == ["/c/nushell/config.nu"]
    assert start_up_files("xonsh", home) == [str(tmp_path / ".config/xonsh/rc.xsh")]
    (tmp_path / ".xonshrc").touch()
    assert start_up_files("xonsh", home) == [str(tmp_path / ".xonshrc")]
    assert start_up_files("csh", home) == [str(tmp_path / ".cshrc")]
    (tmp_path / ".tcshrc").touch()
    assert start_up_files("csh", home) == [str(tmp_path / ".tcshrc")]
    assert start_up_files("zsh", home) == [str(tmp_path / ".zshrc")]
    assert start_up_files("zsh", {**home, "ZDOTDIR": "/z"}) == ["/z/.zshrc"]
    assert start_up_files("sh", home) == [str(tmp_path / ".profile")]
    assert str(tmp_path / ".bashrc") in start_up_files("bash", home)
    with pytest.raises(KeelError, match="HOME"):
        start_up_files("bash", {})


def test_the_shell_is_the_one_that_is_named_or_the_users_own() -> None:
    assert check_shells(["zsh", "bash", "zsh"], {}) == ["zsh", "bash"]
    assert check_shells([], {"SHELL": "/bin/zsh"}) == ["zsh"]
    assert check_shells([], {"SHELL": "/bin/dash"}) == ["sh"]
    assert check_shells(["tcsh", "pwsh", "nu"], {}) == ["csh", "powershell", "nushell"]
    with pytest.raises(KeelError, match="elvish"):
        check_shells(["elvish"], {})
    with pytest.raises(KeelError, match="SHELL"):
        check_shells([], {})


def test_a_new_shell_has_keel_after_init_and_not_after_its_reverse(fake: FakeBase) -> None:
    env = fake.create("work")
    home = fake.prefix.parent
    (home / ".bashrc").write_bytes(b"# mine")
    dry = fake.keel("init", "--all", "--dry-run").stdout
    assert dry.count("would add") == len(installed_shells(os.environ))
    assert sorted(path.name for path in home.iterdir() if path.name.startswith(".")) == [".bashrc"]
    fake.keel("init", "bash", "zsh", "sh")
    script = 'keel activate work; printf %s "$KEEL_PREFIX"'
    shell = subprocess.run(["bash", "-ic", script], capture_output=True, text=True, env=fake.environment(), check=True)
    assert shell.stdout == str(env)
    fake.keel("init", "--reverse")
    assert (home / ".bashrc").read_bytes() == b"# mine"
    assert sorted(path.name for path in home.iterdir() if path.name.startswith(".")) == [".bashrc"]
    assert fake.keel("init", "--reverse").stdout.count("unchanged") >= 3


def test_folders_that_were_made_for_the_block_go_with_it_unless_they_are_used(tmp_path: Path) -> None:
    file = tmp_path / ".config/fish/conf.d/keel.fish"
    for used in (False, True):
        apply(plan_init("fish", str(file), PREFIX))
        assert plan_init("fish", str(file), PREFIX).action == "none"
        if used:
            (tmp_path / ".config/fish/mine.fish").touch()
        assert reverse(file) == "remove"
        assert [path.name for path in tmp_path.rglob("*")] == ([".config", "fish", "mine.fish"] if used else [])


def test_a_folder_that_was_there_stays(tmp_path: Path) -> None:
    (tmp_path / "nushell").mkdir()
    file = tmp_path / "nushell/config.nu"
    apply(plan_init("nushell", str(file), PREFIX))
    assert reverse(file) == "remove"
    assert [path.name for path in tmp_path.iterdir()] == ["nushell"]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_gets_its_file_back(tmp_path: Path, shell: str) -> None:
    file = tmp_path / "rc"
    for before in (b"mine\n", b"no newline"):
        file.write_bytes(before)
        apply(plan_init(shell, str(file), PREFIX))
        assert SHELLS[shell].file("").lstrip("/").encode() in file.read_bytes()
        assert plan_reverse(str(file), "/opt/another").action == "none"
        assert reverse(file) == "remove"
        assert file.read_bytes() == before


INTERACTIVE = {
    "bash": (["bash", "-ic"], 'keel activate work; printf "%s\\n" "$KEEL_PREFIX"'),
    "zsh": (["zsh", "-ic"], 'keel activate work; printf "%s\\n" "$KEEL_PREFIX"'),
    "fish": (["fish", "-c"], "keel activate work; echo $KEEL_PREFIX"),
    "csh": (["tcsh", "-c"], 'keel activate work; echo "$KEEL_PREFIX:q"'),
}


@pytest.mark.parametrize("name", INTERACTIVE)
def test_a_new_shell_of_each_kind_has_keel_after_init(fake: FakeBase, name: str) -> None:
    command, script = INTERACTIVE[name]
    need(command[0])
    env = fake.create("work")
    home = fake.prefix.parent
    before = {path.relative_to(home) for path in home.iterdir()}
    fake.keel("init", name)
    shell = subprocess.run([*command, script], capture_output=True, text=True, env=fake.environment(), timeout=60)
    assert shell.stdout == f"{env}\n", shell
    fake.keel("init", "--reverse")
    left = {path.relative_to(home) for path in home.iterdir()} - before
    assert left <= {Path(".config"), Path(".local"), Path(".cache")}  # fish's own


@pytest.mark.parametrize("name", ["fish", "tcsh", "dash"])
def test_a_shell_without_keel_is_told_what_to_run_in_its_own_words(fake: FakeBase, name: str) -> None:
    env = fake.create("work")
    quiet = {"fish": ["--no-config"], "tcsh": ["-f"], "dash": []}[name]
    place = fake.environment(KEEL=str(fake.prefix / "cmd/keel"))
    keel = {"fish": "$KEEL", "tcsh": '"$KEEL:q"', "dash": '"$KEEL"'}[name]
    call = [need(name), *quiet, "-c", f"{keel} activate work; echo"]  # not the last command: it would be exec'ed
    told = subprocess.run(call, env=place, capture_output=True, text=True, timeout=60)
    assert told.stderr.startswith("error: 'keel activate' changes the shell")
    hint = told.stderr.partition("hint: run: ")[2].partition("\n      to have it")[0]
    show = {"fish": "echo $KEEL_PREFIX", "tcsh": 'echo "$KEEL_PREFIX:q"', "dash": 'echo "$KEEL_PREFIX"'}[name]
    script = fake.prefix.parent / "script"
    script.write_text(f"{hint}\n{show}\n")
    done = subprocess.run([name, *quiet, script], env=place, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == (f"{env}\n", "")


def test_the_block_is_harmless_when_the_base_is_gone(tmp_path: Path) -> None:
    (tmp_path / "rc").write_bytes(block("sh", "/does/not/exist"))
    done = subprocess.run(
        ["sh", "-euc", ". ./rc; echo fine"], cwd=tmp_path, capture_output=True, text=True, env=os.environ
    )
    assert (done.stdout, done.stderr) == ("fine\n", "")
