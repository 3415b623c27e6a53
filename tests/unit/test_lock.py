"""Locks on disk, and when one fits."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.pylock import Pylock, is_valid_pylock_path

from builder.errors import InterpreterError, OutputError, RecipeError, ResolveError
from builder.lock import (
    Lock,
    LockedWheel,
    check_lock,
    lock_differences,
    minimum_glibc,
    minimum_macos,
    public_lock,
    read_lock,
    wheel_glibc,
    wheel_macos,
    write_lock,
)
from builder.lock_inputs import Inputs
from builder.locking import LockMode, lock_path, pinned_interpreter
from builder.platforms import PLATFORMS
from builder.resolve import check_glibc, locked_interpreter
from builder.target import Target

from .locks import Notes, lock_target, make_interpreter, make_settings, make_target
from .wheels import make_wheel

PACKAGES = 'packages: ["alpha >=1", "beta; sys_platform == \'win32\'"]\n'


def wheel(filename: str = "alpha-1.0-py3-none-any.whl", **facts: object) -> LockedWheel:
    name, version = filename.split("-")[:2]
    known: dict[str, object] = {
        "name": name,
        "version": version,
        "filename": filename,
        "sha256": "b" * 64,
        "url": f"https://files.example/{filename}",
        "size": 123,
    }
    return LockedWheel(**{**known, **facts})  # type: ignore[arg-type]


def lock_of(target: Target, *wheels: LockedWheel, glibc: str | None = "2.17") -> Lock:
    interpreter = make_interpreter(glibc=glibc)
    return Lock(
        recipe=target.recipe.name,
        version=target.recipe.version,
        python=target.python_minor,
        platform=target.platform.name,
        inputs=Inputs.of(target, interpreter.version),
        interpreter=locked_interpreter(interpreter),
        wheels=wheels or (wheel(),),
        bytecode=target.recipe.bytecode,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / 'it\'s "a" földer 中'


@pytest.fixture
def target(folder: Path) -> Target:
    return make_target(folder, PACKAGES)


def test_a_lock_is_read_as_it_was_written(target: Target) -> None:
    own = wheel("beta-2.0-py3-none-any.whl", url=None, path=target.folder / "wheels" / "beta-2.0-py3-none-any.whl")
    far = wheel("gamma-1-cp311-cp311-linux_x86_64.whl", url=None, path=Path("/far/é.whl"), size=None, glibc="2.31")
    lock = lock_of(target, wheel(), own, far)
    path = lock_path(target)
    write_lock(lock, path)
    assert read_lock(path) == lock
    assert 'path = "wheels/beta-2.0-py3-none-any.whl"' in path.read_text()
    assert path.parent == target.folder
    assert is_valid_pylock_path(path)


def test_the_same_lock_gives_the_same_bytes(target: Target) -> None:
    path = lock_path(target)
    write_lock(lock_of(target), path)
    first = path.read_bytes()
    write_lock(read_lock(path), path)
    assert path.read_bytes() == first
    assert [entry.name for entry in path.parent.iterdir() if entry.name.startswith(".")] == []


@pytest.mark.parametrize("public", [True, False])
def test_a_lock_follows_pep_751(target: Target, public: bool) -> None:
    write_lock(lock_of(target), lock_path(target))
    text = public_lock(lock_of(target), {"alpha": "index"}) if public else lock_path(target).read_text()
    document = Pylock.from_dict(tomllib.loads(text))
    environment = target.platform.marker_environment("3.11.7")
    [(package, chosen)] = document.select(
        environment=environment, tags=target.platform.tags("3.11", glibc=None, macos=None)
    )  # type: ignore[arg-type]
    assert package.name == "alpha"
    assert chosen.hashes == {"sha256": "b" * 64}  # type: ignore[union-attr]


def test_what_is_shipped_holds_no_addresses(target: Target) -> None:
    text = public_lock(lock_of(target), {"alpha": "index"})
    assert "://" not in text
    assert 'source = "index"' in text
    assert 'path = "alpha-1.0-py3-none-any.whl"' in text
    assert "secret" not in text


def test_credentials_of_the_interpreter_are_not_locked(target: Target) -> None:
    assert lock_of(target).interpreter.url == "https://host.example/python.tar.gz"


@pytest.mark.parametrize(
    ("filename", "glibc"),
    [
        ("a-1-py3-none-any.whl", None),
        ("a-1-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl", "2.27"),
        ("a-1-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl", "2.17"),
        ("a-1-cp311-cp311-manylinux1_x86_64.manylinux_2_28_x86_64.whl", "2.5"),
        ("a-1-cp311-cp311-manylinux_2_17_aarch64.manylinux_2_34_x86_64.whl", "2.34"),
        ("a-1-cp311-cp311-linux_x86_64.whl", None),
    ],
)
def test_a_wheel_needs_the_oldest_glibc_of_its_tags(filename: str, glibc: str | None) -> None:
    assert wheel_glibc(wheel(filename), "linux-x86_64") == glibc


def test_the_minimum_is_what_interpreter_and_all_wheels_run_on(target: Target) -> None:
    newer = wheel("beta-1-cp311-cp311-manylinux_2_28_x86_64.whl")
    assert minimum_glibc(lock_of(target, wheel(), newer, glibc="2.9")) == "2.28"
    assert minimum_glibc(lock_of(target, wheel(), newer, glibc="2.34")) == "2.34"
    assert minimum_glibc(lock_of(target, wheel(), glibc=None)) is None


@pytest.mark.parametrize(
    ("filename", "arm64", "x86_64"),
    [
        ("a-1-py3-none-any.whl", None, None),
        ("a-1-cp311-cp311-macosx_12_0_arm64.whl", "12.0", None),
        ("a-1-cp311-cp311-macosx_10_9_universal2.whl", "10.9", "10.9"),
        ("a-1-cp311-cp311-macosx_10_9_x86_64.macosx_11_0_arm64.macosx_10_9_universal2.whl", "10.9", "10.9"),
        ("a-1-cp311-cp311-macosx_14_0_arm64.macosx_10_12_x86_64.whl", "14.0", "10.12"),
    ],
)
def test_a_wheel_needs_the_oldest_macos_of_its_tags(filename: str, arm64: str | None, x86_64: str | None) -> None:
    assert wheel_macos(wheel(filename), PLATFORMS["macos-arm64"]) == arm64
    assert wheel_macos(wheel(filename), PLATFORMS["macos-x86_64"]) == x86_64


def test_the_oldest_macos_is_what_engine_interpreter_wheels_and_recipe_run_on(folder: Path) -> None:
    lock = lock_of(make_target(folder, PACKAGES, platform="macos-arm64"), wheel())
    assert minimum_macos(lock) == "11.0"
    assert minimum_macos(asking(lock, "13.0")) == "13.0"
    newer = replace(lock, wheels=(*lock.wheels, wheel("beta-1-cp311-cp311-macosx_12_0_arm64.whl")))
    assert minimum_macos(newer) == "12.0"
    own = replace(newer, interpreter=replace(lock.interpreter, macos="12.3"))
    assert minimum_macos(own) == "12.3"
    assert minimum_macos(asking(own, "10.15")) == "12.3"


def test_only_the_system_of_the_lock_has_an_oldest_version(folder: Path, target: Target) -> None:
    everywhere = wheel("a-1-py3-none-manylinux_2_28_x86_64.macosx_12_0_x86_64.whl")
    on_macos = lock_of(make_target(folder, PACKAGES, platform="macos-x86_64"), everywhere, glibc=None)
    on_linux = lock_of(target, everywhere, glibc=None)
    assert (minimum_glibc(on_macos), minimum_macos(on_macos)) == (None, "12.0")
    assert (minimum_glibc(on_linux), minimum_macos(on_linux)) == ("2.28", None)


def asking(lock: Lock, macos: str) -> Lock:
    """As if the recipe had said `macos:`."""
    return replace(lock, inputs=replace(lock.inputs, macos=macos))


def test_what_needs_a_newer_glibc_than_allowed_is_named(folder: Path) -> None:
    target = make_target(folder, PACKAGES + 'glibc: "2.17"\n')
    check_glibc(lock_of(target), target)
    newer = wheel("beta-1-cp311-cp311-manylinux_2_28_x86_64.whl")
    with pytest.raises(ResolveError) as caught:
        check_glibc(lock_of(target, wheel(), newer, glibc="2.34"), target)
    assert "the interpreter (url) needs glibc 2.34" in caught.value.message
    assert "beta-1-cp311-cp311-manylinux_2_28_x86_64.whl needs glibc 2.28" in caught.value.message
    assert "alpha" not in caught.value.message
    assert '"2.34"' in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("text", "difference"),
    [
        ("packages: [alpha >=1, gamma]\n", "packages: + gamma"),
        ("packages: []\n", "packages: - alpha>=1"),
        (PACKAGES + "constraints: [gamma <3]\n", "constraints: + gamma<3"),
        (PACKAGES + 'glibc: "2.28"\n', "glibc: none in the lock, 2.28 in the recipe"),
        (PACKAGES + "indexes: [https://index.example/simple]\n", "sources: indexes, find_links or the content"),
        (PACKAGES + "bytecode: install\n", "bytecode: none in the lock, install in the recipe"),
        (PACKAGES + "build_from_source: [alpha]\n", "build_from_source: + alpha"),
    ],
)
def test_a_change_of_the_recipe_is_named(target: Target, tmp_path: Path, text: str, difference: str) -> None:
    lock = lock_of(target)
    assert lock_differences(lock, target) == []
    [found] = lock_differences(lock, make_target(tmp_path / "new", text))
    assert found.startswith(difference)


def test_what_does_not_concern_the_set_needs_no_new_lock(target: Target, tmp_path: Path) -> None:
    same = PACKAGES.replace("win32", "cygwin") + "compression: fast\ncompany: Acme\nmacos: '11.0'\n"
    assert lock_differences(lock_of(target), make_target(tmp_path / "new", same)) == []


def test_another_target_does_not_fit(target: Target, tmp_path: Path) -> None:
    other = make_target(tmp_path / "new", PACKAGES, python="3.12", platform="linux-aarch64")
    with pytest.raises(RecipeError) as caught:
        check_lock(lock_of(target), other)
    assert "python: 3.11 in the lock, 3.12 in the recipe" in caught.value.message
    assert "platform: linux-x86_64 in the lock, linux-aarch64 in the recipe" in caught.value.message
    assert "keel-builder lock" in (caught.value.hint or "")


def test_a_pinned_patch_must_be_the_locked_one(target: Target, tmp_path: Path) -> None:
    lock = lock_of(target)
    assert lock_differences(lock, make_target(tmp_path / "new", PACKAGES, python="3.11.7")) == []
    [found] = lock_differences(lock, make_target(tmp_path / "new", PACKAGES, python="3.11.9"))
    assert found == "python: 3.11.7 in the lock, 3.11.9 in the recipe"


def test_a_wheel_that_the_target_cannot_use_is_named(target: Target) -> None:
    lock = lock_of(target, wheel("alpha-1.0-cp312-cp312-win_amd64.whl"))
    assert lock_differences(lock, target) == ["alpha-1.0-cp312-cp312-win_amd64.whl is not a wheel for it"]


def test_the_content_of_local_wheels_and_constraint_files_counts(folder: Path) -> None:
    own = make_wheel(folder / "whéels", "alpha", "1.0")
    (folder / "limits.txt").write_text("# limits\nbeta <2  # old\n\n")
    text = PACKAGES + "wheels: ['whéels/*.whl']\nconstraints: [limits.txt]\n"
    lock = lock_of(make_target(folder, text))
    assert lock.inputs.constraints == ("beta <2",)
    make_wheel(folder / "whéels", "alpha", "1.0", {"alpha.py": "new"})
    (folder / "limits.txt").write_text("beta <3\n")
    found = lock_differences(lock, make_target(folder, text))
    assert [line.split(":")[0] for line in found] == ["constraints", "sources"]
    assert own.exists()


def test_a_lock_moves_with_its_recipe(folder: Path, tmp_path: Path) -> None:
    make_wheel(folder / "wheels", "alpha", "1.0")
    text = PACKAGES + "wheels: [wheels/*.whl]\nfind_links: [wheels]\n"
    before = make_target(folder, text)
    place = tmp_path / "moved"
    folder.rename(place)
    assert Inputs.of(make_target(place, text), "3.11.7") == Inputs.of(before_moved(before, place), "3.11.7")


def before_moved(target: Target, place: Path) -> Target:
    recipe = target.recipe.model_copy(
        update={
            "wheels": tuple(place / path.relative_to(target.folder) for path in target.recipe.wheels),
            "find_links": tuple(place / Path(path).relative_to(target.folder) for path in target.recipe.find_links),
        }
    )
    return replace(target, recipe=recipe, folder=place)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('lock-version = "1.0"', 'lock-version = "9.0"', "9.0"),
        ("[tool.keel]", "[tool.other]", "keel"),
        ("schema = 1", "schema = 2", "schema 2"),
        ('"alpha>=1"', '"alpha>=2"', "edited"),
        ('platform = "linux-x86_64"', 'platform = "beos"', "beos"),
        ("alpha-1.0-py3-none-any.whl", "../alpha-1.0-py3-none-any.whl", "alpha"),
        ('version = "1.0"', "version = 1.0", "version"),
        ("=", "", "pylock"),
        ('sha256 = "bbb', 'md5 = "bbb', "sha256"),
    ],
)
def test_something_else_is_not_taken_for_a_lock(target: Target, old: str, new: str, message: str) -> None:
    path = lock_path(target)
    write_lock(lock_of(target), path)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(RecipeError, match="is not a lock of keel-builder") as caught:
        read_lock(path)
    assert message in caught.value.message


def test_a_missing_lock_is_named(target: Target) -> None:
    with pytest.raises(RecipeError, match="there is no lock") as caught:
        pinned_interpreter(target, LockMode.LOCKED)
    assert str(lock_path(target)) in caught.value.message


def test_a_lock_that_cannot_be_written_is_named(target: Target) -> None:
    with pytest.raises(OutputError, match=r"the lock .* cannot be written"):
        write_lock(lock_of(target), target.folder / "none" / "pylock.toml")


def never(*_: object, **__: object) -> Lock:
    raise AssertionError("nothing is to be resolved")


class Resolver:
    """Stands in for uv: gives `lock` and remembers what it was asked for."""

    def __init__(self, lock: Lock) -> None:
        self.lock = lock
        self.asked: list[dict[str, object]] = []

    def __call__(self, *_: object, **asked: object) -> Lock:
        self.asked.append(asked)
        return self.lock


def test_the_first_build_writes_the_lock(target: Target, tmp_path: Path) -> None:
    resolver = Resolver(lock_of(target))
    settings = make_settings(tmp_path)
    lock = lock_target(target, make_interpreter(), settings, LockMode.UPDATE, resolver=resolver)
    assert read_lock(lock_path(target)) == lock == resolver.lock
    assert resolver.asked == [{"previous": None, "upgrade": False}]


def test_a_fitting_lock_is_kept_and_not_written_again(target: Target, tmp_path: Path) -> None:
    write_lock(lock_of(target), lock_path(target))
    before = lock_path(target).stat()
    lock = lock_target(target, make_interpreter(), make_settings(tmp_path), LockMode.UPDATE, resolver=never)
    assert lock == lock_of(target)
    assert lock_path(target).stat() == before


def test_another_build_of_the_interpreter_needs_no_resolution(target: Target, tmp_path: Path) -> None:
    write_lock(lock_of(target), lock_path(target))
    newer = make_interpreter(sha256="c" * 64)
    lock = lock_target(target, newer, make_settings(tmp_path), LockMode.UPDATE, resolver=never)
    assert lock.interpreter.sha256 == "c" * 64
    assert read_lock(lock_path(target)) == lock


@pytest.mark.parametrize("change", ["recipe", "patch", "wheel"])
def test_a_lock_that_no_longer_fits_is_what_the_new_one_starts_from(
    target: Target, tmp_path: Path, change: str
) -> None:
    gone = [wheel(url=None, path=Path("/none/alpha-1.0-py3-none-any.whl"))] if change == "wheel" else []
    old = lock_of(target, *gone)
    write_lock(old, lock_path(target))
    if change == "recipe":
        target = make_target(target.folder, "packages: [alpha]\n")
    interpreter = make_interpreter("3.11.8" if change == "patch" else "3.11.7")
    resolver = Resolver(lock_of(target))
    lock = lock_target(target, interpreter, make_settings(tmp_path), LockMode.UPDATE, resolver=resolver)
    assert resolver.asked == [{"previous": old, "upgrade": False}]
    assert read_lock(lock_path(target)) == lock


def test_upgrade_starts_from_nothing(target: Target, tmp_path: Path) -> None:
    write_lock(lock_of(target), lock_path(target))
    resolver = Resolver(lock_of(target))
    lock_target(target, make_interpreter(), make_settings(tmp_path), LockMode.UPGRADE, resolver=resolver)
    assert resolver.asked == [{"previous": None, "upgrade": True}]


def test_an_unreadable_lock_is_replaced_with_a_warning(target: Target, tmp_path: Path) -> None:
    lock_path(target).write_text("no toml")
    settings = make_settings(tmp_path)
    resolver = Resolver(lock_of(target))
    lock_target(target, make_interpreter(), settings, LockMode.UPDATE, resolver=resolver)
    assert isinstance(settings.reporter, Notes)
    assert "it is replaced" in settings.reporter.warnings[0]
    assert read_lock(lock_path(target)) == resolver.lock


def test_locked_takes_the_lock_as_it_is(target: Target, tmp_path: Path) -> None:
    write_lock(lock_of(target), lock_path(target))
    before = lock_path(target).stat()
    pinned = pinned_interpreter(target, LockMode.LOCKED)
    assert pinned == lock_of(target).interpreter
    settings = make_settings(tmp_path)
    assert lock_target(target, make_interpreter(), settings, LockMode.LOCKED, resolver=never) == lock_of(target)
    assert lock_path(target).stat() == before


def test_locked_refuses_another_recipe_or_interpreter(target: Target, tmp_path: Path) -> None:
    write_lock(lock_of(target), lock_path(target))
    settings = make_settings(tmp_path)
    with pytest.raises(InterpreterError, match="is not the locked one"):
        lock_target(target, make_interpreter(sha256="c" * 64), settings, LockMode.LOCKED, resolver=never)
    changed = make_target(target.folder, "packages: [alpha]\n")
    with pytest.raises(RecipeError, match=r"packages: \+ alpha, - alpha>=1"):
        lock_target(changed, make_interpreter(), settings, LockMode.LOCKED, resolver=never)
    with pytest.raises(RecipeError, match="does not fit"):
        pinned_interpreter(changed, LockMode.LOCKED)
    assert pinned_interpreter(target, LockMode.UPDATE) is None


def test_the_downloads_are_the_wheels_in_order(target: Target) -> None:
    own = wheel("beta-2.0-py3-none-any.whl", url=None, path=Path("/wheels/b.whl"))
    downloads = lock_of(target, wheel(), own).downloads
    assert [download.url for download in downloads] == [
        "https://files.example/alpha-1.0-py3-none-any.whl",
        "/wheels/b.whl",
    ]
    assert downloads[0].sha256 == "b" * 64
