import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import py7zr
import pytest
import zstandard

from builder.archives import Limits, unpack
from builder.errors import InterpreterError

from .trees import tar_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "it's è"
    path.mkdir()
    return path


def tree(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    (root / "python/bin").mkdir(parents=True)
    (root / "python/bin/python3.11").write_bytes(b"program")
    (root / "python/bin/python3.11").chmod(0o755)
    (root / "python/bin/python").symlink_to("python3.11")
    (root / "python/LICENSE é").write_bytes(b"text")
    return root


def check(folder: Path) -> None:
    program = folder / "python/bin/python3.11"
    assert program.read_bytes() == b"program"
    assert (folder / "python/bin/python").readlink() == Path("python3.11")
    assert (folder / "python/LICENSE é").read_bytes() == b"text"
    assert stat.S_IMODE(program.stat().st_mode) == 0o755
    assert stat.S_IMODE((folder / "python/LICENSE é").stat().st_mode) == 0o644


@pytest.mark.parametrize("compression", ["", "gz", "bz2", "xz"])
def test_a_tar_of_any_compression_is_known_by_its_first_bytes(tmp_path: Path, folder: Path, compression: str) -> None:
    archive = tmp_path / "misleading.zip"
    with tarfile.open(archive, f"w:{compression}") as tar:  # type: ignore[call-overload]
        tar.add(tree(tmp_path) / "python", "python")
    unpack(archive, folder)
    check(folder)


def test_zstd_with_several_frames(tmp_path: Path, folder: Path) -> None:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        tar.add(tree(tmp_path) / "python", "python")
    half = len(plain.getvalue()) // 2
    frames = [zstandard.compress(part) for part in (plain.getvalue()[:half], plain.getvalue()[half:])]
    (tmp_path / "a.tar.zst").write_bytes(b"".join(frames))
    unpack(tmp_path / "a.tar.zst", folder)
    check(folder)


def test_zip_with_links_and_modes(tmp_path: Path, folder: Path) -> None:
    source = tree(tmp_path)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for path in sorted(source.rglob("*")):
            info = zipfile.ZipInfo(path.relative_to(source).as_posix() + ("/" if path.is_dir() else ""))
            info.external_attr = path.lstat().st_mode << 16
            content = (
                str(path.readlink()).encode() if path.is_symlink() else b"" if path.is_dir() else path.read_bytes()
            )
            archive.writestr(info, content)
    unpack(tmp_path / "a.zip", folder)
    check(folder)


def test_7z(tmp_path: Path, folder: Path) -> None:
    with py7zr.SevenZipFile(tmp_path / "a.7z", "w") as archive:
        archive.writeall(tree(tmp_path) / "python", "python")
    unpack(tmp_path / "a.7z", folder)
    check(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["python"]


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize(
    "members",
    [
        [("../evil", b"")],
        [("python/../../evil", b"")],
        [("/etc/evil", b"")],
        [("C:evil", b"")],
        [("python\\..\\evil", b"")],
        [link("python/lib", "/etc")],
        [link("python/lib", "../../etc")],
        [link("a", "b/.."), link("b", "c/../.."), link("c", ".")],
        [link("python/hard", "/etc/passwd", tarfile.LNKTYPE)],
        [link("python/hard", "python/absent", tarfile.LNKTYPE)],
        [link("python/device", "", tarfile.CHRTYPE)],
        [link("python/pipe", "", tarfile.FIFOTYPE)],
        [link("python/lib", "."), ("python/lib/evil", b"")],
    ],
)
def test_nothing_leaves_the_folder(
    tmp_path: Path, folder: Path, members: list[tarfile.TarInfo | tuple[str, bytes]]
) -> None:
    archive = tar_of(tmp_path / "evil.tar", *members)
    with pytest.raises(InterpreterError, match="not safe"):
        unpack(archive, folder)
    assert not (tmp_path / "evil").exists()
    assert not (tmp_path.parent / "evil").exists()


def test_a_link_in_a_zip_cannot_lead_out(tmp_path: Path, folder: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("python/lib")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "../../../etc")
    with pytest.raises(InterpreterError, match="outside"):
        unpack(tmp_path / "a.zip", folder)


def test_a_hard_link_becomes_a_file_of_its_own(tmp_path: Path, folder: Path) -> None:
    unpack(tar_of(tmp_path / "a.tar", ("a", b"text"), link("b", "a", tarfile.LNKTYPE)), folder)
    (folder / "a").write_bytes(b"changed")
    assert (folder / "b").read_bytes() == b"text"


@pytest.mark.parametrize("limits", [Limits(size=1000), Limits(members=3)])
def test_a_bomb_is_stopped(tmp_path: Path, folder: Path, limits: Limits) -> None:
    archive = tar_of(tmp_path / "bomb.tar", *((f"f{number}", b"0" * 300) for number in range(5)))
    with pytest.raises(InterpreterError, match="more than"):
        unpack(archive, folder, limits)


def test_a_7z_bomb_is_stopped_before_it_is_unpacked(tmp_path: Path, folder: Path) -> None:
    with py7zr.SevenZipFile(tmp_path / "a.7z", "w") as archive:
        archive.writestr(b"0" * 5000, "zeros")
    with pytest.raises(InterpreterError, match="more than"):
        unpack(tmp_path / "a.7z", folder, Limits(size=1000))
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("compression", ["gz", "bz2", "xz"])
def test_a_truncated_archive_is_named_as_damaged(tmp_path: Path, folder: Path, compression: str) -> None:
    with tarfile.open(tmp_path / "a.tar", f"w:{compression}") as tar:  # type: ignore[call-overload]
        info = tarfile.TarInfo("noise")
        info.size = 50_000
        tar.addfile(info, io.BytesIO(os.urandom(info.size)))
    cut = (tmp_path / "a.tar").read_bytes()[:-20_000]
    (tmp_path / "cut.tar").write_bytes(cut)
    with pytest.raises(InterpreterError, match=r"cut\.tar cannot be unpacked"):
        unpack(tmp_path / "cut.tar", folder)


def test_an_error_page_is_no_archive(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "python.tar.gz").write_bytes(b"<html>not found</html>")
    with pytest.raises(InterpreterError, match="not an archive"):
        unpack(tmp_path / "python.tar.gz", folder)
