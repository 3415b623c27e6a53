"""What of keel goes into a base."""

from builder.manager import manager_files


def test_keel_comes_with_what_it_needs_and_with_nothing_else() -> None:
    files = {dest: mode for dest, _, mode in manager_files()}
    assert files["cmd/keel"] == 0o755
    assert files["etc/profile.d/keel.sh"] == 0o644
    assert files["keel-meta/shell/activate.fish"] == 0o644
    assert "keel-meta/keel/__main__.py" in files
    assert "keel-meta/keel/_vendor/packaging/requirements.py" in files
    assert {"keel-meta/keel/_vendor/packaging/LICENSE.BSD", "keel-meta/keel/_vendor/tomli/LICENSE"} <= set(files)
    assert not [dest for dest in files if "__pycache__" in dest or dest.endswith((".pyc", "py.typed", ".toml"))]


def test_every_file_is_there_and_listed_once_in_order() -> None:
    listed = manager_files()
    dests = [dest for dest, _, _ in listed]
    assert dests == sorted(set(dests))
    assert all(source.is_file() for _, source, _ in listed)
