"""The wizard of the installer for Windows, run by Wine and by key presses.

With KEEL_WRITE_PICTURES=1 the pictures of its pages become those of the documentation.
"""

import os
import shutil
import struct
import subprocess
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.cache import Cache
from tests.conftest import ROOT

from .windows_setup import MACHINE_ENVIRONMENT, MARKER, make_setup, tree_of
from .wine import Screen, Wine, screen, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wine")]

TITLE = "Starter 2026.11 Setup"
RECIPE = """
license: terms.txt
windows: {welcome_picture: welcome.png, add_to_path: true}
"""
TERMS = "Terms of use\n\nYou may use this for whatever is good.\n" + "And so on.\n" * 60


def gradient(width: int, height: int) -> bytes:
    """A PNG from dark to light blue."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = b"".join(
        b"\0" + bytes([18 + 60 * y // height, 70 + 90 * y // height, 122 + 100 * y // height]) * width
        for y in range(height)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def wine(setup_wine: Wine) -> Wine:
    return setup_wine


@pytest.fixture(scope="module")
def setup(wine: Wine, frame_cache: Cache) -> Path:
    """An installer with license and picture that takes a while."""
    place = wine.drive / "wizard"
    place.mkdir()
    (place / "terms.txt").write_text(TERMS, encoding="utf-8")
    (place / "welcome.png").write_bytes(gradient(328, 768))
    return make_setup(place / "setup.exe", frame_cache, recipe=RECIPE, more_units=150)


@pytest.fixture(scope="module")
def display(wine: Wine) -> Iterator[Screen]:
    wine.close()  # what still runs for earlier tests has no screen, and new windows would share that
    with screen() as shown:
        wine.env["DISPLAY"] = shown.display
        yield shown
        wine.env.pop("DISPLAY", None)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return ROOT / "docs" if os.environ.get("KEEL_WRITE_PICTURES") else tmp_path


def show(wine: Wine, display: Screen, setup: Path, *options: str) -> "tuple[subprocess.Popen[bytes], str]":
    """Start the installer; gives its process and its window.

    A program that Wine is given while its desktop is just closing down hangs before it has begun: such a one is
    started again.
    """
    process = wine.start(setup, *options)
    try:
        return process, display.wait_for(TITLE, 25)
    except AssertionError:
        assert process.poll() is None
        wine.close()
        process.wait(30)
        process = wine.start(setup, *options)
        return process, display.wait_for(TITLE)


def remove(wine: Wine, folder: Path) -> None:
    wine.run(wine.path(folder / "Uninstall-Starter.exe"), "/S", "/RemoveEnvironments=1")
    wait_until(lambda: not folder.exists())


def test_keys_alone_lead_through_all_pages(
    wine: Wine, display: Screen, setup: Path, pictures: Path, tmp_path: Path
) -> None:
    folder = wine.drive / "users" / "by keys"
    process, window = show(wine, display, setup)
    pages = [display.still_picture(window, pictures / "windows-welcome.png").read_bytes()]

    def look(name: str) -> None:
        pages.append(display.still_picture(window, pictures / f"windows-{name}.png").read_bytes())

    display.press("Return")
    look("license")
    display.press("Return")  # not before the terms are accepted
    time.sleep(0.5)
    assert not display.differs(pictures / "windows-license.png", display.picture(window, tmp_path / "again.png"))
    display.press("alt+a", "Return")
    look("users")
    display.press("Return", "alt+f", "ctrl+a")
    display.type(wine.path(folder))
    look("folder")
    display.press("Return")
    look("options")
    display.press("Return")
    display.picture(window, pictures / "windows-progress.png")
    wait_until((folder / MARKER).exists, 60)
    time.sleep(1)
    look("done")
    display.press("Return")
    assert wine.finish(process).code == 0
    assert len(set(pages)) == len(pages), "every page is another one"

    assert (folder / "python.exe").exists()
    path = wine.value(r"HKCU\Environment", "Path")
    assert path is not None
    assert path[1].startswith(wine.path(folder) + "\\cmd;")
    assert [place.name for place in wine.drive.rglob("Starter Prompt.lnk")] == ["Starter Prompt.lnk"]

    look_at_removal(wine, display, folder, pictures)


def look_at_removal(wine: Wine, display: Screen, folder: Path, pictures: Path) -> None:
    """The uninstaller's pages: the environments go when they are ticked."""
    for name in ("work", "projects"):
        (folder / "envs" / name).mkdir()
    process = wine.start(wine.path(folder / "Uninstall-Starter.exe"))
    window = display.wait_for("Remove Starter 2026.11")
    display.still_picture(window, pictures / "windows-remove.png")
    display.press("alt+e", "alt+r")
    wait_until(lambda: not (folder / "keel-meta").exists())
    time.sleep(1)
    display.still_picture(window, pictures / "windows-removed.png")
    display.press("Return")
    assert wine.finish(process).code == 0
    wait_until(lambda: not folder.exists())
    assert not list(wine.drive.rglob("Starter Prompt.lnk"))


