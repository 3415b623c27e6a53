"""Imports every public top-level module of the base's distributions; exit code 1 if one fails.

Run as `python -I -c TEXT` by the installer's -t, on any Python that a base can have.
"""

import importlib
import sys
from importlib import metadata

# Some wheels bring these by mistake; they need what only their developers have.
NOT_FOR_USERS = {"benchmarks", "conftest", "docs", "examples", "test", "testing", "tests"}


def modules(distribution):
    """Names of the public modules and packages that a distribution installs at the top level."""
    names = set()
    for path in distribution.files or ():
        if len(path.parts) == 2 and path.parts[1] == "__init__.py":
            names.add(path.parts[0])
        elif len(path.parts) == 1 and path.suffix in (".py", ".so"):
            names.add(path.parts[0].split(".")[0])
    return sorted(name for name in names if name.isidentifier() and name[0] != "_" and name not in NOT_FOR_USERS)


count, failures = 0, []
for distribution in metadata.distributions():
    for name in modules(distribution):
        count += 1
        try:
            importlib.import_module(name)
        except (Exception, SystemExit) as error:
            failures.append(f"{name} (of {distribution.metadata['Name']}): {error!r}")
print(f"imported {count} modules, {len(failures)} failed")
for failure in failures:
    print(failure)
sys.exit(1 if failures else 0)
