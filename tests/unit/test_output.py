"""Installers and what lies beside them come into the output folder together, or not at all."""

import hashlib
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import pytest

from builder.errors import BuilderError, FailedTestsError, OutputError
from builder.installers import Format, InstallerFacts
from builder.output import write_installers
from builder.payload import Payload
from builder.provenance import Record
from builder.target import Target
from tests.conftest import need
from tests.unit.provenance.record import make_lock, make_record
from tests.unit.wheels import make_wheel

BESIDE = [".build.json", ".licenses.txt", ".pylock.toml", ".sbom.cdx.json"]


class Fake:
    """A format that writes `content`, and then fails if that is None."""

    def __init__(self, ending: str, content: bytes | None) -> None:
        self.ending, self.content = ending, content

    def filename(self, target: Target) -> str:
        return f"{target.stem}{self.ending}"

    def check(self, download_bytes: int) -> None:
        del download_bytes

    def write(self, payload: Payload, target: Target, facts: InstallerFacts, stream: IO[bytes]) -> None:
        stream.write(self.content or b"half")
        if self.content is None:
            raise BuilderError("the disk said no")


class Desk:
    def __init__(self, folder: Path) -> None:
        wheel = make_wheel(folder, "app")
        self.record = make_record(folder, [wheel], "packages: [app]\n")
        self.target, self.lock = make_lock(folder, [wheel], "packages: [app]\n", "linux-x86_64", {})
        self.output = folder / 'dist "è"'
        self.tried: list[dict[str, bytes]] = []

    def write(self, *formats: Format, record: Record | None = None, trial: Any = None) -> list[Path]:
        payload = Payload(name="demo", version="1", python="3.11.7", platform="linux-x86_64", marker="m", frames=())
        return write_installers(
            formats, payload, self.target, self.lock, record or self.record, self.output, trial=trial or self._try
        )

    def _try(self, installers: Mapping[str, Path]) -> None:
        self.tried.append({name: path.read_bytes() for name, path in installers.items()})

    def there(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.output.iterdir())}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_every_installer_has_its_hash_beside_it_and_all_share_one_record(desk: Desk) -> None:
    paths = desk.write(Fake(".sh", b"one"), Fake(".7z", b"two"))
    stem = desk.target.stem
    assert [path.name for path in paths] == [f"{stem}.sh", f"{stem}.7z"]
    expected = [f"{stem}{ending}" for ending in (".sh", ".sh.sha256", ".7z", ".7z.sha256", *BESIDE)]
    assert list(desk.there()) == sorted(expected)
    assert desk.there()[f"{stem}.sh.sha256"] == f"{hashlib.sha256(b'one').hexdigest()}  {stem}.sh\n".encode()
    subprocess.run([need("sha256sum"), "--check", "--strict", f"{stem}.7z.sha256"], cwd=desk.output, check=True)
    modes = {path.name: path.stat().st_mode & 0o777 for path in desk.output.iterdir()}
    assert (modes[f"{stem}.sh"], modes[f"{stem}.sbom.cdx.json"]) == (0o755, 0o644)


def test_the_trial_sees_finished_installers_before_anything_has_its_name(desk: Desk) -> None:
    seen: list[str] = []

    def trial(installers: Mapping[str, Path]) -> None:
        seen.extend(installers)
        assert [path.read_bytes() for path in installers.values()] == [b"one"]
        assert not [path for path in desk.output.iterdir() if path.suffix != ".part"]

    desk.write(Fake(".sh", b"one"), trial=trial)
    assert seen == [f"{desk.target.stem}.sh"]


def test_a_failing_format_or_trial_leaves_the_output_as_it_was(desk: Desk) -> None:
    desk.write(Fake(".sh", b"old"), record=Record(files=dict.fromkeys(desk.record.files, b"old"), unknown=None))
    before = desk.there()

    def refuse(_: Mapping[str, Path]) -> None:
        raise FailedTestsError("no")

    with pytest.raises(BuilderError, match="the disk said no"):
        desk.write(Fake(".sh", b"new"), Fake(".7z", None))
    with pytest.raises(FailedTestsError):
        desk.write(Fake(".sh", b"new"), trial=refuse)
    assert desk.there() == before
    desk.write(Fake(".sh", b"new"))
    after = desk.there()
    assert set(after) == set(before)
    assert b"old" not in after.values()


def test_the_installer_comes_last(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[str] = []
    replace = Path.replace

    def spy(self: Path, target: Path) -> Path:
        named.append(target.name)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", spy)
    desk.write(Fake(".sh", b"one"), Fake(".7z", b"two"))
    assert named[-2:] == [f"{desk.target.stem}.sh", f"{desk.target.stem}.7z"]


def test_an_output_that_cannot_be_written_to_is_named(desk: Desk) -> None:
    desk.output.write_text("a file is in the way")
    with pytest.raises(OutputError, match="dist"):
        desk.write(Fake(".sh", b"one"))
