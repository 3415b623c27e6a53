"""What the documentation promises of the house."""

import ast
import re
from pathlib import Path

from tests.conftest import ROOT

PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")


def imports(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}


def test_keel_never_imports_the_builder() -> None:
    for file in (ROOT / "keel").rglob("*.py"):
        assert not any(name.split(".")[0] == "builder" for name in imports(file)), file


def test_every_module_of_keel_has_a_room_in_the_documentation() -> None:
    rooms = PAGE.split("## The rooms of `keel/`", 1)[1].split("\n\n`", 1)[0]
    named = set(re.findall(r"`([a-z_0-9]+)`", rooms))
    modules = {file.stem for file in (ROOT / "keel").glob("*.py")} - {"__init__", "__main__", "errors"}
    assert modules == named - {"keel"}
