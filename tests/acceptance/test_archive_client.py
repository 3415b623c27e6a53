"""The way of an installer to its users: built, published and signed, downloaded, verified, installed, out of date."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from builder.archive.keys import make_key
from builder.archive.minisign import KeyCost
from builder.inspection import open_installer

from .conftest import ODD, build, clean_environment, install, keel_builder, run

RECIPE = """
name: travelled
version: "{version}"
packages: []
build_tools: false
compression: fast
interpreter: host
archive: {{url: "{url}", public_key: "{key}"}}
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address where a plain web server has it."""
    folder = tmp_path / "wwẅ"
    folder.mkdir()
    handler = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_an_installer_finds_its_users_and_they_hear_of_the_next_one(
    site: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, url = site
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("KEEL_KEY_PASSPHRASE", "open sesame")
    key, _ = make_key(tmp_path / "site.key", "open sesame", KeyCost(operations=32_768, memory=16_777_216))
    recipe = tmp_path / "recipe.yaml"

    def publish(version: str) -> Path:
        recipe.write_text(RECIPE.format(version=version, url=url, key=key.public.text), encoding="utf-8")
        installer = build(recipe, tmp_path / "dist")
        keel_builder("publish", installer, "--to", folder, "--key", tmp_path / "site.key")
        return installer

    first = publish("1.9")
    assert "travelled 1.9" in keel_builder("show", first).out
    done = keel_builder("download", url, "--public-key", key.public.text, "--output", tmp_path / "in")
    fetched = Path(done.out.strip())
    assert fetched.read_bytes() == first.read_bytes()
    assert "intact" in keel_builder("verify", fetched, "--archive", url, "--files").out
    with open_installer(fetched) as opened:
        assert opened.manifest.archive == {"url": url, "public_key": key.public.text}

    prefix = tmp_path / ODD
    install(fetched, prefix)
    keel = partial(run, prefix / "cmd/keel", env=clean_environment(tmp_path))
    assert "travelled 1.9 is the newest version" in keel("update", "--check").out
    assert f"{url} (signed with {key.public.text})" in keel("info").out

    second = publish("1.10")
    assert f"{url}/{second.name}" in keel("update", "--check", code=10).out
    assert "pip" not in keel_builder("diff", first, second).out

    # The installer of the first day comes back under the index of the second: nobody believes it.
    served = folder / second.name
    served.unlink()
    served.write_bytes(first.read_bytes())
    failed = keel_builder("download", url, "--output", tmp_path / "in", code=4)
    assert "is not the expected file" in failed.err
    assert [path.name for path in (tmp_path / "in").iterdir()] == [first.name]
    (folder / "index.json").write_bytes((folder / "index.json").read_bytes().replace(b"1.10", b"1.9.1"))
    assert "changed after it was signed" in keel("update", "--check", code=1).err
