"""The line above a list into which a filter is typed."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from core.i18n import _


class FilterLine(Input):
    """Hidden until it is wanted; Enter goes back to the list, Esc clears it."""

    DEFAULT_CSS = """
    FilterLine {
        display: none;
        height: 1;
        border: none;
        padding: 0 1;
        background: $band;
        color: $text-strong;
    }
    FilterLine:focus { border: none; background: $selection; }
    FilterLine.-open { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "app.leave", show=False),
        Binding("down", "submit", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(
            placeholder=_("filter: name, client, tag, status …"), compact=True, select_on_focus=False
        )
        self.cursor_blink = False

    def open(self) -> None:
        """Show the line and type into it."""
        self.add_class("-open")
        self.focus()

    def close(self) -> None:
        """Clear the line and hide it."""
        self.value = ""
        self.remove_class("-open")

    @property
    def is_open(self) -> bool:
        """Whether the line is shown."""
        return self.has_class("-open")
