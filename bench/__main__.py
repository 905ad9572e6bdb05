"""Runs every benchmark, or those that are named: ``python -m bench engine recorder``."""

from __future__ import annotations

import sys
from importlib import import_module

BENCHES = ("startup", "engine", "scale", "product", "judge", "recorder", "board", "console", "soak")


def main(names: tuple[str, ...]) -> None:
    """Run benchmarks one after the other; figures of one run are to be compared with each other only."""
    for name in names or BENCHES:
        print(f"\n== {name} ==", flush=True)
        import_module(f"bench.{name}").main()


if __name__ == "__main__":
    unknown = set(sys.argv[1:]) - set(BENCHES)
    if unknown:
        sys.exit(f"No benchmark {', '.join(sorted(unknown))}. There are: {', '.join(BENCHES)}.")
    main(tuple(sys.argv[1:]))
