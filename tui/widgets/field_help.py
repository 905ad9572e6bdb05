"""The help of the field with the cursor."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from core.i18n import _
from tui.widgets.fields import Field


class FieldHelp(Static):
    """What a field is called, what it is for, and an example."""

    DEFAULT_CSS = """
    FieldHelp {
        width: 34;
        height: 1fr;
        margin-left: 2;
        padding: 0 1 0 2;
        border-left: solid $line;
        color: $text-quiet;
    }
    """

    def __init__(self) -> None:
        super().__init__(id="help", markup=False)

    def explain(self, field: Field, *, roomy: bool) -> None:
        """Show the help of a field; with room, there are empty lines between its parts."""
        parts = [Content.styled(field.label, "bold $text-strong")]
        if field.help:
            parts.append(Content(field.help))
        if field.example:
            parts.append(Content.styled(_("For example"), "$text-faint") + Content(f"\n{field.example}"))
        self.update(Content("\n\n" if roomy else "\n").join(parts))
