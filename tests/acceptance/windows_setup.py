"""Installers for Windows around a small tree, made by the builder's own code; what any of them leaves in a Windows."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from builder.cache import Cache
from builder.frames import COMPRESSIONS, pack
from builder.installers import exe
from builder.installers.facts import InstallerFacts
from builder.payload import Payload, order_frames
from builder.platforms import PLATFORMS
from builder.recipe import load_recipe
from builder.target import Target
from builder.units import Entry, Slice, content_entry, digest

from .wine import Wine, wait_until

PLATFORM = "windows-x86_64"
MARKER = "keel-meta/manifest.json"
APPS = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall"
ENVIRONMENT = r"HKCU\Environment"
MACHINE_ENVIRONMENT = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment"
RECIPE = """
name: starter
version: "2026.11"
python: "3.11"
platforms: [windows-x86_64]
company: Acme Corp
homepage: https://acme.example
"""


def small_tree() -> dict[str, bytes]:
    """What a base has, but for anything that could run."""
    return {
        "python.exe": b"MZ python",
        "pythonw.exe": b"MZ pythonw",
        "DLLs/python3.dll": bytes(range(256)) * 4000,
        "Lib/os.py": b"# os\n",
        "Lib/site-packages/README.txt": b"",
        "Scripts/tool.exe": b"MZ tool",
        "cmd/keel.bat": b"@echo keel %*\r\n",
        "pkgs/tool-1.0-abcdef01/tool/__init__.py": b"print('tool')\n" * 50,
        "pkgs/tool-1.0-abcdef01/tool/" + "deep/" * 12 + "module.py": b"x = 1\n",
        "pkgs/tool-1.0-abcdef01/tool/\u00e8 \u4e2d.txt": "\u00e8".encode(),
    }


def many_files(units: int) -> dict[str, bytes]:
    """Small files, a hundred in each unit: it is their number that takes time."""
    return {
        f"pkgs/package-1.0-{unit:08x}/module{number}.py": hashlib.sha256(f"{unit} {number}".encode()).digest() * 40
        for unit in range(units)
        for number in range(100)
    }


def make_payload(cache: Cache, files: dict[str, bytes], links: dict[str, str]) -> Payload:
    """A payload with `files`, then `links` (place -> file) and the marker."""

    def piece(unit: str, stage: int, entries: Sequence[Entry]) -> Slice:
        key = digest(*(f"{one.path} {one.size} {one.link}" for one in entries))
        return Slice(unit=unit, stage=stage, key=key, entries=lambda: entries)

    units: dict[str, list[Entry]] = {}
    for path, content in sorted(files.items()):
        unit = path.split("/")[1] if path.startswith("pkgs/") else "python-3.11.7"
        units.setdefault(unit, []).append(content_entry(path, content, mode=0o644, mtime=1_000_000_000))
    units["python-3.11.7"].append(Entry(path="envs/", mode=0o755, mtime=1_000_000_000))
    late = [Entry(path=place, mode=0o644, mtime=1_000_000_000, link=link) for place, link in sorted(links.items())]
    late.append(content_entry(MARKER, b"{}\n", mode=0o644, mtime=1_000_000_000))
    slices = [piece(unit, 0, entries) for unit, entries in units.items()]
    frames = [frame for one in [*slices, piece("meta", 1, late)] for frame in pack(one, cache, COMPRESSIONS["fast"])]
    return Payload(
        name="starter",
        version="2026.11",
        python="3.11.7",
        platform=PLATFORM,
        marker=MARKER,
        frames=order_frames(frames),
    )


def make_target(folder: Path, more: str = "") -> Target:
    """The target of RECIPE with more lines; `folder` is the recipe's."""
    file = folder / "recipe.yaml"
    file.write_text(RECIPE + more, encoding="utf-8")
    loaded = load_recipe(file, env={}, default_python="3.11", default_platform=PLATFORM)
    recipe = loaded.for_target("3.11", PLATFORM)
    return Target(recipe=recipe, python="3.11", platform=PLATFORMS[PLATFORM], folder=folder)


def make_setup(path: Path, cache: Cache, *, recipe: str = "", more_units: int = 0) -> Path:
    """An installer at `path`.

    recipe: further lines; files that it names are beside `path`.  more_units: of a hundred files each.
    """
    files = {**small_tree(), **many_files(more_units)}
    links = {"Lib/site-packages/tool/__init__.py": "pkgs/tool-1.0-abcdef01/tool/__init__.py"}
    payload = make_payload(cache, files, links)
    target = make_target(path.parent, recipe)
    facts = InstallerFacts(
        name="starter",
        title="Starter",
        version="2026.11",
        company="Acme Corp",
        python="3.11.7",
        label="Windows-x86_64",
        system="windows",
        machine="x86_64",
        glibc=None,
        default_prefix=target.recipe.default_prefix,
        license=target.recipe.license.read_text("utf-8") if target.recipe.license else None,
        installed_bytes=payload.installed_bytes,
        installed_files=payload.files,
    )
    with path.open("wb") as stream:
        exe.write(payload, target, facts, stream)
    return path


def tree_of(place: Path) -> list[str]:
    """Everything below a folder; [] where there is none."""
    return sorted(path.relative_to(place).as_posix() for path in place.rglob("*"))


def state(wine: Wine, title: str = "Starter") -> dict[str, str]:
    """What installers change in the registry, and the shortcuts of the Start menu."""
    keys = (APPS, ENVIRONMENT, r"HKCU\Software\Python", r"HKLM\Software\Python", MACHINE_ENVIRONMENT)
    found = {key: wine.query(key) for key in keys}
    # A new Wine has no such key at all; Windows always has.
    found[APPS] = found[APPS].strip().removesuffix(r"HKEY_CURRENT_USER" + APPS[4:]).strip()
    menus = [str(path) for path in wine.drive.rglob("*.lnk") if title.lower() in str(path).lower()]
    return {**found, "menus": "\n".join(menus)}


def remove(wine: Wine, folder: Path, *options: str) -> None:
    """Remove silently; the uninstaller's own file and the folder go a moment after its end."""
    [program] = folder.glob("Uninstall-*.exe")
    wine.run(wine.path(program), "/S", *options)
    wait_until(lambda: not program.exists())
