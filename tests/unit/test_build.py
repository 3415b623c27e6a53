"""A whole plan: what is built, what is shared, what a failure spoils, what a dry run leaves alone."""

import tarfile
from pathlib import Path

import pytest

from builder import frames
from builder.build import build_plan, lock_everything, preview
from builder.errors import BuilderError, InterpreterError, TargetsError
from builder.lock import Lock, read_lock
from builder.locking import LockMode
from builder.outcomes import Built, failure_of
from builder.plan import Choice, Plan, make_plan
from builder.units import Slice

from .locks import Notes
from .matrix import ABSENT, MINOR, Matrix, make_matrix
from .recipes import load
from .wheels import make_wheel

LABEL = f"py{MINOR.replace('.', '')}"
STEMS = [f"Demo-1-{LABEL}-{system}" for system in ("Linux-x86_64", "Linux-aarch64", "Windows-x86_64")]


@pytest.fixture
def matrix(tmp_path: Path) -> Matrix:
    made = make_matrix(tmp_path)
    made.interpreters()
    return made


def build(matrix: Matrix, plan: Plan, *, keep_going: bool = False, mode: LockMode = LockMode.UPDATE) -> list[Built]:
    return build_plan(plan, matrix.settings, mode=mode, output=matrix.folder / "dist", keep_going=keep_going)


def dist(matrix: Matrix) -> list[str]:
    """The installers, without what lies beside them."""
    return sorted(path.name for path in matrix.folder.glob("dist/*") if path.suffix in (".sh", ".exe", ".7z"))


