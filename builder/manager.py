"""keel as it lies in every base: its modules, what they need, and the shell files that people source."""

from pathlib import Path

from .resources import KEEL, TEMPLATES

_META = "keel-meta/keel"
_DATA = ("LICENSE", "LICENSE.APACHE", "LICENSE.BSD")


def manager_files() -> list[tuple[str, Path, int]]:
    """(path in the prefix, file on this machine, mode) of each file, sorted by path.

    Modules and licences out of `keel/`, everything out of `installer_templates/base/`; no bytecode, no typing markers.
    """
    modules = [path for path in KEEL.rglob("*") if path.suffix == ".py" or path.name in _DATA]
    templates = TEMPLATES / "base"
    shell = [path for path in templates.rglob("*") if path.is_file()]
    return sorted(
        [
            *((f"{_META}/{path.relative_to(KEEL).as_posix()}", path, 0o644) for path in modules),
            *((path.relative_to(templates).as_posix(), path, _shell_mode(path)) for path in shell),
        ]
    )


def _shell_mode(path: Path) -> int:
    """Only what is started is executable; git on some systems, and wheels, lose the bit."""
    return 0o755 if path.parent.name == "cmd" else 0o644
