"""The keys of one place, over that place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.strip import Strip

from core.domain.observations import Status
from core.i18n import _
from core.wording import STATUS_WORDS
from tui.actions import PLACE_TITLES, Place, help_for
from tui.formatting import fit
from tui.glyphs import SOFT_GLYPH, STATUS_GLYPHS
from tui.widgets.lines import Line, Lines

_KEY = 12
"""Cells of the keys."""
_COLUMN = 40
"""Least cells of a column."""
_MOST_COLUMNS = 3


class HelpBody(Lines):
    """The table of actions of a place, in as many columns as fit."""

    DEFAULT_CSS = "HelpBody { height: auto; }"

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place

    def draw(self, width: int, height: int) -> list[Strip]:
        """Draw the groups, each whole, spread over columns of about equal length."""
        blocks = [*self._groups(width), self._statuses()]
        count = max(1, min(_MOST_COLUMNS, width // _COLUMN))
        columns = _spread(blocks, count)
        cells = width // count
        rows = max(len(column) for column in columns)
        strips = []
        for row in range(rows):
            line = self.line()
            for number, column in enumerate(columns):
                line.fill_to(number * cells)
                if row < len(column):
                    cut = column[row].strip(min(cells, column[row].cells))
                    line.segments += list(cut)
                    line.cells += cut.cell_length
            strips.append(line.strip(width))
        return strips

    def _groups(self, width: int) -> Iterator[list[Line]]:
        palette = self.palette
        for title, actions in help_for(self.place):
            block = [self.line().add(title, palette.accent, bold=True)]
            for action in actions:
                keys = fit(action.told_keys, max(_KEY, cell_len(action.told_keys) + 1))
                block.append(self.line().add(keys, palette.key, bold=True).add(action.help))
            yield block

    def _statuses(self) -> list[Line]:
        palette = self.palette
        block = [self.line().add(_("Status"), palette.accent, bold=True)]
        for status in Status:
            line = self.line().add(fit(STATUS_GLYPHS[status], 3), palette.status(status), bold=True)
            block.append(line.add(STATUS_WORDS[status]))
        soft = self.line().add(fit(SOFT_GLYPH, 3), palette.degraded, bold=True)
        return [*block, soft.add(_("failing, not confirmed yet"))]


def _spread(blocks: list[list[Line]], count: int) -> list[list[Line]]:
    """Put blocks into columns in their order, each into the shortest column."""
    columns: list[list[Line]] = [[] for _number in range(count)]
    for block in blocks:
        shortest = min(columns, key=len)
        if shortest:
            shortest.append(Line(block[0].palette))
        shortest.extend(block)
    return columns


class HelpScreen(ModalScreen[None]):
    """Every key that means something in a place, made from the table of actions."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "dismiss", _("close")),
        Binding("j", "scroll_body(1)", show=False),
        Binding("k", "scroll_body(-1)", show=False),
    ]

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place

    def compose(self) -> ComposeResult:
        """Draw the keys in a box."""
        with VerticalScroll(id="box") as box:
            box.border_title = _("keys · {place}").format(place=PLACE_TITLES[self.place].lower())
            box.border_subtitle = _("Esc closes")
            yield HelpBody(self.place)

    def action_scroll_body(self, step: int) -> None:
        """Scroll where the box is too low for all keys."""
        self.query_one(VerticalScroll).scroll_relative(y=step, animate=False)
