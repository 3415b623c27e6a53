"""The same on a real S3 server (moto's, on loopback): puts with conditions, headers, leases."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
import s3fs
from moto.server import ThreadedMotoServer

from builder.archive import object_store
from builder.archive.object_store import ObjectPlace
from builder.archive.place import open_place
from builder.archive.plan import Wishes
from builder.archive.prune import Policy
from builder.errors import ArchiveError, OutputError

from .making import KEY, NOW, check_page, publish_to, read_as_a_client

pytestmark = pytest.mark.xdist_group("s3")
LATER = NOW + timedelta(days=1)
BUCKET = "acme-installers"
Installers = dict[str, Path]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def client(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """boto3's, for a look past fsspec."""
    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    found = boto3.client("s3")
    found.create_bucket(Bucket=BUCKET)
    yield found
    for page in found.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for one in page.get("Contents", ()):
            found.delete_object(Bucket=BUCKET, Key=one["Key"])
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def place(client: Any) -> ObjectPlace:
    found = open_place(f"s3://{BUCKET}/python/it's è")
    assert isinstance(found, ObjectPlace)
    return found


def test_an_archive_in_s3_is_made_extended_and_pruned(place: ObjectPlace, client: Any, installers: Installers) -> None:
    publish_to(place, installers["1.0"], installers["exe"])
    publish_to(place, installers["1.1"], now=LATER, wishes=Wishes(days=365, prune=Policy(keep=1)))
    index = read_as_a_client(place, now=LATER)
    assert index is not None
    check_page(place)
    assert {entry.version for entry in index.installers} == {"1.1"}
    assert not [path for path in place.files() if "1.0" in path]
    assert place.read("Demo-latest-Linux-x86_64.sh") == installers["1.1"].read_bytes()
    keys = {one["Key"] for one in client.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert "python/it's è/index.json" in keys
    assert "python/it's è/.publish.lock" not in keys


def test_browsers_are_told_what_files_are(place: ObjectPlace, client: Any, installers: Installers) -> None:
    publish_to(place, installers["1.0"])

    def told(path: str) -> tuple[str, str]:
        head = client.head_object(Bucket=BUCKET, Key=f"python/it's è/{path}")
        return head["ContentType"], head["CacheControl"]

    assert told("index.html") == ("text/html; charset=utf-8", "no-cache")
    assert told("index.json") == ("application/json", "no-cache")
    assert told("Demo-1.0-py311-Linux-x86_64.sh") == ("application/x-sh", "no-cache")
    assert told("Demo-latest-Linux-x86_64.sh") == ("application/x-sh", "no-cache")
    asset = next(path for path in place.files() if path.startswith("assets/"))
    assert told(asset) == ("text/javascript; charset=utf-8", "public, max-age=31536000, immutable")


def test_large_files_go_up_in_parts(
    place: ObjectPlace, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_store, "_BLOCK", 5 * 2**20)
    source = tmp_path / "large"
    source.write_bytes(b"0123456789abcdef" * 2**20)
    import hashlib

    sent: list[int] = []
    place.upload("large.sh", source, hashlib.sha256(source.read_bytes()).hexdigest(), sent.append)
    assert sum(sent) == place.files()["large.sh"] == 16 * 2**20
    head = client.head_object(Bucket=BUCKET, Key="python/it's è/large.sh")
    assert head["ETag"].strip('"').endswith("-4")
    assert head["ContentType"] == "application/x-sh"
    with pytest.raises(OutputError, match="changed while"):
        place.upload("other.sh", source, "0" * 64, sent.append)
    assert "other.sh" not in place.files()
    assert not client.list_multipart_uploads(Bucket=BUCKET).get("Uploads")


def test_the_store_itself_refuses_to_overwrite_an_index_that_just_changed(
    place: ObjectPlace, installers: Installers, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_to(place, installers["1.0"])
    before = place.read("index.json")
    read = place.read

    def and_then_another_is_faster(path: str) -> bytes | None:
        content = read(path)
        place.write([(path, b"theirs")])
        return content

    monkeypatch.setattr(place, "read", and_then_another_is_faster)
    with pytest.raises(ArchiveError, match="somebody else published meanwhile"):
        place.swap("index.json", before, b"ours")
    monkeypatch.undo()
    assert place._filesystem.cat_file(place._at("index.json")) == b"theirs"


def test_of_two_that_make_an_archive_at_the_same_moment_one_wins(
    place: ObjectPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(place, "read", lambda path: place.write([(path, b"theirs")]))
        with pytest.raises(ArchiveError, match="meanwhile"):
            place.swap("index.json", None, b"ours")
    assert place.read("index.json") == b"theirs"


def test_only_one_publisher_gets_the_lock(place: ObjectPlace) -> None:
    held: list[int] = []
    refused: list[str] = []
    barrier, done = threading.Barrier(4), threading.Barrier(4)

    def publisher(number: int) -> None:
        barrier.wait(20)
        try:
            with open_place(place.address).held():
                held.append(number)
                done.wait(20)
        except ArchiveError as error:
            refused.append(error.message)
            done.wait(20)

    threads = [threading.Thread(target=publisher, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(held), len(refused)) == (1, 3)
    assert ".publish.lock" not in place.files()


def test_a_lock_is_renewed_and_its_loss_stops_the_publisher(
    place: ObjectPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_store, "_RENEWAL", 0.05)
    place.write([("index.json", b"old")])
    with place.held():
        first = json.loads(place.read(".publish.lock") or b"")
        monkeypatch.setattr(object_store, "_LEASE", 1000.0)
        wait_for(lambda: json.loads(place.read(".publish.lock") or b"")["expires"] > first["expires"] + 300)
        place.write([(".publish.lock", json.dumps({"owner": "other", "token": "x", "expires": 4e9}).encode())])
        wait_for(place._lost.is_set)
        with pytest.raises(ArchiveError, match="another keel-builder has taken over"):
            place.swap("index.json", b"old", b"new")
    assert place.read("index.json") == b"old"
    assert b"other" in (place.read(".publish.lock") or b"")


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_a_lock_that_ran_out_is_taken_over(place: ObjectPlace, installers: Installers) -> None:
    place.write([(".publish.lock", json.dumps({"owner": "x", "token": "x", "expires": 1}).encode())])
    publish_to(place, installers["1.0"])
    assert read_as_a_client(place, key=KEY.public) is not None


def test_a_bucket_that_is_not_there_is_said_so(client: Any, installers: Installers) -> None:
    with pytest.raises(OutputError, match="s3://nowhere") as error:
        publish_to(open_place("s3://nowhere/x"), installers["1.0"])
    assert "AWS_PROFILE" in (error.value.hint or "")


def test_a_server_that_is_not_there_is_said_so(
    client: Any, installers: Installers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3fs.S3FileSystem.clear_instance_cache()
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    with pytest.raises(OutputError, match="127"):
        publish_to(open_place(f"s3://{BUCKET}/x"), installers["1.0"])
