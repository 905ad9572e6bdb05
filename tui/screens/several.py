"""A list in which several options can be marked; what is typed narrows it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option as ListOption

from core.i18n import _
from tui.formatting import safe
from tui.screens.picker import Picker
from tui.widgets.editors import Option


class SeveralPicker(Picker):
    """Gives the keys of those that are marked, with commas between them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+s", "take", _("Done"), show=False),
    ]

    def __init__(self, title: str, options: Iterable[Option], taken: str) -> None:
        super().__init__(title, options, "")
        self._marked = {key for key in taken.split(",") if key}

    def on_mount(self) -> None:
        """Say which keys there are."""
        self.query_one("Vertical").border_subtitle = _("type to narrow · enter marks · esc done")
        self.listing.highlighted = 0 if self._options else None

    def action_take(self) -> None:
        """Give what is marked, in the order of the list."""
        self.dismiss(",".join(key for key, _label in self._options if key in self._marked))

    def _mark(self) -> None:
        place, option = self.listing.highlighted, self.listing.highlighted_option
        if option is not None and option.id is not None:
            self._marked ^= {option.id}
            self._show(self.search.value)
            self.listing.highlighted = place

    @on(Input.Submitted)
    def mark_entered(self, event: Input.Submitted) -> None:
        """Mark the option under the cursor, or take its mark away."""
        event.prevent_default()
        self._mark()

    @on(OptionList.OptionSelected)
    def mark_clicked(self, event: OptionList.OptionSelected) -> None:
        """Mark the option that was clicked."""
        event.prevent_default()
        self._mark()

    def _show(self, wanted: str) -> None:
        sought = wanted.strip().casefold()
        found = [(key, label) for key, label in self._options if sought in label.casefold()]
        self.listing.set_options(
            ListOption(Content(("● " if key in self._marked else "  ") + safe(label)), id=key)
            for key, label in found
        )
        self.listing.highlighted = 0 if found else None
