"""What `keel-builder publish` puts up from real installers: the page, and install.sh that installs from there."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.unit.archive.making import CHEAP, KEY
from tests.unit.test_cli import code_of

Installers = dict[str, Path]


@pytest.fixture
def archive(installers: Installers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KEEL_KEY_PASSPHRASE", "pässword")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    key, site, place = tmp_path / "acme.key", tmp_path / "archive.yaml", tmp_path / "an archive"
    key.write_bytes(KEY.to_file("pässword", CHEAP))
    site.write_text("title: Äcme Python\nurl: https://python.acme.example\naccent: '#0b6e4f'\n", encoding="utf-8")
    files = [installers[version] for version in ("1.0", "1.1", "exe")]
    assert code_of("publish", *files, "--to", place, "--key", key, "--site", site) == 0
    return place


def test_the_page_has_the_installers_and_the_companys_texts(archive: Path) -> None:
    front = (archive / "index.html").read_text("utf-8")
    assert "<h1>Äcme Python</h1>" in front
    assert front.index("Demo-1.1-py311-Linux-x86_64.sh") < front.index("Demo-1.0-py311-Linux-x86_64.sh")
    page = (archive / "installers/Demo-1.1-py311-Linux-x86_64.sh.html").read_text("utf-8")
    assert '<th scope="row">demo</th><td>1.2</td>' in page
    assert "the same Python and the same packages" in page


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the installers of these tests are for x86-64")
def test_install_sh_installs_from_it(archive: Path, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "other state")}
    prefix = tmp_path / "it's è"
    done = subprocess.run(
        ["sh", str(archive / "install.sh"), "-y", "--prefix", str(prefix)],
        env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done
    assert "signature is right" in done.stdout
    assert "Demo-1.1-py311-Linux-x86_64.sh" in done.stdout
    assert (prefix / "keel-meta" / "manifest.json").is_file()
