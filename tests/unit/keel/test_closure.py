"""Which packages requirements lead to, and what is said when they lead nowhere."""

import pytest

from builder.platforms import PLATFORMS
from keel.closure import Candidate, ClosureError, closure, nearest

LINUX = PLATFORMS["linux-x86_64"].marker_environment("3.11.7")
WINDOWS = PLATFORMS["windows-x86_64"].marker_environment("3.11.7")

STORE = [
    Candidate(
        "pandas", "2.2.0", ("numpy>=1.26", "pytz", "openpyxl>=3 ; extra == 'excel'", "pywin32 ; os_name == 'nt'")
    ),
    Candidate("numpy", "2.1.0"),
    Candidate("pytz", "2024.1"),
    Candidate("openpyxl", "3.1", ("et_xmlfile",)),
    Candidate("Et.XMLfile", "2.0"),
    Candidate("pywin32", "306"),
    Candidate("everything", "1", ("everything[a,b]; extra == 'all'", "numpy; extra == 'a'", "pytz; extra == 'b'")),
    Candidate("ring-a", "1", ("ring-b",)),
    Candidate("ring-b", "1", ("ring-a",)),
    Candidate("fresh", "3.0rc1"),
]


def names(*requirements: str, environment: dict[str, str] = LINUX) -> list[str]:
    return [candidate.name for candidate in closure(requirements, STORE, environment)]


def test_dependencies_follow_by_the_markers_of_the_target_and_not_of_the_host() -> None:
    assert names("pandas") == ["numpy", "pandas", "pytz"]
    assert names("pandas", environment=WINDOWS) == ["numpy", "pandas", "pytz", "pywin32"]


def test_extras_bring_their_dependencies_and_theirs() -> None:
    assert names("pandas[excel]") == ["Et.XMLfile", "numpy", "openpyxl", "pandas", "pytz"]


def test_an_extra_may_name_other_extras_of_its_own_project() -> None:
    assert names("everything") == ["everything"]
    assert names("everything[all]") == ["everything", "numpy", "pytz"]


def test_an_extra_that_comes_late_still_counts() -> None:
    late = [*STORE, Candidate("zeta", "1", ("pandas[excel]",))]
    assert [one.name for one in closure(["pandas", "zeta"], late, LINUX)][:2] == ["Et.XMLfile", "numpy"]


def test_names_are_compared_as_indexes_compare_them() -> None:
    assert names("ET_xmlfile") == ["Et.XMLfile"]


def test_circles_end() -> None:
    assert names("ring-a") == ["ring-a", "ring-b"]


def test_a_requirement_whose_marker_does_not_hold_is_none() -> None:
    assert names("missing ; sys_platform == 'win32'", "numpy") == ["numpy"]


def test_pre_releases_in_the_store_are_there_on_purpose() -> None:
    assert names("fresh>=2") == ["fresh"]


def test_the_newest_version_that_all_allow_is_taken() -> None:
    several = [
        Candidate("a", "1"),
        Candidate("a", "3", ("c",)),
        Candidate("a", "2"),
        Candidate("b", "1", ("a<3",)),
        Candidate("c", "1"),
    ]
    assert [one.version for one in closure(["a"], several, LINUX)] == ["3", "1"]
    # b rules the newest one out after its dependencies were followed already
    assert [(one.name, one.version) for one in closure(["a", "b"], several, LINUX)] == [("a", "2"), ("b", "1")]


def test_every_missing_name_is_named_with_the_nearest_ones() -> None:
    with pytest.raises(ClosureError) as caught:
        names("nmpy", "pandsa")
    assert caught.value.message == "no bundled package is called nmpy\nno bundled package is called pandsa"
    assert caught.value.hint == "nearest bundled names: numpy, pandas"


def test_a_version_that_is_not_there_is_told_from_a_missing_package() -> None:
    with pytest.raises(ClosureError, match=r"2\.1\.0 is bundled of numpy, but you asked for numpy<2"):
        names("numpy<2")


def test_a_missing_dependency_names_who_needs_it() -> None:
    with pytest.raises(ClosureError, match=r"^a 1 needs b>=2, which is not bundled$"):
        closure(["a"], [Candidate("a", "1", ("b>=2",))], LINUX)


def test_a_conflict_between_two_packages_names_both() -> None:
    store = [Candidate("a", "1", ("c<2",)), Candidate("b", "1", ("c>=2",)), Candidate("c", "1"), Candidate("c", "2")]
    with pytest.raises(ClosureError) as caught:
        closure(["a", "b"], store, LINUX)
    assert "a 1: <2" in caught.value.message
    assert "b 1: >=2" in caught.value.message


@pytest.mark.parametrize("text", ["pandas >>2", "", "a b", "numpy==", "-e ."])
def test_what_is_no_requirement_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ClosureError, match="is not a requirement"):
        names(text)


def test_addresses_are_refused() -> None:
    with pytest.raises(ClosureError, match="names an address"):
        names("numpy @ file:///tmp/numpy.whl")


def test_a_broken_requirement_inside_a_package_names_the_package() -> None:
    with pytest.raises(ClosureError, match="a 1 has a requirement that is none: 'b >>'"):
        closure(["a"], [Candidate("a", "1", ("b >>",))], LINUX)


def test_nearest_finds_typing_mistakes_and_parts() -> None:
    assert nearest("pytorhc", ["pytorch", "numpy", "torch"]) == ["pytorch", "torch"]
    assert nearest("learn", ["scikit-learn", "numpy"]) == ["scikit-learn"]
    assert nearest("zzz", ["numpy"]) == []
