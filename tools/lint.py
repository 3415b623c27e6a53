"""Every static check, with the settings of pyproject.toml: `./run lint`. Exits 1 if any of them finds something."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def shell_files() -> list[str]:
    """Scripts that stand on their own. The header's pieces are checked together, by its unit tests."""
    base = ROOT / "installer_templates" / "base"
    shipped = [*base.rglob("*.sh"), *base.rglob("*.bash"), base / "cmd" / "keel"]
    bootstrap = ROOT / "installer_templates" / "archive" / "install.sh"
    candidates = [ROOT / "run", ROOT / ".ci" / "run", bootstrap, *shipped]
    return sorted({str(path.relative_to(ROOT)) for path in candidates if path.is_file()})


def workflows() -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / ".github" / "workflows").glob("*.yml"))


def main() -> int:
    scripts = Path(sys.executable).parent
    checks = [
        [scripts / "ruff", "check", "."],
        [scripts / "mypy"],
        [scripts / "shellcheck", *shell_files()],
        [scripts / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows()],
        [sys.executable, "tools/build_engine.py", "--check-sources"],
        [sys.executable, "tools/build_redirector.py", "--check-sources"],
    ]
    failed = []
    for command in checks:
        words = [str(word) for word in command]
        print("+", Path(words[0]).name, *words[1:], flush=True)
        if subprocess.run(words, cwd=ROOT, check=False).returncode:
            failed.append(Path(words[0]).name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    raise SystemExit(main())
