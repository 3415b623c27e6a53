"""A base out of an archive without links: its first command completes it."""

from pathlib import Path

import pytest

from keel.errors import KeelError
from keel.manifest import MANIFEST
from keel.portable import UNLINKED, is_unlinked, link_base
from tests.unit.keel.bases import LIBRARY, FakeBase


def unlink_all(fake: FakeBase) -> dict[str, bytes]:
    """Take away what an archive cannot hold; gives what was in site-packages and bin."""
    there = {}
    for folder in (LIBRARY, "bin"):
        for path in sorted((fake.prefix / folder).rglob("*")):
            if path.is_file() and not path.is_symlink():
                there[path.relative_to(fake.prefix).as_posix()] = path.read_bytes()
                path.unlink()
    (fake.prefix / MANIFEST).rename(fake.prefix / UNLINKED)
    (fake.prefix / "envs").rmdir()
    return there


def test_the_first_command_completes_the_base(fake: FakeBase) -> None:
    fake.add("shared", files={"shared.py": "X = 1\n"}, scripts={"shared": "shared:X"})
    fake.add("waiting", base=False)
    before = unlink_all(fake)
    done = fake.keel("list")
    assert f"completing {fake.prefix}, once" in done.stderr
    assert "shared" in done.stdout
    assert "waiting" not in done.stdout
    assert {name: (fake.prefix / name).read_bytes() for name in before} == before
    assert (fake.prefix / LIBRARY / "shared.py").stat().st_nlink == 2
    assert not (fake.prefix / UNLINKED).exists()
    assert not list(fake.prefix.rglob("*.keel"))
    assert (fake.prefix / "pip.conf").is_file()
    assert fake.keel("list").stderr == ""
    fake.keel("create", "-n", "work", "waiting")


def test_an_interrupted_run_is_finished_by_the_next(fake: FakeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.add("shared", files={"shared.py": "X = 1\n", "second.py": ""})
    before = unlink_all(fake)

    def stop(source: str, dest: str, **_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as context:
        context.setattr("keel.portable.os.rename", stop)
        with pytest.raises(OSError, match="No space"):
            link_base(str(fake.prefix))
    assert is_unlinked(str(fake.prefix))
    link_base(str(fake.prefix))
    assert {name: (fake.prefix / name).read_bytes() for name in before} == before
    assert not list(fake.prefix.rglob("*.keel"))


def test_what_is_neither_complete_nor_to_be_completed_is_an_error(fake: FakeBase) -> None:
    (fake.prefix / MANIFEST).unlink()
    assert not is_unlinked(str(fake.prefix))
    assert "is not a complete base" in fake.keel("list", code=1).stderr


def test_a_damaged_manifest_is_named(fake: FakeBase, tmp_path: Path) -> None:
    unlink_all(fake)
    (fake.prefix / UNLINKED).write_text("{")
    with pytest.raises(KeelError, match=r"unlinked\.json cannot be read"):
        link_base(str(fake.prefix))
