"""Where interpreters come from: one module per source, tried in the recipe's order."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InterpreterError
from ..recipe import interpreters as recipe
from ..settings import Settings
from ..target import Target
from .archive import UrlSource
from .host import HostSource
from .model import Announced, Interpreter, Source, UnavailableError
from .page import PageSource
from .path import PathSource
from .pbs import PbsSource
from .python_org import PythonOrgSource
from .wanted import Wanted

if TYPE_CHECKING:
    from ..lock import LockedInterpreter

__all__ = ["Interpreter", "announced_interpreter", "find_interpreter"]


def find_interpreter(target: Target, settings: Settings, pinned: "LockedInterpreter | None" = None) -> Interpreter:
    """The interpreter of the first source that has one; tells the reporter which, and why not those before it.

    pinned: only this one will do.  Raises InterpreterError when no source has it, and any other BuilderError as soon as
    a source turns out to be damaged or not what the recipe says.
    """
    wanted = Wanted(target=target, settings=settings, pinned=pinned)
    failures: list[tuple[str, UnavailableError]] = []
    for source in _sources(wanted):
        try:
            interpreter = source.find()
        except UnavailableError as error:
            failures.append((source.name, error))
            continue
        _check_pinned(interpreter, wanted)
        _tell(interpreter, failures, settings)
        return interpreter
    raise _none_found(wanted, failures)


def announced_interpreter(target: Target, settings: Settings, pinned: "LockedInterpreter | None" = None) -> Interpreter:
    """What `find_interpreter` would give, as far as catalogues tell, and nothing is fetched: enough to choose packages.

    A later source may be the one in the end, if the announced one turns out to be out of reach. Raises InterpreterError
    where nothing tells.
    """
    if pinned is not None:
        facts = Announced(source=pinned.source, version=pinned.version, build=pinned.build, sha256=pinned.sha256)
        return replace(facts.interpreter, url=pinned.url, glibc=pinned.glibc)
    wanted = Wanted(target=target, settings=settings)
    failures: list[tuple[str, UnavailableError]] = []
    for source in _sources(wanted):
        try:
            announced = source.announce()
            return source.find() if announced is None else announced.interpreter
        except UnavailableError as error:
            failures.append((source.name, error))
    raise _none_found(wanted, failures)


def _sources(wanted: Wanted) -> Iterator[Source]:
    if wanted.pinned is not None and wanted.pinned.source == "host":
        raise InterpreterError(
            "the lock was made with the Python of its builder (source: host), which nobody else can have",
            hint="lock with another source of interpreters, or build without --locked",
        )
    chosen = wanted.settings.interpreter
    entries = wanted.target.recipe.interpreter if chosen is None else [_override(chosen)]
    for entry in entries:
        source = _source(entry, wanted)
        if wanted.pinned is None or source.name == wanted.pinned.source:
            yield source
    if wanted.pinned is not None and wanted.pinned.url and chosen is None:
        # The recipe may have dropped the source since: the lock's own address and hash are enough.
        yield UrlSource(wanted=wanted, url=wanted.pinned.url, sha256=wanted.pinned.sha256, source=wanted.pinned.source)


def _override(chosen: str) -> recipe.Source:
    """What `--interpreter` means: "host", "pbs", "python.org", or a path."""
    if chosen == "host":
        return recipe.HostSource()
    if chosen == "pbs":
        return recipe.PbsSource(mirror=None, build=None, sha256=None)
    if chosen == "python.org":
        return recipe.PythonOrgSource()
    return recipe.PathSource.model_construct(path=Path(chosen).expanduser().absolute(), sha256=None)


def _source(entry: recipe.Source, wanted: Wanted) -> Source:
    match entry:
        case recipe.HostSource():
            return HostSource(wanted=wanted)
        case recipe.UrlSource():
            return UrlSource(wanted=wanted, url=entry.url, sha256=entry.sha256)
        case recipe.PathSource():
            return PathSource(wanted=wanted, path=entry.path, sha256=entry.sha256)
        case recipe.PageSource():
            return PageSource(wanted=wanted, page=entry.page, sha256=entry.sha256, public_key=entry.public_key)
        case recipe.PbsSource():
            return PbsSource(wanted=wanted, options=entry)
        case recipe.PythonOrgSource():
            return PythonOrgSource(wanted=wanted, options=entry)


def _check_pinned(interpreter: Interpreter, wanted: Wanted) -> None:
    if wanted.pinned is not None and interpreter.sha256 != wanted.pinned.sha256:
        raise InterpreterError(
            f"the interpreter has the SHA-256 {interpreter.sha256}, and the lock says {wanted.pinned.sha256}",
            hint="if the new one is right: keel-builder lock",
        )


def _tell(interpreter: Interpreter, failures: Sequence[tuple[str, UnavailableError]], settings: Settings) -> None:
    for name, error in failures:
        settings.reporter.note(f"{name}: {error.message}; using {interpreter.source}")
    build = f", build {interpreter.build}" if interpreter.build else ""
    needs = {"glibc": interpreter.glibc, "macOS": interpreter.macos}
    system = "".join(f", needs {what} {version}" for what, version in needs.items() if version)
    settings.reporter.step(f"Python {interpreter.version} from {interpreter.source}{build}{system}")
    if interpreter.lacks:
        settings.reporter.note(f"this Python has no {', '.join(interpreter.lacks)}")


def _none_found(wanted: Wanted, failures: Sequence[tuple[str, UnavailableError]]) -> InterpreterError:
    what = f"Python {wanted.version} for {wanted.target.platform.name}"
    reasons = "".join(f"\n  {name}: {error.message}" for name, error in failures)
    hints = list(dict.fromkeys(error.hint for _, error in failures if error.hint))
    hint = (
        "; ".join(hints)
        or "name another source: --interpreter host, pbs, python.org, or the path of an archive or folder"
    )
    return InterpreterError(f"no source has {what}:{reasons or ' the recipe has none for it'}", hint=hint)
