"""Resolutions by the real uv, from folders and pages of small wheels."""

import sys
import tarfile
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from builder.elf import oldest_glibc
from builder.errors import BuilderError, FetchError, ResolveError
from builder.lock import Lock, minimum_glibc
from builder.locking import LockMode
from builder.resolve import authorize, resolve
from builder.settings import Settings
from tests.conftest import skip_unless

from .locks import Notes, lock_target, make_interpreter, make_settings, make_target, other_host
from .loopback import Answer, Request, Server, index, serving
from .wheels import make_wheel, sha256

WHEELS = "find_links: [wheelhouse]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / 'it\'s "a" földer 中'
    make_wheel(folder / "wheelhouse", "pip", "26.0")
    return folder


@pytest.fixture
def nowhere(tmp_path: Path) -> dict[str, str]:
    """What makes uv do without an index."""
    (tmp_path / "uv.toml").write_text("no-index = true\n")
    return {"UV_CONFIG_FILE": str(tmp_path / "uv.toml")}


@pytest.fixture
def settings(tmp_path: Path, nowhere: dict[str, str]) -> Settings:
    return make_settings(tmp_path, env=nowhere)


def stock(folder: Path, *wheels: str, **facts: object) -> None:
    """Put wheels ("alpha 1.0") into the wheelhouse."""
    for wheel in wheels:
        name, version = wheel.split()
        make_wheel(folder / "wheelhouse", name, version, **facts)  # type: ignore[arg-type]


def versions(lock: Lock) -> dict[str, str]:
    return {wheel.name: wheel.version for wheel in lock.wheels}


def test_the_newest_consistent_set_is_locked(folder: Path, settings: Settings) -> None:
    stock(folder, "Beta_Two 1.0", "Beta_Two 1.1", "Beta_Two 2.0")
    stock(folder, "alpha 1.0", requires=["beta-two >=1, <2"])
    lock = resolve(make_target(folder, WHEELS + "packages: [alpha]\n"), make_interpreter(), settings)
    assert versions(lock) == {"alpha": "1.0", "beta-two": "1.1", "pip": "26.0"}
    path = folder / "wheelhouse" / "alpha-1.0-py3-none-any.whl"
    assert lock.wheels[0].path == path
    assert lock.wheels[0].sha256 == sha256(path)
    assert lock.wheels[0].size == path.stat().st_size
    assert settings.fetcher.fetch(lock.downloads)[0].read_bytes() == path.read_bytes()
    assert isinstance(settings.reporter, Notes)
    assert settings.reporter.steps[0].startswith("resolved 3 wheels")


@pytest.mark.parametrize(
    ("platform", "tag"),
    [
        ("linux-x86_64", "cp311-cp311-manylinux_2_28_x86_64"),
        ("linux-aarch64", "cp311-cp311-manylinux2014_aarch64"),
        ("macos-x86_64", "cp311-cp311-macosx_10_9_x86_64"),
        ("macos-arm64", "cp311-cp311-macosx_11_0_arm64"),
        ("windows-x86_64", "cp311-cp311-win_amd64"),
        ("windows-arm64", "cp311-cp311-win_arm64"),
    ],
)
def test_each_platform_gets_the_wheel_that_suits_it_best(
    folder: Path, settings: Settings, platform: str, tag: str
) -> None:
    for other in (
        tag,
        "py3-none-any",
        "cp310-abi3-win_amd64",
        "cp312-cp312-manylinux_2_28_x86_64",
        "cp311-cp311-win32",
    ):
        stock(folder, "alpha 1.0", tag=other)
    stock(folder, "winonly 1.0", "maconly 1.0", "linuxonly 1.0")
    packages = "packages: [alpha, winonly; sys_platform == 'win32', maconly; sys_platform == 'darwin']\n"
    target = make_target(folder, WHEELS + packages, platform=platform)
    lock = resolve(target, make_interpreter(), settings)
    assert lock.wheels[0].filename == f"alpha-1.0-{tag}.whl"
    assert ("winonly" in versions(lock)) == ("windows" in platform)
    assert ("maconly" in versions(lock)) == ("macos" in platform)


def test_wheels_suit_the_oldest_glibc(folder: Path, settings: Settings) -> None:
    stock(folder, "alpha 2.0", tag="cp311-cp311-manylinux_2_34_x86_64")
    stock(folder, "alpha 1.0", tag="cp311-cp311-manylinux_2_17_x86_64")
    packages = WHEELS + "packages: [alpha]\n"
    allowed = resolve(make_target(folder, packages + 'glibc: "2.30"\n'), make_interpreter(), settings)
    assert versions(allowed)["alpha"] == "1.0"
    usual = resolve(make_target(folder, packages), make_interpreter(glibc="2.17"), settings)
    assert versions(usual)["alpha"] == "1.0"
    newer = resolve(make_target(folder, packages), make_interpreter(glibc="2.36"), settings)
    assert versions(newer)["alpha"] == "2.0"
    assert minimum_glibc(newer) == "2.36"


