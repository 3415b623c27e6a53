"""Self-extracting shell installers for Linux and macOS.

    [first block: 4096 bytes][rest of the script][engine][payload]

Each part but the payload is padded to a multiple of 4096 bytes, so that `dd` copies the engine in whole blocks; the
payload ends the file. The places of all parts are literals in the first block, which checks the file's size and the
checksum of everything between itself and the payload before the shell reads on.
"""

from dataclasses import dataclass
from typing import IO, Protocol

from ..engine import read_engine
from ..errors import BuilderError
from ..platforms import Platform
from ..target import Target
from .cksum import posix_checksum
from .facts import InstallerFacts
from .shell import KERNELS, UNIX, facts_tokens, render

_BLOCK = 4096
_FIRST_BLOCK = "first_block.sh"
# What follows it, in the order in which the shell reads it; `main.sh` calls the first function.
SCRIPT = (
    *("facts.sh", "texts.sh", "output.sh", "options.sh", "paths.sh", "system.sh"),
    *("engine.sh", "dialogue.sh", "main.sh"),
)


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
    if platform.system not in KERNELS:
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
    block = _pad(render([UNIX / _FIRST_BLOCK], tokens), b"\n")
    if len(block) != _BLOCK:
        raise BuilderError(f"{_FIRST_BLOCK} is longer than {_BLOCK} bytes")
    return block


def render_script(facts: InstallerFacts) -> bytes:
    """The script behind the first block, without padding. Raises BuilderError for text that no script can hold."""
    return render((UNIX / name for name in SCRIPT), facts_tokens(facts))


def _pad(data: bytes, filler: bytes) -> bytes:
    return data + filler * (-len(data) % _BLOCK)
