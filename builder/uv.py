"""Running uv: with its cache inside ours, the indexes that were chosen, and words fit for a message."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import uv

from .errors import FetchError, ResolveError
from .indexes import IndexChoice, choose_indexes
from .recipe import Recipe
from .settings import Settings

# What a user may have set for other uses of uv: it clashes with how uv is called here, or makes the result depend on
# something that is not in the recipe.
_UNWANTED = (
    "UV_BUILD_CONSTRAINT", "UV_CONSTRAINT", "UV_CUSTOM_COMPILE_COMMAND", "UV_NO_CACHE", "UV_OVERRIDE", "UV_PRERELEASE",
    "UV_PYTHON", "UV_RESOLUTION", "UV_SYSTEM_PYTHON", "UV_TORCH_BACKEND", "UV_WORKING_DIR", "VIRTUAL_ENV",
)  # fmt: skip
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_USERINFO = re.compile(r"(?<=://)[^/\s@`]+@")


@dataclass(frozen=True)
class Uv:
    """uv for one recipe. folder: where it runs, so that no project's configuration is found."""

    recipe: Recipe
    settings: Settings
    folder: Path

    def run(self, *arguments: str | Path, environment: Mapping[str, str] | None = None) -> None:
        """Run uv with the recipe's indexes. Raises ResolveError when it fails, FetchError when the network does."""
        choice = indexes_of(self.recipe, self.settings)
        command = [uv.find_uv_bin(), *map(str, arguments), *choice.arguments]
        command += ["--color", "never", "--no-progress", "--no-python-downloads"]
        command += ["--offline"] if self.settings.offline else []
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment(choice, environment or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise _failure(readable(done.stderr.decode("utf-8", "replace")), offline=self.settings.offline)

    def _environment(self, choice: IndexChoice, more: Mapping[str, str]) -> dict[str, str]:
        environment = {key: value for key, value in choice.environment.items() if key not in _UNWANTED}
        cache = self.settings.cache.folder("resolver", "uv", lambda _: None)
        environment.setdefault("UV_CACHE_DIR", str(cache))
        bundle = environment.get("REQUESTS_CA_BUNDLE") or environment.get("CURL_CA_BUNDLE")
        if bundle and not environment.get("SSL_CERT_FILE"):
            environment["SSL_CERT_FILE"] = bundle  # the only variable that uv knows
        # The Python may be the target's own, in the cache, where nothing is ever written to again.
        return {**environment, "PYTHONDONTWRITEBYTECODE": "1", **more}


def indexes_of(recipe: Recipe, settings: Settings) -> IndexChoice:
    """The indexes that a recipe's packages come from."""
    return choose_indexes(recipe.indexes, settings.env, settings.host.python_executable)


def readable(text: str) -> str:
    """uv's words without colours, the leading "error: ", and credentials."""
    plain = _USERINFO.sub("", _COLOURS.sub("", text)).strip()
    return plain.removeprefix("error: ")


def _failure(text: str, *, offline: bool) -> ResolveError | FetchError:
    if offline and "network was disabled" in text:
        return ResolveError(text, hint="run the same command once without --offline")
    if re.search(r"^\s*(cause: )?(Failed to fetch|error sending request)", text, re.MULTILINE):
        return FetchError(text, hint=_network_hint(text))
    return ResolveError(text)


def _network_hint(text: str) -> str:
    if re.search(r"\b(401|403)\b", text):
        return "put the index's user name and password into ~/.netrc, or into UV_INDEX_<NAME>_USERNAME and _PASSWORD"
    if "certificate" in text.lower():
        return "set SSL_CERT_FILE to the certificates of your company"
    return "check the index's address, the network and the proxy settings; name an index with `indexes` in the recipe"
