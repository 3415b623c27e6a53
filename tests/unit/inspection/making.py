"""Installers of every format around a base of small wheels, written by the builder; and a second writer of `.pkg`."""

import gzip
import hashlib
import io
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from builder.cache import Cache
from builder.frames import COMPRESSIONS, pack
from builder.installers import find_format
from builder.installers.facts import InstallerFacts
from builder.lock import LockedWheel
from builder.payload import Payload, order_frames
from builder.platforms import PLATFORMS
from builder.units import Entry, Slice, WheelUnit, content_entry, digest, tree_entries
from keel.manifest import MANIFEST, Manifest, Unit
from tests.unit.locks import make_target
from tests.unit.wheels import sha256

TIME = 1_000_000_000
FORMATS = {"sh": "linux-x86_64", "exe": "windows-x86_64", "7z": "windows-x86_64", "pkg": "macos-arm64"}


@dataclass(frozen=True, kw_only=True)
class Making:
    """wheels: of the store; those of `base` are in the base. version: of the recipe.  tree: an interpreter."""

    folder: Path
    wheels: Sequence[Path]
    base: Sequence[str] = ()
    platform: str = "linux-x86_64"
    version: str = "1.0"
    python: str = "3.11.7"
    tree: Path | None = None

    def units(self) -> list[WheelUnit]:
        return [
            WheelUnit(locked=_locked(wheel), wheel=wheel, base=wheel.name.split("-")[0] in self.base, requested=False)
            for wheel in self.wheels
        ]

    def manifest(self) -> Manifest:
        units = sorted(self.units(), key=lambda unit: unit.name)
        return Manifest(
            name="demo",
            version=self.version,
            company="Äcme",
            description=None,
            homepage=None,
            platform=self.platform,
            python=self.python,
            interpreter={"source": "pbs", "version": self.python, "build": "20260901", "sha256": "ab" * 32},
            glibc="2.17" if self.platform.startswith("linux") else None,
            macos="12.0" if self.platform.startswith("macos") else None,
            bytecode="none",
            index=None,
            top_level=("bin", "keel-meta", "pkgs"),
            requested=(),
            units=tuple(
                Unit(unit.locked.name, unit.locked.version, unit.store, unit.locked.filename, unit.locked.sha256,
                     unit.base, unit.requested)
                for unit in units
            ),
        )  # fmt: skip

    def payload(self) -> Payload:
        scheme = PLATFORMS[self.platform].scheme("3.11")
        meta = {MANIFEST: self.manifest().to_bytes(), "keel-meta/pylock.toml": b"lock-version = '1.0'\n"}
        tree = {"python.exe": b"MZ", "lib/" + "deep/" * 30 + "é.py": b"x = 1\n" * 1000, "keel-meta/keel/base.py": b""}
        slices = [
            _slice("others", 0, [_file(path, data) for path, data in tree.items()]),
            *([_slice(f"python-{self.python}", 0, tree_entries(self.tree, mtime=TIME))] if self.tree else []),
            *(unit.store_slice() for unit in self.units()),
            *(unit.link_slice(unit.placements(scheme, [])) for unit in self.units() if unit.base),
            _slice("meta", 1, [Entry(path="envs/", mode=0o755, mtime=TIME), *(_file(*item) for item in meta.items())]),
        ]
        cache = Cache(self.folder / "cache")
        return Payload(
            name="demo", version=self.version, python=self.python, platform=self.platform, marker=MANIFEST,
            frames=order_frames(frame for piece in slices for frame in pack(piece, cache, COMPRESSIONS["fast"])),
        )  # fmt: skip

    def write(self, format: str, name: str | None = None) -> Path:
        """An installer of that format, under its usual name or another one."""
        making = replace(self, platform=FORMATS[format] if self.platform == "linux-x86_64" else self.platform)
        platform = PLATFORMS[making.platform]
        target = make_target(self.folder / "recipe", "compression: fast\n", platform=making.platform)
        payload, stream = making.payload(), io.BytesIO()
        facts = InstallerFacts(
            name="demo", title="Demo", version=self.version, company=None, python=self.python, label=platform.label,
            system=platform.system, machine=platform.machine, glibc=None, default_prefix="~/demo", license=None,
            installed_bytes=payload.installed_bytes, installed_files=payload.files,
        )  # fmt: skip
        find_format(format, target).write(payload, target, facts, stream)
        path = self.folder / (name or f"Demo-{self.version}-py311-{platform.label}.{format}")
        path.write_bytes(stream.getvalue())
        return path


