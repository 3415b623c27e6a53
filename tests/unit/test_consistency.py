"""One version of each package for all targets, or who stands in the way; by the real uv, out of small wheels."""

from pathlib import Path

import pytest

from builder.build import lock_everything
from builder.consistency import short_names
from builder.errors import BuilderError, RecipeError, ResolveError
from builder.lock import Lock, read_lock
from builder.locking import LockMode, lock_path
from builder.plan import Plan

from .locks import Notes
from .matrix import Matrix, make_matrix

X86, ARM, WINDOWS = "linux-x86_64", "linux-aarch64", "windows-x86_64"


@pytest.fixture
def matrix(tmp_path: Path) -> Matrix:
    made = make_matrix(tmp_path)
    made.interpreters()
    return made


def stock(matrix: Matrix, name: str, versions: dict[str, list[str]], **facts: object) -> None:
    """Wheels of a package: platform -> versions."""
    for platform, numbers in versions.items():
        for number in numbers:
            matrix.wheel(name, number, platform=platform, **facts)


def locked(matrix: Matrix, plan: Plan, mode: LockMode = LockMode.UPDATE) -> dict[str, Lock | BuilderError]:
    outcomes = lock_everything(plan, matrix.settings, mode=mode)
    return {row.target.platform.name: read_lock(one) if isinstance(one, Path) else one for row, one in outcomes.items()}


def versions(locks: dict[str, Lock | BuilderError], name: str) -> dict[str, str]:
    found = {}
    for platform, lock in locks.items():
        assert isinstance(lock, Lock), lock
        found.update((platform, wheel.version) for wheel in lock.wheels if wheel.name == name)
    return found


def test_all_targets_get_the_newest_version_that_all_can_have(matrix: Matrix) -> None:
    stock(matrix, "beta", {X86: ["1.0", "2.0", "3.0"], ARM: ["1.0", "2.0"], WINDOWS: ["1.0", "2.0", "2.5"]})
    locks = locked(matrix, matrix.plan("[beta]"))
    assert versions(locks, "beta") == dict.fromkeys((X86, ARM, WINDOWS), "2.0")
    reporter = matrix.settings.reporter
    assert isinstance(reporter, Notes)
    [(title, rows)] = reporter.tables
    assert title == "versions that differ between targets"
    label = f"py{matrix.pythons[0].replace('.', '')}"
    assert rows == [("beta", "2.0", f"{label}-{ARM}"), ("", "2.5", f"{label}-{WINDOWS}"), ("", "3.0", f"{label}-{X86}")]


def test_a_common_version_below_everybodys_newest_is_found(matrix: Matrix) -> None:
    stock(matrix, "beta", {X86: ["1.0", "3.0"], ARM: ["1.0", "2.0"], WINDOWS: ["0.5", "1.0", "4.0"]})
    assert set(versions(locked(matrix, matrix.plan("[beta]")), "beta").values()) == {"1.0"}


def test_what_a_lower_version_needs_is_made_equal_as_well(matrix: Matrix) -> None:
    stock(matrix, "beta", {X86: ["2.0"], WINDOWS: ["2.0"]}, requires=["gamma"])
    stock(matrix, "beta", {X86: ["1.0"], ARM: ["1.0"], WINDOWS: ["1.0"]}, requires=["gamma <2"])
    for version in ("1.0", "1.5", "2.0"):
        matrix.wheel("gamma", version)
    locks = locked(matrix, matrix.plan("[beta]"))
    assert set(versions(locks, "beta").values()) == {"1.0"}
    assert set(versions(locks, "gamma").values()) == {"1.5"}


def test_a_package_that_a_target_does_not_have_is_no_difference(matrix: Matrix) -> None:
    matrix.wheel("winonly", "1.0")
    locks = locked(matrix, matrix.plan("[alpha, \"winonly; sys_platform == 'win32'\"]"))
    assert versions(locks, "winonly") == {WINDOWS: "1.0"}
    assert isinstance(matrix.settings.reporter, Notes)
    assert matrix.settings.reporter.tables == []


def test_local_labels_are_builds_of_one_version(matrix: Matrix) -> None:
    stock(matrix, "torch", {X86: ["2.0+cpu"], ARM: ["2.0"], WINDOWS: ["2.0+cu1"]})
    assert versions(locked(matrix, matrix.plan("[torch]")), "torch") == {X86: "2.0+cpu", ARM: "2.0", WINDOWS: "2.0+cu1"}


def test_without_a_common_version_package_and_versions_at_hand_are_named(matrix: Matrix) -> None:
    stock(matrix, "beta", {X86: ["2.0", "3.0"], ARM: ["1.0"], WINDOWS: ["2.0", "2.5"]})
    outcomes = locked(matrix, matrix.plan("[alpha, beta]"))
    errors = set(outcomes.values())
    [error] = errors
    assert isinstance(error, ResolveError)
    label = f"py{matrix.pythons[0].replace('.', '')}"
    assert error.message.startswith("no version of beta is at hand for all targets (consistency: strict)")
    lines = [line.split() for line in error.message.splitlines()[2:]]
    assert lines == [
        [f"{label}-{X86}", "2.0", "to", "3.0"],
        [f"{label}-{ARM}", "1.0"],
        [f"{label}-{WINDOWS}", "2.0", "to", "2.5"],
    ]
    assert "per-target" in (error.hint or "")
    assert not list(matrix.folder.glob("pylock.*"))


