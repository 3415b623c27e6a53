"""A cold build of `data-science`, and a rebuild after one package changed; with the builder's peak memory.

    python benchmarks/rebuild.py [--downloads ~/.cache/keel/downloads]

Downloads come from the cache in both cases (the network is not ours to measure): the cold build starts with all wheels
and no frames.
"""

import os
import re
import shutil
import sys
import time
from pathlib import Path

from common import arguments, call, peak_memory_of_children, remove

ROOT = Path(__file__).resolve().parent.parent
GOAL_REBUILD = 0.10
GOAL_MEMORY = 500.0


def build(recipe: Path, output: Path, cache: Path) -> float:
    started = time.perf_counter()
    command = [
        sys.executable,
        "-m",
        "builder",
        "build",
        recipe,
        "--interpreter",
        "host",
        "--output",
        output,
        "--cache",
        cache,
    ]
    call(*command, env={**os.environ, "PYTHONPATH": str(ROOT)})
    return time.perf_counter() - started


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--compression", choices=("best", "fast"), default="best")
    parser.add_argument("--downloads", type=Path, help="a cache's downloads, to begin with")
    options = parser.parse_args()
    cache, output = options.work / "cache", options.work / "dist"
    options.work.mkdir(parents=True, exist_ok=True)
    text = (ROOT / "recipes" / "data-science.yaml").read_text()
    recipe = options.work / "data-science.yaml"
    text = text.replace("compression: best", f"compression: {options.compression}")
    recipe.write_text(text)
    if options.downloads:
        shutil.copytree(options.downloads, cache / "downloads", dirs_exist_ok=True)
    else:
        build(recipe, output, cache)
    remove(cache / "frames")
    cold = build(recipe, output, cache)
    memory = peak_memory_of_children()
    recipe.write_text(re.sub(r"(?m)^( *- *)sqlalchemy\b.*$", r"\1sqlalchemy <2.0.40", text))
    changed = build(recipe, output, cache)
    ratio = changed / cold
    print(
        f"cold {cold:.1f} s, after one package changed {changed:.1f} s: {ratio:.3f}; goal {GOAL_REBUILD}: "
        f"{'met' if ratio <= GOAL_REBUILD else 'MISSED'}"
    )
    verdict = "met" if memory <= GOAL_MEMORY else "MISSED"
    print(f"peak memory of the builder {memory:.0f} MB; goal {GOAL_MEMORY:.0f}: {verdict}")


if __name__ == "__main__":
    main()
