"""A Windows to run programs on: Wine with a drive and a registry of its own, and a screen for its windows."""

import getpass
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import need, skip_unless

if TYPE_CHECKING:
    from .conftest import Done

_TIMEOUT = 60
_CARET = 64  # pixels


# Debian's `wine` and `wine64` are scripts with hints on standard error; some systems have the programs on PATH.
_LOADERS = ("/usr/lib/wine/wine64", "wine64")
_SERVERS = ("/usr/lib/wine/wineserver64", "/usr/lib/wine/wineserver", "wineserver")


def find_wine() -> str:
    """Wine's 64-bit loader."""
    return _find(_LOADERS)


def find_server() -> str:
    """What all programs of one Wine share."""
    return _find(_SERVERS)


def _find(names: tuple[str, ...]) -> str:
    found = next((path for name in names if (path := shutil.which(name))), None)
    skip_unless(found, f"{names[-1]} is not installed")
    assert found is not None
    return found


@dataclass
class Wine:
    """root: a folder of its own for everything.  env: what else programs get."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def drive(self) -> Path:
        """Where `C:\\` is."""
        return self.root / "prefix" / "drive_c"

    @property
    def home(self) -> Path:
        """The user's profile."""
        return self.drive / "users" / getpass.getuser()

    @property
    def temp(self) -> Path:
        return self.home / "Temp"

    def path(self, place: Path) -> str:
        r"""A path of this machine as Windows programs name it: `C:\…` below `drive`, `Z:\…` elsewhere."""
        if place.is_relative_to(self.drive):
            return "C:\\" + str(place.relative_to(self.drive)).replace("/", "\\")
        return "Z:" + str(place).replace("/", "\\")

    def environment(self, **more: str) -> dict[str, str]:
        """What Wine itself needs, and `more` for the program."""
        return {
            "HOME": str(self.root),
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "WINEPREFIX": str(self.root / "prefix"),
            "WINEDEBUG": "-all",
            # No entries in this machine's menus, no offers to fetch Mono or Gecko.
            "WINEDLLOVERRIDES": "winemenubuilder.exe=d;mscoree=d;mshtml=d",
            **self.env,
            **more,
        }

    def start(self, *words: object, cwd: Path | None = None) -> "subprocess.Popen[bytes]":
        """A program in the background."""
        return subprocess.Popen(
            [find_wine(), *map(str, words)],
            env=self.environment(),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def finish(self, process: "subprocess.Popen[bytes]", timeout: float = _TIMEOUT) -> "Done":
        """Wait for its end. What it has started itself does not count, though it holds the pipes."""
        from .conftest import Done  # which has its fixtures from here

        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        out, err = (_read_all(stream.fileno()) for stream in (process.stdout, process.stderr) if stream is not None)
        return Done(process.returncode, out, err)

    def run(self, *words: object, code: int | None = 0, timeout: float = _TIMEOUT) -> "Done":
        """Run a program to its end; fails unless it exits with `code` (of which Unix sees eight bits; None: any)."""
        done = self.finish(self.start(*words), timeout)
        assert code is None or done.code == code & 0xFF, f"{words}: {done}"
        return done

    def query(self, key: str) -> str:
        """Every key from this one on, and its values below it as `    NAME    TYPE    TEXT`; "" where there is none.

        `reg query` would print letters only as the console's code page has them; an exported file is UTF-16.
        """
        file = self.drive / "export.reg"
        done = self.run("reg", "export", key, self.path(file), "/y", code=None)
        return _as_lines(file.read_text("utf-16")) if done.code == 0 else ""

    def value(self, key: str, name: str) -> tuple[str, str] | None:
        """Type and text of one value."""
        found = re.search(
            rf"^    {re.escape(name)}    (REG_\w+)    (.*)$", self.query(key), re.MULTILINE | re.IGNORECASE
        )
        return (found[1], found[2]) if found else None

    def set(self, key: str, name: str, text: str, kind: str = "REG_SZ") -> None:
        self.run("reg", "add", key, "/v", name, "/t", kind, "/d", text, "/f")

    def close(self) -> None:
        """End everything that runs in this Wine."""
        subprocess.run([find_server(), "-k"], env=self.environment(), timeout=_TIMEOUT, check=False)


def _read_all(descriptor: int) -> str:
    """What is in a pipe; its end may be far away, for children hold it open, too."""
    os.set_blocking(descriptor, False)
    data = b""
    with suppress(BlockingIOError):
        while chunk := os.read(descriptor, 65536):
            data += chunk
    return data.decode("utf-8", "replace")


def _as_lines(exported: str) -> str:
    """A .reg file as `reg query` would print it."""
    lines = []
    for line in exported.replace(",\\\n  ", ",").split("\n"):
        if line.startswith("["):
            lines.append(line.strip("[]"))
        elif line.startswith("@="):
            lines.append(f"    (Default)    {_typed(line[2:])}")
        elif line.startswith('"'):
            name, _, value = line[1:].partition('"=')
            lines.append(f"    {name}    {_typed(value)}")
    return "\n".join(lines)


def _typed(value: str) -> str:
    """`"a\\\\b"` -> `REG_SZ    a\\b`"""
    if value.startswith('"'):
        return "REG_SZ    " + re.sub(r"\\(.)", r"\1", value[1:-1])
    kind, _, content = value.partition(":")
    if kind == "dword":
        return f"REG_DWORD    {int(content, 16):#x}"
    text = bytes.fromhex(content.replace(",", "")).decode("utf-16-le", "replace").rstrip("\0")
    words = {"hex(2)": "REG_EXPAND_SZ", "hex(7)": "REG_MULTI_SZ"}
    return f"{words.get(kind, 'REG_BINARY')}    {text}"


def make_wine(wine: Wine, *, stays: bool = False) -> None:
    """Make this Windows, which says that it is Windows 10. Takes about a quarter of a minute.

    stays: its server and services live until `close`, so that a program need not start them, which takes 3 seconds.
    """

    def quietly(*words: str) -> None:
        # Services keep what they inherit: none of a test's pipes, therefore.
        null = subprocess.DEVNULL
        subprocess.run(words, env=wine.environment(), stdin=null, stdout=null, stderr=null, timeout=180, check=True)

    wine.drive.parent.mkdir()
    if stays:
        quietly(find_server(), "--persistent")
    quietly(find_wine(), "wineboot", "--init")
    wine.set(r"HKCU\Software\Wine", "Version", "win10")
    wine.set(r"HKCU\Software\Wine\X11 Driver", "Managed", "N")  # it draws the frames of windows itself
    if not stays:
        quietly(find_server(), "--wait")


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


@dataclass(frozen=True)
class Screen:
    """An X server without a monitor."""

    display: str

    def _tool(self, *words: str) -> str:
        env = {**os.environ, "DISPLAY": self.display}
        return subprocess.run(words, env=env, capture_output=True, text=True, timeout=30, check=False).stdout

    def wait_for(self, title: str, seconds: float = 60) -> str:
        """The window with this title, as soon as it is shown."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self._tool("xdotool", "search", "--onlyvisible", "--name", f"^{title}$").split()
            if found:
                return found[-1]
            time.sleep(0.1)
        raise AssertionError(f"no window called {title!r} after {seconds} s")

    def press(self, *keys: str) -> None:
        """Press keys in the window that has the keyboard, as xdotool names them."""
        for key in keys:
            self._tool("xdotool", "key", "--clearmodifiers", key)
            time.sleep(0.1)

    def type(self, text: str) -> None:
        self._tool("xdotool", "type", "--delay", "20", text)

    def picture(self, window: str, file: Path) -> Path:
        """What is to be seen of a window."""
        self._tool("import", "-window", "root", "-crop", self._geometry(window), "+repage", "-strip", str(file))
        return file

    def still_picture(self, window: str, file: Path, seconds: float = 10) -> Path:
        """The same, as soon as nothing moves any more."""
        end, before = time.monotonic() + seconds, b""
        while time.monotonic() < end:
            now = self.picture(window, file).read_bytes()
            if now == before:
                break
            before = now
            time.sleep(0.3)
        return file

    def differs(self, one: Path, other: Path) -> bool:
        """Whether two pictures show different things; a blinking caret is none."""
        words = ["compare", "-metric", "AE", str(one), str(other), "null:"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
        return float(done.stderr.split()[0]) > _CARET

    def _geometry(self, window: str) -> str:
        out = self._tool("xdotool", "getwindowgeometry", "--shell", window)
        place = dict(line.split("=") for line in out.split())
        return f"{place['WIDTH']}x{place['HEIGHT']}+{place['X']}+{place['Y']}"


@contextmanager
def screen(size: str = "1024x768x24") -> Iterator[Screen]:
    """A screen; its number is one that is free."""
    need("Xvfb")
    need("xdotool")
    need("import")
    need("compare")
    read, write = os.pipe()
    command: Sequence[str] = ["Xvfb", "-displayfd", str(write), "-screen", "0", size, "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as numbers:
            yield Screen(f":{numbers.readline().strip()}")
    finally:
        server.terminate()
        server.wait(10)
