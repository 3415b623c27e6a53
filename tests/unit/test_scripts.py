"""Relocatable scripts: started by their first line, and still the Python that their authors wrote."""

import subprocess
import sys
from pathlib import Path

import pytest

from keel.scripts import HEADER, entry_point_script, rewrite_script

ODD = 'it\'s "odd" è 中 片'


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """A folder like a base's `bin`, in an awkward place."""
    folder = tmp_path / ODD / "bin"
    folder.mkdir(parents=True)
    (folder / "python").symlink_to(sys.executable)
    return folder


def put(folder: Path, data: bytes, name: str = "tool") -> Path:
    path = folder / name
    path.write_bytes(data)
    path.chmod(0o755)
    return path


def output(*command: object, cwd: Path | None = None) -> str:
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=True, cwd=cwd).stdout


SHOW = b"import sys\nprint(repr(__doc__), sys.argv[1:])\n"


@pytest.mark.parametrize(
    ("source", "doc"),
    [
        (b"#!python\n" + SHOW, None),
        (b'#!python\n"""Said."""\n' + SHOW, "Said."),
        (b'#!python\n# comment\n("""Two\nlines""")\n' + SHOW, "Two\nlines"),
        (b"#!python\n'one' \\\n 'two'\n" + SHOW, "onetwo"),
        (b'#!python\n"""Said."""\nfrom __future__ import annotations\n' + SHOW, "Said."),
        (
            b'#!python\n"""Two\nlines"""  # why\nfrom __future__ import (\n  annotations,\n)  # end\n' + SHOW,
            "Two\nlines",
        ),
        (b'#!python\n"""Said."""; from __future__ import annotations\n' + SHOW, "Said."),
        (b"#!python\nfrom __future__ import division\nfrom __future__ import annotations\n" + SHOW, None),
        (b'#!pythonw\r\n"""Said\r\ntwice."""\r\n' + SHOW.replace(b"\n", b"\r\n"), "Said\ntwice."),
        ('#!python\n# -*- coding: latin-1 -*-\n"""Gr\u00fc\u00dfe"""\n'.encode("latin-1") + SHOW, "Gr\u00fc\u00dfe"),
        (b"\xef\xbb\xbf" + '"""Gr\u00fc\u00dfe"""\n'.encode() + SHOW, "Gr\u00fc\u00dfe"),
        (b"", None),
    ],
)
def test_a_wheels_own_script_keeps_its_docstring_and_future_imports(
    scripts: Path, source: bytes, doc: str | None
) -> None:
    script = put(scripts, rewrite_script(source))
    expected = f"{doc!r} ['a b', \"c'd\"]\n" if source else ""
    assert output(script, "a b", "c'd") == expected
    assert output(sys.executable, script, "a b", "c'd") == expected


def test_a_script_of_another_encoding_means_the_same_text(scripts: Path) -> None:
    source = "#!python\n# coding: iso-8859-15\nprint(ascii('\u20ac'))\n".encode("iso-8859-15")
    assert output(put(scripts, rewrite_script(source))) == "'\\u20ac'\n"


def test_a_script_that_cannot_be_parsed_is_only_given_the_header() -> None:
    assert rewrite_script(b"#!python\nprint 'hello'\n") == HEADER + b"print 'hello'\n"


def test_an_entry_point_calls_its_function_and_exits_with_its_result(scripts: Path) -> None:
    script = put(scripts, entry_point_script("posixpath", "os.getpid.__class__"))
    done = subprocess.run([script], capture_output=True, text=True, check=False)
    assert "TypeError" in done.stderr  # the type of built-in functions was called, without arguments

    script = put(scripts, entry_point_script("platform", "python_version"))
    done = subprocess.run([script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, ".".join(map(str, sys.version_info[:3])) + "\n")


def test_a_script_finds_its_python_through_a_link_by_a_bare_name_and_after_a_move(scripts: Path) -> None:
    put(scripts, rewrite_script(b"#!python\nimport sys\nprint(sys.argv[0])\n"))
    link = scripts.parent / "link"
    link.symlink_to(scripts / "tool")
    assert output(link) == f"{link}\n"
    assert output("sh", "tool", cwd=scripts) == "tool\n"
    moved = scripts.parent.parent / "moved"
    scripts.rename(moved)
    assert output(moved / "tool") == f"{moved / 'tool'}\n"