def test_libraries_tell_the_glibc_that_a_tag_does_not(folder: Path, settings: Settings) -> None:
    library = Path(sys.executable).resolve()
    known = oldest_glibc([library])
    skip_unless(known, "this Python does not run on glibc")
    stock(folder, "alpha 1.0", files={"alpha/lib.so": library.read_bytes()}, tag="cp311-cp311-linux_x86_64")
    target = make_target(folder, WHEELS + "packages: [alpha]\n")
    lock = lock_target(target, make_interpreter(glibc="2.1"), settings, LockMode.UPDATE)
    assert minimum_glibc(lock) == known
    assert lock_target(target, make_interpreter(glibc="2.1"), settings, LockMode.LOCKED) == lock


def test_the_previous_versions_are_kept_unless_upgraded(folder: Path, settings: Settings) -> None:
    stock(folder, "alpha 1.0", "beta 1.0")
    first = resolve(make_target(folder, WHEELS + "packages: [alpha, beta]\n"), make_interpreter(), settings)
    stock(folder, "alpha 1.1", "beta 1.1")
    target = make_target(folder, WHEELS + "packages: [alpha, 'beta >1']\n")
    kept = resolve(target, make_interpreter(), settings, previous=first)
    assert versions(kept) == {"alpha": "1.0", "beta": "1.1", "pip": "26.0"}
    upgraded = lock_target(target, make_interpreter(), settings, LockMode.UPGRADE)
    assert versions(upgraded)["alpha"] == "1.1"


def test_constraints_limit_without_requiring(folder: Path, settings: Settings) -> None:
    stock(folder, "alpha 1.0", "alpha 2.0", "beta 1.0")
    (folder / "limits.txt").write_text("beta ==9\n")
    target = make_target(folder, WHEELS + "packages: [alpha]\nconstraints: ['alpha <2', limits.txt]\n")
    assert versions(resolve(target, make_interpreter(), settings)) == {"alpha": "1.0", "pip": "26.0"}


def test_build_tools_are_locked_unless_declined(folder: Path, settings: Settings) -> None:
    tools = ["flit-core", "hatchling", "poetry-core", "setuptools", "wheel"]
    stock(folder, *(f"{tool.replace('-', '_')} 1.0" for tool in tools))
    target = make_target(folder, WHEELS)
    wanting = target.recipe.model_copy(update={"build_tools": True})
    with_tools = resolve(type(target)(**{**vars(target), "recipe": wanting}), make_interpreter(), settings)
    assert sorted(versions(with_tools)) == sorted([*tools, "pip"])
    assert sorted(versions(resolve(target, make_interpreter(), settings))) == ["pip"]


def test_own_wheels_are_taken_where_they_lie(folder: Path, settings: Settings) -> None:
    own = make_wheel(folder / "öwn", "alpha", "2.0")
    make_wheel(folder / "öwn", "unused", "1.0")
    stock(folder, "alpha 1.0")
    stock(folder, "alpha 2.0", files={"alpha.py": "other"})
    target = make_target(folder, WHEELS + "packages: [alpha]\nwheels: ['öwn/*.whl']\n")
    lock = lock_target(target, make_interpreter(), settings, LockMode.UPDATE)
    assert versions(lock) == {"alpha": "2.0", "pip": "26.0"}
    assert lock.wheels[0].path == own
    assert lock.wheels[0].sha256 == sha256(own)
    assert lock_target(target, make_interpreter(), settings, LockMode.LOCKED) == lock


def test_the_explanation_of_a_conflict_reaches_the_user(folder: Path, settings: Settings) -> None:
    stock(folder, "beta 1.0", "beta 2.0")
    stock(folder, "alpha 1.0", requires=["beta <2"])
    target = make_target(folder, WHEELS + "packages: [alpha, 'beta >=2']\n")
    with pytest.raises(ResolveError) as caught:
        resolve(target, make_interpreter(), settings)
    message = caught.value.message
    assert message.startswith("no set of wheels fits demo for Python 3.11 on linux-x86_64:\n")
    for words in ("alpha", "beta<2", "beta>=2", "unsatisfiable"):
        assert words in message
    assert "\x1b" not in message


