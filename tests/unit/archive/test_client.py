"""`keel-builder download` and `verify --archive`: an archive read by people, from the web, a folder or a store."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builder.archive.folder import FolderPlace
from builder.archive.minisign import SecretKey
from builder.archive.object_store import ObjectPlace
from builder.archive.place import Place
from builder.archive.plan import Wishes
from builder.archive.publish import Request, publish
from builder.report import SilentReporter
from tests.unit.loopback import Answer, Server, ranged, serving
from tests.unit.loopback import Request as Asked
from tests.unit.test_cli import code_of

from .making import KEY, SITE

PUBLIC = KEY.public.text
NOW = datetime.now(UTC).replace(microsecond=0)
PLATFORM = ("--platform", "linux-x86_64")


def put(place: Place, *files: Path, key: SecretKey | None = KEY, now: datetime = NOW, days: int = 9) -> None:
    request = Request(paths=files, wishes=Wishes(days=days), key=key)
    publish(request, place, SITE, now, SilentReporter())


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "stäte"))
    monkeypatch.setenv("KEEL_CACHE", str(tmp_path / "cäche"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "öut put"


@pytest.fixture
def server(folder: FolderPlace) -> Iterator[Server]:
    def answer(asked: Asked) -> Answer:
        path = folder.root / asked.path.lstrip("/")
        return ranged(path.read_bytes(), asked) if path.is_file() else Answer(status=404)

    with serving(answer) as running:
        yield running


def test_the_newest_for_this_computer_is_fetched_and_checked(
    server: Server, folder: FolderPlace, installers: dict[str, Path], out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder, *installers.values())
    assert code_of("download", server.url, "--public-key", PUBLIC, "--output", out, *PLATFORM) == 0
    said = capsys.readouterr()
    path = out / installers["1.1"].name  # 2.0rc1 is a pre-release
    assert said.out == f"{path}\n"
    assert path.read_bytes() == installers["1.1"].read_bytes()
    assert path.stat().st_mode & 0o111
    assert "warning" not in said.err
    asked = len(server.requests)
    assert code_of("download", f"{server.url}/index.html", "--output", out, *PLATFORM) == 0
    assert f"there already, and checked (signed with {KEY.public.name})" in capsys.readouterr().err
    assert len(server.requests) == asked + 2  # the index and its signature
    assert sorted(one.name for one in out.iterdir()) == [path.name]


def test_what_is_wanted_can_be_said(
    folder: FolderPlace, installers: dict[str, Path], out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder, *installers.values(), key=None)
    archive = str(folder.root)
    for words, expected in (
        (("demo", "--version", "1.0", *PLATFORM), "1.0"),
        (("Demo", "--platform", "windows-x86_64"), "exe"),
        (("--platform", "windows-x86_64", "--format", "7z"), "7z"),
        (("--python", "3.11", "--version", "2.0rc1", *PLATFORM), "2.0rc1"),
        ((installers["1.0"].name,), "1.0"),
        (("Demo-latest-Windows-x86_64.exe",), "exe"),
    ):
        assert code_of("download", archive, *words, "--output", out) == 0
        said = capsys.readouterr()
        assert said.out == f"{out / installers[expected].name}\n"
        assert "without a signature" in said.err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("other",), "name one of: demo"),
        (("--platform", "macos-arm64"), "there is: linux-x86_64, windows-x86_64"),
        (("--version", "3", *PLATFORM), "there is: 1.0, 1.1, 2.0rc1"),
        (("--python", "3.14", *PLATFORM), "there is: 3.11"),
        (("--format", "pkg", *PLATFORM), "there is: sh"),
    ],
)
def test_what_there_is_instead_is_named(
    words: tuple[str, ...], hint: str, folder: FolderPlace, installers: dict[str, Path], out: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    put(folder, *installers.values())
    assert code_of("download", folder.root, *words, "--output", out) != 0
    assert hint in capsys.readouterr().err
    assert not out.exists()


def test_a_broken_download_is_resumed(
    server: Server, folder: FolderPlace, installers: dict[str, Path], out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder, installers["1.1"])
    whole = server.answer
    name, size = installers["1.1"].name, installers["1.1"].stat().st_size

    def breaking(asked: Asked) -> Answer:
        answer = whole(asked)
        if asked.path.endswith(name) and not asked.start:
            answer.cut = size // 2
        return answer

    server.answer = breaking
    assert code_of("download", server.url, "--output", out, *PLATFORM) == 0
    starts = [one.start for one in server.requests if one.path.endswith(name)]
    assert starts == [0, size // 2]
    assert (out / name).read_bytes() == installers["1.1"].read_bytes()


def test_a_swapped_installer_is_refused_and_nothing_is_left(
    server: Server, folder: FolderPlace, installers: dict[str, Path], out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder, installers["1.1"])
    path = folder.root / installers["1.1"].name
    path.unlink()  # not through the link: the original stays
    path.write_bytes(installers["1.1"].read_bytes()[:-1] + b"?")
    assert code_of("download", server.url, "--output", out, *PLATFORM) == 4
    assert "is not the expected file" in capsys.readouterr().err
    assert not list(out.glob("*")) if out.exists() else True


def test_another_file_of_that_name_is_left_alone(
    folder: FolderPlace, installers: dict[str, Path], out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder, installers["1.1"])
    out.mkdir()
    mine = out / installers["1.1"].name
    mine.write_text("mine")
    assert code_of("download", folder.root, "--output", out, *PLATFORM) == 6
    assert mine.read_text() == "mine"


def test_an_object_store_is_read_as_well(
    memory: ObjectPlace, installers: dict[str, Path], out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(memory, installers["1.1"])
    assert code_of("download", memory.address, "--public-key", PUBLIC, "--output", out, *PLATFORM) == 0
    assert (out / installers["1.1"].name).read_bytes() == installers["1.1"].read_bytes()
    assert code_of("verify", "--archive", memory.address, "--files") == 0
    assert "signed with" in capsys.readouterr().out


def test_verify_says_what_an_archive_is(
    server: Server, folder: FolderPlace, installers: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder, *installers.values())
    for address in (server.url, str(folder.root), folder.root.as_uri()):
        assert code_of("verify", "--archive", address, "--public-key", PUBLIC, "--files") == 0
        out = capsys.readouterr().out
        assert f"intact  {address}  (version 1, 5 installers, signed with {KEY.public.name}, good until " in out
        assert "files checked)" in out


def test_verify_names_every_file_that_is_wrong(
    server: Server, folder: FolderPlace, installers: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder, *installers.values())
    (folder.root / installers["1.0"].name).unlink()
    changed = folder.root / installers["exe"].name
    changed.unlink()
    changed.write_bytes(b"something else")
    sums = folder.root / "SHA256SUMS"
    sums.write_bytes(sums.read_bytes().replace(b"a", b"b"))
    for address in (server.url, folder.root):
        assert code_of("verify", "--archive", address, "--public-key", PUBLIC) == 0
        assert code_of("verify", "--archive", address, "--files") != 0
        said = capsys.readouterr().err
        assert "3 of its files are wrong" in said
        for name in (installers["1.0"].name, changed.name, "SHA256SUMS"):
            assert f"\n  {name}" in said


def test_a_wrong_key_an_old_index_and_an_expired_one_are_refused(
    folder: FolderPlace, installers: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder, installers["1.0"])
    before = {path: (folder.root / path).read_bytes() for path in ("index.json", "index.json.minisig")}
    put(folder, installers["1.1"])
    archive = ("verify", "--archive", folder.root)
    other = replace(KEY, seed=bytes(32)).public.text
    assert code_of(*archive, "--public-key", other) == code_of(*archive, "--public-key", "nonsense") != 0
    capsys.readouterr()
    assert code_of(*archive, "--public-key", PUBLIC) == 0
    for path, data in before.items():
        (folder.root / path).write_bytes(data)
    assert code_of(*archive) != 0
    assert "rolled back" in capsys.readouterr().err
    assert code_of(*archive, "--public-key", PUBLIC, "--forget") == 0


def test_an_expired_archive_is_refused(
    folder: FolderPlace, installers: dict[str, Path], out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder, installers["1.0"], now=NOW - timedelta(days=9), days=3)
    assert code_of("download", folder.root, "--output", out, *PLATFORM) != 0
    assert "expired" in capsys.readouterr().err


def test_once_signed_is_never_taken_unsigned(
    folder: FolderPlace, installers: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder, installers["1.0"])
    assert code_of("verify", "--archive", folder.root, "--public-key", PUBLIC) == 0
    for path in (folder.root / "signatures").iterdir():
        path.unlink()
    assert code_of("verify", "--archive", folder.root) != 0
    assert "not signed" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, b"<html>", b"{}", json.dumps({"schema": 9}).encode()])
def test_what_is_no_archive_is_said_to_be_none(
    content: bytes | None, tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "web"
    folder.mkdir()
    if content is not None:
        (folder / "index.json").write_bytes(content)
    assert code_of("download", folder, "--output", out) != 0
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("error:") == 1
    assert "hint:" in said.err


def test_verify_wants_something_to_verify(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("verify") == 2
    assert code_of("verify", "--files", "x.sh") == 2