@pytest.fixture
def packed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The unit of every frame that is compressed."""
    units: list[str] = []
    original = frames._write_frame

    def counting(piece: Slice, *rest: object) -> frames.Frame:
        units.append(f"{piece.stage} {piece.unit} {piece.key}")
        return original(piece, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(frames, "_write_frame", counting)
    return units


def test_every_target_gets_its_installer_and_each_wheel_is_compressed_once(matrix: Matrix, packed: list[str]) -> None:
    built = build(matrix, matrix.plan(more="bytecode: none\n"))
    assert [one.error for one in built] == [None] * 3
    assert dist(matrix) == sorted([f"{STEMS[0]}.sh", f"{STEMS[1]}.sh", f"{STEMS[2]}.exe"])
    assert len(packed) == len(set(packed))
    assert len([unit for unit in packed if unit.startswith("0 alpha-1.0-")]) == 1
    shares = [one.made.fresh / one.made.packed for one in built if one.made]
    assert shares[0] == 1
    assert shares[1] < 1
    packed.clear()
    again = build(matrix, matrix.plan(more="bytecode: none\n"))
    assert packed == []
    assert [one.made.fresh for one in again if one.made] == [0, 0, 0]


def test_a_target_has_the_same_bytes_alone_and_in_a_matrix(matrix: Matrix) -> None:
    build(matrix, matrix.plan())
    installer = matrix.folder / "dist" / f"{STEMS[1]}.sh"
    together = installer.read_bytes()
    installer.unlink()
    matrix.settings.cache.clean()
    build(matrix, matrix.plan(platforms=["linux-aarch64"]))
    assert installer.read_bytes() == together


def test_two_tables_tell_what_will_be_and_what_became(matrix: Matrix) -> None:
    built = build(matrix, matrix.plan(more="bytecode: none\n"))
    reporter = matrix.settings.reporter
    assert isinstance(reporter, Notes)
    [(title, rows)] = reporter.tables
    assert title == "to be built"
    assert rows[2] == (f"{LABEL}-windows-x86_64", "exe", f"{MINOR}.1 path", "2", "none", "nothing", "0 of 2")
    assert all(one.made and one.made.size > 0 and one.seconds > 0 for one in built)


def test_all_means_every_format(matrix: Matrix) -> None:
    assert [row.formats for row in matrix.plan(everything=True).rows] == [("sh",), ("sh",), ("exe", "7z")]
    assert [row.formats for row in matrix.plan(formats=["7z", "sh"]).rows] == [("sh",), ("sh",), ("7z",)]
    assert [row.target.platform.name for row in matrix.plan(formats=["exe"]).rows] == ["windows-x86_64"]


def test_all_means_every_platform_where_the_recipe_names_none(matrix: Matrix) -> None:
    matrix.platforms, matrix.interpreter_key = (), "pbs"
    assert len(matrix.plan(everything=True).rows) == 6
    assert [row.target.platform.name for row in matrix.plan().rows] == ["linux-x86_64"]
    assert len(matrix.plan(everything=True, platforms=["macos-arm64"]).rows) == 1


def test_a_format_that_suits_no_target_is_refused(matrix: Matrix) -> None:
    with pytest.raises(BuilderError, match="linux-x86_64 has no exe installers"):
        matrix.plan(formats=["exe"], platforms=["linux-x86_64"])
    with pytest.raises(BuilderError, match='no installer format "zip"'):
        matrix.plan(formats=["zip", "sh"])


def test_several_recipes_are_one_plan_unless_they_make_the_same_files(matrix: Matrix) -> None:
    first = matrix.recipe()
    with pytest.raises(BuilderError, match="two recipes make the same installers: demo-1-"):
        make_plan([first, first], Choice())
    matrix.name = "other"
    plan = make_plan([first, matrix.recipe("[]")], Choice(platforms=["linux-x86_64"]))
    built = build(matrix, plan)
    assert [len(one.lock.wheels) for one in built if one.lock] == [2, 1]
    assert dist(matrix) == [f"{STEMS[0]}.sh", f"Other-1-{LABEL}-Linux-x86_64.sh"]
    reporter = matrix.settings.reporter
    assert isinstance(reporter, Notes)
    assert [row[0] for row in reporter.tables[0][1]] == [f"demo {LABEL}-linux-x86_64", f"other {LABEL}-linux-x86_64"]


def test_nothing_is_compressed_while_a_target_lacks_its_interpreter(matrix: Matrix, packed: list[str]) -> None:
    plan = matrix.plan()
    (matrix.folder / "pythons" / f"linux-aarch64-{MINOR}.tar.gz").unlink()
    built = build(matrix, plan)
    assert [one.made for one in built] == [None] * 3
    assert isinstance(built[1].error, InterpreterError)
    assert built[0].error is None
    assert (packed, dist(matrix)) == ([], [])
    error = failure_of(built)
    assert error is not None
    assert error.exit_code == InterpreterError.exit_code
    assert error.message.startswith(f"1 of 3 targets failed:\n{LABEL}-linux-aarch64: no source has Python {MINOR}")


def test_keep_going_builds_the_others(matrix: Matrix) -> None:
    plan = matrix.plan()
    (matrix.folder / "pythons" / f"linux-aarch64-{MINOR}.tar.gz").unlink()
    built = build(matrix, plan, keep_going=True)
    assert dist(matrix) == sorted([f"{STEMS[0]}.sh", f"{STEMS[2]}.exe"])
    assert not list(matrix.folder.glob("pylock.*aarch64*"))
    error = failure_of(built)
    assert isinstance(error, TargetsError)
    assert error.exit_code == 12


def test_a_wheel_that_only_one_target_has_spoils_no_other(matrix: Matrix) -> None:
    matrix.wheel("beta", "1.0", platform="linux-x86_64")
    matrix.wheel("beta", "1.0", platform="windows-x86_64")
    bad = matrix.wheel("beta", "1.0", platform="linux-aarch64")
    with tarfile.open(bad, "w") as archive:
        archive.add(__file__, "not-a-zip")
    built = build(matrix, matrix.plan("[beta]", "bytecode: none\n"), keep_going=True)
    assert dist(matrix) == sorted([f"{STEMS[0]}.sh", f"{STEMS[2]}.exe"])
    assert built[1].error is not None


def test_a_dry_run_shows_the_plan_and_writes_nothing(matrix: Matrix, packed: list[str]) -> None:
    plan = matrix.plan(more="bytecode: none\n")
    before = sorted(matrix.folder.iterdir())
    foreseen = preview(plan, matrix.settings, mode=LockMode.UPDATE)
    assert [one.error for one in foreseen] == [None] * 3
    assert [one.packed for one in foreseen] == [0, 0, 0]
    assert sorted(matrix.folder.iterdir()) == before
    assert packed == []
    build(matrix, plan)
    assert [one.packed for one in preview(plan, matrix.settings, mode=LockMode.UPDATE)] == [2, 2, 2]


def test_packages_can_be_chosen_before_the_interpreter_is_there(matrix: Matrix) -> None:
    recipe = matrix.folder / "far.yaml"
    text = 'name: far\nversion: "1"\nbuild_tools: false\nfind_links: [wheelhouse]\npackages: [alpha, tool]\n'
    recipe.write_text(f"{text}python: ['3.12']\nplatforms: [macos-arm64, linux-x86_64]\ninterpreter: pbs\n")
    make_wheel(matrix.folder / "wheelhouse", "tool", "1.0", tag="cp312-cp312-macosx_11_0_arm64")
    make_wheel(matrix.folder / "wheelhouse", "tool", "1.0", tag="cp312-cp312-manylinux_2_17_x86_64")
    make_wheel(matrix.folder / "wheelhouse", "tool", "2.0", tag="cp312-cp312-manylinux_2_17_x86_64")
    foreseen = preview(make_plan([load(recipe)], Choice()), matrix.settings, mode=LockMode.UPDATE)
    assert [one.error for one in foreseen] == [None, None]
    assert [one.interpreter.source for one in foreseen if one.interpreter] == ["pbs", "pbs"]
    assert [one.lock.wheels[2].version for one in foreseen if one.lock] == ["1.0", "1.0"]


def locks_of(matrix: Matrix, plan: Plan) -> list[Lock | BuilderError]:
    outcomes = lock_everything(plan, matrix.settings, mode=LockMode.UPDATE)
    return [read_lock(one) if isinstance(one, Path) else one for one in outcomes.values()]


def test_bytecode_for_foreign_platforms_is_made_by_any_python_of_the_minor_version(matrix: Matrix) -> None:
    built = build(matrix, matrix.plan())
    assert [one.lock.bytecode for one in built if one.lock] == ["build"] * 3
    assert all(one.lock.compiler and one.lock.compiler.startswith(f"{MINOR}.") for one in built if one.lock)


def test_without_such_a_python_the_installer_compiles_or_the_build_stops(matrix: Matrix) -> None:
    matrix.pythons = (ABSENT,)
    matrix.interpreters()
    assert [lock.bytecode for lock in locks_of(matrix, matrix.plan()) if isinstance(lock, Lock)] == ["install"] * 3
    assert [
        lock.bytecode for lock in locks_of(matrix, matrix.plan(more="bytecode: none\n")) if isinstance(lock, Lock)
    ] == ["none"] * 3
    for error in locks_of(matrix, matrix.plan(more="bytecode: build\n")):
        assert isinstance(error, InterpreterError)
        assert f"it has no Python {ABSENT}" in error.message
        assert "bytecode: auto" in (error.hint or "")


def test_locked_bytecode_is_made_by_the_same_python_or_not_at_all(matrix: Matrix) -> None:
    plan = matrix.plan(platforms=["linux-aarch64"])
    assert build(matrix, plan)[0].error is None
    assert build(matrix, plan, mode=LockMode.LOCKED)[0].error is None
    [path] = matrix.folder.glob("pylock.*")
    lock = read_lock(path)
    path.write_text(path.read_text().replace(f'compiler = "{lock.compiler}"', f'compiler = "{MINOR}.99"'))
    error = build(matrix, plan, mode=LockMode.LOCKED)[0].error
    assert isinstance(error, InterpreterError)
    assert f"it has no Python {MINOR}.99" in error.message
    assert build(matrix, plan)[0].error is None
    assert read_lock(path) == lock
