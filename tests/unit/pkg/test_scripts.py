"""What the scripts of a package do: they really install a base, on a Mac that is made of a few programs."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import need, need_root

from .conftest import IDENTIFIER, NOTING, STAGING, Mac, MacMaker


def test_a_base_is_installed_for_one_user(mac: Mac) -> None:
    done = mac.install()
    assert done.code == 0, done.err
    prefix = mac.home / "starter"
    assert (prefix / "keel-meta/manifest.json").exists()
    assert (prefix / "asked").read_text() == "--settle\n"
    assert f"is installed in {prefix}" in done.out
    # Nothing stays of what the package itself has laid down; what macOS has in every home stays.
    assert sorted(path.name for path in (mac.home / "Library").iterdir()) == ["Application Support", "Logs"]
    assert list((mac.home / "Library/Application Support").iterdir()) == []
    assert mac.logs() == []
    [log] = (prefix / "keel-meta/logs").iterdir()
    assert "installing Starter 2026.11" in log.read_text()
    receipts = "".join(f"{IDENTIFIER}.{name}\t{mac.home}\n" for name in ("base", "shell", "shortcut"))
    assert (prefix / "keel-meta/receipts.txt").read_text() == receipts
    assert mac.calls("osascript") == ""


def test_the_shell_is_initialised_where_that_was_chosen(mac: Mac) -> None:
    done = mac.install(choices=["shell"])
    assert done.code == 0, done.err
    assert (mac.home / "starter/asked").read_text() == "--settle\ninit\n"
    assert "keel init SHELL=/bin/zsh" in done.out
    assert list((mac.home / "Library/Application Support").iterdir()) == []


def test_a_shortcut_opens_a_shell_in_which_the_base_is_activated(mac: Mac) -> None:
    done = mac.install(choices=["shortcut"])
    assert (done.code, done.err) == (0, "")
    shortcut = mac.home / "Applications/Starter Prompt.command"
    assert (mac.home / "starter/keel-meta/outside.txt").read_text() == f"{shortcut}\n"
    profile = mac.home / "starter/etc/profile.d/keel.sh"
    profile.parent.mkdir(parents=True)
    profile.write_text('keel() { export ACTIVE="$KEEL_ROOT $*"; }\n')
    mac.tool("a-shell", 'echo "$ACTIVE | $* | $PWD"')
    (mac.root / "programs/a-shell").write_text(mac.programs["a-shell"])
    (mac.root / "programs/a-shell").chmod(0o755)
    env = {"HOME": str(mac.home), "PATH": "/usr/bin:/bin", "SHELL": str(mac.root / "programs/a-shell")}
    said = subprocess.run([shortcut], env=env, capture_output=True, text=True, check=True).stdout
    assert said == f"{mac.home}/starter activate | -i | {mac.home}\n"


def test_a_shortcut_takes_nobodys_place(sh_mac: Mac) -> None:
    taken = sh_mac.home / "Applications/Starter Prompt.command"
    taken.parent.mkdir()
    taken.write_text("mine")
    done = sh_mac.install(choices=["shortcut"])
    assert done.code == 0
    assert "which stays as it is" in done.err
    assert taken.read_text() == "mine"
    assert not (sh_mac.home / "starter/keel-meta/outside.txt").exists()


def test_another_folder_can_be_chosen(mac: Mac) -> None:
    chosen = mac.home / "it's \"odd\" $x"
    chosen.mkdir()
    done = mac.install(chosen, choices=["shell"])
    assert done.code == 0, done.err
    assert [path.name for path in chosen.iterdir()] == ["starter"]
    assert (chosen / "starter/asked").read_text() == "--settle\ninit\n"
    assert list((mac.home / "Library/Application Support").iterdir()) == []


@pytest.mark.parametrize(
    ("default", "home", "everybody"),
    [
        ("~/starter", "starter", "/opt/starter"),
        ("~/tools/py", "tools/py", "/opt/py"),
        ("$HOME/x/", "x", "/opt/x"),
        ("/usr/local/acme", "acme", "/usr/local/acme"),
        ("~/../x", "starter", "/opt/starter"),
        ("~/$USER/x", "starter", "/opt/starter"),
        ("C:/x", "starter", "/opt/starter"),
        ("/", "starter", "/opt/starter"),
    ],
)
def test_the_recipes_folder_decides_where_it_goes(make_mac: MacMaker, default: str, home: str, everybody: str) -> None:
    mac = make_mac(default_prefix=default)
    script = mac.root / "places"
    mac.run("preinstall", "/")
    text = (mac.root / "scripts/preinstall").read_text()
    script.write_text(text[: text.index("\nmain() {")] + '\nfind_places "$1"; printf "%s\\n" "$candidate" "$staging"\n')

    def places(destination: Path | str) -> list[str]:
        command = ["sh", str(script), str(destination)]
        env = {"HOME": str(mac.home), "PATH": "/usr/bin:/bin"}
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.splitlines()

    assert places("/") == [everybody, f"/{STAGING}"]
    assert places(mac.home) == [f"{mac.home}/{home}", f"{mac.home}/{STAGING}"]
    assert places("/Volumes/Data/") == [f"/Volumes/Data/{Path(home).name}", f"/Volumes/Data/{STAGING}"]


@pytest.mark.parametrize("script", ["preinstall", "postinstall"])
def test_a_folder_that_is_not_empty_is_refused(mac: Mac, script: str) -> None:
    kept = mac.home / "starter/kept"
    kept.parent.mkdir()
    kept.write_text("mine")
    done = mac.run(script, mac.home)
    assert done.code == 4
    assert f"error: {kept.parent} is not empty\n" in done.err
    assert kept.read_text() == "mine"
    # The window of Installer tells nothing, so that a message does; and the log stays.
    said = mac.calls("osascript")
    assert "Starter could not be installed" in said
    assert f"{kept.parent} is not empty" in said
    [log] = mac.logs()
    assert f"Log: {mac.home}/Library/Logs/{log}" in said


def test_an_installed_base_is_refused_with_the_way_to_remove_it(sh_mac: Mac) -> None:
    assert sh_mac.install().code == 0
    done = sh_mac.install()
    assert done.code == 4
    assert "holds an installed base already" in done.err
    assert "uninstall" in done.err


def test_a_folder_that_another_run_installs_to_is_refused(sh_mac: Mac) -> None:
    staging = sh_mac.home / ".starter.keel-staging"
    staging.mkdir()
    other = os.open(staging / "lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(other, fcntl.LOCK_EX)
        done = sh_mac.install()
    finally:
        os.close(other)
    assert done.code == 7
    assert not (sh_mac.home / "starter").exists()
    assert list((sh_mac.home / "Library/Application Support").iterdir()) == []


def test_on_the_command_line_no_window_opens(sh_mac: Mac) -> None:
    (sh_mac.home / "starter").write_text("a file")
    assert sh_mac.install(COMMAND_LINE_INSTALL="1").code == 4
    assert sh_mac.calls("osascript") == ""


def test_a_damaged_payload_fails_the_package_and_leaves_nothing(mac: Mac) -> None:
    mac.lay_down(mac.home)
    payload = mac.home / STAGING / "payload"
    payload.write_bytes(payload.read_bytes()[:-1])
    done = mac.run("postinstall", mac.home)
    assert done.code == 5
    assert not (mac.home / "starter").exists()
    assert list((mac.home / "Library/Application Support").iterdir()) == []
    assert "could not be installed" in mac.calls("osascript")
    assert len(mac.logs()) == 1


def test_without_its_own_files_a_package_says_so(sh_mac: Mac) -> None:
    done = sh_mac.run("postinstall", sh_mac.home)
    assert done.code == 1
    assert f"what the package lays down is not in {sh_mac.home}/{STAGING}" in done.err


def test_what_comes_after_the_base_only_warns(sh_mac: Mac) -> None:
    done = sh_mac.install(choices=["shell"], KEEL_CODE="1")
    assert done.code == 0
    assert "warning: the base is installed, but its pip" in done.err
    assert "warning: the base is installed, but the shell could not be initialised" in done.err


@pytest.mark.parametrize(
    ("version", "code"),
    [("12.3", 0), ("12.10", 0), ("12.2.1", 3), ("11.7", 3), ("13", 0), ("12", 3), ("26.0", 0), ("", 0)],
)
def test_the_oldest_macos_is_asked_for(make_mac: MacMaker, version: str, code: int) -> None:
    mac = make_mac()
    # Programs that know nothing of macOS 11 are told another version, unless they ask like this.
    mac.tool("sw_vers", f'[ "$SYSTEM_VERSION_COMPAT" = 0 ] && echo {version} || echo 10.16')
    done = mac.run("preinstall", mac.home)
    assert done.code == code
    if code:
        assert f"needs macOS 12.3 or newer, and this Mac has {version}" in done.err
        assert "needs macOS 12.3" in mac.calls("osascript")


def test_the_wrong_cpu_is_refused(make_mac: MacMaker) -> None:
    mac = make_mac(machine="arm64")
    mac.tool("uname", "case $1 in -s) echo Darwin ;; -m) echo x86_64 ;; *) echo fake ;; esac")
    mac.tool("sysctl", "exit 1")
    done = mac.run("preinstall", mac.home)
    assert done.code == 3
    assert "this one has an Intel CPU" in done.err


def as_root(mac: Mac) -> None:
    """Installer runs the scripts as root; what they do for others is noted."""
    mac.tool("id", "case ${1-} in -u) echo 0 ;; -un) echo root ;; *) echo staff ;; esac")
    mac.tool("chown", NOTING % "chown")
    mac.tool("sudo", NOTING % "sudo" + '; shift 3; "$@"')


def test_a_base_for_all_belongs_to_root_and_the_shell_is_that_of_who_installs(sh_mac: Mac) -> None:
    as_root(sh_mac)
    chosen = sh_mac.root / "opt"
    chosen.mkdir()
    done = sh_mac.install(chosen, choices=["shell"], USER="bin")
    assert done.code == 0, done.err
    assert sh_mac.calls("chown") == ""
    lines = sh_mac.calls("sudo").splitlines()
    assert lines == ["-H", "-u", "bin", "env", "SHELL=/bin/zsh", f"{chosen}/starter/cmd/keel", "init"]
    assert (chosen / "starter/keel-meta/receipts.txt").read_text().startswith(f"{IDENTIFIER}.base\t/\n")


def test_a_base_for_all_users_is_in_opt(sh_mac: Mac) -> None:
    need_root()
    need("unshare")
    as_root(sh_mac)
    system = sh_mac.system = sh_mac.root / "system"
    for folder in ("opt", "Library/Logs", "Applications"):
        (system / folder).mkdir(parents=True)
    assert sh_mac.run("preinstall", "/").code == 0
    sh_mac.lay_down(system)
    for choice in ("shell", "shortcut"):
        (system / STAGING / choice).touch()
    done = sh_mac.run("postinstall", "/", SUDO_USER="daemon")
    assert (done.code, done.err) == (0, "")
    assert (system / "opt/starter/asked").read_text() == "--settle\ninit\n"
    assert "KEEL_ROOT=/opt/starter\n" in (system / "Applications/Starter Prompt.command").read_text()
    assert (system / "opt/starter/keel-meta/receipts.txt").read_text().splitlines()[0] == f"{IDENTIFIER}.base\t/"
    assert list((system / "Library/Logs").iterdir()) == []
    assert sorted(path.name for path in (system / "Library").iterdir()) == ["Application Support", "Logs"]
    # Macs have Application Support; what the package has put there is gone.
    assert list((system / "Library/Application Support").iterdir()) == []


def test_where_nobody_is_logged_in_no_shell_is_initialised(sh_mac: Mac) -> None:
    as_root(sh_mac)
    chosen = sh_mac.root / "opt"
    chosen.mkdir()
    done = sh_mac.install(chosen, choices=["shell"], USER="root")
    assert done.code == 0
    assert "nobody is logged in" in done.err
    assert (chosen / "starter/asked").read_text() == "--settle\n"


@pytest.mark.parametrize("variable", ["USER", "SUDO_USER"])
def test_a_base_belongs_to_the_owner_of_its_folder_although_root_installs_it(sh_mac: Mac, variable: str) -> None:
    need_root()
    as_root(sh_mac)
    chosen = sh_mac.root / "mine"
    chosen.mkdir()
    shutil.chown(chosen, "bin")
    done = sh_mac.install(chosen, **{"USER": "root", variable: "daemon"})
    assert done.code == 0, done.err
    prefix = chosen / "starter"
    to_owner = ["-R", "bin:staff"]
    assert sh_mac.calls("chown").splitlines() == [*to_owner, str(prefix), *to_owner, f"{prefix}/keel-meta/logs"]
    assert sh_mac.calls("sudo").splitlines() == ["-H", "-u", "bin", f"{prefix}/cmd/keel", "--settle"]
