"""From requirements to a lock: uv finds the versions, the target's tags choose one wheel of each."""

import re
import shutil
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.pylock import Pylock
from packaging.utils import canonicalize_name, parse_wheel_filename

from .errors import FetchError, ResolveError
from .lock import Lock, LockedInterpreter, LockedWheel, minimum_glibc, newest_glibc, wheel_glibc, write_lock
from .lock_inputs import Inputs
from .platforms import glibc_tuple
from .selection import libraries_glibc, select_wheels
from .settings import Settings
from .source_wheels import build_wheels
from .target import Target
from .transfer import hash_file, public_url
from .uv import Uv, indexes_of

if TYPE_CHECKING:
    from .interpreters import Interpreter

# Wheels of today are made for this one; a recipe that needs an older one says so.
_USUAL_GLIBC = "2.28"
# How uv says that a package has no wheel for the target: of some versions, and where only building it would help.
_NO_WHEEL = re.compile(
    r"\b([A-Za-z0-9][\w.-]*?)(?:[=<>!~]=?|==)([\w.!+-]*\w)[^ ]* ha(?:s|ve) no wheels with a matching"
)
_NO_BUILD = re.compile(r"Wheels are required for `([^`]+)`")
_REQUIREMENTS = "requirements.in"
_CONSTRAINTS = "constraints.txt"
_RESULT = "pylock.toml"


def resolve(
    target: Target,
    interpreter: "Interpreter",
    settings: Settings,
    *,
    previous: Lock | None = None,
    upgrade: bool = False,
    bounds: Mapping[str, str] | None = None,
) -> Lock:
    """The lock of a target; its bytecode is decided elsewhere.

    previous: its versions are kept where they still fit.  upgrade: ask the indexes anew instead of trusting uv's cache.
    bounds: the highest version that each of these packages may have, besides what the recipe says.
    Raises ResolveError with uv's explanation, FetchError when an index cannot be reached.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="keel-resolve-") as temporary:
        work = _Work(target, interpreter, settings, Path(temporary))
        lock = work.resolve(previous, upgrade=upgrade, bounds=bounds or {})
    settings.reporter.step(f"resolved {len(lock.wheels)} wheels in {time.monotonic() - started:.1f} s")
    return lock


def versions_at_hand(
    target: Target, interpreter: "Interpreter", settings: Settings, name: str
) -> tuple[str, str] | None:
    """The oldest and the newest version of a package that has a wheel for the target, whatever it requires; None where
    there is none, or nobody to ask."""
    oldest = _version(target, interpreter, settings, name, "lowest")
    newest = _version(target, interpreter, settings, name, "highest")
    return (oldest, newest) if oldest and newest else None


def _version(
    target: Target, interpreter: "Interpreter", settings: Settings, requirement: str, resolution: str
) -> str | None:
    """The "lowest" or "highest" version that meets a requirement and has a wheel for the target, or None."""
    with tempfile.TemporaryDirectory(prefix="keel-resolve-") as temporary:
        try:
            return _Work(target, interpreter, settings, Path(temporary)).only(requirement, resolution)
        except (ResolveError, FetchError):
            return None


def authorize(target: Target, settings: Settings) -> None:
    """Tell the fetcher the credentials of the recipe's indexes."""
    for credential in indexes_of(target.recipe, settings).credentials:
        settings.fetcher.authorize(credential.url, credential.user, credential.password)


def locked_interpreter(interpreter: "Interpreter") -> LockedInterpreter:
    """An interpreter's facts, without where it lies on this machine."""
    return LockedInterpreter(
        source=interpreter.source,
        version=interpreter.version,
        build=interpreter.build,
        url=public_url(interpreter.url) if interpreter.url else None,
        sha256=interpreter.sha256,
        glibc=interpreter.glibc,
        macos=interpreter.macos,
    )


