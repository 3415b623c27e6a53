"""Bases for Windows out of python.org's embeddable package and real wheels: built here, used under Wine."""

import hashlib
import json
import sys
from pathlib import Path

from tests.unit.loopback import Answer, Request, serving
from tests.windows_fixtures import PYTHON_311, PYTHON_312, Embeddable, embeddable_archive

from .conftest import Done, keel_builder
from .wine_session import Wine

# Bytecode needs a builder's Python of the same minor version.
PYTHON = {"3.12": PYTHON_312}.get(f"{sys.version_info[0]}.{sys.version_info[1]}", PYTHON_311)
MINOR = PYTHON.version.rpartition(".")[0]
NATIVE = sys.version_info[:2] == tuple(map(int, MINOR.split(".")))
# Wine 8 cannot load numpy 2.
RECIPE = f"""\
name: wintest
version: "1.0"
python: "{MINOR}"
platforms: [windows-x86_64]
packages: [numpy ==1.26.4, orjson, PyYAML]
compression: fast
"""
ODD = "it's (a) base è 中"


def pages(python: Embeddable) -> dict[str, bytes]:
    """python.org's archive, as far as it is asked for."""
    data = embeddable_archive(python).read_bytes()
    original = f"https://www.python.org/ftp/python/{python.version}/{python.filename}"
    entry = {
        "id": f"pythonembed-{python.version.rpartition('.')[0]}-64",
        "sort-version": python.version,
        "company": "PythonEmbed",
        "url": original,
        "hash": {"sha256": hashlib.sha256(data).hexdigest()},
    }
    index = json.dumps({"versions": [entry]}).encode()
    return {"/ftp/python/index-windows.json": index, f"/ftp/python/{python.version}/{python.filename}": data}


def build_wintest(folder: Path, form: str, *, bytecode: str = "build" if NATIVE else "none") -> Path:
    """RECIPE as `form` (exe or 7z) in `folder`, with a Python from a mirror of python.org."""
    content = pages(PYTHON)

    def answer(request: Request) -> Answer:
        return Answer(content.get(request.path, b""), status=200 if request.path in content else 404)

    with serving(answer) as server:
        source = f"interpreter: [{{python.org: {{mirror: '{server.url}/ftp/python'}}}}]\n"
        (folder / "wintest.yaml").write_text(f"{RECIPE}bytecode: {bytecode}\n{source}")
        done = keel_builder("build", folder / "wintest.yaml", "--format", form, "--output", folder)
    assert "this Python has no venv, tkinter, headers, sources" in done.err + done.out
    return folder / f"Wintest-1.0-py{PYTHON.tag}-Windows-x86_64.{form}"


class WindowsBase:
    """An unpacked base on drive C: of a Wine."""

    def __init__(self, wine: Wine, prefix: Path) -> None:
        self.wine, self.prefix = wine, prefix

    def keel(self, *arguments: str, code: int = 0) -> Done:
        """`keel` as typed into cmd.exe, which Wine's would echo in parts."""
        return self.wine.run("cmd", "/q", "/c", "cmd\\keel.bat", *arguments, cwd=self.prefix, code=code)

    def python(self, *arguments: str, env: str | None = None, text: str | None = None, code: int | None = 0) -> Done:
        """The base's python.exe, or that of the environment `env`, with output in UTF-8."""
        program = f"envs/{env}/Scripts/python.exe" if env else "python.exe"
        return self.program(program, *arguments, text=text, code=code)

    def program(self, relative: str, *arguments: str, text: str | None = None, code: int | None = 0) -> Done:
        variables = {"PYTHONUTF8": "1"}
        return self.wine.run(self.prefix / relative, *arguments, env=variables, text=text, code=code)

    def path(self, relative: str) -> str:
        return self.wine.path(self.prefix / relative).rstrip("\\")
