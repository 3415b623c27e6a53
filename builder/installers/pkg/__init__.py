"""Packages for macOS's Installer: flat product packages, written on any host.

    Distribution, Resources/*.html    what Installer shows and checks
    base.pkg/                         lays down the engine and the payload; its postinstall installs the base with them
    shell.pkg/, shortcut.pkg/         lay down a mark where the user has chosen that

Everything lies in a xar archive (`xar`). A component has a PackageInfo, a Payload and maybe Scripts (`cpio` archives in
gzip) and a Bom (`bom`). docs/pkg-format.md tells what is known of these formats.
"""

import stat
from collections.abc import Sequence
from typing import IO, cast

from ...engine import read_engine
from ...errors import BuilderError, OutputError
from ...target import Target
from ..cksum import PosixChecksum
from ..facts import InstallerFacts
from ..sh import PayloadBytes
from .bom import BomEntry, make_bom
from .cpio import LARGEST_FILE, Member, archive_size, file_member, folder_members, write_archive
from .documents import Component, Package
from .stored import GzipWriter, Sink, gzip_size
from .xar import XarFile, data_file, write_xar

# The share of a wheel's size that its frames have at the very least; zip and zstd compress the same files.
_LEAST_SHARE = 0.55
# 2000-01-01: of all files in a package, as of everything else that has no time of its own.
_MTIME = 946_684_800
_HINT = "build the other installer, which has no such limit: --format sh"


def filename(target: Target) -> str:
    """`Starter-2026.11-py311-MacOSX-arm64.pkg`; raises BuilderError for other systems."""
    if target.platform.system != "macos":
        raise BuilderError(
            f"{target.platform.name} has no pkg installers: they are for macOS", hint="leave this format out"
        )
    return f"{target.stem}.pkg"


def check(download_bytes: int) -> None:
    """Refuse what would become too large, before anything is compressed. Raises BuilderError.

    download_bytes: of all wheels.
    """
    if download_bytes * _LEAST_SHARE > LARGEST_FILE:
        raise BuilderError(
            f"a .pkg cannot hold {download_bytes / 2**30:.1f} GiB of packages: its format ends at 8 GiB", hint=_HINT
        )


def write(payload: PayloadBytes, target: Target, facts: InstallerFacts, stream: IO[bytes]) -> None:
    """Write the installer of `target`; the stream can seek. Raises BuilderError."""
    write_package(payload, Package.of(target, facts), read_engine(target.platform), stream)


def write_package(payload: PayloadBytes, package: Package, engine: bytes, stream: IO[bytes]) -> None:
    """Write a package with any `engine`: a program that is called as docs/architecture.md says."""
    if payload.size > LARGEST_FILE:
        raise OutputError(f"the payload has {payload.size / 2**30:.2f} GiB, and a .pkg holds at most 8", hint=_HINT)
    space = package.facts.installed_bytes + payload.size + len(engine)
    base, *choices = package.components(-(-space // 1024))
    folder = f"./{package.staging_folder}"
    base_members = [
        *folder_members(folder, _MTIME),
        file_member(f"{folder}/keel-engine", engine, mtime=_MTIME, executable=True),
        Member(
            path=f"{folder}/payload",
            mode=stat.S_IFREG | 0o644,
            mtime=_MTIME,
            size=payload.size,
            write=lambda sink: payload.write_to(cast("IO[bytes]", sink)),  # payloads only write
        ),
    ]
    pages = package.pages()
    files = [
        data_file("Distribution", package.distribution([base, *choices])),
        *(data_file(f"Resources/{name}", page) for name, page in pages.items()),
        *(file for choice in choices for file in _component(package, choice, _mark(folder, choice.choice), {})),
        *_component(package, base, base_members, package.scripts()),
    ]
    write_xar(files, stream)


def _mark(folder: str, choice: str) -> list[Member]:
    """What tells the base's postinstall of a choice."""
    text = b"Made by an installer, and removed by it.\n"
    return [*folder_members(folder, _MTIME), file_member(f"{folder}/{choice}", text, mtime=_MTIME)]


def _component(
    package: Package, component: Component, members: Sequence[Member], scripts: dict[str, bytes]
) -> list[XarFile]:
    """The files of a component package. Its Bom comes last, for it holds what only writing the Payload tells."""
    folder = component.folder
    sums = [PosixChecksum() for _ in members]
    summed = [_summed(member, checksum) for member, checksum in zip(members, sums, strict=True)]
    files = [data_file(f"{folder}/PackageInfo", package.package_info(component, len(members), list(scripts)))]
    if scripts:
        parts = [file_member(f"./{name}", script, mtime=_MTIME, executable=True) for name, script in scripts.items()]
        files.append(_archive(f"{folder}/Scripts", [*folder_members(".", _MTIME), *parts]))
    files.append(_archive(f"{folder}/Payload", summed))
    bom_size = len(_bom(members, sums))
    return [*files, XarFile(path=f"{folder}/Bom", size=bom_size, write=lambda sink: sink.write(_bom(members, sums)))]


def _archive(path: str, members: Sequence[Member]) -> XarFile:
    """A cpio archive in gzip."""

    def write(sink: Sink) -> None:
        stream = GzipWriter(sink)
        write_archive(members, stream)
        stream.close()

    return XarFile(path=path, size=gzip_size(archive_size(members)), write=write)


def _summed(member: Member, checksum: PosixChecksum) -> Member:
    """The member, whose content is summed up when it is written."""
    content = member.write
    if content is None:
        return member
    return Member(
        path=member.path,
        mode=member.mode,
        mtime=member.mtime,
        size=member.size,
        write=lambda sink: content(_Summing(sink, checksum)),
    )


class _Summing:
    """Passes everything on to `sink`, and sums it up."""

    def __init__(self, sink: Sink, checksum: PosixChecksum) -> None:
        self._sink = sink
        self._checksum = checksum

    def write(self, data: bytes) -> int:
        self._checksum.update(data)
        self._sink.write(data)
        return len(data)


def _bom(members: Sequence[Member], sums: Sequence[PosixChecksum]) -> bytes:
    return make_bom(
        BomEntry(
            path=member.path,
            mode=member.mode,
            mtime=member.mtime,
            size=member.size,
            checksum=checksum.value() if member.write else 0,
        )
        for member, checksum in zip(members, sums, strict=True)
    )
