"""The setup program's parsers, compiled for this machine: command line, facts, record, headers."""

import ctypes
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from builder.installers.exe import PROGRAM
from builder.resources import TEMPLATES
from tests.conftest import need

WINDOWS = TEMPLATES / "windows"
ENGINE = TEMPLATES / "engine"
SOURCES = [WINDOWS / f"{name}.c" for name in ("options", "facts", "lines", "record", "pe")]
SOURCES += [ENGINE / f"{name}.c" for name in ("failure", "path", "text")]

FACTS = """\
id=Starter
title=Starter
version=2026.11
company=
homepage=
python=3.11.7
label=Windows-x86_64
prefix_me=~/starter
prefix_all=%ProgramFiles%/Starter
add_to_path=0
register_python=1
compiles=0
license=0
picture=0
"""
RECORD = """\
schema=1
title=Starter
version=2026.11
prefix=C:/x
all_users=0
shells=0
arp_key=
python_key=
menu=
name=python.exe
name=keel-meta
"""


class Failure(ctypes.Structure):
    _fields_ = (("code", ctypes.c_int), ("message", ctypes.c_char * 5120), ("hint", ctypes.c_char * 512))


class Options(ctypes.Structure):
    """`struct options` of options.h."""

    _fields_ = (
        *((name, ctypes.c_bool) for name in ("silent", "help", "show_version", "verify", "resume", "only_long_paths")),
        *(
            (name, ctypes.c_int)
            for name in (
                "all_users", "add_to_path", "register_python", "registry", "shortcuts", "long_paths", "init_shells",
                "environments",
            )
        ),
        *((name, ctypes.c_char_p) for name in ("log", "extract", "prefix")),
    )  # fmt: skip


class Pe(ctypes.Structure):
    _fields_ = (("end", ctypes.c_uint64), ("checksum", ctypes.c_size_t), ("security", ctypes.c_size_t))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    place = tmp_path_factory.mktemp("parsers") / "parsers.so"
    command: Sequence[str | Path] = [need("gcc"), "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", f"-I{ENGINE}"]
    subprocess.run([*command, *SOURCES, "-o", place], check=True, timeout=120)
    return ctypes.CDLL(str(place))


def parse(library: ctypes.CDLL, line: str) -> Options | str:
    """The options, or what is wrong."""
    text = ctypes.create_string_buffer(f'"C:\\a b\\setup.exe" {line}'.encode())
    library.options_behind_program.restype = ctypes.c_void_p
    options, failure = Options(), Failure()
    begin = library.options_behind_program(text)
    parsed = library.options_parse(ctypes.c_void_p(begin), ctypes.byref(options), ctypes.byref(failure))
    options.keep = text  # the strings lie in it
    return options if parsed & 0xFF else failure.message.decode()


def taken(library: ctypes.CDLL, line: str) -> Options:
    options = parse(library, line)
    assert isinstance(options, Options), options
    return options


@pytest.mark.parametrize(
    ("line", "prefix"),
    [
        ("/S /D=C:\\a", "C:\\a"),
        ("/S /D=C:\\a b c\\d ", "C:\\a b c\\d"),
        ('/S /D="C:\\a b"', "C:\\a b"),
        ('/S "/D=C:\\a b"', "C:\\a b"),
        ("/S /d=C:\\è 中", "C:\\è 中"),
        ("/D=C:\\a /S", "C:\\a /S"),
        ("/S", ""),
        ('/S /Log="/D=x"', ""),
    ],
)
def test_the_prefix_takes_the_rest_of_the_line(library: ctypes.CDLL, line: str, prefix: str) -> None:
    options = taken(library, line)
    assert options.prefix.decode() == prefix


def test_minicondas_options_are_understood(library: ctypes.CDLL) -> None:
    line = "/S /InstallationType=AllUsers /AddToPath=0 /RegisterPython=1 /NoShortcuts=1 /NoScripts=1 /KeepPkgCache=1"
    options = taken(library, line + " /D=C:\\x")
    assert options.silent
    assert (options.all_users, options.add_to_path, options.register_python, options.shortcuts) == (1, 0, 1, 0)
    assert (options.registry, options.long_paths, options.init_shells) == (-1, -1, -1)


def test_case_and_dashes_do_not_matter(library: ctypes.CDLL) -> None:
    options = taken(library, "-s /installationtype=justme /ADDTOPATH=1")
    assert options.silent
    assert (options.all_users, options.add_to_path) == (0, 1)


