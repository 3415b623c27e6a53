"""Listing a tree: the engine says the same as keel itself, and no half listing is believed."""

from pathlib import Path

import pytest

from keel.listing import Listing
from keel.manifest import ENGINE

from .bases import FakeBase
from .test_linking import replace_engine


def listed(base: FakeBase, root: Path) -> dict[str, dict[str, str]]:
    with Listing(str(base.prefix), str(root)) as listing:
        return {path: dict(zip(names, keys, strict=True)) for path, keys, names in listing.folders()}


@pytest.mark.parametrize(
    "script", ["", "exit 1", "kill -9 $$", "echo", '"$real" "$@" | head -c 200', '"$real" "$@"; exit 3']
)
def test_a_listing_does_not_depend_on_the_engine(script: str, fake: FakeBase) -> None:
    (fake.prefix / "envs/link").symlink_to("..")
    with_engine = listed(fake, fake.prefix / "envs"), listed(fake, fake.prefix / "lib")
    if script:
        replace_engine(fake, script)
    else:
        (fake.prefix / ENGINE).unlink()
    assert (listed(fake, fake.prefix / "envs"), listed(fake, fake.prefix / "lib")) == with_engine
    assert with_engine[0][""]["link"].startswith("l")


def test_a_folder_that_is_not_there_is_an_error(fake: FakeBase) -> None:
    with pytest.raises(FileNotFoundError):
        listed(fake, fake.prefix / "nowhere")
