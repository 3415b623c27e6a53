"""Imports what the distributions of this base are named after, and their other public modules; -I keeps others out."""
import importlib
import sys
from importlib import metadata


def modules(distribution):
    """Names of the public top-level modules and packages that a distribution installs."""
    names = set()
    for path in distribution.files or ():
        first = path.parts[0]
        if len(path.parts) == 2 and path.parts[1] == "__init__.py":
            names.add(first)
        elif len(path.parts) == 1 and path.suffix in (".py", ".so"):
            names.add(first.split(".")[0])
    return sorted(name for name in names if name.isidentifier() and not name.startswith("_"))


failed = []
count = 0
for distribution in metadata.distributions():
    for name in modules(distribution):
        count += 1
        try:
            importlib.import_module(name)
        except (Exception, SystemExit) as error:
            failed.append("%s (of %s): %s: %s" % (name, distribution.metadata["Name"], type(error).__name__, error))
print("imported %d modules, %d failed" % (count, len(failed)))
print("\n".join(failed), end="\n" if failed else "")
sys.exit(1 if failed else 0)