def test_a_path_may_end_in_a_backslash(library: ctypes.CDLL) -> None:
    assert taken(library, '"/Extract=C:\\a b\\" /Log=C:\\l').log == b"C:\\l"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("S", "S: is not an option"),
        ("/X", "/X: there is no such option"),
        ("/AddToPath", "/AddToPath: needs =0 or =1"),
        ("/AddToPath=yes", "/AddToPath=yes: needs =0 or =1"),
        ("/S=1", "/S=1: takes no value"),
        ("/Log=", "/Log=: needs = and a path"),
        ("/InstallationType=Both", "/InstallationType=Both: needs =JustMe or =AllUsers"),
        ("/D=", "/D=: needs a path"),
        ("/NoRegistry=1 /RegisterPython=1", "cannot be combined"),
        ("/Verify /Extract=C:\\x", "cannot be combined"),
        ("/" + "x" * 300, "is not an option"),
    ],
)
def test_mistakes_are_named(library: ctypes.CDLL, line: str, words: str) -> None:
    message = parse(library, line)
    assert isinstance(message, str)
    assert words in message


def parse_text(function: object, text: str | bytes) -> tuple[bool, str]:
    """Whether facts or a record are accepted, and the message if not. Their structures are smaller than 64 KB."""
    data = text.encode() if isinstance(text, str) else text
    failure, result = Failure(), ctypes.create_string_buffer(65536)
    buffer = ctypes.create_string_buffer(data)
    done = function(buffer, ctypes.c_size_t(len(data)), result, ctypes.byref(failure))  # type: ignore[operator]
    return bool(done & 0xFF), failure.message.decode(errors="replace")


def test_facts_of_the_builder_are_accepted(library: ctypes.CDLL) -> None:
    assert parse_text(library.facts_parse, FACTS) == (True, "")
    assert parse_text(library.facts_parse, FACTS + "shortcut=A\tScripts/a.exe\t-x\t\n") == (True, "")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("id=Starter\n", ""),
        ("id=Starter", "id=../x"),
        ("id=Starter", "id=a b"),
        ("title=Starter", "title="),
        ("title=Starter", "title=a\x1bb"),
        ("title=Starter\n", "title=Starter\ntitle=Starter\n"),
        ("python=3.11.7", "python=3"),
        ("picture=0", "picture=2"),
        ("picture=0\n", "picture=0"),
        ("picture=0\n", "picture=0\nmore=1\n"),
        ("picture=0\n", "picture=0\n\n"),
        ("picture=0\n", "picture=0\nshortcut=A\t../a.exe\t\t\n"),
        ("picture=0\n", "picture=0\nshortcut=A/B\ta.exe\t\t\n"),
        ("picture=0\n", "picture=0\nshortcut=A\ta.exe\t\t\t\n"),
        ("picture=0\n", "picture=0\nshortcut=A\tC:/a.exe\t\t\n"),
    ],
)
def test_other_facts_are_refused(library: ctypes.CDLL, old: str, new: str) -> None:
    accepted, message = parse_text(library.facts_parse, FACTS.replace(old, new))
    assert not accepted
    assert "facts" in message


def test_facts_that_are_not_text_or_too_long_are_refused(library: ctypes.CDLL) -> None:
    for text in (FACTS.encode() + b"homepage=\xff\n", FACTS.encode() + b"x" * 70_000, b"", b"\0\n", b"=\n"):
        assert not parse_text(library.facts_parse, text)[0]


def test_a_record_is_accepted_and_a_name_that_leads_elsewhere_is_not(library: ctypes.CDLL) -> None:
    assert parse_text(library.record_parse, RECORD) == (True, "")
    for name in ("..", "a/b", "C:", "a\\b", "", ".", "nul"):
        accepted, message = parse_text(library.record_parse, RECORD + f"name={name}\n")
        assert not accepted
        assert "line 12" in message
    for missing in ("title=Starter\n", "arp_key=\n", "name=python.exe\nname=keel-meta\n"):
        assert not parse_text(library.record_parse, RECORD.replace(missing, ""))[0]


def test_headers_of_programs_are_read_and_others_refused(library: ctypes.CDLL) -> None:
    program = (TEMPLATES / "engine/prebuilt/windows-x86_64" / PROGRAM).read_bytes()
    pe = Pe()

    def read(data: bytes) -> bool:
        return bool(library.pe_parse(data, ctypes.c_size_t(len(data)), ctypes.byref(pe)) & 0xFF)

    assert read(program[:4096])
    assert pe.end == (len(program) + 7) // 8 * 8
    for size in (0, 1, 63, 64, 100, 200, 300):
        assert not read(program[:size])
    assert not read(b"\x7fELF" + program[4:4096])
