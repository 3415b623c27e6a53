"""The kinds of installers, each as a user would run it on its own system. For tools/verify_installation.py."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_PATIENCE = 900  # seconds; an emulated machine takes its time


class CheckError(Exception):
    """A check failed; the text says how."""


def call(
    command: "Sequence[object] | str", *, env: Mapping[str, str], cwd: "Path | None" = None, patience: int = _PATIENCE
) -> str:
    """Run a program and return what it says on standard output. Raises CheckError unless it exits with 0."""
    words = command if isinstance(command, str) else [str(word) for word in command]
    # Not through pipes: what it leaves running would hold them open.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            code = subprocess.run(
                words, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err, timeout=patience, check=False
            ).returncode
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CheckError(f"{words}: {error}") from error
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode("utf-8", "replace"))
    if code:
        raise CheckError(f"{words} exited with {code}\n{''.join(texts)[-3000:]}")
    return texts[0]


def is_in_base(prefix: Path) -> bool:
    return (prefix / "keel-meta" / "manifest.json").is_file()


class Installer:
    """place: where the base should go."""

    def __init__(self, file: Path, env: Mapping[str, str], place: Path) -> None:
        self.file, self.env, self.place = file, env, place

    def verify(self) -> None:
        raise NotImplementedError

    def install(self) -> Path:
        """Returns the prefix."""
        raise NotImplementedError

    def remove(self, prefix: Path) -> None:
        raise NotImplementedError


class ShInstaller(Installer):
    """A .sh for Linux or macOS."""

    def verify(self) -> None:
        call(["sh", self.file, "--verify"], env=self.env)

    def install(self) -> Path:
        call(["sh", self.file, "-b", "-t", "-p", self.place], env=self.env)
        return self.place

    def remove(self, prefix: Path) -> None:
        call([prefix / "cmd" / "keel", "uninstall", "-y"], env=self.env)


class PkgInstaller(Installer):
    """A .pkg for macOS, into the user's home, where its own default says: HOME must be the real one."""

    def verify(self) -> None:
        call(["installer", "-pkginfo", "-pkg", self.file], env=self.env)

    def install(self) -> Path:
        home = Path.home()
        before = set(home.iterdir())
        self.receipts = receipts(home)
        call(["installer", "-pkg", self.file, "-target", "CurrentUserHomeDirectory"], env=os.environ)
        found = [path for path in set(home.iterdir()) - before if is_in_base(path)]
        if len(found) != 1:
            raise CheckError(f"in {home} there are {len(found)} new bases")
        return found[0]

    def remove(self, prefix: Path) -> None:
        call([prefix / "cmd" / "keel", "uninstall", "-y"], env=os.environ)
        left = receipts(Path.home()) - self.receipts
        if left:
            raise CheckError(f"macOS still knows of {', '.join(sorted(left))}")


def receipts(home: Path) -> "set[str]":
    """The packages that macOS knows in a home folder."""
    try:
        return set(call(["pkgutil", "--volume", home, "--pkgs"], env=os.environ).split())
    except CheckError:  # it has none at all
        return set()


class ExeInstaller(Installer):
    """A .exe for Windows, for this user alone."""

    def verify(self) -> None:
        call([self.file, "/Verify"], env=self.env)

    def install(self) -> Path:
        # /D= takes the rest of the line, without quotes.
        call(f'"{self.file}" /S /InstallationType=JustMe /AddToPath=0 /D={self.place}', env=self.env)
        return self.place

    def remove(self, prefix: Path) -> None:
        (program,) = prefix.glob("Uninstall-*.exe")
        call([program, "/S", "/RemoveEnvironments=1"], env=self.env)
        # Its own file goes a moment after its end.
        for _ in range(120):
            if not prefix.exists():
                return
            time.sleep(0.5)


class SevenZip(Installer):
    """A portable .7z for Windows, unpacked by 7-Zip or by Windows' own tar."""

    def verify(self) -> None:
        program = shutil.which("7z")
        call([program, "t", self.file] if program else ["tar", "-tf", self.file], env=self.env)

    def install(self) -> Path:
        self.place.mkdir()
        program = shutil.which("7z")
        windows = ["tar", "-xf", self.file, "-C", self.place]
        call([program, "x", "-y", f"-o{self.place}", self.file] if program else windows, env=self.env)
        (top,) = self.place.iterdir()
        return top

    def remove(self, prefix: Path) -> None:
        shutil.rmtree(prefix)


KINDS: "Mapping[str, type[Installer]]" = {
    ".sh": ShInstaller,
    ".pkg": PkgInstaller,
    ".exe": ExeInstaller,
    ".7z": SevenZip,
}
