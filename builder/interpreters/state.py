"""Tells without reading the files whether a folder is still what it was."""

import os
import stat
from pathlib import Path

# Of no interest to a base, and large.
NOT_COPIED = ("site-packages", "dist-packages", "__pycache__", "test")


def folder_state(root: Path) -> str:
    """A text that changes when a file below `root` is replaced: names, sizes and times of what would be copied."""
    lines = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in NOT_COPIED)
        for name in sorted(names):
            status = (Path(folder) / name).lstat()
            kind = stat.S_IFMT(status.st_mode)
            lines.append(f"{folder}/{name} {kind} {status.st_size} {status.st_mtime_ns}")
    return "\n".join(lines)
