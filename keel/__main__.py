"""What `cmd/keel` starts, as `PREFIX/bin/python -I -S -B PREFIX/keel-meta/keel/__main__.py`."""

import gc
import os
import sys

if __name__ == "__main__":
    gc.disable()  # keel lives for a moment, and what it makes stays; looking through that takes a tenth of the time
    _package = os.path.dirname(os.path.abspath(__file__))
    sys.path.insert(0, os.path.dirname(_package))
    from keel.cli import main

    # PREFIX/keel-meta/keel -> PREFIX. Symbolic links are left alone: environments name the path that people use.
    sys.exit(main(sys.argv[1:], prefix=os.path.dirname(os.path.dirname(_package))))
