"""From the start of the process to the first frame: the console against an empty Textual application."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 7
_EMPTY = """
from textual.app import App
class Empty(App):
    def on_mount(self):
        self.call_after_refresh(self.exit)
Empty().run(headless=True, size=(160, 45))
"""
_RONDA = """
import asyncio
from contextlib import asynccontextmanager
from tui.app import RondaApp
@asynccontextmanager
async def never():
    await asyncio.Event().wait()
    yield
class First(RondaApp):
    def on_mount(self):
        self.call_after_refresh(self.exit)
First(never).run(headless=True, size=(160, 45))
"""


def seconds(program: str) -> float:
    """Give the wall time of one run of a program, from fork to exit after its first frame."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    """Print a table; both programs take turns, so that a busy machine is fair to both."""
    pairs = [(seconds(_EMPTY), seconds(_RONDA)) for _run in range(RUNS)]
    empty = statistics.median(pair[0] for pair in pairs)
    ronda = statistics.median(pair[1] for pair in pairs)
    ratio = statistics.median(mine / theirs for theirs, mine in pairs)
    print("start-up to the first frame (no database), median of", RUNS)
    print(f"{'empty Textual app':>20} {empty * 1000:>8.0f} ms")
    print(f"{'Ronda':>20} {ronda * 1000:>8.0f} ms   {ratio:.2f} x")


if __name__ == "__main__":
    main()
