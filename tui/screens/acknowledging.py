"""The question how an incident is acknowledged: Enter alone does it until the recovery."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from textual import on
from textual.app import RenderResult
from textual.binding import Binding
from textual.content import Content

from core.domain.incidents import AcknowledgementKind
from core.i18n import _
from tui.desk import desk_of
from tui.screens.prompt import Answers, Prompt
from tui.until import until_of
from tui.widgets.editors import LineEditor, OptionEditor
from tui.widgets.fields import Field, FieldRow

Acknowledge = Callable[[Answers], Awaitable[object]]
"""Carries it out; the answers are those of ``kind``, ``until`` and ``reason``."""

KINDS = (
    (AcknowledgementKind.STICKY.value, _("the recovery")),
    (AcknowledgementKind.PLAIN.value, _("the status changes")),
    (AcknowledgementKind.UNTIL.value, _("a time")),
)
"""The ways to acknowledge, the usual one first."""


class RadioEditor(OptionEditor):
    """A few options that are all seen, with a dot before the one that holds; Space takes the next."""

    BINDINGS = [Binding("space", "step(1)", _("Next option"), show=False)]  # noqa: RUF012 - Textual declares it so

    def render(self) -> RenderResult:
        """Draw every option."""
        return Content("   ").join(
            Content.styled(f"● {label}", "$foreground")
            if key == self.text
            else Content.styled(f"  {label}", "$text-faint")
            for key, label in self.options
        )


class AcknowledgePrompt(Prompt):
    """Asks for a reason, and until when it holds."""

    def __init__(self, subject: str, acknowledge: Acknowledge) -> None:
        fields = (
            (Field("reason", "", editor=LineEditor), ""),
            (Field("kind", "", editor=partial(RadioEditor, KINDS), title=_("Holds until")), KINDS[0][0]),
            (Field("until", "", editor=partial(LineEditor, number=True), parse=self._until, title=_("Time"),
                   unit=_("like 2h, 18:00 or 2026-12-01 08:00")), "1h"),
        )  # fmt: skip
        super().__init__(_("acknowledge"), subject, fields, acknowledge)

    def on_mount(self) -> None:
        """Show the time only where one is wanted."""
        self.row("until").display = False

    def _until(self, text: str, _held: object) -> object:
        return until_of(text, desk_of(self).clock.now())

    @on(FieldRow.Edited)
    def show_time(self, event: FieldRow.Edited) -> None:
        """Ask for the time where it is to hold until one."""
        if event.row.field.name == "kind":
            wanted = event.row.editor.text == AcknowledgementKind.UNTIL
            self.row("until").display = wanted
