"""The installer for Windows, run by Wine: silent installation, what it registers, its errors, and its removal."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder.cache import Cache
from tests.conftest import ROOT, need

from .windows_setup import (
    APPS,
    ENVIRONMENT,
    MACHINE_ENVIRONMENT,
    MARKER,
    make_setup,
    remove,
    small_tree,
    state,
    tree_of,
)
from .wine import Wine, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wine")]

UNINSTALLER = "Uninstall-Starter.exe"
SHORTCUT = """
windows:
  shortcuts: [{name: The Tool, target: Scripts/tool.exe, arguments: --window}]
"""


@pytest.fixture(scope="module")
def wine(setup_wine: Wine) -> Wine:
    return setup_wine


@pytest.fixture(scope="module")
def setup(wine: Wine, frame_cache: Cache) -> Path:
    """The installer, on the drive of Wine."""
    return make_setup(wine.drive / "setup.exe", frame_cache, recipe=SHORTCUT)


@pytest.fixture(scope="module")
def large_setup(wine: Wine, frame_cache: Cache) -> Path:
    """One that takes a while."""
    return make_setup(wine.drive / "large.exe", frame_cache, more_units=150)


@pytest.fixture
def folder(wine: Wine, request: pytest.FixtureRequest) -> Path:
    """A folder to install to, which is not there: oddly named, and another one for each test."""
    place = wine.drive / "users" / "t\u00e9st \u4e2d" / request.node.name[:24]
    place.parent.mkdir(exist_ok=True)
    return place


Install = Callable[..., Path]


@pytest.fixture
def installed(wine: Wine, setup: Path, folder: Path) -> Iterator[Install]:
    """Installs silently, with these options, and removes it at the end if it is still there."""

    def install(*options: str) -> Path:
        wine.run(setup, "/S", *options, f"/D={wine.path(folder)}")
        return folder

    yield install
    if (folder / UNINSTALLER).exists():
        remove(wine, folder, "/RemoveEnvironments=1")


def wait_for_the_end(folder: Path) -> None:
    wait_until(lambda: not folder.exists())


def logs(wine: Wine, name: str) -> list[Path]:
    return sorted(wine.temp.glob(f"Starter-{name}-*.log"), key=lambda path: path.stat().st_mtime_ns)


# --- Installing and removing ----------------------------------------------------------------------------------------


def test_a_silent_installation_registers_everything_and_its_removal_leaves_nothing(
    wine: Wine, installed: Install
) -> None:
    wine.set(ENVIRONMENT, "Path", r"C:\mine;;%USERPROFILE%\x y", "REG_EXPAND_SZ")
    before = state(wine)
    folder = installed("/AddToPath=1")
    place = wine.path(folder)

    assert set(small_tree()) < set(tree_of(folder))
    assert (folder / "Lib/site-packages/tool/__init__.py").read_bytes() == small_tree()[
        "pkgs/tool-1.0-abcdef01/tool/__init__.py"
    ]
    app = wine.query(APPS)
    for line in (
        "DisplayName    REG_SZ    Starter 2026.11 (Python 3.11.7)",
        "DisplayVersion    REG_SZ    2026.11",
        "Publisher    REG_SZ    Acme Corp",
        f"InstallLocation    REG_SZ    {place}",
        f'UninstallString    REG_SZ    "{place}\\{UNINSTALLER}"',
        f'QuietUninstallString    REG_SZ    "{place}\\{UNINSTALLER}" /S',
        "EstimatedSize    REG_DWORD    0x3",
    ):
        assert line in app
    python = wine.query(r"HKCU\Software\Python")
    for line in (
        r"HKEY_CURRENT_USER\Software\Python\Acme Corp\Starter-2026.11-py3.11",
        "SysVersion    REG_SZ    3.11",
        "SysArchitecture    REG_SZ    64bit",
        f"(Default)    REG_SZ    {place}\\",
        f"ExecutablePath    REG_SZ    {place}\\python.exe",
    ):
        assert line in python
    added = f"{place}\\cmd;{place};{place}\\Scripts"
    assert wine.value(ENVIRONMENT, "Path") == ("REG_EXPAND_SZ", added + r";C:\mine;;%USERPROFILE%\x y")
    assert {Path(line).name for line in state(wine)["menus"].split("\n")} == {"Starter Prompt.lnk", "The Tool.lnk"}
    assert [path.name[:16] for path in (folder / "keel-meta/logs").iterdir()] == ["Starter-install-"]

    remove(wine, folder)
    wait_for_the_end(folder)
    assert state(wine) == before
    assert "removing" in logs(wine, "uninstall")[-1].read_text("utf-8")


def test_nothing_is_registered_on_request(wine: Wine, installed: Install) -> None:
    before = state(wine)
    folder = installed("/NoRegistry=1", "/NoShortcuts=1", "/NoScripts=1", "/KeepPkgCache=1")
    assert (folder / MARKER).exists()
    assert state(wine) == before


def test_an_installation_for_all_users_is_registered_for_the_machine(wine: Wine, installed: Install) -> None:
    before = state(wine)
    folder = installed("/InstallationType=AllUsers", "/AddToPath=1", "/RegisterPython=1")
    kind, path = wine.value(MACHINE_ENVIRONMENT, "Path") or ("", "")
    assert kind == "REG_EXPAND_SZ"
    assert path.endswith(f";{wine.path(folder)}\\cmd")
    assert wine.path(folder) + ";" not in path
    assert "Acme Corp" in wine.query(r"HKLM\Software\Python")
    assert "ProgramData" in state(wine)["menus"]
    remove(wine, folder)
    assert state(wine) == before


def test_two_installations_of_the_same_do_not_disturb_each_other(wine: Wine, setup: Path, installed: Install) -> None:
    first = installed()
    second = first.with_name("second")
    wine.run(setup, "/S", f"/D={wine.path(second)}")
    before = wine.query(r"HKCU\Software\Python")
    assert before.count("DisplayName    REG_SZ    Starter 2026.11") == 2
    remove(wine, second)
    assert wine.query(r"HKCU\Software\Python").count(wine.path(first)) == 3
    assert wine.query(APPS).count("DisplayName") == 1


def test_a_removal_spares_what_it_did_not_install(wine: Wine, installed: Install) -> None:
    folder = installed()
    outside = wine.drive / "outside"
    outside.mkdir()
    (outside / "gold.txt").write_text("gold", encoding="utf-8")
    (folder / "mine.txt").write_text("mine", encoding="utf-8")
    (folder / "my folder").mkdir()
    # What Wine shows of a symbolic link is what Windows shows of a junction; but Wine cannot remove one.
    (folder / "my folder" / "link").symlink_to(outside)
    (folder / "envs" / "work").mkdir()
    (folder / "envs" / "work" / "notes.txt").write_text("x", encoding="utf-8")
    (folder / "Lib" / "site-packages" / "later.py").write_text("installed by pip", encoding="utf-8")
    remove(wine, folder)
    assert tree_of(folder) == ["envs", "envs/work", "envs/work/notes.txt", "mine.txt", "my folder", "my folder/link"]
    assert (outside / "gold.txt").exists()
    shutil.rmtree(folder)


def test_a_removal_does_not_follow_links_and_can_be_repeated(wine: Wine, installed: Install) -> None:
    folder = installed()
    outside = wine.drive / "elsewhere"
    outside.mkdir()
    (outside / "gold.txt").write_text("gold", encoding="utf-8")
    (folder / "Lib" / "link").symlink_to(outside)
    done = wine.run(wine.path(folder / UNINSTALLER), "/S", code=None)
    assert done.code != 0
    assert "Lib\\link" in done.err
    assert (outside / "gold.txt").exists()
    assert "Starter" in wine.query(APPS), "what is not gone is still listed"
    (folder / "Lib" / "link").unlink()
    remove(wine, folder)
    wait_for_the_end(folder)
    assert wine.query(APPS).count("DisplayName") == 0


def test_environments_go_on_request(wine: Wine, installed: Install) -> None:
    folder = installed()
    (folder / "envs" / "work").mkdir()
    remove(wine, folder, "/RemoveEnvironments=1")
    wait_for_the_end(folder)


def test_a_running_program_stops_a_removal_before_anything_is_gone(wine: Wine, installed: Install) -> None:
    folder = installed()
    shutil.copy(wine.drive / "windows/system32/ping.exe", folder / "Scripts" / "busy.exe")
    process = wine.start(wine.path(folder / "Scripts" / "busy.exe"), "-n", "60", "127.0.0.1")
    time.sleep(1)
    before = tree_of(folder)
    try:
        done = wine.run(wine.path(folder / UNINSTALLER), "/S", code=7)
        assert f"{wine.path(folder)}\\Scripts\\busy.exe is in use" in done.err
        assert done.err.count("\n") == 1
        assert tree_of(folder) == before
    finally:
        process.kill()
        process.wait()
    remove(wine, folder)
    wait_for_the_end(folder)


def test_a_locked_file_is_named_and_a_second_removal_finishes(wine: Wine, setup: Path) -> None:
    folder = wine.drive / "locked"
    wine.run(setup, "/S", f"/D={wine.path(folder)}")
    process = wine.start("cmd", "/c", "ping", "-n", "60", "127.0.0.1", "<", r"C:\locked\Lib\os.py")
    time.sleep(1)
    try:
        done = wine.run(r"C:\locked\Uninstall-Starter.exe", "/S", code=7)
        assert r"error: removing C:\locked\Lib\os.py failed" in done.err
        assert done.err.count("\n") == 1
        assert (folder / "Lib/os.py").exists()
    finally:
        wine.run("taskkill", "/f", "/im", "ping.exe", code=None)
        process.wait(30)
    remove(wine, folder)
    wait_for_the_end(folder)


# --- What is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [["/Bogus"], ["/AddToPath=2"], ["/InstallationType=Me"], ["/S", "/NoRegistry=1", "/AddToPath=1"], ["/S", "/D="]],
)
def test_wrong_usage_changes_nothing(wine: Wine, setup: Path, options: list[str]) -> None:
    done = wine.run(setup, *options, code=2)
    assert done.err.startswith(f"error: {options[-1] if 'Reg' not in options[1 % len(options)] else '/NoRegistry=1'}")
    assert done.err.count("\n") == 1


def test_help_and_version_are_printed(wine: Wine, setup: Path) -> None:
    out = wine.run(setup, "/?").out
    assert "Starter 2026.11 (Python 3.11.7, Windows-x86_64)" in out
    for option in ("/S", "/InstallationType", "/AddToPath", "/RegisterPython", "/NoRegistry", "/Extract", "/D="):
        assert option in out
    assert wine.run(setup, "/Version").out == "Starter 2026.11 (Python 3.11.7, Windows-x86_64)\r\n"


def damaged(setup: Path, name: str, change: Callable[[bytearray], bytes | bytearray]) -> Path:
    place = setup.with_name(name)
    place.write_bytes(change(bytearray(setup.read_bytes())))
    return place


def flip(data: bytearray, at: int) -> bytearray:
    data[at] ^= 1
    return data


def payload_start(data: bytes | bytearray) -> int:
    return bytes(data).rindex(b"\x89KEEL\r\n\x1a")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data[: payload_start(data)], "cut off"),
        (lambda data: data[: payload_start(data) + 30], "cut off"),
        (lambda data: data[: payload_start(data) + 300], "cut off"),
        (lambda data: data[:-1], "cut off"),
        (lambda data: flip(data, payload_start(data)), "no payload begins"),
        (lambda data: flip(data, payload_start(data) + 100), "SHA-256"),
        (lambda data: flip(data, len(data) - 10), "SHA-256"),
    ],
    ids=["no payload", "in the head", "in the index", "last byte", "magic", "index", "frame"],
)
def test_a_damaged_installer_is_recognised(
    wine: Wine, setup: Path, folder: Path, change: Callable[[bytearray], bytes], words: str
) -> None:
    before = tree_of(folder.parent)
    broken = damaged(setup, "broken.exe", change)
    done = wine.run(broken, "/S", f"/D={wine.path(folder)}", code=5)
    assert words in done.err
    assert done.err.count("\n") == 1
    assert tree_of(folder.parent) == before
    assert words in logs(wine, "install")[-1].read_text("utf-8")


def test_folders_that_hold_something_are_refused(wine: Wine, setup: Path, folder: Path) -> None:
    folder.mkdir()
    (folder / "a.txt").touch()
    assert "is not empty" in wine.run(setup, "/S", f"/D={wine.path(folder)}", code=4).err
    for precious in ("C:\\", "C:\\windows", "C:\\windows\\new", "C:\\users", wine.path(wine.home)):
        assert "is no place for a base" in wine.run(setup, "/S", f"/D={precious}", code=4).err
    shutil.rmtree(folder)


def test_a_path_that_windows_cannot_hold_is_refused_beforehand_and_possible_on_request(
    wine: Wine, setup: Path, folder: Path
) -> None:
    deep = folder / ("x" * 100) / ("y" * 40)
    done = wine.run(setup, "/S", f"/D={wine.path(deep)}", code=4)
    assert "is too long" in done.err
    assert "/EnableLongPaths=1" in done.err
    assert not folder.exists()
    wine.run(setup, "/S", "/EnableLongPaths=1", f"/D={wine.path(deep)}")
    assert (deep / MARKER).exists()
    remove(wine, deep)
    wine.set(r"HKLM\SYSTEM\CurrentControlSet\Control\FileSystem", "LongPathsEnabled", "0", "REG_DWORD")
    shutil.rmtree(folder)


def test_a_folder_that_path_cannot_hold_is_refused_with_add_to_path(wine: Wine, setup: Path, folder: Path) -> None:
    place = f"{wine.path(folder)};x"
    assert "semicolon" in wine.run(setup, "/S", "/AddToPath=1", f"/D={place}", code=4).err
    assert not folder.exists()


def test_two_runs_to_one_folder_do_not_mix(wine: Wine, large_setup: Path, folder: Path) -> None:
    first = wine.start(large_setup, "/S", f"/D={wine.path(folder)}")
    wait_until(lambda: any(folder.parent.glob(f".{folder.name}*staging/tree/*")))
    done = wine.run(large_setup, "/S", f"/D={wine.path(folder)}", code=7)
    assert "another run is installing" in done.err
    assert wine.finish(first).code == 0
    remove(wine, folder)


def test_what_a_killed_run_left_is_cleaned_up_by_the_next(
    wine: Wine, large_setup: Path, setup: Path, folder: Path
) -> None:
    before = tree_of(folder.parent)
    first = wine.start(large_setup, "/S", f"/D={wine.path(folder)}")
    wait_until(lambda: any(folder.parent.glob(f".{folder.name}*staging/tree/pkgs/*")))
    first.kill()
    first.wait()
    assert not folder.exists()
    wine.run(setup, "/S", f"/D={wine.path(folder)}")
    remove(wine, folder)
    wait_for_the_end(folder)
    assert tree_of(folder.parent) == before


def test_an_old_windows_is_refused(wine: Wine, setup: Path, folder: Path) -> None:
    old = shutil.copy(setup, setup.with_name("old.exe"))
    wine.set(r"HKCU\Software\Wine\AppDefaults\old.exe", "Version", "win81")
    done = wine.run(old, "/S", f"/D={wine.path(folder)}", code=3)
    assert "this Windows is too old: it is version 6.3, and Windows 10 is needed" in done.err


def test_a_folder_that_waits_for_a_restart_is_refused(wine: Wine, setup: Path, folder: Path) -> None:
    key, name = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager", "PendingFileRenameOperations"
    wine.set(key, name, rf"\??\{wine.path(folder)}\python.exe\0", "REG_MULTI_SZ")
    try:
        assert "restart the computer first" in wine.run(setup, "/S", f"/D={wine.path(folder)}", code=10).err
        assert not folder.exists()
    finally:
        wine.run("reg", "delete", key, "/v", name, "/f")


# --- Other ways to use it -------------------------------------------------------------------------------------------


def test_verify_changes_nothing_and_extract_registers_nothing(wine: Wine, setup: Path, folder: Path) -> None:
    before = state(wine)
    assert "verified" in wine.run(setup, "/Verify").out
    assert not folder.exists()
    wine.run(setup, f"/Extract={wine.path(folder)}")
    assert (folder / MARKER).exists()
    assert not (folder / UNINSTALLER).exists()
    assert state(wine) == before
    shutil.rmtree(folder)


def test_the_log_is_where_it_was_asked_for(wine: Wine, setup: Path, folder: Path) -> None:
    place = wine.drive / "my log.txt"
    folder.mkdir()
    (folder / "x").touch()
    wine.run(setup, "/S", f"/Log={wine.path(place)}", f"/D={wine.path(folder)}", code=4)
    assert "is not empty" in place.read_text("utf-8")
    assert wine.run(setup, "/S", r"/Log=C:\no\such\folder\x.log", code=2).err.startswith("error: the log")
    shutil.rmtree(folder)


def test_a_signed_installer_still_installs(wine: Wine, setup: Path, folder: Path, tmp_path: Path) -> None:
    need("osslsigncode")
    key, certificate, signed = tmp_path / "key.pem", tmp_path / "cert.pem", wine.drive / "signed.exe"
    subject = ["-subj", "/CN=Keel test", "-addext", "extendedKeyUsage=codeSigning", "-days", "2", "-nodes"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", *subject, "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
        timeout=60,
    )
    sign = ["osslsigncode", "sign", "-certs", certificate, "-key", key, "-h", "sha256", "-in", setup, "-out", signed]
    subprocess.run(sign, check=True, capture_output=True, timeout=60)
    verify = ["osslsigncode", "verify", "-CAfile", certificate, "-in", signed]
    checked = subprocess.run(verify, check=True, capture_output=True, text=True, timeout=60)
    assert "Succeeded" in checked.stdout
    wine.run(signed, "/S", f"/D={wine.path(folder)}")
    assert (folder / MARKER).exists()
    remove(wine, folder)

    # Damage in the payload breaks the signature as well.
    broken = damaged(signed, "signed-broken.exe", lambda data: flip(data, payload_start(data) + 200))
    verify[-1] = str(broken)
    assert subprocess.run(verify, check=False, capture_output=True, timeout=60).returncode != 0


def test_the_committed_program_is_small() -> None:
    for platform in ("windows-x86_64", "windows-arm64"):
        program = ROOT / "installer_templates/engine/prebuilt" / platform / "keel-setup.exe"
        assert program.stat().st_size <= 600_000
