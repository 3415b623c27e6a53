"""The size of an installer against the sum of its wheels, without the interpreter.

python benchmarks/size.py dist/Data-science-*.sh --wheels FOLDER
"""

import argparse
import re
from pathlib import Path

GOAL_WITHOUT_BYTECODE = 0.70
GOAL_WITH_BYTECODE = 0.85
_FRAME = re.compile(rb"^frame [0-9a-f]{64} \d+ (\d+) (\d+) [01] (\S+)$", re.MULTILINE)


def frame_sizes(installer: Path) -> dict[str, int]:
    """Compressed bytes of each unit, from the index, which is found by its magic."""
    with installer.open("rb") as file:
        data = file.read(64 * 2**20)
    start = data.index(b"\x89KEEL\r\n\x1a\1\0\0\0")  # the engine holds the magic too, without a version
    index_size = int.from_bytes(data[start + 12 : start + 16], "little")
    sizes: dict[str, int] = {}
    for match in _FRAME.finditer(data[start + 64 : start + 64 + index_size]):
        unit = match[3].decode()
        sizes[unit] = sizes.get(unit, 0) + int(match[1])
    return sizes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("installer", type=Path)
    parser.add_argument("--wheels", type=Path, required=True)
    options = parser.parse_args()
    wheels = sum(path.stat().st_size for path in options.wheels.glob("*.whl"))
    sizes = {unit: size for unit, size in frame_sizes(options.installer).items() if not unit.startswith("python-")}
    bytecode = sum(size for unit, size in sizes.items() if unit.endswith("-pyc"))
    plain = sum(sizes.values()) - bytecode
    print(f"installer {options.installer.stat().st_size / 1e6:.1f} MB, wheels {wheels / 1e6:.1f} MB")
    for name, size, goal in (
        ("without bytecode", plain, GOAL_WITHOUT_BYTECODE),
        ("with bytecode", plain + bytecode, GOAL_WITH_BYTECODE),
    ):
        ratio = size / wheels
        print(
            f"  {name}: {size / 1e6:.1f} MB, {ratio:.3f} x wheels; goal {goal}: {'met' if ratio <= goal else 'MISSED'}"
        )


if __name__ == "__main__":
    main()
