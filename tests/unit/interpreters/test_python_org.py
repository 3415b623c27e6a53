"""The source `python.org`, against a loopback mirror that is laid out like python.org/ftp/python."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.errors import InterpreterError
from builder.interpreters import Interpreter, find_interpreter
from builder.interpreters.wanted import Wanted
from builder.lock import LockedInterpreter
from tests.unit.loopback import Answer, serving

from .test_sources import Files
from .trees import Listener, wanted
from .windows_trees import make_complete, make_embeddable, zip_of

ORIGINAL = "https://www.python.org/ftp/python"


def find(wish: Wanted) -> Interpreter:
    return find_interpreter(wish.target, wish.settings, wish.pinned)


def asking(root: Path, files: Files, **options: object) -> Wanted:
    mirror = {"mirror": f"{files.url}/python/"} if "mirror" not in options else {}
    return wanted(root, platform="windows-x86_64", interpreter={"python.org": {**mirror, **options}})


@pytest.fixture
def files() -> Iterator[Files]:
    with serving(lambda _: Answer(b"", status=404)) as server:
        found = Files(server)
        server.answer = found.answer
        yield found


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def listing(*names: str) -> bytes:
    lines = "".join(f'<a href="{name}">{name}</a>\n' for name in ("../", *names))
    return f"<html><body><h1>Index</h1><pre>{lines}</pre></body></html>".encode()


def embeddable(root: Path, version: str = "3.11.9") -> bytes:
    return zip_of(make_embeddable(root / f"embeddable {version}", version=version))


def entry(kind: str, version: str, url: str, data: bytes | None) -> dict[str, object]:
    minor = version.rpartition(".")[0]
    found: dict[str, object] = {"id": f"python{kind}-{minor}-64", "sort-version": version, "url": url}
    return found | ({"hash": {"sha256": sha256(data)}} if data is not None else {})


def catalogue(*entries: dict[str, object], following: str | None = None) -> bytes:
    return json.dumps({"versions": entries, **({"next": following} if following else {})}).encode()


def test_the_newest_of_a_catalogue_is_taken_from_the_mirror(tmp_path: Path, files: Files) -> None:
    data = embeddable(tmp_path)
    place = "3.11.9/python-3.11.9-embed-amd64.zip"
    files.content |= {
        "/python/index-windows.json": catalogue(
            entry("embed", "3.11.8", f"{ORIGINAL}/3.11.8/old.zip", b""),
            {**entry("embed", "3.11.9", f"{ORIGINAL}/3.11.9/arm.zip", b""), "id": "pythonembed-3.11-arm64"},
            entry("test", "3.11.9", f"{ORIGINAL}/3.11.9/test.zip", b""),
            following="index-windows-older.json",
        ),
        "/python/index-windows-older.json": catalogue(entry("embed", "3.11.9", f"{ORIGINAL}/{place}", data)),
        f"/python/{place}": data,
    }
    found = find(asking(tmp_path, files))
    assert (found.source, found.version, found.build) == ("python.org", "3.11.9", "embeddable")
    assert (found.url, found.sha256) == (f"{files.url}/python/{place}", sha256(data))
    assert found.lacks == ("venv", "tkinter", "headers", "sources")


def test_a_complete_python_is_preferred_and_may_be_a_nuget_package(tmp_path: Path, files: Files) -> None:
    whole = zip_of(make_complete(tmp_path / "complete"), "tools/")
    nuget = "https://feed.example/python/3.11.9/python.3.11.9.nupkg"
    files.content |= {
        "/python/index-windows.json": catalogue(
            entry("embed", "3.11.9", f"{ORIGINAL}/3.11.9/python-3.11.9-embed-amd64.zip", b""),
            entry("core", "3.11.9", nuget, whole),
        ),
        "/python/3.11.9/python.3.11.9.nupkg": whole,
    }
    found = find(asking(tmp_path, files))
    assert (found.build, found.lacks, found.sha256) == ("nuget", (), sha256(whole))


def test_the_package_can_be_chosen(tmp_path: Path, files: Files) -> None:
    data = embeddable(tmp_path)
    files.content |= {
        "/python/index-windows.json": catalogue(
            entry("core", "3.11.9", f"{ORIGINAL}/3.11.9/python-3.11.9-amd64.zip", b""),
            entry("embed", "3.11.9", f"{ORIGINAL}/3.11.9/python-3.11.9-embed-amd64.zip", data),
        ),
        "/python/3.11.9/python-3.11.9-embed-amd64.zip": data,
    }
    assert find(asking(tmp_path, files, package="embeddable")).build == "embeddable"


def test_a_mirror_without_a_catalogue_is_read_by_its_listings(tmp_path: Path, files: Files) -> None:
    data = embeddable(tmp_path)
    name = "python-3.11.9-embed-amd64.zip"
    files.content |= {
        "/python/": listing("3.10.11/", "3.11.9/", "3.11.10/", "3.12.0/", "3.11.20rc1/", "doc/"),
        "/python/3.11.10/": listing("Python-3.11.10.tgz"),  # sources only
        "/python/3.11.9/": listing(name, f"{name}.sha256", "python-3.11.9-embed-arm64.zip", "python-3.11.9.exe"),
        f"/python/3.11.9/{name}": data,
        f"/python/3.11.9/{name}.sha256": f"{sha256(data)}  {name}\n".encode(),
    }
    assert find(asking(tmp_path, files)).version == "3.11.9"
    del files.content[f"/python/3.11.9/{name}.sha256"]
    with pytest.raises(InterpreterError, match=f"gives no SHA-256 for {name}"):
        find(asking(tmp_path / "second", files))
    assert find(asking(tmp_path / "third", files, sha256=sha256(data))).version == "3.11.9"


def test_a_mirror_by_environment(tmp_path: Path, files: Files) -> None:
    data = embeddable(tmp_path)
    url = f"{ORIGINAL}/3.11.9/python-3.11.9-embed-amd64.zip"
    files.content |= {
        "/python/index-windows.json": catalogue(entry("embed", "3.11.9", url, data)),
        "/python/3.11.9/python-3.11.9-embed-amd64.zip": data,
    }
    env = {"KEEL_PYTHON_ORG_MIRROR": f"{files.url}/python"}
    wish = wanted(tmp_path, platform="windows-x86_64", env=env, chosen="python.org")
    assert find(wish).version == "3.11.9"
    assert isinstance(wish.settings.reporter, Listener)
    assert wish.settings.reporter.notes == ["this Python has no venv, tkinter, headers, sources"]


def test_a_lock_takes_exactly_its_archive(tmp_path: Path, files: Files) -> None:
    data = embeddable(tmp_path, "3.11.8")
    files.content["/python/3.11.8/python-3.11.8-embed-amd64.zip"] = data
    pinned = LockedInterpreter(
        source="python.org",
        version="3.11.8",
        build="embeddable",
        url=f"{ORIGINAL}/3.11.8/python-3.11.8-embed-amd64.zip",
        sha256=sha256(data),
        glibc=None,
    )
    mirror = {"python.org": {"mirror": f"{files.url}/python"}}
    wish = wanted(tmp_path, platform="windows-x86_64", pinned=pinned, interpreter=mirror)
    assert find(wish).version == "3.11.8"
    assert files.asked == ["/python/3.11.8/python-3.11.8-embed-amd64.zip"]


def test_what_it_does_not_have_goes_to_the_next_source(tmp_path: Path, files: Files) -> None:
    files.content["/python/index-windows.json"] = catalogue()
    with pytest.raises(InterpreterError, match=r"python\.org: .* has no Python 3\.11 for windows-x86_64"):
        find(asking(tmp_path, files))
    mirror = {"python.org": {"mirror": f"{files.url}/python"}}
    with pytest.raises(InterpreterError, match="for Windows only"):
        find(wanted(tmp_path, platform="linux-x86_64", interpreter=mirror))
    del files.content["/python/index-windows.json"]
    with pytest.raises(InterpreterError, match="404"):
        find(asking(tmp_path, files))


@pytest.mark.parametrize("text", [b"<html>", b"[]", b'{"versions": [{"id": 1}]}', b'{"versions": {"a": 1}}'])
def test_a_damaged_catalogue_stops_the_search(tmp_path: Path, files: Files, text: bytes) -> None:
    files.content["/python/index-windows.json"] = text
    with pytest.raises(InterpreterError, match="is not a catalogue of Pythons"):
        find(asking(tmp_path, files))


def test_a_hash_that_contradicts_the_catalogue_stops_the_search(tmp_path: Path, files: Files) -> None:
    url = f"{ORIGINAL}/3.11.9/python-3.11.9-embed-amd64.zip"
    files.content["/python/index-windows.json"] = catalogue(entry("embed", "3.11.9", url, b"something"))
    with pytest.raises(InterpreterError, match=r"sha256 for python\.org is not that of"):
        find(asking(tmp_path, files, sha256="0" * 64))
