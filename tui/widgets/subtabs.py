"""The lists of a place side by side in one line, the one that is shown marked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip

from tui.widgets.lines import Lines


class Subtabs(Lines):
    """Names of lists; a click on one asks for it."""

    DEFAULT_CSS = "Subtabs { height: 1; padding: 0 1; }"

    @dataclass
    class Wanted(Message):
        """The operator wants to see a list."""

        key: str

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        super().__init__()
        self.names = tuple(names)
        """Keys with what they are called."""
        self.chosen = self.names[0][0]

    def show(self, chosen: str) -> None:
        """Mark this one."""
        self.chosen = chosen
        self.redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """Draw the names."""
        palette, line = self.palette, self.line()
        for key, name in self.names:
            here = key == self.chosen
            line.add(
                f" {name} ",
                palette.strong if here else palette.quiet,
                bold=here,
                background=palette.selection if here else None,
            ).add(" ")
        return [line.strip(width)]

    def on_click(self, event: events.Click) -> None:
        """Ask for the list under the mouse."""
        end = 1  # the padding
        for key, name in self.names:
            end += cell_len(name) + 3
            if event.x < end:
                self.post_message(self.Wanted(key))
                return
