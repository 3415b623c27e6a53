"""Real shells for tests of activation, and a base with the environments that those use."""

import shutil
import subprocess
from pathlib import Path

import pytest

from keel.variables import write_variables
from tests.conftest import skip_unless
from tests.unit.keel.bases import ODD, FakeBase, make_base

ELSEWHERE = "else `where` $HOME!"
# Values on which quoting falls over; not in any order.
VARIABLES = {
    "DATA": "it's \"odd\" è $HOME `y` \\ %PATH% !x 中 \\",
    "LINES_OF_TEXT": "one\ntwo 'three'\n",
    "EMPTY": "",
}
HOOKED = {"DATA": "of hooked", "MORE": "è"}
SHELLS = {
    "bash": ["bash", "--norc", "--noprofile"],
    "bash as sh": ["bash", "--posix", "--norc", "--noprofile"],
    "zsh": ["zsh", "-f"],
    "zsh as sh": ["zsh", "--emulate", "sh", "-f"],
    "dash": ["dash"],
    "busybox ash": ["busybox", "ash"],
    "ksh": ["ksh"],
    "mksh": ["mksh"],
}


def make_shared(home: Path) -> FakeBase:
    """A base in an awkward place in `home`, for all tests of a module; none of them changes it.

    Environments: work, one, two, analysis; hooked with scripts for all shells and HOOKED; set with VARIABLES; one
    elsewhere; and far in a configured folder.
    """
    base = make_base(home / ODD)
    for name in ("work", "one", "two", "analysis", "hooked", "set"):
        write_variables(str(base.create(name)), {})  # without those for uv, so that tests see their own alone
    for kind in ("activate", "deactivate"):
        folder = base.env("hooked") / f"etc/keel/{kind}.d"
        folder.mkdir(parents=True)
        for name in ("10 a", "20-b"):
            for extension in ("sh", "fish", "csh"):
                failing = "( exit 1 )" if extension == "csh" else "false"
                (folder / f"{name}.{extension}").write_text(f"echo {kind} {name} in $KEEL_DEFAULT_ENV\n{failing}\n")
    write_variables(str(base.env("hooked")), HOOKED)
    write_variables(str(base.env("set")), VARIABLES)
    base.keel("create", "-p", home / ELSEWHERE)
    base.keel("config", "add", "envs_dirs", configured(base))
    base.keel("create", "-n", "far")
    return base


def configured(fake: FakeBase) -> Path:
    """The folder of environments that the settings name."""
    return fake.prefix.parent / f"far {ODD}"


def command_of(name: str) -> list[str]:
    """How the shell called `name` in SHELLS is started."""
    command = SHELLS[name]
    skip_unless(shutil.which(command[0]), f"{command[0]} is not installed")
    return command


def run_script(
    command: list[str], fake: FakeBase, script: str, *, code: int = 0, errors: bool = False, **env: str
) -> list[str]:
    """The lines that the program `command` prints, given `script` as one more argument; $BASE is the prefix."""
    done = subprocess.run(
        [*command, script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=fake.environment(BASE=str(fake.prefix), **env),
    )
    assert done.returncode == code, done
    if not errors:
        assert done.stderr == "", done
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> FakeBase:
    return make_shared(tmp_path_factory.mktemp("home"))
