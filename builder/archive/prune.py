"""What is taken off an archive: never what a stable name points to."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .index import Entry
from .ordering import version_key

_RULE = re.compile(r"(keep|days)=([1-9][0-9]{0,5})")


@dataclass(frozen=True, kw_only=True)
class Policy:
    """An installer stays when any rule says so. keep: the newest so many versions for each name, platform and Python
    minor version.  days: what was published within so many days."""

    keep: int | None = None
    days: int | None = None


def parse_policy(words: Iterable[str]) -> Policy | None:
    """`["keep=3", "days=365"]`, also as one word with a comma; None for none. Raises ValueError."""
    rules: dict[str, int] = {}
    for rule in ",".join(words).replace(" ", "").split(",") if words else ():
        match = _RULE.fullmatch(rule)
        if match is None or match[1] in rules:
            wrong = f'"{rule}" is no rule' if match is None else f"{match[1]} is there twice"
            raise ValueError(f"{wrong}: keep=3 keeps three versions, days=365 a year's; with both, what either keeps")
        rules[match[1]] = int(match[2])
    return Policy(**rules) if rules else None


def to_prune(entries: Sequence[Entry], policy: Policy, now: datetime, latest: Mapping[str, str]) -> tuple[Entry, ...]:
    """What the policy takes away. latest: the stable names that there will be."""
    kept = set(latest.values())
    if policy.days is not None:
        since = now - timedelta(days=policy.days)
        kept |= {entry.file for entry in entries if entry.published >= since}
    if policy.keep is not None:
        versions: dict[tuple[str, str, str], dict[str, list[Entry]]] = defaultdict(lambda: defaultdict(list))
        for entry in sorted(entries, key=lambda entry: version_key(entry.version), reverse=True):
            versions[entry.name, entry.platform, entry.python_minor][entry.version].append(entry)
        for group in versions.values():
            kept |= {entry.file for version in list(group.values())[: policy.keep] for entry in version}
    return tuple(entry for entry in entries if entry.file not in kept)
