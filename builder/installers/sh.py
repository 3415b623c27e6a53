"""Self-extracting shell installers for Linux and macOS.

    [first block: 4096 bytes][rest of the script][engine][payload]

Each part but the payload is padded to a multiple of 4096 bytes, so that `dd` copies the engine in whole blocks; the
payload ends the file. The places of all parts are literals in the first block, which checks the file's size and the
checksum of everything between itself and the payload before the shell reads on.
"""

import shlex
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Protocol

from jinja2 import Environment, StrictUndefined

from ..engine import read_engine
from ..errors import BuilderError
from ..platforms import Platform
from ..resources import TEMPLATES
from ..target import Target
from .facts import InstallerFacts

_BLOCK = 4096
_UNIX = TEMPLATES / "unix"
_FIRST_BLOCK = "first_block.sh"
# What follows it, in the order in which the shell reads it; `main.sh` calls the first function.
SCRIPT = ("facts.sh", "output.sh", "options.sh", "paths.sh", "system.sh", "engine.sh", "dialogue.sh", "main.sh")

# What `uname -s` says, and how people call it; and all the names that `uname -m` has for a CPU.
_KERNELS = {"linux": ("Linux", "Linux"), "macos": ("Darwin", "macOS")}
_MACHINES = {"x86_64": "x86_64 amd64", "aarch64": "aarch64 arm64", "arm64": "arm64 aarch64"}


class PayloadBytes(Protocol):
    """What this format needs of a `builder.payload.Payload`."""

    @property
    def size(self) -> int:
        """Bytes of the whole payload."""

    @property
    def first_frame(self) -> int:
        """Offset of the first frame from the payload's first byte."""

    def write_to(self, stream: IO[bytes]) -> None:
        """Exactly `size` bytes."""


def filename(target: Target) -> str:
    """`Starter-2026.11-py311-Linux-x86_64.sh`; raises BuilderError for a target without a POSIX shell."""
    _check_platform(target.platform)
    return f"{target.stem}.sh"


def check(download_bytes: int) -> None:
    """A script may be as large as a file can be."""


def write(payload: PayloadBytes, target: Target, facts: InstallerFacts, stream: IO[bytes]) -> None:
    """Write the installer of `target`. Raises BuilderError where there is no engine or header for its platform."""
    _check_platform(target.platform)
    write_parts(payload, facts, read_engine(target.platform), stream)


def write_parts(payload: PayloadBytes, facts: InstallerFacts, engine: bytes, stream: IO[bytes]) -> None:
    """Write an installer with any `engine`: a program that is called as docs/architecture.md says."""
    script = _pad(render_script(facts), b"\n")
    program = _pad(engine, b"\0")
    places = _Places(script=len(script), engine=len(engine), program=len(program))
    stream.write(_render_first_block(places, payload, posix_checksum(script + program)))
    stream.write(script)
    stream.write(program)
    payload.write_to(stream)


def _check_platform(platform: Platform) -> None:
    if platform.system not in _KERNELS:
        raise BuilderError(
            f"{platform.name} has no sh installers: they need a POSIX shell", hint="leave this platform out for now"
        )


@dataclass(frozen=True, kw_only=True)
class _Places:
    """script, program: padded sizes in bytes of what lies between first block and payload.  engine: without padding."""

    script: int
    engine: int
    program: int

    @property
    def payload(self) -> int:
        """Offset of the payload in the file."""
        return _BLOCK + self.script + self.program


def _render_first_block(places: _Places, payload: PayloadBytes, checksum: int) -> bytes:
    tokens: dict[str, str | int] = {
        "script_blocks": 1 + places.script // _BLOCK,
        "engine_blocks": places.program // _BLOCK,
        "engine_size": places.engine,
        "payload_offset": places.payload,
        "first_frame": places.payload + payload.first_frame + 1,  # `tail -c +N` counts from one
        "file_size": places.payload + payload.size,
        "checksum": checksum,
    }
    block = _pad(_render(_FIRST_BLOCK, tokens), b"\n")
    if len(block) != _BLOCK:
        raise BuilderError(f"{_FIRST_BLOCK} is longer than {_BLOCK} bytes")
    return block


def render_script(facts: InstallerFacts) -> bytes:
    """The script behind the first block, without padding. Raises BuilderError for text that no script can hold."""
    kernel, kernel_name = _KERNELS[facts.system]
    tokens: dict[str, str | int] = {
        "name": facts.name,
        "title": facts.title,
        "version": facts.version,
        "company": facts.company or "",
        "python": facts.python,
        "label": facts.label,
        "kernel": kernel,
        "kernel_name": kernel_name,
        "machines": _MACHINES[facts.machine],
        "glibc": facts.glibc or "",
        "default_prefix": facts.default_prefix,
        "installed_files": facts.installed_files,
        "installed_megabytes": -(-facts.installed_bytes // 10**6),
        "bytecode": facts.bytecode,
        "license": (facts.license or "").strip(),
        "selftest": (_UNIX / "selftest.py").read_text(encoding="utf-8"),
    }
    return b"".join(_render(name, tokens) for name in SCRIPT)


def _render(name: str, tokens: Mapping[str, str | int]) -> bytes:
    # `@@` instead of braces, so that a template is a shell script before it is rendered too; the delimiters that Jinja2
    # insists on for blocks and comments would be met in shell, so they get some that nobody writes.
    environment = Environment(
        variable_start_string="@@",
        variable_end_string="@@",
        block_start_string="@@%block",
        block_end_string="block%@@",
        comment_start_string="@@%comment",
        comment_end_string="comment%@@",
        undefined=StrictUndefined,
        finalize=quote,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  # shell, not HTML; `finalize` quotes every value
    )
    text = (_UNIX / name).read_bytes().decode()
    return environment.from_string(text).render(tokens).encode()


def quote(value: str | int) -> str:
    """One word of POSIX shell that stands for `value`. Raises BuilderError for text that no script can hold."""
    text = str(value).replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text or any(0xD800 <= ord(letter) <= 0xDFFF for letter in text):
        raise BuilderError(f"cannot be written into a shell script: {text[:80]!r}")
    return shlex.quote(text)


def _pad(data: bytes, filler: bytes) -> bytes:
    return data + filler * (-len(data) % _BLOCK)


_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def posix_checksum(data: bytes) -> int:
    """What `cksum` prints for `data`.

    POSIX's CRC is zlib's with all bits reversed, a start value of 0, and the length (least significant byte first,
    without leading zeros) behind the data: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/cksum.html
    """
    length = len(data).to_bytes((len(data).bit_length() + 7) // 8, "little")
    crc = zlib.crc32((data + length).translate(_REVERSED), 0xFFFFFFFF)
    return int(f"{crc:032b}"[::-1], 2)
