"""What has changed from one installer (or lock) to another one."""

from dataclasses import asdict, dataclass
from typing import Any

from .summary import Listed, Summary

_SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Change:
    """before, after: the package on either side, None where there is none.  what: in which regards they differ, of
    "version", "wheel" (another file of the same version), "license", "base" (in the base, or only in the store)."""

    before: Listed | None
    after: Listed | None
    what: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        package = self.after or self.before
        assert package is not None
        return package.name


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """added, removed, changed: sorted by name.  interpreter: whether it is another one."""

    before: Summary
    after: Summary
    added: tuple[Change, ...]
    removed: tuple[Change, ...]
    changed: tuple[Change, ...]
    interpreter: bool

    @property
    def same_target(self) -> bool:
        return self.before.target == self.after.target

    @property
    def equal(self) -> bool:
        """Whether both lay down the same base, as far as both tell: formats may differ."""
        return (
            self.same_target
            and self.before.version == self.after.version
            and not (self.interpreter or self.added or self.removed or self.changed)
        )

    def to_json(self) -> dict[str, Any]:
        """The form that `diff --json` prints: docs/inspecting.md describes it."""
        sides = {}
        for key, side in (("before", self.before), ("after", self.after)):
            sides[key] = {name: value for name, value in side.to_json().items() if name not in ("packages", "schema")}
        return {
            "schema": _SCHEMA,
            **sides,
            "equal": self.equal,
            "same_target": self.same_target,
            "interpreter_changed": self.interpreter,
            "added": [asdict(change.after) for change in self.added if change.after],
            "removed": [asdict(change.before) for change in self.removed if change.before],
            "changed": [{"name": change.name, **asdict(change)} for change in self.changed],
        }


def compare(before: Summary, after: Summary) -> Comparison:
    """Both may be for different targets; wheels of the same version are then expected to be other files."""
    old = {package.name: package for package in before.packages}
    new = {package.name: package for package in after.packages}
    same_files = before.target[1:] == after.target[1:]
    pairs = ((old[name], new[name]) for name in sorted(old.keys() & new.keys()))
    changes = [Change(before=one, after=other, what=_regards(one, other, same_files)) for one, other in pairs]
    return Comparison(
        before=before,
        after=after,
        added=tuple(Change(before=None, after=new[name]) for name in sorted(new.keys() - old.keys())),
        removed=tuple(Change(before=old[name], after=None) for name in sorted(old.keys() - new.keys())),
        changed=tuple(change for change in changes if change.what),
        interpreter=_interpreter(before, same_files) != _interpreter(after, same_files),
    )


def _regards(before: Listed, after: Listed, same_files: bool) -> tuple[str, ...]:
    def differ(one: object, other: object) -> bool:
        return one is not None and other is not None and one != other

    found = {
        "version": before.version != after.version,
        "wheel": same_files and before.version == after.version and before.sha256 != after.sha256,
        "license": differ(before.license, after.license),
        "base": differ(before.base, after.base),
    }
    return tuple(what for what, is_so in found.items() if is_so)


def _interpreter(summary: Summary, same_files: bool) -> tuple[str | None, ...]:
    """Versions are what different platforms can have in common."""
    if not same_files:
        return (summary.python,)
    return summary.python, *(summary.interpreter.get(key) for key in ("source", "build", "sha256"))
