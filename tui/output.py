"""Output that never blocks the event loop, and an orderly end when the terminal goes away.

Textual hands frames to a thread over a queue of 30; when the link is slow the queue fills, and the event
loop, with every check on it, waits for the terminal (74 of 300 checks a second were left on 20 kB/s).
Here a frame is dropped while an earlier one is still being written, and the screen is drawn again once
the link has caught up. The few bytes that are no frame (title, pointer shape, clipboard) always find room.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import termios
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING

from textual.app import App

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.drivers._writer_thread import WriterThread
    from textual.screen import Screen

FRAMES_UNDER_WAY = 1
"""Frames that may wait behind the one being written."""
CATCH_UP_SECONDS = 0.1
"""How often a link that is behind is looked at."""
LAST_OUTPUT_SECONDS = 5.0
"""How long a slow link may take for the last frame and for giving the screen back to the shell."""
DISCARD_SECONDS = 0.005
"""The kernel holds a few kilobytes of a frame at a time; so often they are thrown away."""
LEAVE_SECONDS = 10
"""A terminal that takes nothing any more may hold up the end this long; then the kernel ends us."""
NUDGE = signal.SIGUSR2
"""Interrupts a write that hangs: that there is room again does not wake it."""
ENDINGS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class FrameDropping(App[None]):
    """An application that drops frames while its terminal is busy.

    Overrides ``App._display`` and looks at the driver's writer thread, for which Textual 8.2 has no public
    way; ``tests/tui/test_output.py`` holds both to what is expected of them here.
    """

    dropped_frames = 0
    _behind = False

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        writer = self._writer
        if writer is not None:
            writer._queue.maxsize = 0  # frames are bounded here, and nothing else may block either
        if renderable is not None and self._frames_waiting() > FRAMES_UNDER_WAY:
            self.dropped_frames += 1
            if not self._behind:
                self._behind = True
                self.set_timer(CATCH_UP_SECONDS, self._draw_when_caught_up)
            return
        super()._display(screen, renderable)

    @property
    def _writer(self) -> WriterThread | None:
        """The thread that writes to the terminal; None where there is no terminal."""
        writer: WriterThread | None = getattr(self._driver, "_writer_thread", None)
        return writer

    def _frames_waiting(self) -> int:
        """Give how many frames wait to be written; a writer that has died takes none."""
        writer = self._writer
        if writer is None:
            return 0
        return int(writer._queue.qsize()) if writer.is_alive() else sys.maxsize

    def let_output_end(self) -> None:
        """Have the writer end soon even if the terminal takes nothing any more; Textual waits for it."""
        writer = self._writer
        if writer is not None:
            threading.Thread(target=_end_writer, args=(writer,), name="last-output", daemon=True).start()

    def _draw_when_caught_up(self) -> None:
        waiting = self._frames_waiting()
        if waiting == sys.maxsize:
            return
        if waiting:
            self.set_timer(CATCH_UP_SECONDS, self._draw_when_caught_up)
            return
        self._behind = False
        self.screen.refresh()


def _end_writer(writer: threading.Thread) -> None:
    """Leave a slow link its time, then throw away what it has not taken until nothing is left."""
    writer.join(LAST_OUTPUT_SECONDS)
    while writer.is_alive() and writer.ident is not None:
        discard_output()
        with suppress(ProcessLookupError):  # it has ended just now
            signal.pthread_kill(writer.ident, NUDGE)
        writer.join(DISCARD_SECONDS)


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
    before[NUDGE] = signal.signal(NUDGE, lambda _number, _frame: None)
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
