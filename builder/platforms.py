"""The table of platforms: names, tags, layouts. The one place that asks "is it Windows?"."""

from collections.abc import Iterator
from dataclasses import dataclass

from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms

from keel.wheel import Scheme

from .launchers import base_launchers

# What uv calls them (`uv pip compile --python-platform`); a glibc in between maps to the next lower name.
_UV_GLIBC = (17, 28, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40)
_DEFAULT_GLIBC = "2.28"
_DEFAULT_MACOS = {"x86_64": "10.15", "arm64": "11.0"}


def glibc_tuple(text: str) -> tuple[int, int]:
    """`"2.28"` -> `(2, 28)`."""
    major, minor = text.split(".")[:2]
    return int(major), int(minor)


@dataclass(frozen=True, kw_only=True)
class Platform:
    """One of the six systems that installers are made for.

    system: "linux", "macos" or "windows".  machine: as the platform calls it ("aarch64" on Linux is "arm64" elsewhere).
    label: its part of an installer's file name (Miniconda's).  zig_target: as zig names it.
    """

    name: str
    system: str
    machine: str
    label: str
    zig_target: str

    @property
    def is_windows(self) -> bool:
        return self.system == "windows"

    @property
    def engine_name(self) -> str:
        """File name of the engine under `installer_templates/engine/prebuilt/<platform>/`."""
        return "keel-engine.exe" if self.is_windows else "keel-engine"

    @property
    def oldest_macos(self) -> str | None:
        """What python-build-standalone and the engine are built for; None on other systems."""
        return _DEFAULT_MACOS[self.machine] if self.system == "macos" else None

    @property
    def macos_machines(self) -> tuple[str, ...]:
        """What a wheel's tag may call this machine: by its name, or as one of several in the same binary."""
        return (self.machine, "universal2", *(("intel", "fat64", "universal") if self.machine == "x86_64" else ()))

    def scheme(self, python: str) -> Scheme:
        """Where a base puts a wheel's files, relative to the prefix (`python`: "3.11")."""
        if self.is_windows:
            return Scheme(
                purelib="Lib/site-packages",
                platlib="Lib/site-packages",
                scripts="Scripts",
                data="",
                headers="include",
                launchers=base_launchers(self.machine),
            )
        return Scheme(
            purelib=f"lib/python{python}/site-packages",
            platlib=f"lib/python{python}/site-packages",
            scripts="bin",
            data="",
            headers=f"include/python{python}",
        )

    def python_path(self, python: str) -> str:
        """The interpreter itself, relative to the prefix."""
        return "python.exe" if self.is_windows else f"bin/python{python}"

    def marker_environment(self, python_full: str) -> dict[str, str]:
        """Every marker of PEP 508 for CPython `python_full` ("3.11.7") here; none is taken from the host."""
        sys_platform, platform_system, os_name = {
            "linux": ("linux", "Linux", "posix"),
            "macos": ("darwin", "Darwin", "posix"),
            "windows": ("win32", "Windows", "nt"),
        }[self.system]
        machine = {"x86_64": "AMD64", "arm64": "ARM64"}[self.machine] if self.is_windows else self.machine
        return {
            "implementation_name": "cpython",
            "implementation_version": python_full,
            "os_name": os_name,
            "platform_machine": machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": platform_system,
            "platform_version": "",
            "python_full_version": python_full,
            "python_version": ".".join(python_full.split(".")[:2]),
            "sys_platform": sys_platform,
        }

    def uv_platform(self, *, glibc: str | None, macos: str | None) -> tuple[str, dict[str, str]]:
        """uv's `--python-platform` name, and the environment variables that go with it."""
        if self.system == "linux":
            wanted = glibc_tuple(glibc or _DEFAULT_GLIBC)[1]
            minor = max((known for known in _UV_GLIBC if known <= wanted), default=_UV_GLIBC[0])
            return f"{self.machine}-manylinux_2_{minor}", {}
        if self.system == "macos":
            arch = {"arm64": "aarch64"}.get(self.machine, self.machine)
            return f"{arch}-apple-darwin", {"MACOSX_DEPLOYMENT_TARGET": macos or _DEFAULT_MACOS[self.machine]}
        arch = {"arm64": "aarch64"}.get(self.machine, self.machine)
        return f"{arch}-pc-windows-msvc", {}

    def tags(self, python: str, *, glibc: str | None, macos: str | None) -> list[Tag]:
        """Wheel tags that `python` ("3.11") accepts here, best first; `glibc`/`macos`: the oldest that must do."""
        version = tuple(int(part) for part in python.split("."))[:2]
        platforms = list(self._platform_tags(glibc=glibc, macos=macos))
        interpreter = f"cp{version[0]}{version[1]}"
        return [*cpython_tags(version, platforms=platforms), *compatible_tags(version, interpreter, platforms)]

    def _platform_tags(self, *, glibc: str | None, macos: str | None) -> Iterator[str]:
        if self.system == "windows":
            yield {"x86_64": "win_amd64", "arm64": "win_arm64"}[self.machine]
        elif self.system == "macos":
            oldest = glibc_tuple(macos or _DEFAULT_MACOS[self.machine])
            yield from mac_platforms(oldest, self.machine)
        else:
            legacy = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
            lowest = 5 if self.machine == "x86_64" else 17
            for minor in range(glibc_tuple(glibc or _DEFAULT_GLIBC)[1], lowest - 1, -1):
                yield f"manylinux_2_{minor}_{self.machine}"
                if minor in legacy:
                    yield f"{legacy[minor]}_{self.machine}"
            yield f"linux_{self.machine}"


PLATFORMS: dict[str, Platform] = {
    platform.name: platform
    for platform in (
        Platform(
            name="linux-x86_64",
            system="linux",
            machine="x86_64",
            label="Linux-x86_64",
            zig_target="x86_64-linux-musl",
        ),
        Platform(
            name="linux-aarch64",
            system="linux",
            machine="aarch64",
            label="Linux-aarch64",
            zig_target="aarch64-linux-musl",
        ),
        Platform(
            name="macos-x86_64",
            system="macos",
            machine="x86_64",
            label="MacOSX-x86_64",
            zig_target="x86_64-macos",
        ),
        Platform(
            name="macos-arm64",
            system="macos",
            machine="arm64",
            label="MacOSX-arm64",
            zig_target="aarch64-macos",
        ),
        Platform(
            name="windows-x86_64",
            system="windows",
            machine="x86_64",
            label="Windows-x86_64",
            zig_target="x86_64-windows-gnu",
        ),
        Platform(
            name="windows-arm64",
            system="windows",
            machine="arm64",
            label="Windows-arm64",
            zig_target="aarch64-windows-gnu",
        ),
    )
}
