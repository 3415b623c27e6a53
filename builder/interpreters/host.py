"""The Python that runs the builder, copied and made relocatable."""

from dataclasses import dataclass
from pathlib import Path

from .copying import copy_installed, installed_state
from .host_facts import HostFacts, ask_host, check_host
from .libraries import Linker
from .model import Announced, Interpreter, UnavailableError
from .shelf import shelve
from .wanted import Wanted


@dataclass(frozen=True, kw_only=True)
class HostSource:
    """Never used with a lock that must hold: nobody else has the same."""

    wanted: Wanted

    @property
    def name(self) -> str:
        return "host"

    def announce(self) -> Announced | None:
        return None  # it is at hand

    def find(self) -> Interpreter:
        host, platform = self.wanted.settings.host, self.wanted.target.platform
        if host.platform_name != platform.name:
            raise UnavailableError(
                f"this machine is {host.platform_name}, and the target is {platform.name}",
                hint="interpreters for other platforms come from pbs, an archive or a page",
            )
        linker = linker_here(self.wanted)
        return installed_python(self.wanted, ask_host(host.python_executable), linker, source="host")


def linker_here(wanted: Wanted) -> Linker:
    """This machine's, and what LD_LIBRARY_PATH adds, which the running Python may need, too."""
    return Linker.of_this_machine(wanted.settings.env.get("LD_LIBRARY_PATH", ""))


def installed_python(wanted: Wanted, facts: HostFacts, linker: Linker, *, source: str) -> Interpreter:
    """A relocatable copy of an installed Python, whose libraries `linker` finds.

    Raises UnavailableError if it cannot be moved.
    """
    settings = wanted.settings
    if wanted.target.platform.system != "linux":
        raise UnavailableError("an installed Python can be made relocatable on Linux only", hint="use `pbs`")
    wanted.check_version(facts.version, f"the Python in {facts.prefix}")
    check_host(facts)

    def make(work: Path) -> tuple[Path, list[str]]:
        settings.reporter.step(f"making Python {facts.version} in {facts.prefix} relocatable")
        return work / "python", copy_installed(facts, work / "python", linker)

    shelved = shelve(
        settings.cache, wanted.key("installed", facts, installed_state(facts, linker), linker.folders), make
    )
    wanted.check(shelved, f"the Python in {facts.prefix}")
    return shelved.interpreter(source=source, reporter=settings.reporter)
