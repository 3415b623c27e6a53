"""What the tests of shells other than sh share: a base with environments, and a script run in a shell."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.unit.keel.bases import ODD, FakeBase, make_base

ELSEWHERE = "else `where` $HOME! {x}"
# What the environment `vars` sets, chosen to be misread.
VARIABLES = {"ODD": 'it\'s "odd" $HOME `x` %PATH% {y} \\ è 中', "PLAIN": "1", "SPACED": " two  words "}
HOOKED = {"MORE": "3", "PLAIN": "2"}


def activation_base(folder: Path, extension: str, scripts: dict[str, str]) -> FakeBase:
    """A base with environments for every test of one shell; none of the tests changes it.

    scripts: for "activate" and "deactivate" the text of a script of that shell, where NAME stands for its own name.
    """
    base = make_base(folder / ODD)
    for name in ("work", "one", "two", "analysis", "hooked", "vars"):
        base.create(name)
    for kind, text in scripts.items():
        place = base.env("hooked") / f"etc/keel/{kind}.d"
        place.mkdir(parents=True)
        for name in ("10 a", "20-b"):
            (place / f"{name}.{extension}").write_text(text.replace("NAME", name))
        (place / "30.other").write_text("not for this shell (\n")
    write_variables(base.env("vars"), VARIABLES)
    write_variables(base.env("hooked"), HOOKED)
    base.keel("create", "-p", folder / ELSEWHERE)
    base.keel("create", "-p", folder / "own envs" / "mine")
    (folder / ".keel").mkdir(exist_ok=True)
    (folder / ".keel/envs_dirs").write_text(f"/nowhere at all\n{folder}/own envs\n")
    return base


def write_variables(env: Path, variables: dict[str, str]) -> None:
    (env / "etc/keel").mkdir(parents=True, exist_ok=True)
    (env / "etc/keel/vars.json").write_text(json.dumps(variables, sort_keys=True))


def run_script(
    command: Sequence[str], fake: FakeBase, script: Path, text: str, *, code: int = 0, stderr: str = "", **env: str
) -> list[str]:
    """The lines that `text` prints, run as the file `script`; `$BASE` is the prefix."""
    script.write_text(text)
    done = subprocess.run(
        [*command, str(script)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=fake.environment(BASE=str(fake.prefix), **env),
    )
    assert done.returncode == code, done
    assert done.stderr == stderr, done
    return done.stdout.splitlines()
