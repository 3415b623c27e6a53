"""Interpreters on this machine: archives, and folders that hold one."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from ..errors import InterpreterError
from ..transfer import hash_file
from .archive import interpreter_from_archive
from .host import installed_python
from .host_facts import ask_host
from .layout import Layout, check_platform, find_layout, find_program
from .libraries import complete_tree, is_complete
from .model import Announced, Interpreter, UnavailableError
from .shelf import shelve
from .state import NOT_COPIED, folder_state
from .wanted import Wanted


@dataclass(frozen=True, kw_only=True)
class PathSource:
    """path: an archive or a folder.  sha256: of the archive, None: any."""

    wanted: Wanted
    path: Path
    sha256: str | None = None

    @property
    def name(self) -> str:
        return "path"

    def announce(self) -> Announced | None:
        return None  # it is at hand

    def find(self) -> Interpreter:
        if self.path.is_dir():
            return self._from_folder()
        if not self.path.is_file():
            raise UnavailableError(f"{self.path} does not exist")
        sha256, _ = hash_file(self.path)
        if self.sha256 not in (None, sha256):
            raise InterpreterError(
                f"{self.path} has the SHA-256 {sha256}, and the recipe says {self.sha256}",
                hint="put the right file there, or the right hash into the recipe",
            )
        return interpreter_from_archive(
            self.wanted, self.path, source="path", filename=self.path.name, sha256=sha256, url=None
        )

    def _from_folder(self) -> Interpreter:
        if self.sha256 is not None:
            raise InterpreterError(
                f"{self.path} is a folder, which has no SHA-256", hint="name an archive, or leave out `sha256`"
            )
        layout = find_layout(self.path, str(self.path))
        self.wanted.check_version(layout.version, str(self.path))
        check_platform(layout, self.wanted.target.platform, str(self.path))
        program = find_program(layout)
        native = self.wanted.settings.host.platform_name == self.wanted.target.platform.name
        if native and program is not None and not is_complete(layout.prefix):
            # It relies on this machine's libraries, as the host's own Python does.
            return installed_python(self.wanted, ask_host(program), source="path")
        return self._copied(layout)

    def _copied(self, layout: Layout) -> Interpreter:
        """Of a folder nothing proves that it is unchanged: its files decide the key, the finished tree is the hash."""

        def make(work: Path) -> tuple[Path, list[str]]:
            prefix = work / "python"
            shutil.copytree(layout.prefix, prefix, symlinks=True, ignore=shutil.ignore_patterns(*NOT_COPIED))
            return prefix, complete_tree(prefix)

        shelved = shelve(self.wanted.settings.cache, self.wanted.key("folder", folder_state(layout.prefix)), make)
        self.wanted.check(shelved, str(self.path))
        return shelved.interpreter(source="path", reporter=self.wanted.settings.reporter)
