"""What an interpreter brings along: read out of its files, whoever built it."""

from pathlib import Path

import pytest

from builder.interpreters import Interpreter
from builder.provenance.bundled import bundled_libraries, interpreter_texts
from builder.provenance.parts import Part


def interpreter(tree: Path) -> Interpreter:
    return Interpreter(source="path", version="3.11.7", build="", url=None, sha256="a" * 64, tree=tree, glibc=None)


def libraries(tree: Path, files: dict[str, bytes | str]) -> dict[str, Part]:
    for name, content in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return {part.name: part for part in bundled_libraries(interpreter(tree))}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return tmp_path / "it's è"


def test_a_static_python_tells_by_its_strings_what_was_linked_into_it(tree: Path) -> None:
    strings = (
        b"\0OpenSSL 1.1.1o  3 May 2022\0 deflate 1.2.12 Copyright 1995-2022 \0\xa1\xff3.38.5\0\0expat_2.4.7\0"
        b"1.0.8, 13-Jul-2019\0ncurses 6.3.20211021\0Berkeley DB 6.0.19: (May 31, 2013)\0"
        b"ffi_prep_closure failed with %d\0\xfd7zXZ\0"
    )
    found = libraries(tree, {"lib/libpython3.9.so.1.0": strings, "bin/pydoc3": "#!/bin/sh\nOpenSSL 9.9.9 1 Jan 2030"})
    assert {name: (part.version, part.license) for name, part in found.items()} == {
        "openssl": ("1.1.1o", "OpenSSL"),
        "zlib": ("1.2.12", "Zlib"),
        "sqlite": ("3.38.5", "blessing"),
        "expat": ("2.4.7", "MIT"),
        "bzip2": ("1.0.8", "bzip2-1.0.6"),
        "ncurses": ("6.3", "X11-distribute-modifications-variant"),
        "berkeley-db": ("6.0.19", "AGPL-3.0-only"),
        "libffi": (None, "MIT"),
        "xz": (None, "0BSD OR LicenseRef-Public-Domain"),
    }
    assert found["openssl"].files == ("lib/libpython3.9.so.1.0",)


def test_the_libraries_of_windows_are_recognised_by_their_names_and_strings(tree: Path) -> None:
    found = libraries(
        tree,
        {
            "DLLs/libcrypto-3.dll": b"\0OpenSSL 3.0.13 30 Jan 2024\0",
            "DLLs/libssl-3.dll": b"MZ",
            "DLLs/libffi-8.dll": b"MZ",
            "DLLs/_ctypes.pyd": b"ffi_prep_closure failed with",
            "DLLs/tcl86t.dll": b"MZ",
            "sqlite3.dll": b"\0003.45.1\0",
            "python311.dll": b"\0001.3.1\0",
            "select.pyd": b"\0001.2.8\0",
            "tcl/tcl8.6/init.tcl": "package require -exact Tcl 8.6.13\n",
        },
    )
    assert {name: part.version for name, part in found.items()} == {
        "openssl": "3.0.13", "libffi": None, "tcl": "8.6.13", "sqlite": "3.45.1", "zlib": "1.3.1",
    }  # fmt: skip
    assert found["openssl"].files == ("DLLs/libcrypto-3.dll", "DLLs/libssl-3.dll")
    assert found["libffi"].files == ("DLLs/libffi-8.dll",)
    assert found["openssl"].license == "Apache-2.0"


def test_a_number_within_a_longer_one_is_no_version(tree: Path) -> None:
    assert libraries(tree, {"lib/libpython3.11.so": b"\0" + b"13.40.1\0" + b"2.3.40.1\0" + b"3.11.7\0"}) == {}


def test_libraries_of_the_hosts_packages_have_their_names_versions_and_licences(tree: Path) -> None:
    lines = ("libz.so.1  zlib1g 1:1.2.13.dfsg-1", "libodd.so.1  libodd1 2.0+ds-3", "libwho.so.1  package unknown")
    found = libraries(
        tree,
        {
            "share/licenses/bundled-libraries.txt": "\n".join(("Heading.", "", *lines)),
            "share/licenses/libodd1/copyright": "Oddly free.\n",
            "lib/libz.so.1": b"\0 deflate 1.2.13 Copyright\0",
            "lib/libodd.so.1": b"\x7fELF",
            "lib/libwho.so.1": b"\x7fELF",
            "lib/python3.11/LICENSE.txt": "Python's\r\n",
        },
    )
    assert (found["zlib"].version, found["zlib"].note) == ("1.2.13", {"package": "zlib1g 1:1.2.13.dfsg-1"})
    odd = found["libodd1"]
    assert (odd.version, odd.license, odd.texts[0].content) == ("2.0", None, "Oddly free.\n")
    assert "libwho.so.1" not in str(found)
    assert [(text.path, text.content) for text in interpreter_texts(tree)] == [
        ("lib/python3.11/LICENSE.txt", "Python's\n")
    ]


def test_an_interpreter_that_says_nothing_has_no_libraries(tree: Path) -> None:
    assert libraries(tree, {"bin/python3.11": b"", "lib/python3.11/os.py": "OpenSSL 3.0.0 1 Jan 2024"}) == {}
