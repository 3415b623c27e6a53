"""Scripts that name the environment they were installed into, as pip and uv write them, moved to another one."""

import re
import shlex
import struct
from typing import TYPE_CHECKING, Callable, Iterable, Optional

from .launchers import Launchers

if TYPE_CHECKING:
    from .base import Base

# (script, former prefixes, prefix) -> script
Relocation = Callable[[bytes, Iterable[str], str], bytes]

# The kernel reads no more of a `#!` line (BINPRM_BUF_SIZE was 128 before Linux 5.1); pip keeps to it as well.
_LONGEST_SHEBANG = 127
_DIRECT = re.compile(rb"#!(?P<python>/[^\r\n \t]*)(?P<arguments>[ \t][^\r\n]*)?\r?\n")
# For paths that a `#!` line cannot hold: shell code that Python takes for a string. pip quotes with '"', uv with "'".
_THROUGH_SH = re.compile(rb"#!/bin/sh\r?\n'''exec' (?P<python>[^\r\n]*) \"\$0\" \"\$@\"\r?\n' '''\r?\n")

# By this name uv's launchers find their Python (uv 0.13, crates/uv-trampoline).
_UV_RESOURCE = "UV_PYTHON_PATH".encode("utf-16-le")


def relocate_script(script: bytes, old: Iterable[str], new: str) -> bytes:
    """`script` with the Python of the environment at one of the paths `old` replaced by that of the one at `new`.

    Anything else comes back as it was: other interpreters, programs, relocatable scripts.
    """
    through_sh = _THROUGH_SH.match(script)
    if through_sh is not None:
        for word in (_text(through_sh["python"]), _unquoted(_text(through_sh["python"]))):
            python = _moved(word.strip("\"'"), old, new)
            if python is not None:
                return _header(python, "") + script[through_sh.end() :]
    direct = _DIRECT.match(script)
    if direct is not None:
        python = _moved(_text(direct["python"]), old, new)
        if python is not None:
            return _header(python, _text(direct["arguments"] or b"").strip()) + script[direct.end() :]
    return script


def relocate_launcher(program: bytes, old: Iterable[str], new: str, launchers: Launchers) -> bytes:
    """The same for a program on Windows with a script in a zip, as pip and uv make them.

    pip's (`keel.launchers`) has a `#!` line right before the zip, whose place is told from its end, so the line may
    become longer or shorter. uv's names its Python in a resource: one that is meant becomes one of `launchers`.
    """
    start = _start_of_zip(program)
    if not program.startswith(b"MZ") or start < 0:
        return program
    if _UV_RESOURCE in program:
        return _from_uv(program, program[start : _end_of_zip(program)], old, launchers)
    line = program.rfind(b"#!", 0, start)
    if line < 0:
        return program
    # A base has python.exe above its scripts, an environment beside them.
    moved = program[line:start].replace(b"<launcher_dir>\\..\\", b"<launcher_dir>\\")
    for prefix in old:
        moved = _python_of(prefix).sub(lambda _: f"{new}\\Scripts\\".encode("utf-8", "surrogateescape"), moved)
    return program[:line] + moved + program[start:]


def _from_uv(program: bytes, script: bytes, old: Iterable[str], launchers: Launchers) -> bytes:
    """A relocatable program with the same zip, if this one starts a Python of one of the paths `old`."""
    for prefix in old:
        found = re.compile(_python_of(prefix).pattern + b"python(w?)[.]exe").search(program)
        if found:
            return launchers.with_zip(script, gui=bool(found[1]))
    return program


def _python_of(prefix: str) -> "re.Pattern[bytes]":
    """Up to the name of a Python at `prefix`."""
    return re.compile(
        b"(?i)" + re.escape(prefix.encode("utf-8", "surrogateescape")) + rb"(?:[\\/]Scripts)?[\\/](?=pythonw?\.exe)"
    )


def relocation(base: "Base") -> Relocation:
    """What moves the scripts of environments of `base`."""
    if not base.layout.windows:
        return relocate_script
    from .store import environment_scheme  # which clones need for nothing else

    launchers = environment_scheme(base).launchers
    assert launchers is not None
    return lambda program, old, new: relocate_launcher(program, old, new, launchers)


def _end_of_zip(data: bytes) -> int:
    """Behind the last record of the zip at the end of `data`, and its comment."""
    last = data.rfind(b"PK\x05\x06")
    return last + 22 + int(struct.unpack_from("<H", data, last + 20)[0])


def _start_of_zip(data: bytes) -> int:
    """Where the zip at the end of `data` starts; -1 if there is none
    (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.16)."""
    last = data.rfind(b"PK\x05\x06")
    if last < 0 or len(data) < last + 22:
        return -1
    size, offset = struct.unpack_from("<LL", data, last + 12)
    start = last - size - offset
    return start if data[start : start + 4] == b"PK\x03\x04" else -1


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _unquoted(word: str) -> str:
    """What the shell makes of `word`."""
    if word.startswith('"'):
        return re.sub(r'\\([\\"$`])', r"\1", word)
    try:
        return "".join(shlex.split(word)[:1])
    except ValueError:
        return word


def _moved(python: str, old: Iterable[str], new: str) -> Optional[str]:
    for prefix in old:
        if python.startswith(f"{prefix}/bin/"):
            return new + python[len(prefix) :]
    return None


def _header(python: str, arguments: str) -> bytes:
    shebang = f"#!{python} {arguments}".rstrip()
    encoded = shebang.encode("utf-8", "surrogateescape")
    if re.search(r"\s", python) is None and len(encoded) <= _LONGEST_SHEBANG:
        return encoded + b"\n"
    quoted = re.sub(r'([\\"$`])', r"\\\1", python)
    words = f'"{quoted}" {arguments}'.rstrip()
    return f"#!/bin/sh\n'''exec' {words} \"$0\" \"$@\"\n' '''\n".encode("utf-8", "surrogateescape")
