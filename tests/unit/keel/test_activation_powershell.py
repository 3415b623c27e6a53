"""PowerShell: the files are parsed wherever tests run, and run where PowerShell is installed.

No package registry that CI reaches has PowerShell, so this is the one shell that CI does not need to have.
"""

import json
import shutil
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_powershell

from builder.resources import TEMPLATES
from keel import quoting
from tests.unit.keel.activation import ELSEWHERE, VARIABLES, activation_base, run_script
from tests.unit.keel.bases import FakeBase

FILES = sorted((TEMPLATES / "base").rglob("*.ps1"))
needs_powershell = pytest.mark.skipif(
    not shutil.which("pwsh"), reason="PowerShell is in no package registry; install it to run this test"
)
START = """
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
function note { ConvertTo-Json -Compress -InputObject @($args) }
function prompt { 'mine> ' }
function state {
    $names = 'VIRTUAL_ENV', 'VIRTUAL_ENV_PROMPT', 'PYTHONHOME', 'ODD', 'PLAIN', 'SPACED', 'MORE', 'PATH'
    $names += @(Get-ChildItem Env: | ForEach-Object { $_.Name } | Where-Object { $_ -match '^_?KEEL' })
    note @($names | ForEach-Object { @($_, [Environment]::GetEnvironmentVariable($_)) }) (prompt)
}
function inside { note $Env:PATH $Env:KEEL_DEFAULT_ENV $Env:KEEL_SHLVL $Env:KEEL_PREFIX_1 $Env:KEEL_STACKED_2 (prompt) }
. "$Env:BASE/etc/profile.d/keel.ps1"
"""


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_files_are_powershell(file: Path) -> None:
    source = file.read_bytes()
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    assert not parser.parse(source).root_node.has_error
    assert source.isascii()  # PowerShell 5.1 reads what has no byte order mark in the code page of the day


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("", "''"),
        ("it's", "'it''s'"),
        ("C:\\è 😀's", "('C:\\' + [char]0xe8 + ' ' + [char]0xd83d + [char]0xde00 + '''s')"),
        ("中’", "('' + [char]0x4e2d + [char]0x2019)"),
    ],
)
def test_what_it_is_told_is_ascii(text: str, quoted: str) -> None:
    assert quoting.powershell(text) == quoted
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    assert not parser.parse(f". {quoted}\n".encode()).root_node.has_error


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> FakeBase:
    return activation_base(
        tmp_path_factory.mktemp("home"),
        "ps1",
        {kind: f'"{kind} NAME in $Env:KEEL_DEFAULT_ENV"\nthrow "no"\n' for kind in ("activate", "deactivate")},
    )


def run(fake: FakeBase, tmp_path: Path, text: str, *, stderr: str = "", **env: str) -> list[str]:
    command = ["pwsh", "-NoProfile", "-NonInteractive", "-File"]
    return run_script(command, fake, tmp_path / "script.ps1", START + text, stderr=stderr, **env)


@needs_powershell
def test_environments_are_entered_stacked_and_left_without_a_trace(fake: FakeBase, tmp_path: Path) -> None:
    one, two = (f"{fake.env(name)}/bin" for name in ("one", "two"))
    before, first, second, again, stacked, after = run(
        fake,
        tmp_path,
        """
state
keel activate one
inside
keel activate two
inside
keel activate two
inside
keel deactivate
keel activate --stack two
inside
keel deactivate
keel deactivate
state
""",
        PATH="/usr/bin::/bin:/usr/bin",
        VIRTUAL_ENV="/my/own venv",
        PYTHONHOME="/python home",
    )
    rest = f"{fake.prefix}/cmd:/usr/bin::/bin:/usr/bin"
    assert json.loads(first) == [f"{one}:{rest}", "one", "1", None, None, "(one) mine> "]
    assert json.loads(second) == [f"{two}:{rest}", "two", "2", str(fake.env("one")), None, "(two) mine> "]
    assert second == again
    assert json.loads(stacked) == [f"{two}:{one}:{rest}", "two", "2", str(fake.env("one")), "true", "(two) mine> "]
    assert before == after


