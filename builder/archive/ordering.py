"""Which of two versions is newer: the same answer as keel's, which looks for newer versions of a base."""

from functools import lru_cache

from keel.newer import version_key as _version_key

# An archive of ten thousand files asks for the same few versions again and again.
version_key = lru_cache(maxsize=4096)(_version_key)
