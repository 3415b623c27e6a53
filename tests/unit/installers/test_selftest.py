"""What -t imports."""

import subprocess
import sys
from pathlib import Path

from builder.resources import TEMPLATES

SCRIPT = TEMPLATES / "unix" / "selftest.py"


def distribution(site: Path, name: str, files: dict[str, str]) -> None:
    """An installed distribution in `site`."""
    for path, content in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(content)
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "RECORD").write_text("".join(f"{path},,\n" for path in files))


def selftest(site: Path) -> "subprocess.CompletedProcess[str]":
    code = f"import sys; sys.path.append({str(site)!r}); exec({SCRIPT.read_text()!r})"
    return subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)


def test_public_packages_and_modules_are_imported(tmp_path: Path) -> None:
    files = {"pack/__init__.py": "print('pack')", "single.py": "print('single')", "pack/inner/__init__.py": "boom"}
    distribution(tmp_path, "good", files)
    done = selftest(tmp_path)
    assert done.returncode == 0
    assert done.stdout == "pack\nsingle\nimported 2 modules, 0 failed\n"


def test_private_modules_tests_and_scripts_are_left_alone(tmp_path: Path) -> None:
    files = {"_private.py": "boom", "tests/__init__.py": "boom", "not-a-name.py": "boom", "../../bin/tool.py": ""}
    distribution(tmp_path / "lib/site", "good", files)
    assert selftest(tmp_path / "lib/site").stdout == "imported 0 modules, 0 failed\n"


def test_every_failure_is_named_with_its_distribution(tmp_path: Path) -> None:
    distribution(tmp_path, "bad", {"broken.py": "1/0", "leaves.py": "raise SystemExit(0)", "fine.py": ""})
    done = selftest(tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == "imported 3 modules, 2 failed"
    assert "broken (of bad): ZeroDivisionError" in done.stdout
    assert "leaves (of bad): SystemExit" in done.stdout
