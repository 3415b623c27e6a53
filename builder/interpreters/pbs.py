"""python-build-standalone, by the catalogue that comes with pbs-installer."""

from collections.abc import Iterator
from dataclasses import dataclass

import pbs_installer

from ..errors import InterpreterError
from ..recipe.interpreters import PbsSource as Options
from .archive import build_of, fetch_archive, file_name, interpreter_from_archive
from .model import Announced, Interpreter, UnavailableError
from .wanted import Wanted

# As pbs-installer and uv read them: a folder with all files, and the releases with a folder for each build.
_FLAT_MIRROR = "PBS_INSTALLER_BASE_URL"
_RELEASES_MIRROR = "UV_PYTHON_INSTALL_MIRROR"
_NEWEST_PATCH = 60


@dataclass(frozen=True, kw_only=True)
class _Listed:
    """A line of the catalogue."""

    version: str
    url: str
    sha256: str | None

    @property
    def filename(self) -> str:
        return file_name(self.url)

    @property
    def build(self) -> str:
        return build_of(self.filename)


@dataclass(frozen=True, kw_only=True)
class PbsSource:
    """options: the recipe's."""

    wanted: Wanted
    options: Options

    @property
    def name(self) -> str:
        return "pbs"

    def find(self) -> Interpreter:
        if self.wanted.pinned is not None:
            return self._pinned(self.wanted.pinned.sha256, self.wanted.pinned.url)
        listed = self._choose()
        return self._take(listed, self._hash(listed), self._addresses(listed))

    def announce(self) -> Announced | None:
        listed = self._choose()
        return Announced(source=self.name, version=listed.version, build=listed.build, sha256=self._hash(listed))

    def _choose(self) -> _Listed:
        for listed in self._listed():
            if self.options.build in (None, listed.build):
                return listed
        build = f" in build {self.options.build}" if self.options.build else ""
        raise UnavailableError(
            f"the catalogue has no Python {self.wanted.version} for {self.wanted.target.platform.name}{build}",
            hint="upgrade pbs-installer for a newer catalogue, or name the archive: interpreter: [{url: …, sha256: …}]",
        )

    def _pinned(self, sha256: str, url: str | None) -> Interpreter:
        """Exactly the archive of the lock, even if the catalogue has moved on."""
        for listed in self._listed():
            if listed.sha256 == sha256:
                return self._take(listed, sha256, [*self._addresses(listed), *([url] if url else [])])
        if url is None:
            raise UnavailableError(f"the catalogue does not know the locked archive ({sha256[:12]}…)")
        listed = _Listed(version=self.wanted.version, url=url, sha256=sha256)
        return self._take(listed, sha256, [*self._mirrored(listed), url])

    def _take(self, listed: _Listed, sha256: str, urls: list[str]) -> Interpreter:
        archive, url = fetch_archive(self.wanted, urls, sha256)
        return interpreter_from_archive(
            self.wanted, archive, source="pbs", filename=listed.filename, sha256=sha256, url=url
        )

    def _hash(self, listed: _Listed) -> str:
        own = self.options.sha256
        if own and listed.sha256 and own != listed.sha256:
            raise InterpreterError(
                f"the recipe's sha256 for pbs is not that of {listed.filename} ({listed.sha256})",
                hint='pin the patch (`python: "3.11.7"`) and `build` that the hash belongs to, or remove it',
            )
        sha256 = own or listed.sha256
        if sha256 is None:
            raise UnavailableError(
                f"the catalogue has no SHA-256 for {listed.filename}",
                hint="give one in the recipe: interpreter: [{pbs: {sha256: …}}]",
            )
        return sha256

    def _listed(self) -> Iterator[_Listed]:
        """What the catalogue has for the target, the newest patch first."""
        minor = self.wanted.target.python_minor
        exact = self.wanted.version != minor
        patches = [self.wanted.version] if exact else [f"{minor}.{patch}" for patch in range(_NEWEST_PATCH, -1, -1)]
        platform = self.wanted.target.platform
        machine = {"arm64": "aarch64"}.get(platform.machine, platform.machine)
        for version in patches:
            try:
                # An empty address means the original one, whatever the environment says; mirrors come below.
                _, (url, sha256) = pbs_installer.get_download_link(version, machine, platform.system, base_url="")
            except ValueError:
                continue
            if "install_only" in url:
                yield _Listed(version=version, url=url, sha256=sha256)

    def _addresses(self, listed: _Listed) -> list[str]:
        """Where to ask for it, in this order: mirrors if there are any, else the original place."""
        return self._mirrored(listed) or [listed.url]

    def _mirrored(self, listed: _Listed) -> list[str]:
        flat, foldered = f"/{listed.filename}", f"/{listed.build}/{listed.filename}"
        env = self.wanted.settings.env
        if self.options.mirror:
            mirror = self.options.mirror.rstrip("/")
            return [mirror + foldered, mirror + flat]
        if env.get(_FLAT_MIRROR):
            return [env[_FLAT_MIRROR].rstrip("/") + flat]
        if env.get(_RELEASES_MIRROR):
            return [env[_RELEASES_MIRROR].rstrip("/") + foldered]
        return []