def make_sdist(folder: Path, name: str = "sauce", version: str = "1.0") -> Path:
    """A source distribution with a build backend of its own, which needs nothing."""
    backend = f"""
import sys, zipfile
def build_wheel(folder, config=None, metadata=None):
    name = "{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(folder + "/" + name, "w") as wheel:
        info = "{name}-{version}.dist-info/"
        wheel.writestr("{name}.py", f"QUIET = {{sys.dont_write_bytecode}}")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return name
"""
    files = {
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        f'[project]\nname = "{name}"\nversion = "{version}"\n',
        "backend.py": backend,
        "PKG-INFO": f"Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for file, text in files.items():
            member = tarfile.TarInfo(f"{name}-{version}/{file}")
            member.size = len(text.encode())
            archive.addfile(member, BytesIO(text.encode()))
    return path


def test_a_package_without_wheel_is_named_with_what_to_do(folder: Path, settings: Settings) -> None:
    make_sdist(folder / "wheelhouse")
    with pytest.raises(ResolveError) as caught:
        resolve(make_target(folder, WHEELS + "packages: [sauce]\n"), make_interpreter(), settings)
    assert "sauce" in caught.value.message
    assert "build_from_source: [sauce]" in (caught.value.hint or "")
    elsewhere = make_target(folder, WHEELS + "packages: [sauce]\n", platform="windows-arm64")
    with pytest.raises(ResolveError) as caught:
        resolve(elsewhere, make_interpreter(), settings)
    assert "windows-arm64" in caught.value.message
    assert "build_from_source" not in (caught.value.hint or "")


def test_a_wheel_is_built_where_that_is_allowed(folder: Path, settings: Settings) -> None:
    make_sdist(folder / "wheelhouse")
    stock(folder, "alpha 1.0", requires=["sauce"])
    python = settings.host.python_version
    minor = settings.host.python_minor
    text = WHEELS + "packages: [alpha]\nbuild_from_source: [sauce]\n"
    target = make_target(folder, text, python=minor, platform=settings.host.platform_name)
    lock = lock_target(target, make_interpreter(python), settings, LockMode.UPDATE)
    built = next(wheel for wheel in lock.wheels if wheel.name == "sauce")
    assert built.path is not None
    assert built.path.is_relative_to(settings.cache.root / "wheels")
    assert built.sha256 == sha256(built.path)
    # The Python that builds may be the one in the cache, into which nothing may be written.
    assert zipfile.ZipFile(built.path).read("sauce.py") == b"QUIET = True"
    again = lock_target(target, make_interpreter(python), settings, LockMode.UPGRADE)
    assert again == lock
    assert isinstance(settings.reporter, Notes)
    assert [step for step in settings.reporter.steps if "building" in step] == ["building sauce-1.0.tar.gz"]


def test_a_wheel_is_not_built_for_another_machine(folder: Path, tmp_path: Path, nowhere: dict[str, str]) -> None:
    make_sdist(folder / "wheelhouse")
    settings = make_settings(tmp_path, env=nowhere, host=other_host(python_version="3.12.1"))
    target = make_target(folder, WHEELS + "packages: [sauce]\nbuild_from_source: [sauce]\n")
    with pytest.raises(ResolveError, match=r"sauce would have to be built .* Python 3\.11 on linux-x86_64"):
        resolve(target, make_interpreter(), settings)


def test_a_wheel_at_an_address_must_suit_the_target(folder: Path, settings: Settings) -> None:
    path = make_wheel(folder / "elsewhere", "alpha", "1.0", tag="cp311-cp311-win_amd64")
    packages = f"packages: ['alpha @ {path.as_uri()}']\n"
    with pytest.raises(BuilderError, match="alpha"):
        resolve(make_target(folder, WHEELS + packages), make_interpreter(), settings)
    target = make_target(folder, WHEELS + packages, platform="windows-x86_64")
    assert resolve(target, make_interpreter(), settings).wheels[0].path == path


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with serving(lambda request: index(request, folder / "wheelhouse")) as server:
        yield server


@pytest.mark.parametrize("means", ["recipe", "uv", "pip variable", "pip file"])
def test_an_index_may_be_named_in_several_places(folder: Path, tmp_path: Path, server: Server, means: str) -> None:
    stock(folder, "alpha 1.0")
    url = f"{server.url}/simple"
    recipe = f"indexes: ['{url}']\n" if means == "recipe" else ""
    env = {"uv": {"UV_DEFAULT_INDEX": url}, "pip variable": {"PIP_INDEX_URL": url}}.get(means, {})
    if means == "pip file":
        (tmp_path / "home" / ".config" / "pip").mkdir(parents=True)
        file = tmp_path / "home" / ".config" / "pip" / "pip.conf"
        file.write_text(
            f"[global]\nindex-url = {url}\nextra-index-url = file:///none/simple\n    file:///none2/simple\n"
        )
    settings = make_settings(tmp_path, env=env)
    lock = resolve(make_target(folder, recipe + "packages: [alpha]\n"), make_interpreter(), settings)
    assert lock.wheels[0].url == f"{server.url}/files/alpha-1.0-py3-none-any.whl"
    assert settings.fetcher.fetch(lock.downloads)[0].is_file()


def test_indexes_are_asked_in_the_order_of_the_recipe(folder: Path, tmp_path: Path, server: Server) -> None:
    stock(folder, "alpha 1.0")
    make_wheel(folder / "second", "alpha", "2.0")
    make_wheel(folder / "second", "beta", "1.0")
    with serving(lambda request: index(request, folder / "second")) as second:
        text = f"indexes: ['{server.url}/simple', {{name: lab, url: '{second.url}/simple'}}]\npackages: [alpha, beta]\n"
        lock = resolve(make_target(folder, text), make_interpreter(), make_settings(tmp_path))
    assert versions(lock) == {"alpha": "1.0", "beta": "1.0", "pip": "26.0"}


def test_credentials_of_an_index_are_used_and_not_locked(folder: Path, tmp_path: Path) -> None:
    stock(folder, "alpha 1.0")

    def answer(request: Request) -> Answer:
        if "Authorization" not in request.headers:
            return Answer(status=401, headers={"WWW-Authenticate": "Basic"})
        return index(request, folder / "wheelhouse")

    with serving(answer) as private:
        recipe = f"indexes: [{{name: my-lab, url: '{private.url}/simple'}}]\npackages: [alpha]\n"
        named = {"UV_INDEX_MY_LAB_USERNAME": "me", "UV_INDEX_MY_LAB_PASSWORD": "s3cret"}
        in_url = {"PIP_INDEX_URL": private.url.replace("://", "://me:s3cret@") + "/simple"}
        for text, env in ((recipe, named), ("packages: [alpha]\n", in_url)):
            settings = make_settings(tmp_path / str(len(env)), env=env)
            target = make_target(folder, text)
            lock = lock_target(target, make_interpreter(), settings, LockMode.UPGRADE)
            assert settings.fetcher.fetch(lock.downloads)[0].is_file()
            assert "s3cret" not in (folder / target.lock_name).read_text()
            assert "me@" not in (folder / target.lock_name).read_text()
        without = make_settings(tmp_path / "none")
        authorize(make_target(folder, recipe), without)
        with pytest.raises(BuilderError) as caught:
            resolve(make_target(folder, recipe), make_interpreter(), without)
        assert "401" in caught.value.message


def test_an_index_out_of_reach_is_no_conflict(folder: Path, tmp_path: Path) -> None:
    settings = make_settings(tmp_path, env={"UV_DEFAULT_INDEX": "http://me:s3cret@127.0.0.1:9/simple"})
    with pytest.raises(FetchError, match=r"127\.0\.0\.1:9") as caught:
        resolve(make_target(folder, "packages: [alpha]\n"), make_interpreter(), settings)
    assert "s3cret" not in caught.value.message
    assert "index" in (caught.value.hint or "")


def test_offline_resolves_from_the_cache_alone(folder: Path, tmp_path: Path, server: Server) -> None:
    stock(folder, "alpha 1.0", "beta 1.0")
    env = {"UV_DEFAULT_INDEX": f"{server.url}/simple"}
    online = resolve(make_target(folder, "packages: [alpha]\n"), make_interpreter(), make_settings(tmp_path, env=env))
    asked = len(server.requests)
    offline = make_settings(tmp_path, env=env, offline=True)
    again = resolve(make_target(folder, "packages: [alpha]\n"), make_interpreter(), offline)
    assert versions(again) == versions(online)
    with pytest.raises(ResolveError, match="beta was not found in the cache") as caught:
        resolve(make_target(folder, "packages: [alpha, beta]\n"), make_interpreter(), offline)
    assert "--offline" in (caught.value.hint or "")
    assert len(server.requests) == asked


def test_settings_for_other_uses_of_uv_change_nothing(folder: Path, tmp_path: Path, nowhere: dict[str, str]) -> None:
    stock(folder, "alpha 1.0", "alpha 2.0")
    disturbing = {
        "UV_RESOLUTION": "lowest", "UV_PYTHON": "3.8", "UV_SYSTEM_PYTHON": "1", "UV_NO_CACHE": "1",
        "VIRTUAL_ENV": "/none", "UV_CONSTRAINT": "/none", "FORCE_COLOR": "1",
    }  # fmt: skip
    settings = make_settings(tmp_path, env={**nowhere, **disturbing})
    lock = resolve(make_target(folder, WHEELS + "packages: [alpha]\n"), make_interpreter(), settings)
    assert versions(lock)["alpha"] == "2.0"
