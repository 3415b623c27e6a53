"""`python -m builder`, and the `keel-builder` command."""

from .cli import main

if __name__ == "__main__":
    main()
