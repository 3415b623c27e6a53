"""keel as it lies in every base: its modules, what they need, and the shell files that people source."""

from pathlib import Path

from .resources import KEEL, TEMPLATES

_META = "keel-meta/keel"
_DATA = ("LICENSE", "LICENSE.APACHE", "LICENSE.BSD")
_POSIX_ONLY = ("cmd/keel",)


def manager_files(*, windows: bool) -> list[tuple[str, Path, int]]:
    """(path in the prefix, file on this machine, mode) of each file of a base, sorted by path.

    windows: the family of the base's platform. Modules and licences out of `keel/`, what that family can use out of
    `installer_templates/base/`; no bytecode, no typing markers.
    """
    modules = [path for path in KEEL.rglob("*") if path.suffix == ".py" or path.name in _DATA]
    templates = TEMPLATES / "base"
    shell = {path.relative_to(templates).as_posix(): path for path in templates.rglob("*") if path.is_file()}
    return sorted(
        [
            *((f"{_META}/{path.relative_to(KEEL).as_posix()}", path, 0o644) for path in modules),
            *((dest, path, _mode(dest)) for dest, path in shell.items() if _is_for(dest, windows=windows)),
        ]
    )


def _is_for(dest: str, *, windows: bool) -> bool:
    """Batch files are cmd.exe's alone; its folder `cmd` holds `keel.bat` instead of `keel`."""
    return dest not in _POSIX_ONLY if windows else not dest.endswith(".bat")


def _mode(dest: str) -> int:
    """Only what is started is executable; git on some systems, and wheels, lose the bit."""
    return 0o755 if dest.startswith("cmd/") else 0o644