def check_glibc(lock: Lock, target: Target) -> None:
    """Raise ResolveError, naming who, when something in the lock needs a newer glibc than the recipe allows."""
    allowed = target.recipe.glibc
    if target.platform.system != "linux" or allowed is None:
        return
    needs = {f"the interpreter ({lock.interpreter.source})": lock.interpreter.glibc}
    needs |= {wheel.filename: wheel_glibc(wheel, lock.platform) for wheel in lock.wheels}
    too_new = [(name, need) for name, need in needs.items() if need and glibc_tuple(need) > glibc_tuple(allowed)]
    if too_new:
        lines = "".join(f"\n  {name} needs glibc {need}" for name, need in too_new)
        raise ResolveError(
            f"the recipe allows glibc {allowed}:{lines}",
            hint=f'say `glibc: "{minimum_glibc(lock)}"` in the recipe, or take another interpreter or version',
        )


@dataclass(frozen=True)
class _Work:
    """One resolution, in a temporary folder."""

    target: Target
    interpreter: "Interpreter"
    settings: Settings
    folder: Path

    def resolve(self, previous: Lock | None, *, upgrade: bool, bounds: Mapping[str, str]) -> Lock:
        inputs = Inputs.of(self.target, self.interpreter.version)
        _write_lines(self.folder / _REQUIREMENTS, [*inputs.packages, *inputs.tools])
        limits = (f"{name}<={version}" for name, version in sorted(bounds.items()))
        _write_lines(self.folder / _CONSTRAINTS, [*inputs.constraints, *limits])
        if previous is not None:
            write_lock(previous, self.folder / _RESULT)
        own = list(self.target.recipe.wheels)
        try:
            self._compile(own, *(("--upgrade",) if upgrade and not self.settings.offline else ()))
        except ResolveError as error:
            built = self._build(inputs, error)
            if not built:
                raise self._explained(error) from None
            own += built
            try:
                self._compile(own)
            except ResolveError as second:
                raise self._explained(second) from None
        return self._lock(inputs, own)

    def _build(self, inputs: Inputs, error: ResolveError) -> list[Path]:
        """Wheels of those packages of `build_from_source` that the failed resolution speaks about."""
        names = [name for name in inputs.build_from_source if re.search(rf"\b{re.escape(name)}\b", error.message)]
        if not names:
            return []
        uv = Uv(self.target.recipe, self.settings, self.folder)
        wanted = {canonicalize_name(re.split(r"[^\w.-]", text, maxsplit=1)[0]): text for text in inputs.packages}
        requirements = {name: wanted.get(canonicalize_name(name), name) for name in names}
        places = self._find_links()
        return build_wheels(self.target, self.interpreter, self.settings, uv, requirements, places)

    def only(self, requirement: str, resolution: str) -> str:
        """See `_version`. Raises ResolveError, FetchError."""
        _write_lines(self.folder / _REQUIREMENTS, [requirement])
        _write_lines(self.folder / _CONSTRAINTS, [])
        self._compile(self.target.recipe.wheels, "--no-deps", "--resolution", resolution)
        document = Pylock.from_dict(tomllib.loads((self.folder / _RESULT).read_text(encoding="utf-8")))
        return str(document.packages[0].version)

    def _compile(self, own: Sequence[Path], *more: str) -> None:
        """Write uv's `pylock.toml`, with all the wheels that could be used. more: options of uv's."""
        recipe, host = self.target.recipe, self.settings.host
        platform, environment = self.target.platform.uv_platform(glibc=self._glibc, macos=recipe.macos)
        links = self._links(own)
        Uv(recipe, self.settings, self.folder).run(
            *("pip", "compile", _REQUIREMENTS, "--constraints", _CONSTRAINTS),
            *("--output-file", _RESULT, "--format", "pylock.toml", "--no-build", "--no-header", "--quiet"),
            *("--python-platform", platform, "--python-version", self.interpreter.version),
            *("--python", host.python_executable),
            *(("--find-links", links) if own else ()),
            *self._find_links(),
            *more,
            environment=environment,
        )

    @property
    def _glibc(self) -> str | None:
        return self.target.recipe.glibc or newest_glibc(_USUAL_GLIBC, self.interpreter.glibc)

    def _links(self, own: Sequence[Path]) -> Path:
        """A folder with nothing but the given wheels."""
        folder = self.folder / "own"
        folder.mkdir(exist_ok=True)
        for wheel in own:
            if not (folder / wheel.name).exists():
                shutil.copyfile(wheel, folder / wheel.name)
        return folder

    def _find_links(self) -> list[str]:
        return [word for place in self.target.recipe.find_links for word in ("--find-links", str(place))]

    def _explained(self, error: ResolveError) -> ResolveError:
        """The same with what it was about, and with what to do for packages that have no wheel for the target."""
        target = self.target
        what = f"{target.recipe.name} for Python {target.python_minor} on {target.platform.name}"
        hint = error.hint
        lacking = {match[1]: match[2] for match in _NO_WHEEL.finditer(error.message)}
        lacking |= {name: "" for name in _NO_BUILD.findall(error.message) if name not in lacking}
        if lacking:
            nearest = "; ".join(self._nearest(name, lacking[name]) for name in sorted(lacking))
            hint = f"{nearest}; {', '.join(sorted(lacking))}: {_remedies(target, self.settings, sorted(lacking))}"
        return ResolveError(f"no set of wheels fits {what}:\n{error.message}", hint=hint)

    def _nearest(self, name: str, version: str) -> str:
        """In words: the versions before and behind one without a wheel that have one; of all versions, the newest."""
        ways = ((f"{name}<{version}", "highest"), (f"{name}>{version}", "lowest")) if version else ((name, "highest"),)
        found = [_version(self.target, self.interpreter, self.settings, *way) for way in ways]
        where = f"for Python {self.target.python_minor} on {self.target.platform.name}"
        near = " and ".join(one for one in found if one)
        return f"the nearest with a wheel {where}: {name} {near}" if near else f"no {name} has a wheel {where}"

    def _lock(self, inputs: Inputs, own: Sequence[Path]) -> Lock:
        recipe, platform = self.target.recipe, self.target.platform
        document = Pylock.from_dict(tomllib.loads((self.folder / _RESULT).read_text(encoding="utf-8")))
        tags = platform.tags(self.target.python_minor, glibc=self._glibc, macos=recipe.macos)
        wheels = select_wheels(document, tags, self.folder)
        return Lock(
            recipe=recipe.name,
            version=recipe.version,
            python=self.target.python_minor,
            platform=platform.name,
            inputs=inputs,
            interpreter=locked_interpreter(self.interpreter),
            wheels=tuple(self._measured(self._original(wheel, own)) for wheel in wheels),
        )

    def _original(self, wheel: LockedWheel, own: Sequence[Path]) -> LockedWheel:
        """The wheel where it really lies, if it is one of ours: the folder that uv saw is a temporary one."""
        path = next((path for path in own if path.name == wheel.filename), None)
        if path is None:
            return wheel
        sha256, size = hash_file(path)
        return replace(wheel, url=None, path=path.absolute(), sha256=sha256, size=size)

    def _measured(self, wheel: LockedWheel) -> LockedWheel:
        """With the glibc that its libraries need, where only they tell (`linux_x86_64`)."""
        tags = parse_wheel_filename(wheel.filename)[3]
        if not any(tag.platform.startswith("linux_") for tag in tags) or wheel_glibc(wheel, self.target.platform.name):
            return wheel
        [path] = self.settings.fetcher.fetch([wheel.download])
        return replace(wheel, glibc=libraries_glibc(path))


def _remedies(target: Target, settings: Settings, names: Sequence[str]) -> str:
    """What may give packages without a wheel one, for a hint."""
    ways = ["allow another version"]
    if target.platform.system == "linux" and target.recipe.glibc:
        ways.append(f"allow a newer `glibc` than {target.recipe.glibc}")
    if target.platform.system == "macos":
        ways.append("allow a newer `macos`")
    if settings.host.platform_name == target.platform.name:
        ways.append(f"build it here with `build_from_source: [{', '.join(names)}]`")
    else:
        ways.append("bring a wheel along with `wheels` or `find_links`")
    return ", or ".join(ways)


def _write_lines(path: Path, lines: Sequence[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
