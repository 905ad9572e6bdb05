"""Output that never blocks the event loop, and an orderly end when the terminal goes away.

Textual hands frames to a thread over a queue of 30; when the link is slow the queue fills, and the event
loop, with every check on it, waits for the terminal (74 of 300 checks a second were left on 20 kB/s).
Here a frame is dropped while an earlier one is still being written, and the screen is drawn again once
the link has caught up.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING

from textual.app import App

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.screen import Screen

FRAMES_UNDER_WAY = 1
"""Frames that may wait behind the one being written."""
CATCH_UP_SECONDS = 0.1
"""How often a link that is behind is looked at."""
LEAVE_SECONDS = 10
"""A terminal that takes nothing any more may hold up the end this long; then the kernel ends us."""
ENDINGS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class FrameDropping(App[None]):
    """An application that drops frames while its terminal is busy.

    Overrides ``App._display`` and looks at the driver's writer thread, for which Textual 8.2 has no public
    way; ``tests/tui/test_output.py`` holds both to what is expected of them here.
    """

    dropped_frames = 0
    _behind = False

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if renderable is not None and self._frames_waiting() > FRAMES_UNDER_WAY:
            self.dropped_frames += 1
            if not self._behind:
                self._behind = True
                self.set_timer(CATCH_UP_SECONDS, self._draw_when_caught_up)
            return
        super()._display(screen, renderable)

    def _frames_waiting(self) -> int:
        """Give how many frames wait to be written; a writer that has died takes none."""
        writer = getattr(self._driver, "_writer_thread", None)
        if writer is None:
            return 0
        return int(writer._queue.qsize()) if writer.is_alive() else sys.maxsize

    def _draw_when_caught_up(self) -> None:
        waiting = self._frames_waiting()
        if waiting == sys.maxsize:
            return
        if waiting:
            self.set_timer(CATCH_UP_SECONDS, self._draw_when_caught_up)
            return
        self._behind = False
        self.screen.refresh()


@contextmanager
def ending_in_order(app: App[None], loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Leave the application in order on SIGTERM, SIGHUP (a dropped link) and SIGINT.

    Plain signal handlers, not those of the loop: they run even while the loop hangs in a write. What the
    terminal has not taken is thrown away, so that the writer can end; an alarm ends a process that hangs
    all the same.
    """

    def end(number: int, frame: FrameType | None) -> None:
        signal.alarm(LEAVE_SECONDS)
        discard_output()
        loop.call_soon_threadsafe(app.exit)

    before = {number: signal.signal(number, end) for number in ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def discard_output() -> None:
    """Throw away what the terminal has not taken yet; there may be no terminal any more."""
    if sys.__stderr__ is not None:
        with suppress(OSError, ValueError, termios.error):
            termios.tcflush(sys.__stderr__.fileno(), termios.TCOFLUSH)


def is_remote(environ: Mapping[str, str]) -> bool:
    """Whether the terminal is at the other end of an SSH link."""
    return bool(environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))
