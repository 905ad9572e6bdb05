"""A list to pick one option from; what is typed narrows it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option as ListOption

from core.i18n import _
from tui.formatting import safe
from tui.widgets.editors import Option


class Picker(ModalScreen[str | None]):
    """Gives the key of the option picked, or None."""

    DEFAULT_CSS = """
    Picker {
        align: center middle;
        background: $background 60%;
        & > Vertical {
            width: 60;
            max-width: 100%;
            height: auto;
            max-height: 90%;
            padding: 0 1;
            border: round $line-focus;
            border-title-color: $text-strong;
            border-subtitle-color: $text-quiet;
            background: $background;
        }
        Input { height: 1; border: none; padding: 0 1; background: $panel; }
        Input:focus { border: none; background: $selection; background-tint: transparent; }
        OptionList {
            height: auto;
            max-height: 16;
            margin-top: 1;
            padding: 0;
            border: none;
            background: $background;
            & > .option-list--option { padding: 0 1; }
            & > .option-list--option-highlighted { background: $selection; color: $text-strong; }
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", _("Close"), show=False),
        Binding("down", "move(1)", _("Down"), show=False, priority=True),
        Binding("up", "move(-1)", _("Up"), show=False, priority=True),
    ]
    search = getters.query_one(Input)
    listing = getters.query_one(OptionList)

    def __init__(self, title: str, options: Iterable[Option], taken: str) -> None:
        super().__init__()
        self._title = title
        self._options = tuple(options)
        self._taken = taken

    def compose(self) -> ComposeResult:
        """Draw the line to type in and the list."""
        with Vertical() as box:
            box.border_title = self._title
            box.border_subtitle = _("type to narrow · enter picks · esc")
            yield Input(placeholder=_("all"), compact=False)
            yield OptionList(markup=False)

    def on_mount(self) -> None:
        """Show every option, the one taken under the cursor."""
        self.search.cursor_blink = False
        self.listing.can_focus = False
        self._show("")
        keys = [key for key, _label in self._options]
        self.listing.highlighted = keys.index(self._taken) if self._taken in keys else 0

    @on(Input.Changed)
    def narrow(self, event: Input.Changed) -> None:
        """Show the options that hold what was typed."""
        self._show(event.value)

    @on(Input.Submitted)
    def pick(self) -> None:
        """Give the option under the cursor."""
        chosen = self.listing.highlighted_option
        if chosen is not None:
            self.dismiss(chosen.id)

    @on(OptionList.OptionSelected)
    def pick_clicked(self, event: OptionList.OptionSelected) -> None:
        """Give the option that was clicked."""
        self.dismiss(event.option_id)

    def action_move(self, steps: int) -> None:
        """Move the cursor of the list while the line keeps the keys."""
        if self.listing.option_count:
            place = self.listing.highlighted or 0
            self.listing.highlighted = (place + steps) % self.listing.option_count

    def _show(self, wanted: str) -> None:
        sought = wanted.strip().casefold()
        found = [(key, label) for key, label in self._options if sought in label.casefold()]
        self.listing.set_options(ListOption(Content(safe(label)), id=key) for key, label in found)
        self.listing.highlighted = 0 if found else None