def _locked(wheel: Path) -> LockedWheel:
    name, version = wheel.name.split("-")[:2]
    return LockedWheel(name=name, version=version, filename=wheel.name, sha256=sha256(wheel), path=wheel)


def _file(path: str, data: bytes) -> Entry:
    return content_entry(path, data, mode=0o644, mtime=TIME)


def _slice(unit: str, stage: int, entries: list[Entry]) -> Slice:
    contents = [entry.open().read() if entry.open else b"" for entry in entries]
    key = digest(unit, *(entry.path for entry in entries), *contents)
    return Slice(unit=unit, stage=stage, key=key, entries=lambda: entries)


def cpio(files: dict[str, bytes]) -> bytes:
    """POSIX.1-1988's character format."""
    data = b""
    for number, (name, content) in enumerate([*files.items(), ("TRAILER!!!", b"")]):
        path = name.encode() + b"\0"
        fields = (0, number & 0o777777, 0o100644, 0, 0, 1, 0)
        data += b"070707" + b"".join(b"%06o" % value for value in fields) + b"%011o" % TIME
        data += b"%06o%011o" % (len(path), len(content)) + path + content
    return data


def xar(files: dict[str, bytes], edit: Callable[[bytes], bytes] = lambda toc: toc) -> bytes:
    """A flat package: files within folders, none of them compressed again. edit: changes the table of contents."""
    heap, entries = b"", ""
    for number, (path, content) in enumerate(files.items()):
        folder, _, name = path.rpartition("/")
        digest_of = hashlib.sha1(content).hexdigest()
        entry = (
            f'<file id="{number + 1}"><data><length>{len(content)}</length><offset>{20 + len(heap)}</offset>'
            f'<size>{len(content)}</size><encoding style="application/octet-stream"/>'
            f'<extracted-checksum style="sha1">{digest_of}</extracted-checksum>'
            f'<archived-checksum style="sha1">{digest_of}</archived-checksum></data>'
            f"<type>file</type><name>{name}</name></file>"
        )
        if folder:
            entry = f'<file id="f{number}"><type>directory</type><name>{folder}</name>{entry}</file>'
        entries += entry
        heap += content
    checksum = '<checksum style="sha1"><offset>0</offset><size>20</size></checksum>'
    toc = edit(f'<?xml version="1.0" encoding="UTF-8"?>\n<xar><toc>{checksum}{entries}</toc></xar>'.encode())
    packed = zlib.compress(toc)
    head = struct.pack(">4sHHQQI", b"xar!", 28, 1, len(packed), len(toc), 1)
    return head + packed + hashlib.sha1(packed).digest() + heap


def package_files(payload: bytes) -> dict[str, bytes]:
    inner = cpio({".": b"", "./keel-engine": b"engine" * 100, "./payload": payload})
    scripts = gzip.compress(cpio({"./postinstall": b"#!/bin/sh\n"}), mtime=0)
    return {
        "Distribution": b"<installer-gui-script/>",
        "base.pkg/PackageInfo": b"<pkg-info/>",
        "base.pkg/Payload": gzip.compress(inner, mtime=0),
        "base.pkg/Scripts": scripts,
        "shell.pkg/Payload": gzip.compress(cpio({".": b"", "./mark": b""}), mtime=0),
    }
