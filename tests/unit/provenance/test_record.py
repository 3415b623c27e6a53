"""The record of a base: SBOM, licences and build info, out of wheels and an interpreter's tree."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from builder.errors import PolicyError
from builder.licensing import is_spdx
from builder.record_names import BUILD, LICENSES, LICENSES_TEXT, LOCK, SBOM, TESTS
from builder.resources import TEMPLATES
from tests.conftest import ROOT
from tests.unit.locks import Notes, make_settings
from tests.unit.provenance.record import make_again, make_record, read
from tests.unit.wheels import make_wheel, sha256

MIT = "Permission is hereby granted, free of charge, to any person obtaining a copy of this software.\n"
BSD = (
    "Redistribution and use in source and binary forms, with or without\nmodification, are permitted. "
    "The name may not be used to endorse or promote products derived from it.\n"
)


def licences(record: Any) -> dict[str, Any]:
    listed = read(record, LICENSES)
    assert listed["schema"] == 1
    return {one["name"]: one for one in listed["packages"] if one["kind"] == "package"}


def components(record: Any) -> dict[str, Any]:
    return {one["bom-ref"]: one for one in read(record, SBOM)["components"]}


def test_the_sbom_follows_the_schema_of_cyclonedx(tmp_path: Path) -> None:
    wheels = [
        make_wheel(tmp_path, "app", requires=["helper[fast]"], metadata="License-Expression: MIT OR Apache-2.0\n"),
        make_wheel(tmp_path, "helper", metadata="License: Oddly Free License\nProvides-Extra: fast\n"),
    ]
    for platform in ("linux-x86_64", "macos-arm64", "windows-x86_64"):
        record = make_record(tmp_path, wheels, "packages: [app]\ncompany: Acme & Söhne\n", platform=platform)
        assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(record.files[SBOM].decode()) is None


def test_the_sbom_has_every_part_with_hash_licence_and_what_it_needs(tmp_path: Path) -> None:
    wheels = [
        make_wheel(tmp_path, "app", requires=["helper[fast]", "windy; sys_platform == 'win32'"]),
        make_wheel(tmp_path, "helper", requires=["quick; extra == 'fast'", "slow; extra == 'slow'"]),
        make_wheel(tmp_path, "quick", metadata="License-Expression: MIT\n"),
        make_wheel(tmp_path, "slow"),
        make_wheel(tmp_path, "windy"),
    ]
    record = make_record(tmp_path, wheels, "packages: [app]\n")
    found = components(record)
    quick = found["package:quick@1.0"]
    assert quick["purl"] == "pkg:pypi/quick@1.0"
    assert quick["hashes"] == [{"alg": "SHA-256", "content": sha256(wheels[2])}]
    assert quick["licenses"] == [{"license": {"id": "MIT", "acknowledgement": "declared"}}]
    assert (quick["scope"], found["package:slow@1.0"]["scope"]) == ("required", "optional")
    assert found["library:openssl@3.0.19"]["cpe"].startswith("cpe:2.3:a:openssl:openssl:3.0.19:")
    assert found["interpreter:python@3.11.7"]["hashes"][0]["content"] == "ab" * 32
    assert {"manager:keel@0.1.0", "engine:keel-engine", "library:musl"} <= set(found)
    assert [ref for ref in found if ref.startswith("library:zstd@1.")]
    needs = {one["ref"]: one.get("dependsOn", []) for one in read(record, SBOM)["dependencies"]}
    assert needs["package:app@1.0"] == ["package:helper@1.0"]
    assert needs["package:helper@1.0"] == ["package:quick@1.0"]
    assert "library:openssl@3.0.19" in needs["interpreter:python@3.11.7"]
    assert {"package:app@1.0", "package:slow@1.0", "interpreter:python@3.11.7"} <= set(needs["base:demo@1.0"])
    assert "package:helper@1.0" not in needs["base:demo@1.0"]


def test_the_serial_number_comes_from_the_content_and_nothing_tells_the_time(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "app")
    one, again = (make_record(tmp_path / name, [wheel], "packages: [app]\n") for name in ("one", "another è"))
    assert one.files == again.files
    other = make_record(tmp_path / "other", [make_wheel(tmp_path, "app", "2.0")], "packages: [app]\n")
    numbers = {read(record, SBOM)["serialNumber"] for record in (one, other)}
    assert len(numbers) == 2
    assert "timestamp" not in one.files[SBOM].decode()


def test_no_address_no_path_and_no_user_is_in_a_record(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "app")
    record = make_record(tmp_path, [wheel], "packages: [app]\n", app={"path": wheel})
    for path, data in record.files.items():
        for secret in ("host.example", "secret", str(tmp_path)):
            assert secret not in data.decode(), path


def test_a_shipped_lock_beside_its_wheels_gives_the_same_record(tmp_path: Path) -> None:
    recipe = "packages: [app, own]\n"
    app, own = make_wheel(tmp_path / "from", "app"), make_wheel(tmp_path / "from", "own")
    record = make_record(tmp_path / "here", [app, own], recipe, own={"path": own})
    again = make_again(tmp_path / "there", record, [app, own], recipe)
    assert {one["name"]: one["source"] for one in read(again, BUILD)["packages"]} == {
        "app": "index", "own": "file", "pip": "index",
    }  # fmt: skip
    assert again.files == record.files


def test_build_info_tells_what_a_base_was_made_of_and_with(tmp_path: Path) -> None:
    own, built = make_wheel(tmp_path, "own"), make_wheel(tmp_path / "cäche/wheels/0123", "built")
    wheels = [make_wheel(tmp_path, "app"), make_wheel(tmp_path, "direct"), own, built]
    recipe = "packages: [app, own, built, 'direct @ https://host.example/direct-1.0-py3-none-any.whl']\n"
    record = make_record(tmp_path, wheels, recipe, own={"path": own}, built={"path": built})
    info = read(record, BUILD)
    assert {one["name"]: one["source"] for one in info["packages"]} == {
        "app": "index", "built": "built", "direct": "url", "own": "file", "pip": "index",
    }  # fmt: skip
    assert info["recipe"]["sha256"] == hashlib.sha256((tmp_path / "recipe.yaml").read_bytes()).hexdigest()
    assert info["lock"] == {"file": LOCK, "sha256": hashlib.sha256(record.files[LOCK]).hexdigest()}
    assert info["interpreter"]["file"] == "cpython-3.11.7+20260901-install_only.tar.gz"
    assert len(info["engine"]["sources_sha256"]) == 64
    assert info["builder"]["zstandard"] == "0.25.0"


def test_licences_come_with_the_texts_that_the_wheels_bring(tmp_path: Path) -> None:
    new = {"new-1.0.dist-info/licenses/LICENSE": MIT, "new-1.0.dist-info/licenses/src/x/NOTICE": "n\n"}
    old = {"old-1.0.dist-info/LICENCE.rst": MIT}
    wheels = [
        make_wheel(tmp_path, "new", files=new, metadata="License-Expression: MIT\nLicense-File: LICENSE\n"),
        make_wheel(tmp_path, "old", files=old, metadata="License: MIT\n"),
        make_wheel(tmp_path, "inline", metadata="License: Copyright someone\n        \n        All of it.\n"),
    ]
    record = make_record(tmp_path, wheels, "packages: [new, old, inline]\n")
    found = licences(record)
    store = f"pkgs/new-1.0-{sha256(wheels[0])[:8]}/new-1.0.dist-info/licenses"
    assert found["new"]["text_files"] == [f"{store}/LICENSE", f"{store}/src/x/NOTICE"]
    assert found["old"]["text_files"][0].endswith("/old-1.0.dist-info/LICENCE.rst")
    assert found["inline"]["text_files"][0].endswith("/METADATA")
    text = record.files[LICENSES_TEXT].decode()
    assert text.count(MIT.strip()) == 1
    assert f"new 1.0: {store}/LICENSE\nold 1.0: " in text
    assert "\nAll of it.\n" in text
    assert "PSF" in text
    assert "musl as a whole is licensed" in text


@pytest.mark.parametrize(
    ("stated", "text", "license"),
    [
        ("Classifier: License :: OSI Approved :: BSD License\n", BSD, "BSD-3-Clause"),
        ("Classifier: License :: OSI Approved :: BSD License\n", BSD.partition("The name")[0], "BSD-2-Clause"),
        ("", MIT, "MIT"),
        ("License: Proprietary\n", MIT, None),
        ("Classifier: License :: OSI Approved :: BSD License\n", BSD + "word " * 500, None),
        ("Classifier: License :: OSI Approved :: BSD License\n", "Ask us.", None),
    ],
)
def test_a_licence_that_is_only_a_family_is_recognised_by_its_text(
    tmp_path: Path, stated: str, text: str, license: str | None
) -> None:
    wheel = make_wheel(tmp_path, "app", files={"app.py": "", "app-1.0.dist-info/LICENSE": text}, metadata=stated)
    record = make_record(tmp_path, [wheel], "packages: [app]\n")
    assert licences(record)["app"]["license"] == license
    assert (record.unknown is None) == (license is not None)
    if license:
        assert components(record)["package:app@1.0"]["licenses"][0]["license"]["acknowledgement"] == "concluded"


def test_refused_licences_stop_the_record_and_overrides_help(tmp_path: Path) -> None:
    wheels = [
        make_wheel(tmp_path, "free", metadata="License-Expression: GPL-3.0-only\n"),
        make_wheel(tmp_path, "odd", metadata="License: Ask us\n"),
    ]
    rules = "packages: [free, odd]\nlicenses:\n  deny: [GPL-*, unknown]\n"
    with pytest.raises(PolicyError) as caught:
        make_record(tmp_path, wheels, rules)
    assert "free 1.0: GPL-3.0-only" in caught.value.message
    assert 'odd 1.0: unknown; it says "Ask us"' in caught.value.message
    settings = make_settings(tmp_path)
    more = "  overrides: {free: MIT, Odd: LicenseRef-Acme, gone: MIT}\n"
    record = make_record(tmp_path, wheels, rules + more, settings=settings)
    assert [licences(record)[name]["license"] for name in ("free", "odd")] == ["MIT", "LicenseRef-Acme"]
    assert isinstance(settings.reporter, Notes)
    assert settings.reporter.warnings == ["licenses.overrides names what is not in this set: gone"]


def test_the_recipes_tests_are_part_of_the_base_but_do_not_lie_beside_the_installer(tmp_path: Path) -> None:
    record = make_record(tmp_path, [make_wheel(tmp_path, "app")], "packages: [app]\ntests: {imports: [app]}\n")
    assert read(record, TESTS) == {"imports": ["app"], "commands": [], "timeout": 300}
    assert list(record.beside("Demo-1.0")) == [
        "Demo-1.0.pylock.toml", "Demo-1.0.sbom.cdx.json", "Demo-1.0.licenses.txt", "Demo-1.0.build.json",
    ]  # fmt: skip
    assert TESTS not in make_record(tmp_path, [make_wheel(tmp_path, "app")], "packages: [app]\n").files


def test_every_licence_that_we_name_ourselves_is_an_spdx_expression(tmp_path: Path) -> None:
    from builder.provenance import bundled, own

    named = [text for library in bundled._LIBRARIES for _, text in library.licenses]
    named += [text for _, text in own._RUNTIMES.values()] + list(own._VENDORED.values())
    assert [text for text in named if not is_spdx(text)] == []


def test_the_licence_of_keel_in_every_base_is_keels() -> None:
    assert (TEMPLATES / "licenses/keel.txt").read_bytes() == (ROOT / "LICENSE").read_bytes()
