"""What the command line knows and the recipe does not, as one value that is passed in."""

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .cache import Cache
from .fetch import Fetcher
from .report import Reporter


@dataclass(frozen=True, kw_only=True)
class Host:
    """The machine that the builder runs on.

    python_executable: of the builder itself (perhaps a virtual environment's).  python_version: "3.11.7".
    platform_name: a name of `builder.platforms`, or one in its style that is not in the table.  glibc: "2.36", None
    where there is none.
    """

    python_executable: Path
    python_version: str
    platform_name: str
    glibc: str | None

    @property
    def python_minor(self) -> str:
        """ "3.11" """
        return ".".join(self.python_version.split(".")[:2])


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to build, as opposed to what (the recipe).

    interpreter: takes the place of the recipe's sources: "host", "pbs", "python.org", or the path of an archive or
    folder.  jobs: threads for packing.  tests: whether the recipe's are run.  env: the environment variables of the
    command.
    """

    cache: Cache
    fetcher: Fetcher
    reporter: Reporter
    host: Host
    offline: bool = False
    interpreter: str | None = None
    jobs: int = 1
    tests: bool = True
    env: Mapping[str, str] = field(default_factory=dict)


def current_host() -> Host:
    """The facts of this machine; to be called by the command line only."""
    system = {"darwin": "macos", "win32": "windows"}.get(sys.platform, sys.platform)
    machine = platform.machine().lower()
    machine = {"amd64": "x86_64"}.get(machine, machine)
    if system != "linux":
        machine = {"aarch64": "arm64"}.get(machine, machine)
    return Host(
        python_executable=Path(sys.executable),
        python_version=platform.python_version(),
        platform_name=f"{system}-{machine}",
        glibc=_glibc() if system == "linux" else None,
    )


def available_cores() -> int:
    """How many cores this process may use; to be called by the command line only."""
    if hasattr(os, "sched_getaffinity"):  # Linux: what a container was given
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _glibc() -> str | None:
    try:
        answer = os.confstr("CS_GNU_LIBC_VERSION") or ""  # "glibc 2.36"
    except (ValueError, OSError):  # musl
        return None
    name, _, version = answer.partition(" ")
    return version if name == "glibc" and version else None
