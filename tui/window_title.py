"""The title of the terminal's window: how many services are down, seen from another window too."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from textual.app import App

from core.i18n import _, ngettext

KEEP = "\x1b[22;2t"
GIVE_BACK = "\x1b[23;2t"
"""Have the terminal put its title aside and take it back (XTWINOPS); those that cannot pass over it."""


class WindowTitle(App[None]):
    """An application that names what is wrong in the title of its window.

    Textual 8.2 has no public way to write to the terminal beside frames, so this asks the driver;
    ``tests/tui/test_window_title.py`` holds it to what is expected.
    """

    _window_title = ""

    def show_down(self, down: int) -> None:
        """Say how many services are down."""
        words = ngettext("{count} down", "{count} down", down).format(count=down)
        title = _("{words} - ronda").format(words=words) if down else "ronda"
        if title == self._window_title:
            return
        keep = "" if self._window_title else KEEP
        self._window_title = title
        self._write(f"{keep}\x1b]0;{title}\x07")

    def give_title_back(self) -> None:
        """Leave the window's title as it was found; for when the application has ended.

        Past the driver, which waits for ever for a terminal that has gone; what is not taken is left.
        """
        if not self._window_title or sys.__stderr__ is None:
            return
        self._window_title = ""
        with suppress(OSError, ValueError):
            number = sys.__stderr__.fileno()
            blocks = os.get_blocking(number)
            os.set_blocking(number, False)
            try:
                os.write(number, GIVE_BACK.encode())
            finally:
                os.set_blocking(number, blocks)

    def _write(self, text: str) -> None:
        if self._driver is not None:
            self._driver.write(text)
