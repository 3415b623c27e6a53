"""`keel update --check`: archives read over HTTP and from folders, believed only with their signature."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from builder.archive.index import Entry, Index, Interpreter
from builder.archive.index_file import write_index
from builder.archive.minisign import SecretKey
from builder.archive.trust import INDEX, Statement, signature_name
from keel.archives import normal_address, read_archive
from keel.errors import KeelError
from keel.newer import version_key
from tests.unit.loopback import Answer, Request, serving

from .bases import FakeBase

NOW = datetime.now(UTC).replace(microsecond=0)
KEY = SecretKey(id=b"keytest1", seed=b"s" * 32)
MINE = {"name": "Tiny", "platform": "linux-x86_64"}


def entry(version: str, python: str, **facts: Any) -> Entry:
    values = {**MINE, "format": "sh", **facts}
    tag = "".join(python.split(".")[:2])
    name = f"{values['name']}-{version}-py{tag}-Linux-x86_64.{values['format']}"
    return Entry(
        file=name, format=values["format"], size=5 * 10**6,
        sha256="ab" * 32, modified=NOW, published=NOW, name=values["name"], version=version, python=python,
        platform=values["platform"], interpreter=Interpreter(source="pbs", version=python, build="", sha256="cd" * 32),
        glibc=None, macos=None, windows=None, packages=(), store=(),
    )  # fmt: skip


@dataclass
class Site:
    """An archive in a folder, as a publisher writes it."""

    folder: Path
    id: str = "0123456789abcdef" * 2
    version: int = 1
    key: SecretKey | None = KEY
    expires: datetime | None = field(default_factory=lambda: NOW + timedelta(days=9))

    def publish(self, *entries: Entry) -> str:
        """Returns the address."""
        index = Index(
            archive=self.id, version=self.version, generated=NOW, expires=self.expires,
            key=self.key.public.text if self.key else None, installers=entries,
        )  # fmt: skip
        data = write_index(index)
        (self.folder / "signatures").mkdir(parents=True, exist_ok=True)
        (self.folder / "index.json").write_bytes(data)
        if self.key is not None:
            statement = Statement(archive=self.id, file=INDEX, version=self.version, expires=self.expires)
            (self.folder / signature_name(self.version)).write_bytes(self.key.sign(data, str(statement)))
        return self.folder.as_uri()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "arch ive è")


@pytest.fixture
def python(fake: FakeBase) -> str:
    return fake.base.manifest.python


def refused(site: Site, match: str, memory: Path | None = None) -> None:
    with pytest.raises(KeelError, match=match):
        read_archive(site.folder.as_uri(), KEY.public.text, str(memory) if memory else None)


def test_an_archive_is_believed_with_its_signature(site: Site, tmp_path: Path) -> None:
    archive = read_archive(site.publish(entry("2", "3.11.7")), KEY.public.text, str(tmp_path / "seen.json"))
    assert (archive.version, archive.signed) == (1, True)
    assert archive.url(archive.offers[0]).endswith("/arch%20ive%20%C3%A8/Tiny-2-py311-Linux-x86_64.sh")


def test_what_was_changed_after_signing_is_refused(site: Site) -> None:
    site.publish(entry("2", "3.11.7"))
    index = site.folder / "index.json"
    index.write_bytes(index.read_bytes().replace(b'"sha256":"abab', b'"sha256":"abac'))
    refused(site, "changed after it was signed")


def test_a_signature_for_another_version_archive_or_file_is_refused(site: Site) -> None:
    site.publish()
    data = (site.folder / "index.json").read_bytes()
    for change in ({"archive": "f" * 32}, {"version": 2}, {"file": "SHA256SUMS"}, {"expires": None}):
        wrong: dict[str, Any] = {"archive": site.id, "file": INDEX, "version": 1, "expires": site.expires, **change}
        (site.folder / signature_name(1)).write_bytes(KEY.sign(data, str(Statement(**wrong))))
        refused(site, "signature is for something else")


def test_another_key_and_no_signature_are_refused(site: Site) -> None:
    site.key = SecretKey(id=b"keytest2", seed=b"t" * 32)
    site.publish()
    refused(site, "another key")
    site.key = SecretKey(id=KEY.id, seed=b"t" * 32)
    site.publish()
    refused(site, "does not belong to it|changed after")
    (site.folder / signature_name(1)).unlink()
    refused(site, r"index-1\.minisig cannot be read")


def test_an_expired_index_is_refused(site: Site) -> None:
    site.expires = NOW - timedelta(seconds=5)
    site.publish()
    refused(site, "expired")


def test_rollback_mix_up_and_a_lost_signature_are_noticed(site: Site, tmp_path: Path) -> None:
    memory = tmp_path / "home" / "seen.json"
    site.version = 7
    site.publish()
    read_archive(site.folder.as_uri(), KEY.public.text, str(memory))
    site.publish(entry("2", "3.11.7"))
    refused(site, "other content than before under version 7", memory)
    site.version = 6
    site.publish()
    refused(site, "rolled back: version 6 of its index, after 7", memory)
    site.version, site.id = 8, "f" * 32
    site.publish()
    refused(site, "another archive", memory)
    with pytest.raises(KeelError, match="was signed before"):
        read_archive(site.folder.as_uri(), None, str(memory))
    memory.write_text("{")
    refused(site, "cannot be read", memory)


@pytest.mark.parametrize(
    "data",
    [b"", b"<html>", b"[]", b"{}", b'{"schema": 2}', b'{"schema": 1}', b"[" * 100_000, b"\xff\xfe",
     b'{"schema": 1, "archive": 5, "version": 1, "generated": "x", "expires": null, "installers": []}',
     b'{"schema": 1, "archive": "0123456789abcdef0123456789abcdef", "version": 1, "generated": "2026-01-01T00:00:00Z",'
     b' "expires": null, "installers": [{"file": "../../etc/passwd", "format": "sh", "size": 1, "sha256": "x",'
     b' "name": "x", "version": "1", "python": "3.11.7", "platform": "linux-x86_64"}]}'],
)  # fmt: skip
def test_what_is_no_index_is_one_clear_error(data: bytes, site: Site) -> None:
    site.publish()
    (site.folder / "index.json").write_bytes(data)
    refused(site, "is no archive of Keel|has schema")


def test_addresses_are_what_people_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert normal_address("https://get.acme.example/python/index.html") == "https://get.acme.example/python"
    assert normal_address("a b") == f"{tmp_path.as_uri()}/a%20b"
    for words in ("ftp://x/y", "https://me:secret@host/x", "https://host/?x=1"):
        with pytest.raises(KeelError, match="no address"):
            normal_address(words)


@pytest.mark.parametrize(
    "versions", [("1.2", "1.10"), ("2026.11", "2026.12"), ("1.0rc1", "1.0"), ("build-9", "build-10"), ("zebra", "0.1")]
)
def test_versions_are_ordered_by_pep_440_and_others_below_it(versions: tuple[str, str]) -> None:
    assert max(versions, key=version_key) == versions[1]


@pytest.fixture
def server(site: Site) -> Iterator[str]:
    def answer(request: Request) -> Answer:
        path = site.folder / request.path.lstrip("/")
        return Answer(path.read_bytes()) if path.is_file() else Answer(b"", status=404)

    with serving(answer) as running:
        yield running.url


def test_check_says_what_is_newer_and_exits_with_10(fake: FakeBase, site: Site, server: str, python: str) -> None:
    pre, other = entry("3rc1", python), entry("4", "3.99.1")
    site.publish(
        entry("1", python),
        entry("2", python, format="pkg"),
        entry("2", python),
        pre,
        other,
        entry("9", python, name="x"),
    )
    key = KEY.public.text
    done = fake.keel("update", "--check", "--archive", server, "--public-key", key, code=10)
    assert done.stdout.splitlines()[0] == "Tiny 2 is out; this base is 1."
    assert f"{server}/Tiny-2-py" in done.stdout
    assert ".sh\n" in done.stdout
    assert "With Python 3.99.1 there is Tiny 4" in done.stdout
    assert done.stderr == ""
    found = json.loads(
        fake.keel("update", "--check", "--archive", server, "--public-key", key, "--json", code=10).stdout
    )
    assert (found["newer"], found["newest"]["version"], found["signed"]) == (True, "2", True)
    assert found["other_python"]["version"] == "4"


def test_check_says_that_there_is_nothing_newer(fake: FakeBase, site: Site, python: str) -> None:
    fake.keel("config", "set", "archive", site.publish(entry("1", python), entry("0.9", python)))
    fake.keel("config", "set", "archive_key", "none")
    done = fake.keel("update", "--check")
    assert "Tiny 1 is the newest version" in done.stdout
    assert "without a signature" in done.stderr


def test_the_recipes_archive_is_asked_with_its_key_wherever_it_is_mirrored(
    fake: FakeBase, site: Site, python: str
) -> None:
    address = site.publish(entry("2", python))
    manifest = fake.base.manifest._replace(archive={"url": "https://get.invalid/x", "public_key": KEY.public.text})
    (fake.prefix / "keel-meta/manifest.json").write_bytes(manifest.to_bytes())
    assert f"archive:      https://get.invalid/x (signed with {KEY.public.text})" in fake.keel("info").stdout
    assert json.loads(fake.keel("info", "--json").stdout)["archive"]["key"] == KEY.public.text
    assert "the recipe" in fake.keel("config", "list").stdout
    assert "Tiny 2 is out" in fake.keel("update", "--check", "--archive", str(site.folder), code=10).stdout
    site.key = SecretKey(id=b"evilevil", seed=b"e" * 32)
    site.version = 2
    site.publish(entry("3", python))
    failed = fake.keel("update", "--check", "--archive", address, code=1)
    assert "another key" in failed.stderr


def test_offline_is_one_clear_line(fake: FakeBase) -> None:
    done = fake.keel("update", "--check", "--archive", "http://127.0.0.1:9/x", code=1)
    assert done.stderr.splitlines()[0] == "error: http://127.0.0.1:9/x/index.json cannot be read: Connection refused"
    assert len(done.stderr.splitlines()) == 2
    assert "does not know an archive" in fake.keel("update", "--check", code=1).stderr


def test_a_silent_server_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keel.archives._PATIENCE", 0.2)
    monkeypatch.setattr("keel.archives._LONGEST", 0.3)
    silence = threading.Event()
    with serving(lambda request: Answer(b"x", length=1000, hold=silence)) as running:
        started = time.monotonic()
        with pytest.raises(KeelError, match=r"timed out|longer than"):
            read_archive(running.url, None, None)
        assert time.monotonic() - started < 10
        silence.set()


@pytest.mark.parametrize(
    "words", [("--check", "numpy"), ("--check", "--all"), ("--archive", "x", "numpy"), ("--check", "-n", "x")]
)
def test_check_takes_no_packages(words: tuple[str, ...], fake: FakeBase) -> None:
    assert "check" in fake.keel("update", *words, code=2).stderr