def test_per_target_takes_the_newest_and_records_the_difference(matrix: Matrix) -> None:
    stock(matrix, "beta", {X86: ["1.0", "3.0"], ARM: ["1.0"], WINDOWS: ["1.0", "3.0"]})
    plan = matrix.plan("[beta]", "consistency: per-target\n")
    locks = locked(matrix, plan)
    assert versions(locks, "beta") == {X86: "3.0", ARM: "1.0", WINDOWS: "3.0"}
    label = f"py{matrix.pythons[0].replace('.', '')}"
    lock = locks[ARM]
    assert isinstance(lock, Lock)
    assert lock.consistency == "per-target"
    [elsewhere] = lock.elsewhere
    assert (elsewhere.name, elsewhere.version) == ("beta", "3.0")
    assert elsewhere.targets == (f"{label}-{X86}", f"{label}-{WINDOWS}")
    before = {path: path.stat() for path in matrix.folder.glob("pylock.*")}
    assert versions(locked(matrix, plan), "beta") == versions(locks, "beta")
    assert {path: path.stat() for path in matrix.folder.glob("pylock.*")} == before


def test_locks_of_targets_that_are_not_built_now_count(matrix: Matrix) -> None:
    stock(matrix, "beta", {X86: ["1.0"], ARM: ["1.0"], WINDOWS: ["1.0"]})
    locked(matrix, matrix.plan("[beta]"))
    lock_path(matrix.plan("[beta]").rows[0].target).unlink()
    stock(matrix, "beta", {X86: ["2.0"], ARM: ["2.0"]})
    assert versions(locked(matrix, matrix.plan("[beta]", platforms=[X86])), "beta") == {X86: "1.0"}
    # All together they may move on, which Windows cannot.
    stock(matrix, "beta", {WINDOWS: ["1.5"]})
    assert set(versions(locked(matrix, matrix.plan("[beta]"), LockMode.UPGRADE), "beta").values()) == {"1.0"}
    stock(matrix, "beta", {WINDOWS: ["2.0"]})
    assert set(versions(locked(matrix, matrix.plan("[beta]"), LockMode.UPGRADE), "beta").values()) == {"2.0"}


def test_a_newer_lock_of_another_target_is_not_changed_behind_its_back(matrix: Matrix) -> None:
    stock(matrix, "beta", {X86: ["2.0"], WINDOWS: ["2.0"]})
    locked(matrix, matrix.plan("[beta]", platforms=[X86, WINDOWS]))
    stock(matrix, "beta", {ARM: ["1.0"]})
    [error] = locked(matrix, matrix.plan("[beta]", platforms=[ARM])).values()
    assert isinstance(error, ResolveError)
    assert "not being built now" in error.message
    assert "beta: 1.0" in error.message
    assert "lock all targets together" in (error.hint or "")


def test_locks_that_differ_are_not_built_with_locked(matrix: Matrix) -> None:
    stock(matrix, "beta", {X86: ["3.0"], ARM: ["1.0"], WINDOWS: ["3.0"]})
    locked(matrix, matrix.plan("[beta]", "consistency: per-target\n"))
    errors = set(locked(matrix, matrix.plan("[beta]"), LockMode.LOCKED).values())
    [error] = errors
    assert isinstance(error, RecipeError)
    assert "the locks differ in beta" in error.message


def test_a_target_without_a_wheel_is_told_the_nearest_version_that_has_one(matrix: Matrix) -> None:
    stock(matrix, "beta", {X86: ["2.0"], ARM: ["1.0", "1.5", "3.0"], WINDOWS: ["2.0"]})
    outcomes = locked(matrix, matrix.plan("['beta ==2.0']"))
    error = outcomes.pop(ARM)
    assert isinstance(error, ResolveError)
    assert "beta==2.0 has no wheels" in error.message
    assert f"the nearest with a wheel for Python {matrix.pythons[0]} on {ARM}: beta 1.5 and 3.0" in (error.hint or "")
    assert versions(outcomes, "beta") == {X86: "2.0", WINDOWS: "2.0"}


def test_a_python_version_stands_for_all_of_its_platforms() -> None:
    everybody = ["py39-a", "py39-b", "py311-a", "py311-b", "py312-a"]
    assert short_names(["py39-a", "py39-b", "py311-a", "py312-a"], everybody) == "py39, py311-a, py312-a"


def test_few_exceptions_are_told_as_such() -> None:
    everybody = [f"py31{minor}-{system}" for minor in (1, 2) for system in "abc"]
    assert short_names([label for label in everybody if label != "py311-b"], everybody) == "all but py311-b"
    assert short_names(everybody, everybody) == "py311, py312"
