"""The table of platforms, checked from what packaging itself says of the host and from recorded facts."""

import sys

import pytest
from packaging.markers import Marker, default_environment
from packaging.tags import Tag

from builder.platforms import PLATFORMS


def tags(platform: str, python: str = "3.11", glibc: str | None = None, macos: str | None = None) -> list[Tag]:
    return PLATFORMS[platform].tags(python, glibc=glibc, macos=macos)


def test_linux_takes_wheels_up_to_its_glibc_and_no_newer() -> None:
    found = {str(tag) for tag in tags("linux-x86_64", glibc="2.28")}
    assert {
        "cp311-cp311-manylinux_2_28_x86_64",
        "cp311-abi3-manylinux2014_x86_64",
        "cp36-abi3-manylinux_2_5_x86_64",
        "py3-none-any",
        "cp311-cp311-linux_x86_64",
    } <= found
    assert not [tag for tag in found if "manylinux_2_29" in tag or "musllinux" in tag or "cp312-cp312" in tag]
    assert not [tag for tag in {str(tag) for tag in tags("linux-aarch64")} if "x86_64" in tag or "manylinux2010" in tag]


def test_the_most_specific_wheel_comes_first() -> None:
    order = [str(tag) for tag in tags("linux-x86_64", glibc="2.28")]
    assert order[0] == "cp311-cp311-manylinux_2_28_x86_64"
    assert order.index("cp311-cp311-manylinux_2_17_x86_64") < order.index("cp311-abi3-manylinux_2_28_x86_64")
    assert order.index("cp311-abi3-manylinux_2_28_x86_64") < order.index("py3-none-any")


def test_windows_and_macos_have_their_own_tags() -> None:
    assert "cp312-cp312-win_amd64" in {str(tag) for tag in tags("windows-x86_64", "3.12")}
    assert "cp312-cp312-win_arm64" in {str(tag) for tag in tags("windows-arm64", "3.12")}
    arm = {str(tag) for tag in tags("macos-arm64", macos="12.0")}
    assert {"cp311-cp311-macosx_12_0_arm64", "cp311-cp311-macosx_11_0_universal2"} <= arm
    assert "cp311-cp311-macosx_13_0_arm64" not in arm


def test_no_marker_is_taken_from_the_host() -> None:
    for platform in PLATFORMS.values():
        environment = platform.marker_environment("3.9.13")
        assert set(environment) == set(default_environment())
        assert not Marker("python_version >= '3.10'").evaluate(environment)
    windows = PLATFORMS["windows-x86_64"].marker_environment("3.11.7")
    assert Marker("sys_platform == 'win32' and platform_machine == 'AMD64' and os_name == 'nt'").evaluate(windows)
    mac = PLATFORMS["macos-arm64"].marker_environment("3.11.7")
    assert Marker("sys_platform == 'darwin' and platform_system == 'Darwin' and platform_machine == 'arm64'").evaluate(
        mac
    )


@pytest.mark.skipif(sys.platform != "linux", reason="compares with the host's own markers")
def test_the_linux_environment_is_what_a_linux_python_says_of_itself() -> None:
    ours = PLATFORMS["linux-x86_64"].marker_environment(".".join(map(str, sys.version_info[:3])))
    host = default_environment()
    for marker in ("os_name", "sys_platform", "platform_system", "python_version", "implementation_name"):
        assert ours[marker] == host[marker]  # type: ignore[literal-required]


@pytest.mark.parametrize(
    ("platform", "glibc", "name"),
    [
        ("linux-x86_64", None, "x86_64-manylinux_2_28"),
        ("linux-x86_64", "2.30", "x86_64-manylinux_2_28"),
        ("linux-x86_64", "2.99", "x86_64-manylinux_2_40"),
        ("linux-aarch64", "2.17", "aarch64-manylinux_2_17"),
        ("macos-arm64", None, "aarch64-apple-darwin"),
        ("windows-arm64", None, "aarch64-pc-windows-msvc"),
    ],
)
def test_uv_gets_the_next_lower_name_that_it_knows(platform: str, glibc: str | None, name: str) -> None:
    assert PLATFORMS[platform].uv_platform(glibc=glibc, macos=None)[0] == name
