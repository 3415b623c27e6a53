"""Files of requirements, as pip reads them."""

from pathlib import Path

import pytest

from keel.errors import KeelError
from keel.requirement_files import read_requirements
from keel.wanted import is_address


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, text: str, name: str = "requirements.txt") -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_comments_continued_lines_and_variables(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHICH", "2.0")
    text = (
        "\ufeff# a comment\n\nnumpy >= 1 ; python_version > '3'  # why\nrich\\\n  <15\npandas==${WHICH}\n"
        "a#b\n# not continued \\\nlast ~= 1.0"
    )
    with pytest.raises(KeelError, match=r":7: 'a#b' is not a requirement"):
        read_requirements(write(folder, text))
    read = read_requirements(write(folder, text.replace("a#b\n", "")))
    assert read.requirements == ('numpy>=1; python_version > "3"', "rich<15", "pandas==2.0", "last~=1.0")


def test_files_that_a_file_names_are_relative_to_it_and_may_name_it(folder: Path) -> None:
    write(folder, "low<2\n", "deep/limits.txt")
    write(folder, "two\n-r ../requirements.txt\n-c limits.txt\n", "deep/more files.txt")
    read = read_requirements(write(folder, "one\n-r 'deep/more files.txt'\n"))
    assert read.requirements == ("one", "two")
    assert [(text, Path(place).name) for text, place in read.constraints] == [("low<2", "limits.txt:1")]


def test_addresses_and_options_are_for_pip(folder: Path) -> None:
    text = (
        "-e ./src\n./x.whl\nrequests @ https://example.com/r.whl\n-i https://example.com/simple\n"
        "--extra-index-url=https://example.com/more\n--no-binary :all:\n--pre\n"
    )
    read = read_requirements(write(folder, text))
    assert read.addresses == (("-e", "./src"), ("./x.whl",), ("requests @ https://example.com/r.whl",))
    assert read.options[:4] == (
        "--index-url", "https://example.com/simple", "--extra-index-url", "https://example.com/more"
    )
    assert read.options[4:] == ("--no-binary", ":all:", "--pre")


def test_hashes_make_a_complete_list(folder: Path) -> None:
    text = "six==1.0 --hash=sha256:AB \\\n    --hash=sha256:cd\nno==1 ; os_name == 'nt' --hash=sha256:ef\n"
    read = read_requirements(write(folder, text))
    assert read.pins is not None
    assert [(pin.name, pin.version, sorted(pin.hashes)) for pin in read.pins] == [
        ("six", "1.0", ["sha256:ab", "sha256:cd"])
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ok\nnot a requirement\n", r"txt:2: 'not a requirement'"),
        ("--frobnicate\n", r"txt:1: the option --frobnicate"),
        ("six --global-option=x\n", r"txt:1: --global-option"),
        ("-r https://example.com/r.txt\n", r"txt:1: https://example.com/r.txt is no file"),
        ("six>1 --hash=sha256:ab\n", r"txt:1: six>1 has no exact version"),
        ("six==1 --hash=sha256:ab\nrich==2\n", r"txt:2: rich==2 has no hash"),
        ("six==1 --hash=sha256:ab\n./x.whl\n", r"x\.whl cannot have one"),
        ("-c missing.txt\n", r"missing\.txt cannot be read"),
        ('-r "open\n', r"txt:1: "),
    ],
)
def test_mistakes_are_named_with_file_and_line(folder: Path, text: str, said: str) -> None:
    with pytest.raises(KeelError, match=said):
        read_requirements(write(folder, text))


@pytest.mark.parametrize(
    "word", ["./x", "../x", ".", "/x/y", "x.whl", "x-1.0.tar.gz", "https://h/x", "git+ssh://h/x", "n @ https://h"]
)
def test_these_are_addresses(word: str) -> None:
    assert is_address(word)


@pytest.mark.parametrize("word", ["numpy", "pandas[excel]>=2", "a.b==1.0", "rich<15; os_name == 'nt'"])
def test_these_are_names(word: str) -> None:
    assert not is_address(word)
