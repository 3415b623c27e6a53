"""Where the record of a base lies: in `keel-meta/`, and beside its installers."""

LOCK = "keel-meta/pylock.toml"
SBOM = "keel-meta/sbom.cdx.json"
LICENSES = "keel-meta/licenses.json"
LICENSES_TEXT = "keel-meta/licenses.txt"
BUILD = "keel-meta/build.json"
TESTS = "keel-meta/tests.json"

# What lies beside the installers too: path in the base -> what its name there ends with.
BESIDE = {LOCK: ".pylock.toml", SBOM: ".sbom.cdx.json", LICENSES_TEXT: ".licenses.txt", BUILD: ".build.json"}