def test_cancelling_midway_leaves_nothing(wine: Wine, display: Screen, setup: Path) -> None:
    folder = wine.drive / "users" / "cancelled"
    before = tree_of(folder.parent)
    process, _ = show(wine, display, setup, f"/D={wine.path(folder)}")
    time.sleep(0.5)
    display.press("Return", "alt+a", "Return", "Return", "Return", "Return")
    wait_until(lambda: any(folder.parent.glob(".cancelled*/tree/*")))
    display.press("Escape")
    time.sleep(0.3)
    display.press("alt+y")
    wait_until(lambda: not any(folder.parent.glob(".cancelled*")))
    assert not folder.exists()
    time.sleep(0.5)
    display.press("Return")
    assert wine.finish(process).code == 8
    assert [path for path in tree_of(folder.parent) if "Temp" not in path] == [
        path for path in before if "Temp" not in path
    ]


@pytest.mark.parametrize("keys", [["Escape"], ["Return", "Escape"], ["alt+F4"]])
def test_cancelling_before_anything_happens_ends_with_its_own_code(
    wine: Wine, display: Screen, setup: Path, keys: list[str]
) -> None:
    process, _ = show(wine, display, setup)
    time.sleep(0.5)
    display.press(*keys)
    assert wine.finish(process).code == 8


def test_a_second_instance_says_so_and_ends(wine: Wine, display: Screen, setup: Path) -> None:
    first, _ = show(wine, display, setup)
    second = wine.start(setup)
    time.sleep(2)
    display.press("Return")  # its message
    assert wine.finish(second).code == 7
    assert first.poll() is None
    display.press("Escape")
    assert wine.finish(first).code == 8


def test_setup_does_not_run_from_inside_an_archive(wine: Wine, display: Screen, setup: Path) -> None:
    place = wine.temp / "Temp1_download.zip"
    place.mkdir(parents=True)
    inside = shutil.copy(setup, place / "setup.exe")
    process, _ = show(wine, display, Path(inside))
    display.press("Return")
    assert wine.finish(process).code == 3
    shutil.rmtree(place)


def test_a_folder_that_will_not_do_is_refused_while_it_is_typed(
    wine: Wine, display: Screen, setup: Path, pictures: Path, tmp_path: Path
) -> None:
    process, window = show(wine, display, setup, r"/D=C:\windows")
    time.sleep(0.5)
    display.press("Return", "alt+a", "Return", "Return")
    first = display.still_picture(window, pictures / "windows-refused.png")
    display.press("Return")  # goes nowhere
    time.sleep(0.5)
    assert not display.differs(first, display.still_picture(window, tmp_path / "again.png"))
    display.press("Escape")
    assert wine.finish(process).code == 8


TO_FOLDER = ("Return", "alt+a", "Return", "Return")


def walk(display: Screen, window: str, file: Path, *keys: str) -> Path:
    """Press keys, each when nothing moves any more; gives a picture of the end, in `file`."""
    for key in keys:
        display.still_picture(window, file)
        display.press(key)
    return display.still_picture(window, file)


def finish_all(wine: Wine, display: Screen, process: "subprocess.Popen[bytes]", folder: Path) -> None:
    """From the options' page to the end."""
    display.press("Return")
    wait_until((folder / MARKER).exists, 60)
    wait_until(lambda: not any(folder.parent.glob(f".{folder.name}*")))
    time.sleep(1)
    display.press("Return")
    assert wine.finish(process).code == 0


