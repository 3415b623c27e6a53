"""The modules that Keel adds to a base's standard library."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from builder.interpreters.additions import _keel_certificates as certificates
from builder.interpreters.trim import ADDITIONS

ODD = 'it\'s "odd" è'


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only bundle of certificates on this machine."""
    path = tmp_path / ODD / "ca.pem"
    path.parent.mkdir()
    path.write_text("certificates")
    monkeypatch.setattr(certificates, "BUNDLES", ("/nowhere", str(path)))
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    return path


def paths(file: object = "/nowhere", folder: object = "/nowhere") -> tuple[str, str, str, str]:
    return "SSL_CERT_FILE", str(file), "SSL_CERT_DIR", str(folder)


def test_a_known_bundle_is_found_where_openssl_has_nothing(bundle: Path) -> None:
    assert certificates.find_bundle(paths()) == str(bundle)


def test_the_environment_wins(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", "/my/certificates")
    assert certificates.find_bundle(paths()) is None


def test_what_openssl_finds_by_itself_stays(bundle: Path, tmp_path: Path) -> None:
    assert certificates.find_bundle(paths(file=bundle)) is None
    hashed = tmp_path / "hashed"
    hashed.mkdir()
    (hashed / "ca-bundle.crt").write_text("")  # RHEL: a folder that OpenSSL can do nothing with
    assert certificates.find_bundle(paths(folder=hashed)) == str(bundle)
    (hashed / "5ed36f99.0").write_text("")
    assert certificates.find_bundle(paths(folder=hashed)) is None


def test_the_ssl_module_loads_the_bundle(bundle: Path) -> None:
    loaded = []

    class Context:
        def set_default_verify_paths(self) -> None:
            loaded.append("default")

        def load_verify_locations(self, cafile: str) -> None:
            loaded.append(cafile)

    paths_of = SimpleNamespace(cafile=None, _replace=lambda cafile: cafile)
    ssl = SimpleNamespace(SSLContext=Context, get_default_verify_paths=lambda: paths_of)
    certificates.extend(ssl, paths)
    Context().set_default_verify_paths()
    assert loaded == ["default", str(bundle)]
    assert ssl.get_default_verify_paths() == str(bundle)


def test_tcl_is_found_beside_the_standard_library(tmp_path: Path) -> None:
    package = tmp_path / ODD / "lib/python3.11/tkinter"
    package.mkdir(parents=True)
    (package / "_keel_tcl.py").write_bytes((ADDITIONS / "_keel_tcl.py").read_bytes())
    for name in ("tcl8.6/init.tcl", "tk8.6/tk.tcl", "tcl8/8.6/x.tm"):
        (tmp_path / ODD / "lib" / name).parent.mkdir(parents=True)
        (tmp_path / ODD / "lib" / name).write_text("")
    code = (
        "import os, runpy, sys; runpy.run_path(sys.argv[1]); "
        "print(os.environ['TCL_LIBRARY']); print(os.environ['TK_LIBRARY'])"
    )
    env = {"PATH": os.defpath, "TK_LIBRARY": "/mine", "PYTHONUTF8": "1"}
    out = subprocess.check_output([sys.executable, "-c", code, package / "_keel_tcl.py"], text=True, env=env)
    assert out.splitlines() == [str(tmp_path / ODD / "lib/tcl8.6"), "/mine"]


def test_python_config_answers_as_the_shell_script_does() -> None:
    script = [sys.executable, str(ADDITIONS / "python_config.py")]
    answer = subprocess.check_output([*script, "--prefix", "--extension-suffix"], text=True).splitlines()
    assert answer[0] == sys.base_prefix
    assert answer[1].endswith(".so")
    done = subprocess.run([*script, "--nonsense"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "--ldflags" in done.stderr
