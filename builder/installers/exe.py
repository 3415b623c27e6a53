"""Self-extracting programs for Windows.

    [setup program, with resources of its own][zeros up to a multiple of 8][payload]

The setup program is prebuilt (installer_templates/windows); what it says about its distribution is put into it as
resources. The payload begins where the program's last section ends, so that a signature can follow it.
"""

from pathlib import Path
from typing import IO, cast

from keel.manifest import AT_INSTALLATION

from ..errors import BuilderError, OutputError
from ..payload import Payload
from ..platforms import Platform
from ..recipe import Recipe, WindowsInstaller
from ..resources import TEMPLATES
from ..target import Target
from .facts import InstallerFacts
from .portable_executable import Checksum, CheckSummed, Resource, add_resources, checksum_place
from .resource_data import icon_resources, rcdata, version_resource

_ENGINES = TEMPLATES / "engine" / "prebuilt"
_WINDOWS = TEMPLATES / "windows"
PROGRAM = "keel-setup.exe"
# Windows starts no program that is larger: its format counts in 32 bits.
LARGEST = 4 * 2**30 - 2**16
# The share of a wheel's size that its frames have at the very least; zip and zstd compress the same files.
_LEAST_SHARE = 0.55
# Resources of the type RCDATA; installer_templates/windows/resources.h knows them by these numbers.
_FACTS, _LICENSE, _PICTURE = 1, 2, 3
_MANIFEST = 24  # RT_MANIFEST
_HINT_7Z = "build the portable one, which has no such limit: --format 7z"


def filename(target: Target) -> str:
    """`Starter-2026.11-py311-Windows-x86_64.exe`; raises BuilderError for other systems."""
    if not target.platform.is_windows:
        raise BuilderError(
            f"{target.platform.name} has no exe installers: they are for Windows", hint="leave this format out"
        )
    return f"{target.stem}.exe"


def check(download_bytes: int) -> None:
    """Refuse what would become too large, before anything is compressed. Raises BuilderError.

    download_bytes: of all wheels.
    """
    if download_bytes * _LEAST_SHARE > LARGEST:
        raise BuilderError(
            f"an .exe cannot hold {download_bytes / 2**30:.1f} GiB of packages: Windows starts no program over 4 GiB",
            hint=_HINT_7Z,
        )


def write(payload: Payload, target: Target, facts: InstallerFacts, stream: IO[bytes]) -> None:
    """Write the installer of `target`; the stream can seek. Raises BuilderError."""
    windows = target.recipe.windows or WindowsInstaller()
    _check_shortcuts(windows, payload)
    program = make_program(target, facts, read_program(target.platform))
    if len(program) + payload.size > LARGEST:
        raise OutputError(f"the installer would have {(len(program) + payload.size) / 2**30:.2f} GiB", hint=_HINT_7Z)
    start = stream.tell()
    place = checksum_place(program)
    summed = CheckSummed(stream, Checksum())
    summed.write(program)
    payload.write_to(cast("IO[bytes]", summed))  # payloads only write
    end = stream.tell()
    stream.seek(start + place)
    stream.write(summed.checksum.value(end - start).to_bytes(4, "little"))
    stream.seek(end)


def read_program(platform: Platform) -> bytes:
    """The prebuilt setup program; raises BuilderError where it is missing."""
    path = _ENGINES / platform.name / PROGRAM
    try:
        return path.read_bytes()
    except OSError as error:
        raise BuilderError(
            f"there is no setup program for {platform.name}: {path}: {error.strerror}",
            hint="build it: python tools/build_engine.py",
        ) from error


def make_program(target: Target, facts: InstallerFacts, program: bytes) -> bytes:
    """The setup program with everything that it says and shows, ready for a payload behind it."""
    windows = target.recipe.windows or WindowsInstaller()
    license_text = (facts.license or "").replace("\r\n", "\n").strip()
    resources: list[Resource] = [
        rcdata(_FACTS, facts_resource(target.recipe, windows, facts, bool(license_text))),
        Resource(_MANIFEST, 1, (_WINDOWS / "setup.manifest").read_bytes()),
        version_resource(facts, filename(target)),
        *icon_resources(_read(windows.icon or _WINDOWS / "setup.ico")),
    ]
    if license_text:
        resources.append(rcdata(_LICENSE, license_text.encode()))
    if windows.welcome_picture:
        resources.append(rcdata(_PICTURE, _read(windows.welcome_picture)))
    whole = add_resources(program, resources)
    return whole + bytes(-len(whole) % 8)


def facts_resource(recipe: Recipe, windows: WindowsInstaller, facts: InstallerFacts, has_license: bool) -> bytes:
    """The facts as installer_templates/windows/facts.c reads them: docs/windows.md, "Facts"."""
    lines = [
        ("id", facts.title),
        ("title", facts.title),
        ("version", facts.version),
        ("company", facts.company or ""),
        ("homepage", recipe.homepage or ""),
        ("python", facts.python),
        ("label", facts.label),
        ("prefix_me", windows.default_prefix or _own_prefix(recipe)),
        ("prefix_all", windows.default_prefix_all_users or f"%ProgramFiles%/{facts.title}"),
        ("add_to_path", str(int(windows.add_to_path))),
        ("register_python", str(int(windows.register_python))),
        ("compiles", str(int(facts.bytecode == AT_INSTALLATION))),
        ("license", str(int(has_license))),
        ("picture", str(int(windows.welcome_picture is not None))),
    ]
    for shortcut in windows.shortcuts:
        lines.append(
            ("shortcut", "\t".join([shortcut.name, shortcut.target, shortcut.arguments or "", shortcut.icon or ""]))
        )
    return "".join(f"{key}={value}\n" for key, value in lines).encode()


def _own_prefix(recipe: Recipe) -> str:
    """The recipe's `default_prefix` where Windows can make something of it."""
    prefix = recipe.default_prefix
    if prefix.startswith("$HOME/"):
        prefix = "~" + prefix.removeprefix("$HOME")
    return f"~/{recipe.name}" if prefix.startswith("/") else prefix


def _check_shortcuts(windows: WindowsInstaller, payload: Payload) -> None:
    """What shortcuts lead to is in the payload; the names of Windows know no upper and lower case."""
    if not windows.shortcuts:
        return
    there = {path.lower() for frame in payload.frames for path in frame.paths}
    for shortcut in windows.shortcuts:
        for path in filter(None, (shortcut.target, shortcut.icon)):
            if path.lower() not in there:
                raise BuilderError(
                    f'the shortcut "{shortcut.name}" leads to {path}, which is not in the base',
                    hint="mend it in the recipe: windows.shortcuts",
                )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BuilderError(f"{path} cannot be read: {error.strerror}") from error