def test_an_installation_for_all_users_is_chosen_by_keys(
    wine: Wine, display: Screen, setup: Path, tmp_path: Path
) -> None:
    folder = wine.drive / "Program Files" / "Starter"
    process, window = show(wine, display, setup)
    walk(display, window, tmp_path / "page.png", *TO_FOLDER[:3], "alt+a", "Return", "Return")
    finish_all(wine, display, process, folder)  # the folder is the one that is proposed for all users
    path = wine.value(MACHINE_ENVIRONMENT, "Path")
    assert path is not None
    assert path[1].endswith(";" + wine.path(folder) + "\\cmd")
    remove(wine, folder)


def test_the_finish_page_opens_a_prompt_and_the_log(wine: Wine, display: Screen, setup: Path, tmp_path: Path) -> None:
    folder = wine.drive / "users" / "with a prompt"
    process, window = show(wine, display, setup, "/AddToPath=0", f"/D={wine.path(folder)}")
    walk(display, window, tmp_path / "page.png", *TO_FOLDER, "Return")
    display.press("Return")
    wait_until((folder / MARKER).exists, 60)
    time.sleep(1)
    (folder / "cmd" / "keel.bat").write_bytes(b"@echo prompt %* > %USERPROFILE%\\prompt.txt\r\n")
    display.press("alt+p", "alt+l", "Return")
    assert wine.finish(process).code == 0
    display.wait_for("Starter-install-.*")
    told = wine.home / "prompt.txt"
    wait_until(lambda: told.exists() and told.read_text().split() == ["prompt", "activate"])
    told.unlink()
    wine.close()  # notepad, and the prompt
    remove(wine, folder)


def test_long_paths_are_enabled_by_a_box_that_shows_when_it_is_needed(
    wine: Wine, display: Screen, setup: Path, tmp_path: Path
) -> None:
    folder = wine.drive / "users" / "long" / ("deep " * 8 + "x") / ("deeper " * 18 + "x")
    process, window = show(wine, display, setup, f"/D={wine.path(folder)}")
    refused = walk(display, window, tmp_path / "refused.png", *TO_FOLDER)
    again = walk(display, window, tmp_path / "again.png", "Return")  # not yet
    assert not display.differs(refused, again)
    walk(display, window, tmp_path / "page.png", "alt+l", "Return")
    finish_all(wine, display, process, folder)
    file_system = r"HKLM\SYSTEM\CurrentControlSet\Control\FileSystem"
    assert wine.value(file_system, "LongPathsEnabled") == ("REG_DWORD", "0x1")
    remove(wine, folder)
    wine.run("reg", "delete", file_system, "/v", "LongPathsEnabled", "/f")
    shutil.rmtree(wine.drive / "users" / "long", ignore_errors=True)


def test_browsing_puts_a_folder_of_its_own_below_the_chosen_one(
    wine: Wine, display: Screen, setup: Path, tmp_path: Path
) -> None:
    process, window = show(wine, display, setup)
    before = walk(display, window, tmp_path / "before.png", *TO_FOLDER)
    display.press("alt+r")
    display.wait_for("Browse for Folder")
    display.press("Return")
    time.sleep(1)
    assert display.differs(before, display.still_picture(window, tmp_path / "after.png"))
    display.press("Escape")
    assert wine.finish(process).code == 8


def test_everything_grows_with_the_resolution(wine: Wine, setup: Path, pictures: Path) -> None:
    wine.set(r"HKCU\Control Panel\Desktop", "LogPixels", "192", "REG_DWORD")
    wine.close()
    with screen("1600x1200x24") as shown:
        wine.env["DISPLAY"] = shown.display
        process, window = show(wine, shown, setup)
        picture = shown.still_picture(window, pictures / "windows-large.png")
        width, height = struct.unpack(">II", picture.read_bytes()[16:24])
        shown.press("Escape")
        assert wine.finish(process).code == 8
    wine.run("reg", "delete", r"HKCU\Control Panel\Desktop", "/v", "LogPixels", "/f")
    wine.close()
    wine.env.pop("DISPLAY")
    assert width >= 2 * 620
    assert height >= 2 * 440
