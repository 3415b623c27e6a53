"""Signing a finished installer with commands of the recipe."""

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .errors import OutputError

_HINT = "mend the recipe's `signing`, or what the command needs; nothing was put into the output folder"
_SHOWN_LINES = 20


def sign(file: Path, name: str, commands: Sequence[Sequence[str]], folder: Path) -> None:
    """Run `commands` in `folder` on `file`, which is called `name` for them, one after the other.

    commands: words with `{file}` and `{signed}`; where a command has the latter, what it writes there takes the file's
    place. Raises OutputError for one that cannot be run, fails, or leaves no installer.
    """
    if not commands:
        return
    with tempfile.TemporaryDirectory(prefix=".signing-", dir=file.absolute().parent) as work:
        # Tools look at a file's name to know what it is.
        current, signed = Path(work) / "unsigned" / name, Path(work) / "signed" / name
        current.parent.mkdir()
        signed.parent.mkdir()
        file.rename(current)
        beginning = _beginning(current)
        for command in commands:
            words = [word.replace("{file}", str(current)).replace("{signed}", str(signed)) for word in command]
            _run(words, folder)
            if any("{signed}" in word for word in command):
                if not signed.is_file():
                    raise OutputError(f"{words[0]} ended well, but has not written {signed.name}", hint=_HINT)
                signed.replace(current)
            if _beginning(current) != beginning:
                raise OutputError(f"what {words[0]} has left is not an installer", hint=_HINT)
        with current.open("rb") as stream:
            os.fsync(stream.fileno())
        current.rename(file)


def _run(words: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    except OSError as error:
        raise OutputError(f"{words[0]}, which is to sign, cannot be run: {error.strerror}", hint=_HINT) from error
    if done.returncode:
        said = "".join(f"\n  {line}" for line in done.stdout.decode(errors="replace").splitlines()[-_SHOWN_LINES:])
        raise OutputError(f"{words[0]}, which is to sign, failed with code {done.returncode}{said}", hint=_HINT)


def _beginning(file: Path) -> bytes:
    """What tells the format; empty where there is no file any more."""
    try:
        with file.open("rb") as stream:
            return stream.read(4)
    except OSError:
        return b""
