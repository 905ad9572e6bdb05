"""A page that the keys of lists scroll."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.containers import VerticalScroll

from tui.actions import Place, bindings_for


class ScrollPage(VerticalScroll, can_focus=True):
    """What is too long for the screen; the keys that move a cursor in lists scroll it."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Place.SERVICE, move=True)]

    def action_move(self, step: int) -> None:
        """Scroll by lines."""
        self.scroll_relative(y=step, animate=False)

    def action_page(self, step: int) -> None:
        """Scroll by pages."""
        self.scroll_relative(y=step * max(1, self.size.height - 1), animate=False)

    def action_half_page(self, step: int) -> None:
        """Scroll by half pages."""
        self.scroll_relative(y=step * max(1, self.size.height // 2), animate=False)

    def action_edge(self, step: int) -> None:
        """Scroll to the beginning or the end."""
        if step < 0:
            self.scroll_home(animate=False)
        else:
            self.scroll_end(animate=False)
