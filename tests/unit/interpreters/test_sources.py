"""The sources through `find_interpreter`, against small trees and a loopback server."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builder.archive.folder import FolderPlace
from builder.archive.publish import Request, publish
from builder.errors import ArchiveError, InterpreterError, WrongFileError
from builder.interpreters import Interpreter, find_interpreter
from builder.interpreters.page import page_links
from builder.interpreters.wanted import Wanted
from builder.lock import LockedInterpreter
from builder.report import SilentReporter
from tests.unit.archive.making import KEY, SITE, YEAR
from tests.unit.inspection.making import Making
from tests.unit.loopback import Answer, Server, serving
from tests.unit.loopback import Request as Asked

from .trees import Listener, make_prefix, pack_tar, wanted

NAME = "cpython-3.11.7+20240107-x86_64-unknown-linux-gnu-install_only.tar.gz"


def find(wish: Wanted) -> Interpreter:
    return find_interpreter(wish.target, wish.settings, wish.pinned)


def told(wish: Wanted) -> Listener:
    assert isinstance(wish.settings.reporter, Listener)
    return wish.settings.reporter


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return pack_tar(make_prefix(tmp_path / "source"), tmp_path / NAME)


@pytest.fixture
def sha256(archive: Path) -> str:
    return hashlib.sha256(archive.read_bytes()).hexdigest()


class Files:
    """What a server offers: path -> content."""

    def __init__(self, server: Server) -> None:
        self.content: dict[str, bytes] = {}
        self.server, self.url = server, server.url

    def answer(self, request: Asked) -> Answer:
        found = self.content.get(request.path.replace("%2B", "+"))
        return Answer(b"", status=404) if found is None else Answer(found)

    @property
    def asked(self) -> list[str]:
        return [request.path for request in self.server.requests]


@pytest.fixture
def files() -> Iterator[Files]:
    with serving(lambda _: Answer(b"", status=404)) as server:
        found = Files(server)
        server.answer = found.answer
        yield found


def test_an_archive_by_path(tmp_path: Path, archive: Path, sha256: str) -> None:
    wish = wanted(tmp_path, interpreter={"path": archive, "sha256": sha256})
    interpreter = find(wish)
    assert (interpreter.source, interpreter.version, interpreter.build) == ("path", "3.11.7", "20240107")
    assert (interpreter.url, interpreter.sha256, interpreter.glibc) == (None, sha256, "2.17")
    assert (interpreter.tree / "bin/python3").readlink() == Path("python3.11")
    assert told(wish).steps == ["Python 3.11.7 from path, build 20240107, needs glibc 2.17"]


def test_the_second_time_nothing_is_unpacked(tmp_path: Path, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = find(wanted(tmp_path, chosen=str(archive)))
    monkeypatch.setattr("builder.interpreters.archive.unpack", lambda *_: pytest.fail("unpacked again"))
    assert find(wanted(tmp_path, chosen=str(archive))) == first


def test_a_folder_and_its_archive_give_the_same_tree(tmp_path: Path, archive: Path) -> None:
    from_archive = find(wanted(tmp_path, chosen=str(archive)))
    from_folder = find(wanted(tmp_path, chosen=str(tmp_path / "source")))
    assert from_folder.tree.name == from_archive.tree.name
    assert from_folder.sha256.startswith(from_folder.tree.name)


def test_a_changed_folder_is_noticed(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "source")
    first = find(wanted(tmp_path, chosen=str(prefix)))
    (prefix / "lib/python3.11/os.py").write_text("import sys  # patched\n")
    assert find(wanted(tmp_path, chosen=str(prefix))).sha256 != first.sha256


def test_a_path_with_another_hash_stops_the_search(tmp_path: Path, archive: Path) -> None:
    wish = wanted(tmp_path, interpreter=[{"path": archive, "sha256": "0" * 64}, "host"])
    with pytest.raises(InterpreterError, match="has the SHA-256"):
        find(wish)


def test_an_archive_by_address(tmp_path: Path, archive: Path, sha256: str, files: Files) -> None:
    files.content[f"/{NAME}"] = archive.read_bytes()
    address = f"{files.url}/{NAME}"
    interpreter = find(wanted(tmp_path, interpreter={"url": address, "sha256": sha256}))
    assert (interpreter.source, interpreter.url, interpreter.sha256) == ("url", address, sha256)


def test_a_wrong_file_at_an_address_stops_the_search(tmp_path: Path, archive: Path, files: Files) -> None:
    files.content["/python.tar.gz"] = archive.read_bytes()
    wrong = {"url": f"{files.url}/python.tar.gz", "sha256": "0" * 64}
    with pytest.raises(WrongFileError, match="not the expected file"):
        find(wanted(tmp_path, interpreter=[wrong, {"path": archive}]))


def test_the_next_source_is_used_and_told_why(tmp_path: Path, archive: Path, files: Files) -> None:
    gone = {"url": f"{files.url}/gone.tar.gz", "sha256": "0" * 64}
    wish = wanted(tmp_path, interpreter=[gone, {"path": archive}])
    assert find(wish).source == "path"
    assert len(told(wish).notes) == 1
    assert told(wish).notes[0].startswith("url: ")
    assert "404" in told(wish).notes[0]
    assert told(wish).notes[0].endswith("; using path")


def test_without_any_source_all_reasons_are_given(tmp_path: Path, archive: Path, files: Files) -> None:
    gone = {"url": f"{files.url}/gone.tar.gz", "sha256": "0" * 64}
    with pytest.raises(InterpreterError) as caught:
        find(wanted(tmp_path, python="3.12", interpreter=[gone, {"path": archive}]))
    lines = caught.value.message.splitlines()
    assert lines[0] == "no source has Python 3.12 for linux-x86_64:"
    assert "404" in lines[1]
    assert lines[2].endswith("is Python 3.11.7, and 3.12 is wanted")
    assert caught.value.hint


def test_a_newer_glibc_than_the_recipe_allows_is_refused(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "source", glibc="2.34")
    assert find(wanted(tmp_path, chosen=str(prefix), glibc="2.34")).glibc == "2.34"
    with pytest.raises(InterpreterError, match=r"needs glibc 2\.34, and the recipe allows 2\.28"):
        find(wanted(tmp_path, chosen=str(prefix), glibc="2.28"))


def test_another_patch_than_pinned_is_refused(tmp_path: Path, archive: Path) -> None:
    assert find(wanted(tmp_path, python="3.11.7", chosen=str(archive))).version == "3.11.7"
    with pytest.raises(InterpreterError, match=r"is Python 3\.11\.7, and 3\.11\.70 is wanted"):
        find(wanted(tmp_path, python="3.11.70", chosen=str(archive)))


def test_an_archive_for_another_platform_stops_the_search(tmp_path: Path, archive: Path) -> None:
    with pytest.raises(InterpreterError, match="holds a Python for linux-x86_64, not for linux-aarch64"):
        find(wanted(tmp_path, platform="linux-aarch64", chosen=str(archive)))


# python-build-standalone


def listed(monkeypatch: pytest.MonkeyPatch, **entries: str | None) -> None:
    """A catalogue with these patches of 3.11 ("p7") and hashes, all of the same build."""

    def get_download_link(version: str, machine: str, platform: str, base_url: str) -> object:
        assert (machine, platform, base_url) == ("x86_64", "linux", "")
        patch = f"p{version.rpartition('.')[2]}"
        if patch not in entries:
            raise ValueError(version)
        name = f"cpython-{version}%2B20240107-x86_64-unknown-linux-gnu-install_only.tar.gz"
        return None, (f"https://original.invalid/20240107/{name}", entries[patch])

    monkeypatch.setattr("pbs_installer.get_download_link", get_download_link)


@pytest.mark.parametrize(
    ("variable", "folder"), [("PBS_INSTALLER_BASE_URL", ""), ("UV_PYTHON_INSTALL_MIRROR", "/20240107")]
)
def test_pbs_takes_the_newest_patch_from_a_mirror(
    tmp_path: Path,
    archive: Path,
    sha256: str,
    files: Files,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    folder: str,
) -> None:
    listed(monkeypatch, p6="0" * 64, p7=sha256)
    files.content[f"/m{folder}/{NAME}"] = archive.read_bytes()
    interpreter = find(wanted(tmp_path, env={variable: f"{files.url}/m/"}))
    assert (interpreter.source, interpreter.version, interpreter.build) == ("pbs", "3.11.7", "20240107")
    assert interpreter.sha256 == sha256


def test_the_mirror_of_the_recipe_comes_first_with_or_without_build_folders(
    tmp_path: Path, archive: Path, sha256: str, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(monkeypatch, p7=sha256)
    files.content[f"/mine/{NAME}"] = archive.read_bytes()
    env = {"PBS_INSTALLER_BASE_URL": f"{files.url}/other"}
    find(wanted(tmp_path, env=env, interpreter={"pbs": {"mirror": f"{files.url}/mine"}}))
    assert [path.replace("%2B", "+") for path in files.asked] == [f"/mine/20240107/{NAME}", f"/mine/{NAME}"]


def test_an_entry_without_a_hash_needs_one_from_the_recipe(
    tmp_path: Path, archive: Path, sha256: str, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(monkeypatch, p7=None)
    files.content[f"/{NAME}"] = archive.read_bytes()
    env = {"PBS_INSTALLER_BASE_URL": files.url}
    with pytest.raises(InterpreterError, match="the catalogue has no SHA-256"):
        find(wanted(tmp_path, env=env))
    assert find(wanted(tmp_path, env=env, interpreter={"pbs": {"sha256": sha256}})).sha256 == sha256


def test_a_build_that_the_catalogue_does_not_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed(monkeypatch, p7="0" * 64)
    with pytest.raises(InterpreterError, match=r"no Python 3\.11 for linux-x86_64 in build 20250101"):
        find(wanted(tmp_path, interpreter={"pbs": {"build": "20250101"}}))


def test_the_real_catalogue_has_every_platform() -> None:
    from builder.interpreters.pbs import PbsSource
    from builder.recipe.interpreters import PbsSource as Options

    options = Options(mirror=None, build=None, sha256=None)
    for platform in ("linux-x86_64", "linux-aarch64", "macos-x86_64", "macos-arm64"):
        source = PbsSource(wanted=wanted(Path("unused"), platform=platform), options=options)
        newest = source._choose()
        assert newest.sha256
        assert newest.build
        assert "install_only_stripped" in newest.filename


# pages


def page(*names: str) -> bytes:
    links = "".join(f'<tr><td><a href="{name.replace("+", "%2B")}">{name}</a></td></tr>' for name in names)
    return f"<html><h1>Index of /python</h1><a href='../'>up</a><table>{links}</table>".encode()


def test_a_page_gives_its_newest_matching_archive(tmp_path: Path, archive: Path, sha256: str, files: Files) -> None:
    others = [
        NAME.replace("3.11.7", "3.11.10").replace("x86_64", "aarch64"),
        NAME.replace("3.11.7", "3.11.6"),
        NAME.replace("3.11.7", "3.12.1"),
        NAME.replace("3.11.7", "3.11.9rc1"),
        NAME.replace("20240107", "20231231"),
        NAME.replace("install_only", "debug-full"),
        f"{NAME}.sig",
    ]
    files.content["/py/"] = page(*others, NAME, "SHA256SUMS")
    files.content["/py/SHA256SUMS"] = f"{'0' * 64}  {others[0]}\n{sha256} *{NAME}\n".encode()
    files.content[f"/py/{NAME}"] = archive.read_bytes()
    interpreter = find(wanted(tmp_path, interpreter={"page": f"{files.url}/py/"}))
    assert (interpreter.source, interpreter.build, interpreter.sha256) == ("page", "20240107", sha256)


def test_a_sum_beside_the_archive_does_too(tmp_path: Path, archive: Path, sha256: str, files: Files) -> None:
    files.content |= {"/": page(NAME), f"/{NAME}": archive.read_bytes(), f"/{NAME}.sha256": f"{sha256}\n".encode()}
    with pytest.raises(InterpreterError, match="gives no SHA-256"):  # the listing does not show it
        find(wanted(tmp_path, interpreter={"page": f"{files.url}/"}))
    files.content["/"] = page(NAME, f"{NAME}.sha256")
    assert find(wanted(tmp_path, interpreter={"page": f"{files.url}/"})).sha256 == sha256


def test_a_page_without_a_match_says_what_it_looked_for(tmp_path: Path, files: Files) -> None:
    files.content["/"] = page("readme.txt")
    with pytest.raises(InterpreterError, match=r"lists no Python 3\.11") as caught:
        find(wanted(tmp_path, interpreter={"page": f"{files.url}/"}))
    assert caught.value.hint is not None
    assert "x86_64-unknown-linux-gnu-install_only" in caught.value.hint


@pytest.fixture
def published(tmp_path: Path, files: Files) -> Callable[[str], None]:
    """Publishes an installer with that version of Python, signed, on the server."""
    place = FolderPlace(tmp_path / "published")

    def publish_one(python: str) -> None:
        tree = make_prefix(tmp_path / python, version=python)
        making = Making(folder=tmp_path, wheels=[], version=python, python=python, tree=tree)
        request = Request(paths=[making.write("sh")], wishes=YEAR, key=KEY)
        publish(request, place, SITE, datetime.now(UTC).replace(microsecond=0), SilentReporter())
        for path in place.files():
            files.content[f"/py/{path}"] = (place.root / path).read_bytes()

    return publish_one


def test_an_archive_of_keel_gives_the_interpreter_of_its_newest_installer(
    tmp_path: Path, files: Files, published: Callable[[str], None]
) -> None:
    env = {"XDG_STATE_HOME": str(tmp_path / "state")}
    for python in ("3.11.7", "3.11.9", "3.12.1"):
        published(python)
    entry = {"page": f"{files.url}/py/", "public_key": KEY.public.text}
    interpreter = find(wanted(tmp_path, interpreter=entry, env=env))
    assert (interpreter.source, interpreter.version, interpreter.build) == ("page", "3.11.9", "20260901")
    name = interpreter.url.rpartition("/")[2] if interpreter.url else ""
    assert interpreter.sha256 == hashlib.sha256(files.content[f"/py/{name}"]).hexdigest()
    # The tree is what it was made of, mended, and nothing of what the base has besides.
    assert interpreter.tree.name == find(wanted(tmp_path, chosen=str(tmp_path / "3.11.9"))).tree.name
    assert not (interpreter.tree / "keel-meta").exists()
    pinned = LockedInterpreter(
        source="page", version="3.11.9", build="20260901", url=interpreter.url, sha256=interpreter.sha256, glibc="2.17"
    )
    files.content = {path: data for path, data in files.content.items() if path.endswith(name)}
    assert find(wanted(tmp_path / "other", interpreter=entry, pinned=pinned)).sha256 == interpreter.sha256


def test_an_archive_of_keel_needs_the_key_of_the_recipe(
    tmp_path: Path, files: Files, published: Callable[[str], None]
) -> None:
    env = {"XDG_STATE_HOME": str(tmp_path / "state")}
    published("3.12.1")
    other = replace(KEY, seed=bytes(32)).public.text
    wish = wanted(tmp_path, interpreter=[{"page": f"{files.url}/py", "public_key": other}, "host"], env=env)
    with pytest.raises(ArchiveError, match=r"index\.json"):
        find(wish)
    wish = wanted(tmp_path, interpreter={"page": f"{files.url}/py"}, env=env)
    with pytest.raises(InterpreterError, match=r"has no installer with Python 3\.11 for"):
        find(wish)


def test_an_installer_is_an_archive_with_an_interpreter_in_it(tmp_path: Path) -> None:
    tree = make_prefix(tmp_path / "tree")
    path = Making(folder=tmp_path, wheels=[], tree=tree).write("sh")
    assert find(wanted(tmp_path, chosen=str(path))).tree.name == find(wanted(tmp_path, chosen=str(tree))).tree.name
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(InterpreterError, match="damaged"):
        find(wanted(tmp_path, chosen=str(path)))


def test_links_of_a_page_are_resolved() -> None:
    html = '<base href="/files/"><a href="a%2Bb.tar.gz#sha">x</a><a name="here"><a href="https://other.invalid/c">y</a>'
    expected = ["http://host.invalid/files/a%2Bb.tar.gz", "https://other.invalid/c"]
    assert page_links(html, "http://host.invalid/index.html") == expected


# locks


def locked(source: str, sha256: str, url: str | None = None) -> LockedInterpreter:
    return LockedInterpreter(source=source, version="3.11.7", build="20240107", url=url, sha256=sha256, glibc="2.17")


def test_a_locked_archive_is_taken_though_the_catalogue_moved_on(
    tmp_path: Path, archive: Path, sha256: str, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(monkeypatch, p7="1" * 64, p8="2" * 64)
    files.content[f"/old/{NAME}"] = archive.read_bytes()
    pinned = locked("pbs", sha256, f"{files.url}/old/{NAME}")
    assert find(wanted(tmp_path, pinned=pinned)).sha256 == sha256


def test_a_locked_archive_is_taken_though_the_recipe_dropped_the_source(
    tmp_path: Path, archive: Path, sha256: str, files: Files
) -> None:
    files.content[f"/{NAME}"] = archive.read_bytes()
    pinned = locked("url", sha256, f"{files.url}/{NAME}")
    assert find(wanted(tmp_path, pinned=pinned, interpreter=["host"])).source == "url"


def test_a_locked_path_must_be_the_same_file(tmp_path: Path, archive: Path) -> None:
    with pytest.raises(InterpreterError, match="and the lock says"):
        find(wanted(tmp_path, pinned=locked("path", "1" * 64), interpreter={"path": archive}))


def test_a_host_is_never_taken_for_a_lock(tmp_path: Path) -> None:
    with pytest.raises(InterpreterError, match="source: host"):
        find(wanted(tmp_path, pinned=locked("host", "1" * 64), interpreter=["host"]))
