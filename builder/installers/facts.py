"""What an installer tells about itself, and checks before it writes anything; the same for every format."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class InstallerFacts:
    """Everything that a format's templates may show or check.

    name: the recipe's.  title: the name as people read it ("Starter").  python: full version.  label: the platform's
    part of file names ("Linux-x86_64").  system, machine: of the target platform.  glibc, macos: the oldest ones that
    will do, None where that has no meaning.  default_prefix: where to install unless told otherwise; `~` and `$NAME` in
    it are expanded on the user's machine.  license: text to be accepted in the dialogue.  installed_bytes,
    installed_files: what lands on disk.  bytecode: "install" where the installer's last step makes it.
    """

    name: str
    title: str
    version: str
    company: str | None
    python: str
    label: str
    system: str
    machine: str
    glibc: str | None
    macos: str | None = None
    default_prefix: str
    license: str | None
    installed_bytes: int
    installed_files: int
    bytecode: str = "build"