@needs_powershell
def test_variables_and_scripts_of_an_environment_come_and_go(fake: FakeBase, tmp_path: Path) -> None:
    hooked = fake.env("hooked") / "etc/keel"
    order = [("activate", "10 a"), ("activate", "20-b"), ("deactivate", "20-b"), ("deactivate", "10 a")]
    before, inside, other, *scripts, after = run(
        fake,
        tmp_path,
        """
$Env:PLAIN = 'mine'
state
keel activate vars
note $Env:ODD $Env:PLAIN $Env:SPACED $Env:_KEEL_VARS_1
keel activate one
note $Env:PLAIN $Env:ODD
keel deactivate
keel deactivate
keel activate hooked
keel deactivate
state
""",
        stderr="".join(f"keel: {hooked}/{kind}.d/{name}.ps1: no\n" for kind, name in order),
    )
    assert json.loads(inside) == [*VARIABLES.values(), "ODD PLAIN SPACED"]
    assert json.loads(other) == ["mine", None]
    assert scripts == [f"{kind} {name} in hooked" for kind, name in order]
    assert before == after


@needs_powershell
def test_what_is_below_a_stacked_environment_keeps_its_variables_and_is_not_left(
    fake: FakeBase, tmp_path: Path
) -> None:
    hooked = fake.env("hooked") / "etc/keel"
    order = [("activate", "10 a"), ("activate", "20-b"), ("deactivate", "20-b"), ("deactivate", "10 a")]
    lines = run(
        fake,
        tmp_path,
        """
$Env:PLAIN = 'mine'
state
keel activate hooked
state
keel activate --stack vars
state
keel activate vars
state
keel activate one
note $Env:ODD $Env:PLAIN $Env:MORE
keel deactivate
state
keel deactivate
state
keel deactivate
state
""",
        stderr="".join(f"keel: {hooked}/{kind}.d/{name}.ps1: no\n" for kind, name in order),
    )
    assert [line for line in lines if line[0] != "["] == [f"{kind} {name} in hooked" for kind, name in order]
    before, lower, upper, again, other, *back, after = (line for line in lines if line[0] == "[")
    assert json.loads(other) == [None, "2", "3"]
    assert (again, back, after) == (upper, [upper, lower], before)


@needs_powershell
def test_environments_are_found_by_name_and_path_and_an_unknown_one_is_told(fake: FakeBase, tmp_path: Path) -> None:
    *found, code, version = run(
        fake,
        tmp_path,
        """
keel activate mine
note $Env:KEEL_DEFAULT_ENV
keel activate $Env:ELSE
note $Env:KEEL_DEFAULT_ENV
Set-Location -LiteralPath "$Env:BASE/cmd"
keel activate ../envs//./work/
note $Env:KEEL_DEFAULT_ENV
keel activate
note $Env:KEEL_DEFAULT_ENV $Env:VIRTUAL_ENV
$ErrorActionPreference = 'Continue'
keel activate analisys
note $LASTEXITCODE $Env:KEEL_DEFAULT_ENV
keel --version
""",
        ELSE=str(fake.prefix.parent / ELSEWHERE),
        stderr="error: no environment is called analisys\nhint: did you mean analysis?\n",
    )
    elsewhere = str(fake.prefix.parent / ELSEWHERE)
    assert [json.loads(line) for line in found] == [["mine"], [elsewhere], ["work"], ["base", None]]
    assert json.loads(code) == [1, "base"]
    assert version.startswith("keel ")


@needs_powershell
def test_the_environments_own_file_works_as_in_any_venv(fake: FakeBase, tmp_path: Path) -> None:
    before, inside, after = run(
        fake,
        tmp_path,
        """
$Env:PLAIN = 'mine'
state
. "$Env:BASE/envs/work/bin/Activate.ps1"
. "$Env:BASE/envs/vars/bin/Activate.ps1"
note $Env:VIRTUAL_ENV $Env:ODD $Env:PYTHONHOME (prompt)
deactivate
state
""",
        PYTHONHOME="/python home",
    )
    assert json.loads(inside) == [str(fake.env("vars")), VARIABLES["ODD"], None, "(vars) mine> "]
    assert before == after
