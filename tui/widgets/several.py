"""What a field is edited with that holds any number of things out of a list."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import RenderResult
from textual.content import Content
from textual.message import Message

from core.i18n import _
from tui.formatting import fit, safe
from tui.widgets.editors import ChoiceEditor


class SeveralEditor(ChoiceEditor):
    """Some of many options, or all of them where none is marked; Space opens the list.

    Its ``text`` has the keys of those that are marked, with commas between them.
    """

    @dataclass
    class SeveralWanted(Message):
        """The operator wants to mark some in the list."""

        editor: SeveralEditor

    def __init__(self) -> None:
        super().__init__(())

    def render(self) -> RenderResult:
        """Draw the names of those that are marked."""
        room = max(0, self.content_size.width - 1)
        names = dict(self.options)
        marked = ", ".join(names.get(key, key) for key in self.text.split(",") if key)
        label = Content.styled(
            fit(safe(marked) or _("all"), room), "$foreground" if marked else "$text-quiet"
        )
        return Content.assemble(label, ("▾", "$text-quiet"))

    def action_step(self, steps: int) -> None:
        """Open the list: there is no next one where several may be marked."""
        self.action_open()

    def action_open(self) -> None:
        """Ask for the list."""
        self.post_message(self.SeveralWanted(self))

    def _found(self, wanted: str) -> str | None:
        """Letters mark nothing."""
        return None
