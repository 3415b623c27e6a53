"""Publishing: what is there afterwards, what is refused, and that a reader never meets half of it."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from builder.archive.folder import FolderPlace
from builder.archive.minisign import SecretKey, parse_public
from builder.archive.object_store import ObjectPlace
from builder.archive.place import Advance, Place, open_place
from builder.archive.plan import Wishes
from builder.archive.prune import Policy
from builder.archive.publish import Request, preview
from builder.archive.trust import Remembered
from builder.archive.written import NAME as RECORD
from builder.errors import ArchiveError, InstallerFileError, OutputError
from builder.report import SilentReporter

from ...conftest import need
from .making import KEY, NOW, SITE, check_page, names, publish_to, read_as_a_client

Installers = dict[str, Path]
LINUX = "Demo-1.0-py311-Linux-x86_64"
LATER = NOW + timedelta(days=1)


def everything(place: Place) -> dict[str, bytes | None]:
    """All that readers can see."""
    return {path: place.read(path) for path in place.files() if not path.startswith(".pub")}


def test_a_first_publishing_makes_a_whole_archive(place: Place, installers: Installers) -> None:
    plan = publish_to(place, installers["1.0"], installers["exe"], installers["7z"])
    index = read_as_a_client(place)
    assert index == plan.index
    check_page(place)
    assert (index.version, len(index.installers), index.expires) == (1, 3, NOW + timedelta(days=365))
    assert names(place.files()) == [
        ".files.json",
        f"{LINUX}.pylock.toml",
        f"{LINUX}.sh",
        "Demo-1.1-py311-Windows-x86_64.7z",
        "Demo-1.1-py311-Windows-x86_64.exe",
        "Demo-1.1-py311-Windows-x86_64.pylock.toml",
        "Demo-latest-Linux-x86_64.sh",
        "Demo-latest-Windows-x86_64.7z",
        "Demo-latest-Windows-x86_64.exe",
        "Demo-latest-py311-Linux-x86_64.sh",
        "Demo-latest-py311-Windows-x86_64.7z",
        "Demo-latest-py311-Windows-x86_64.exe",
        "SHA256SUMS",
        "SHA256SUMS.minisig",
        "atom.xml",
        "index.html",
        "index.json",
        "index.json.minisig",
        "minisign.pub",
    ]


def test_an_installer_is_described_by_what_is_in_it(place: Place, installers: Installers) -> None:
    index = publish_to(place, installers["1.0"], installers["exe"]).index
    linux, windows = index.entry(f"{LINUX}.sh"), index.entry("Demo-latest-Windows-x86_64.exe")
    assert linux is not None
    assert windows is not None
    content = installers["1.0"].read_bytes()
    assert (linux.size, linux.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert (linux.name, linux.version, linux.python, linux.platform) == ("demo", "1.0", "3.11.7", "linux-x86_64")
    assert (linux.glibc, linux.windows, windows.glibc, windows.windows) == ("2.17", None, None, "10")
    assert [(one.name, one.version) for one in linux.packages] == [("demo", "1.2")]
    assert [(one.name, one.version) for one in linux.store] == [("helper", "0.1")]
    assert linux.interpreter.source == "pbs"
    assert index.products["demo"].company == "Äcme"


def test_sums_files_json_and_stable_names_agree(folder: FolderPlace, installers: Installers) -> None:
    publish_to(folder, installers["1.0"], installers["1.1"])
    checked = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder.root, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert "Demo-latest-Linux-x86_64.sh: OK" in checked.stdout
    files = json.loads(folder.read(".files.json") or b"")
    assert files["Demo-latest-Linux-x86_64.sh"] == files["Demo-1.1-py311-Linux-x86_64.sh"]
    assert files[f"{LINUX}.sh"].keys() == {"mtime", "sha256", "size"}
    assert files[f"{LINUX}.sh"]["mtime"] == int(installers["1.0"].stat().st_mtime)


def test_in_a_folder_stable_names_take_no_space(folder: FolderPlace, installers: Installers) -> None:
    publish_to(folder, installers["1.0"])
    assert (folder.root / "Demo-latest-Linux-x86_64.sh").samefile(folder.root / f"{LINUX}.sh")


def test_stable_names_follow_and_can_be_left_out(place: Place, installers: Installers) -> None:
    publish_to(place, installers["1.0"])
    publish_to(place, installers["1.1"], now=LATER)
    assert place.read("Demo-latest-Linux-x86_64.sh") == installers["1.1"].read_bytes()
    publish_to(place, now=LATER, site=replace(SITE, stable_files=False))
    assert not [name for name in place.files() if "latest" in name]
    assert "latest" not in (place.read("SHA256SUMS") or b"").decode()
    index = read_as_a_client(place, now=LATER)
    assert index is not None
    assert index.latest["Demo-latest-Linux-x86_64.sh"] == "Demo-1.1-py311-Linux-x86_64.sh"


def test_the_real_minisign_verifies_index_and_sums(folder: FolderPlace, installers: Installers) -> None:
    publish_to(folder, installers["1.0"])
    publish_to(folder, installers["1.1"], now=LATER)
    for name in ("index.json", "SHA256SUMS"):
        words = [need("minisign"), "-Vm", name, "-p", "minisign.pub"]
        done = subprocess.run(words, cwd=folder.root, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert f"file:{name} version:2 expires:2027-11-25T18:00:00Z" in done.stdout
    assert parse_public((folder.read("minisign.pub") or b"").decode()) == KEY.public


def test_the_feed_is_atom(place: Place, installers: Installers) -> None:
    publish_to(place, installers["1.0"], installers["1.1"])
    feed = ElementTree.fromstring(place.read("atom.xml") or b"")
    atom = "{http://www.w3.org/2005/Atom}"
    assert feed.findtext(f"{atom}title") == "Äcme's Python"
    for node in (feed, *feed.iter(f"{atom}entry")):
        assert node.findtext(f"{atom}id", "").startswith("urn:uuid:")
        assert node.findtext(f"{atom}updated") == "2026-11-24T18:00:00Z"
    links = [link.get("href", "") for link in feed.iter(f"{atom}link")]
    assert "https://science.acme.example/Demo-1.1-py311-Linux-x86_64.sh" in links


def test_the_same_files_again_change_nothing(place: Place, installers: Installers) -> None:
    publish_to(place, installers["1.0"], installers["exe"])
    before = everything(place)
    plan = publish_to(place, installers["1.0"], now=LATER)
    assert (plan.added, plan.removed, plan.index.version) == ((), (), 1)
    assert everything(place) == before


def test_the_same_name_with_other_bytes_is_refused(place: Place, installers: Installers, tmp_path: Path) -> None:
    publish_to(place, installers["1.0"])
    before = everything(place)
    other = tmp_path / installers["1.0"].name
    shutil.copy(installers["1.1"], other)
    with pytest.raises(OutputError, match=f"published before with other content: {LINUX}.sh"):
        publish_to(place, other, installers["exe"], now=LATER)
    assert everything(place) == before


def test_no_files_renew_the_index(place: Place, installers: Installers) -> None:
    publish_to(place, installers["1.0"])
    publish_to(place, now=NOW + timedelta(days=400), wishes=Wishes(days=30))
    index = read_as_a_client(place, now=NOW + timedelta(days=410))
    assert index is not None
    assert (index.version, index.expires) == (2, NOW + timedelta(days=430))


def test_an_index_that_is_getting_old_is_renewed_by_the_way(place: Place, installers: Installers) -> None:
    publish_to(place, installers["1.0"])
    assert publish_to(place, installers["1.0"], now=NOW + timedelta(days=182)).index.version == 1
    assert publish_to(place, installers["1.0"], now=NOW + timedelta(days=183)).index.version == 2


def test_pruning_takes_files_documents_and_pages_off(place: Place, installers: Installers) -> None:
    publish_to(place, installers["1.0"], installers["exe"])
    wishes = Wishes(days=365, prune=Policy(keep=1))
    plan = publish_to(place, installers["1.1"], now=LATER, wishes=wishes)
    assert [entry.file for entry in plan.removed] == [f"{LINUX}.sh"]
    assert not [path for path in place.files() if "1.0" in path]
    assert len((read_as_a_client(place, now=LATER) or plan.index).installers) == 2
    check_page(place)


def test_a_bad_installer_can_be_withdrawn(place: Place, installers: Installers) -> None:
    publish_to(place, installers["1.0"], installers["1.1"])
    publish_to(place, now=LATER, wishes=Wishes(withdraw=["Demo-1.1-py311-Linux-x86_64.sh"]))
    assert place.read("Demo-latest-Linux-x86_64.sh") == installers["1.0"].read_bytes()
    assert "Demo-1.1-py311-Linux-x86_64.sh" not in place.files()
    with pytest.raises(OutputError, match=r"not in the archive: x\.sh"):
        publish_to(place, now=LATER, wishes=Wishes(withdraw=["x.sh"]))


def test_only_the_last_ten_signatures_stay(place: Place, installers: Installers) -> None:
    publish_to(place, installers["1.0"])
    for day in range(1, 13):
        publish_to(place, now=NOW + timedelta(days=day))
    found = {path for path in place.files() if path.startswith("signatures/")}
    assert found == {f"signatures/index-{version}.minisig" for version in range(4, 14)}


def test_a_preview_says_what_would_change_and_writes_nothing(place: Place, installers: Installers) -> None:
    publish_to(place, installers["1.0"])
    before = everything(place)
    wishes = Wishes(prune=Policy(keep=1))
    plan = preview(Request(paths=[installers["1.1"]], wishes=wishes, key=KEY), place, LATER, SilentReporter())
    assert [one.entry.version for one in plan.added] == ["1.1"]
    assert [one.version for one in plan.removed] == ["1.0"]
    assert everything(place) == before


class TestRefusals:
    """The archive is the same afterwards."""

    @pytest.fixture(autouse=True)
    def unchanged(self, place: Place, installers: Installers) -> Iterable[None]:
        publish_to(place, installers["1.0"])
        before = everything(place)
        yield
        assert everything(place) == before
        read_as_a_client(place)

    def test_what_is_no_installer(self, place: Place, installers: Installers, tmp_path: Path) -> None:
        other = tmp_path / "it's è.sh"
        other.write_text("#!/bin/sh\necho hello\n")
        empty = tmp_path / "Demo-3.exe"
        empty.touch()
        with pytest.raises(InstallerFileError) as error:
            publish_to(place, other, installers["1.1"], empty)
        assert len(error.value.message.splitlines()) == 2
        assert str(other) in error.value.message

    def test_a_damaged_installer(self, place: Place, installers: Installers, tmp_path: Path) -> None:
        for position in (-100, -30_000):
            broken = tmp_path / installers["1.1"].name
            content = bytearray(installers["1.1"].read_bytes())
            content[position] ^= 1
            broken.write_bytes(content)
            with pytest.raises(InstallerFileError, match=installers["1.1"].name):
                publish_to(place, broken)

    @pytest.mark.parametrize("name", ["install.sh", "x y.sh", ".x.sh", "Demo-latest-Linux-x86_64.sh", "x.exe", "ü.sh"])
    def test_a_name_that_cannot_be_published(
        self, place: Place, installers: Installers, tmp_path: Path, name: str
    ) -> None:
        shutil.copy(installers["1.1"], tmp_path / name)
        with pytest.raises(InstallerFileError, match="name"):
            publish_to(place, tmp_path / name)

    def test_a_name_that_differs_only_in_case(self, place: Place, installers: Installers, tmp_path: Path) -> None:
        shutil.copy(installers["1.1"], tmp_path / f"{LINUX.upper()}.sh")
        with pytest.raises(OutputError, match="differ only in case"):
            publish_to(place, tmp_path / f"{LINUX.upper()}.sh")

    def test_what_is_not_there(self, place: Place, tmp_path: Path) -> None:
        with pytest.raises(InstallerFileError, match="does not exist"):
            publish_to(place, tmp_path / "gone")
        with pytest.raises(InstallerFileError, match="there is no installer in"):
            publish_to(place, tmp_path)

    def test_no_key_for_a_signed_archive(self, place: Place, installers: Installers) -> None:
        with pytest.raises(ArchiveError, match="is signed, and no key was given"):
            publish_to(place, installers["1.1"], key=None)

    def test_another_key(self, place: Place, installers: Installers) -> None:
        with pytest.raises(
            ArchiveError, match=r"not what was published with this key: index\.json: signed with another"
        ):
            publish_to(place, installers["1.1"], key=SecretKey(id=bytes(8), seed=bytes(32)))


def test_a_key_can_be_changed_by_who_knows_the_old_one(place: Place, installers: Installers) -> None:
    publish_to(place, installers["1.0"])
    new = SecretKey(id=bytes(8), seed=bytes(32))
    publish_to(place, installers["1.0"], key=new, old_key=KEY.public, now=LATER)
    index = read_as_a_client(place, key=new.public, now=LATER)
    assert index is not None
    assert (index.version, index.key) == (2, new.public.text)


def test_an_unsigned_archive_can_be_signed_later(place: Place, installers: Installers) -> None:
    publish_to(place, installers["1.0"], key=None, wishes=Wishes())
    index = read_as_a_client(place, key=None)
    assert index is not None
    assert (index.key, index.expires) == (None, None)
    assert not [name for name in place.files() if "minisig" in name]
    with pytest.raises(ArchiveError, match="is not signed, so that nobody knows who published"):
        publish_to(place, installers["1.0"], now=LATER)
    publish_to(place, installers["1.0"], now=LATER, unsigned=True)
    assert read_as_a_client(place, now=LATER) is not None


def test_an_index_that_somebody_else_put_there_is_not_signed(place: Place, installers: Installers) -> None:
    publish_to(place, installers["1.0"])
    index = place.read("index.json") or b""
    place.write([("index.json", index.replace(b'"version": 1', b'"version": 2'))])
    with pytest.raises(ArchiveError, match=r"has lost signatures/index-2\.minisig"):
        publish_to(place, installers["1.1"])
    place.write([("index.json", index.replace(b"2.17", b"2.99"))])
    with pytest.raises(ArchiveError, match="does not belong to this content"):
        publish_to(place, installers["1.1"])


def test_an_older_archive_than_the_last_time_is_not_continued(folder: FolderPlace, installers: Installers) -> None:
    publish_to(folder, installers["1.0"])
    old = folder.root.with_name("old")
    shutil.copytree(folder.root, old)
    index = publish_to(folder, installers["1.1"], now=LATER).index
    data = folder.read("index.json") or b""
    known = Remembered(archive=index.archive, key=index.key, version=2, sha256=hashlib.sha256(data).hexdigest())
    publish_to(folder, installers["1.1"], now=LATER, remembered=known)
    with pytest.raises(ArchiveError, match="rolled back: version 1 is older than 2") as error:
        publish_to(FolderPlace(old), installers["1.1"], now=LATER, remembered=known)
    assert "--forget" in (error.value.hint or "")


def test_a_folder_of_something_else_is_left_alone(place: Place, installers: Installers) -> None:
    place.write([("index.html", b"my home page")])
    with pytest.raises(OutputError, match="holds other files, and no archive"):
        publish_to(place, installers["1.0"])
    assert names(place.files()) == ["index.html"]


@pytest.mark.skipif(os.name == "nt", reason="rights of POSIX")
def test_an_unwritable_folder_is_said_so(tmp_path: Path, installers: Installers) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="file/archive cannot be written: Not a directory"):
        publish_to(FolderPlace(tmp_path / "file" / "archive"), installers["1.0"])


def test_an_address_that_nobody_understands_is_refused() -> None:
    for target in ("nonsense://x/y", "https://acme.example/x", "ftps3://"):
        with pytest.raises(OutputError):
            open_place(target)


class Killed(BaseException):
    """The process ends here."""


class Watched:
    """A place that is looked at before and after every change, and whose publisher dies at change number `last`."""

    def __init__(self, place: Place, last: int | None = None) -> None:
        self._place, self._last = place, last
        self.address = place.address
        self.changes = 0
        self.held, self.files, self.read = place.held, place.files, place.read

    def _change(self) -> None:
        read_as_a_client(self._place, now=LATER)
        if self._place.read("index.html"):
            check_page(self._place)
        self.changes += 1
        if self.changes == self._last:
            raise Killed

    def write(self, contents: Iterable[tuple[str, bytes]]) -> None:
        for path, content in contents:
            self._change()
            self._place.write([(path, content)])

    def upload(self, path: str, source: Path, sha256: str, advance: Advance) -> None:
        self._change()
        self._place.upload(path, source, sha256, advance)

    def copy(self, source: str, path: str) -> None:
        self._change()
        self._place.copy(source, path)

    def swap(self, path: str, expected: bytes | None, content: bytes) -> None:
        self._change()
        self._place.swap(path, expected, content)

    def remove(self, paths: Iterable[str]) -> None:
        for path in paths:
            self._change()
            self._place.remove([path])


def test_a_publisher_killed_at_any_change_leaves_an_archive_that_works_and_can_be_completed(
    tmp_path: Path, installers: Installers
) -> None:
    base = FolderPlace(tmp_path / "base")
    publish_to(base, installers["1.0"], installers["exe"])
    wishes = Wishes(days=365, prune=Policy(keep=1))
    done = FolderPlace(tmp_path / "done")
    shutil.copytree(base.root, done.root)
    whole = Watched(done)
    publish_to(whole, installers["1.1"], now=LATER, wishes=wishes)
    wanted = everything(done)
    assert whole.changes > 15
    for last in range(1, whole.changes + 1):
        place = FolderPlace(tmp_path / str(last))
        shutil.copytree(base.root, place.root)
        with pytest.raises(Killed):
            publish_to(Watched(place, last), installers["1.1"], now=LATER, wishes=wishes)
        read_as_a_client(place, now=LATER)
        check_page(place)
        publish_to(Watched(place), installers["1.1"], now=LATER, wishes=wishes)
        assert everything(place) == wanted, last


def test_what_a_killed_publisher_uploaded_in_vain_goes_with_the_next(place: Place, installers: Installers) -> None:
    publish_to(place, installers["1.0"])
    before = everything(place)
    with pytest.raises(Killed):
        publish_to(Watched(place, 6), installers["1.1"], now=LATER)
    assert "Demo-1.1-py311-Linux-x86_64.sh" in place.files()
    publish_to(place, installers["1.0"], now=LATER)
    assert everything(place) == before


def test_a_file_that_changes_while_it_is_published_is_noticed(
    place: Place, installers: Installers, tmp_path: Path
) -> None:
    source = tmp_path / "x.sh"
    source.write_bytes(b"new")
    with place.held(), pytest.raises(OutputError, match="changed while it was published"):
        place.upload("x.sh", source, "0" * 64, lambda _: None)
    assert "x.sh" not in place.files()


def test_two_publishers_at_once_are_refused(place: Place, installers: Installers) -> None:
    publish_to(place, installers["1.0"])
    with place.held(), pytest.raises(ArchiveError, match="another keel-builder is publishing"):
        publish_to(place, installers["1.1"], now=LATER)
    publish_to(place, installers["1.1"], now=LATER)


def test_an_index_that_changed_meanwhile_is_not_overwritten(place: Place, installers: Installers) -> None:
    publish_to(place, installers["1.0"])
    with pytest.raises(ArchiveError, match="meanwhile"):
        place.swap("index.json", b"something else", b"")
    with pytest.raises(ArchiveError, match="meanwhile"):
        place.swap("index.json", None, b"")
    read_as_a_client(place)


def test_the_lock_of_a_dead_publisher_in_a_store_runs_out(memory: ObjectPlace, installers: Installers) -> None:
    note = {"owner": "process 1 on elsewhere", "token": "x", "expires": 4_000_000_000}
    memory.write([(".publish.lock", json.dumps(note).encode())])
    with pytest.raises(ArchiveError, match=r"another keel-builder is publishing .* process 1 on elsewhere"):
        publish_to(memory, installers["1.0"])
    memory.write([(".publish.lock", json.dumps({**note, "expires": 1}).encode())])
    publish_to(memory, installers["1.0"])
    assert ".publish.lock" not in memory.files()


def test_a_damaged_record_costs_time_and_nothing_else(place: Place, installers: Installers) -> None:
    publish_to(place, installers["1.0"])
    before = everything(place)
    for content in (b"", b"[]", b'{"schema": 9, "files": {}}', b'{"schema": 1, "files": 3}'):
        place.write([(RECORD, content)])
        publish_to(place, installers["1.0"], now=LATER)
        assert everything(place) == before
