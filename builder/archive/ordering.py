"""Which of two versions is newer: the same answer as keel's, which looks for newer versions of a base."""

from keel.newer import version_key

__all__ = ["version_key"]
