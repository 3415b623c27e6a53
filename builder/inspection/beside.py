"""The hash file beside an installer: `<file>.sha256`, as sha256sum writes it."""

from ..errors import InstallerFileError
from ..sums import find_sum
from .installer import Installer

_LARGEST = 2**16


def check_published_sum(installer: Installer) -> list[str]:
    """Compare the installer with the hash file beside it; says so, or nothing where there is none.

    Raises InstallerFileError.
    """
    path = installer.path.with_name(f"{installer.path.name}.sha256")
    try:
        with path.open("rb") as stream:
            text = stream.read(_LARGEST).decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InstallerFileError(f"{path} cannot be read: {error.strerror or error}") from error
    expected = find_sum(text, installer.path.name)
    if expected is None:
        raise InstallerFileError(f"{path} has no hash of {installer.path.name}", hint="write it again, or remove it")
    if expected != installer.sha256:
        raise InstallerFileError(
            f"{installer.path} has SHA-256 {installer.sha256}, and {path.name} beside it says {expected}",
            hint="copy or download both again",
        )
    return [f"as {path.name} says"]
