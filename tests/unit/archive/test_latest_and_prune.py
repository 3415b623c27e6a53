"""Which installer a stable name means, and what a policy takes off."""

from datetime import timedelta

import pytest

from builder.archive.latest import newest_first, stable_names
from builder.archive.prune import Policy, parse_policy, to_prune

from .making import NOW, entry


def test_a_stable_name_means_the_newest_version_whenever_it_was_published() -> None:
    entries = [entry("2026.10"), entry("2026.9", days=-1), entry("2026.9.1", python="3.11.7")]
    assert stable_names(entries) == {
        "Acme-latest-Linux-x86_64.sh": "Acme-2026.10-py312-Linux-x86_64.sh",
        "Acme-latest-py311-Linux-x86_64.sh": "Acme-2026.9.1-py311-Linux-x86_64.sh",
        "Acme-latest-py312-Linux-x86_64.sh": "Acme-2026.10-py312-Linux-x86_64.sh",
    }


def test_of_one_version_the_newest_python_counts_by_number() -> None:
    entries = [entry("1", python="3.9.20"), entry("1", python="3.12.1"), entry("1", python="3.11.9")]
    assert stable_names(entries)["Acme-latest-Linux-x86_64.sh"] == "Acme-1-py312-Linux-x86_64.sh"


def test_a_prerelease_is_the_latest_only_where_there_is_nothing_else() -> None:
    assert stable_names([entry("2.0rc1"), entry("1.0")])["Acme-latest-Linux-x86_64.sh"].startswith("Acme-1.0-")
    assert stable_names([entry("2.0rc1")])["Acme-latest-Linux-x86_64.sh"].startswith("Acme-2.0rc1-")


def test_versions_that_are_none_sort_below_and_by_their_numbers() -> None:
    entries = [entry("spring-9"), entry("spring-10")]
    assert stable_names(entries)["Acme-latest-Linux-x86_64.sh"].startswith("Acme-spring-10-")
    assert stable_names([*entries, entry("0.1")])["Acme-latest-Linux-x86_64.sh"].startswith("Acme-0.1-")


def test_formats_and_platforms_have_stable_names_of_their_own() -> None:
    names = stable_names([entry("1", platform="windows-x86_64", format=one) for one in ("exe", "7z")])
    assert "Acme-latest-Windows-x86_64.exe" in names
    assert "Acme-latest-py312-Windows-x86_64.7z" in names


def test_an_index_begins_with_what_was_published_last() -> None:
    entries = [entry("3", days=2), entry("1", days=0), entry("2", days=0), entry("2", python="3.11.1")]
    assert [(one.version, one.python_minor) for one in newest_first(entries)] == [
        ("2", "3.12"),
        ("2", "3.11"),
        ("1", "3.12"),
        ("3", "3.12"),
    ]


def pruned(entries: list[object], *words: str) -> list[str]:
    policy = parse_policy(words)
    assert policy is not None
    return [one.version for one in to_prune(entries, policy, NOW, stable_names(entries))]  # type: ignore[arg-type]


def test_versions_are_kept_for_each_platform_and_python() -> None:
    entries = [entry(str(version), days=9 - version) for version in (1, 2, 3)]
    others = [entry("1", days=8, python="3.11.7"), entry("1", days=8, platform="macos-arm64")]
    assert pruned([*entries, *others], "keep=2") == ["1"]


def test_formats_of_a_kept_version_stay_together() -> None:
    entries = [entry(one, platform="windows-x86_64", format=format) for one in "12" for format in ("exe", "7z")]
    assert pruned(entries, "keep=1") == ["1", "1"]


def test_what_is_young_enough_stays() -> None:
    entries = [entry("1", days=31), entry("2", days=30), entry("3", days=1)]
    assert pruned(entries, "days=30") == ["1"]


def test_with_two_rules_what_either_keeps_stays() -> None:
    entries = [entry("1", days=100), entry("2", days=90), entry("3", days=80), entry("4", days=1)]
    assert pruned(entries, "keep=2,days=85") == ["1", "2"]


def test_what_a_stable_name_points_to_stays_in_any_case() -> None:
    assert pruned([entry("1", days=900), entry("2rc1", days=800)], "days=1") == ["2rc1"]
    assert pruned([entry("1", days=900), entry("2rc1"), entry("2rc2")], "keep=1") == ["2rc1"]


def test_a_policy_that_makes_no_sense_is_refused() -> None:
    assert parse_policy(()) is None
    assert parse_policy(("keep=3", "days=7")) == Policy(keep=3, days=7)
    for words in ("keep=0", "keep", "weeks=3", "keep=-1", "keep=1,keep=2", ""):
        with pytest.raises(ValueError, match="keep=3 keeps three versions"):
            parse_policy((words,))


def test_times_of_the_future_do_not_disturb() -> None:
    assert pruned([entry("1", days=-3), entry("2")], "days=1") == []
    assert NOW + timedelta(days=3) == entry("1", days=-3).published
