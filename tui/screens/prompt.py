"""A small question with a field or two over a place; it closes when its answer has been carried out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static
from textual.worker import Worker

from core.domain.faults import Fault
from core.errors import Refused, RondaError
from core.i18n import _
from core.wording import error_text, fault_text
from tui.defects import tell_defect
from tui.formatting import safe
from tui.widgets.fields import Field, FieldRow

Answers = Mapping[str, Any]
"""What the fields hold, by their names."""


class AnswerRow(FieldRow):
    """A field whose proposal may be changed without a mark: nothing is stored yet."""

    def _compare(self) -> None:
        self.changed = False


class Prompt(ModalScreen[bool]):
    """Gives True once ``carry_out`` has done what was asked for; what it refuses is told, nothing is lost.

    ``subject`` says in a line what it is about; names in it are never read as markup.
    """

    DEFAULT_CSS = """
    Prompt {
        align: center middle;
        background: $background 60%;
        & > Vertical {
            width: 78;
            max-width: 100%;
            height: auto;
            max-height: 100%;
            padding: 1 2 0 1;
            border: round $line-focus;
            border-title-color: $text-strong;
            border-title-style: bold;
            background: $background;
        }
        .subject { color: $text-strong; padding: 0 0 1 2; }
        .notice { display: none; padding: 0 0 1 2; color: $status-down; }
        .notice.-told { display: block; }
        .keys { padding: 0 0 0 2; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,ctrl+s", "submit", _("Do it"), show=False),
        Binding("escape", "dismiss(False)", _("Close"), show=False),
        Binding("down", "app.focus_next", _("Next field"), show=False),
        Binding("up", "app.focus_previous", _("Previous field"), show=False),
    ]
    AUTO_FOCUS = ""

    box = getters.query_one(Vertical)
    notice = getters.query_one(".notice", Static)

    def __init__(
        self,
        title: str,
        subject: str,
        fields: Iterable[tuple[Field, object]],
        carry_out: Callable[[Answers], Awaitable[object]],
    ) -> None:
        super().__init__()
        self._title, self._subject = title, subject
        self._fields = tuple(fields)
        self._carry_out = carry_out
        self._busy = False

    def compose(self) -> ComposeResult:
        """Draw what it is about, the fields, and the keys."""
        with Vertical() as box:
            box.border_title = self._title
            yield Static(Content(safe(self._subject)), classes="subject")
            for field, _value in self._fields:
                yield AnswerRow(field)
            yield Static(classes="notice", markup=False)
            yield Static(self._key_line(), classes="keys", markup=False)

    def on_mount(self) -> None:
        """Put into the fields what is proposed; what is typed from now on goes into the first."""
        for field, value in self._fields:
            self.row(field.name).fill(value)
        self.set_focus(self.row(self._fields[0][0].name).editor)

    def row(self, name: str) -> FieldRow:
        """Give the row of a field."""
        return self.query_one(f"#row-{name}", FieldRow)

    @property
    def rows(self) -> dict[str, FieldRow]:
        """The rows that are shown, by the names of their fields."""
        return {row.field.name: row for row in self.query(FieldRow) if row.display}

    def _key_line(self) -> Content:
        keys = [("⏎", self._title), ("Esc", _("close"))]
        if len(self._fields) > 1:
            keys.insert(1, ("Tab", _("move")))
        parts = (
            Content.assemble((key, "bold $text-strong"), (f" {what}", "$text-quiet")) for key, what in keys
        )
        return Content("   ").join(parts)

    @on(FieldRow.Done)
    def action_submit(self) -> None:
        """Carry it out, or show what is wrong with the fields."""
        if self._busy:
            return
        faults = [fault for row in self.rows.values() if (fault := row.fault()) is not None]
        self._show_faults(faults)
        if not faults:
            self._busy = True
            self._submit()

    @on(FieldRow.Edited)
    def look_again(self, event: FieldRow.Edited) -> None:
        """Take away what was wrong with the text that stood there before."""
        event.row.problem = ""
        self._tell("")

    @work(exclusive=True, group="carry-out", exit_on_error=False)
    async def _submit(self) -> None:
        try:
            await self._carry_out({name: row.value() for name, row in self.rows.items()})
        except Refused as refused:
            self._show_faults(refused.faults)
        except RondaError as error:
            self._tell(error_text(error))
        else:
            self.call_next(self._close)
        finally:
            self._busy = False

    def _close(self) -> None:
        self.dismiss(True)

    def _show_faults(self, faults: Iterable[Fault]) -> None:
        """Put each fault under its field and go to the first; those of no field here stand below."""
        rows, found = self.rows, tuple(faults)
        for row in rows.values():
            row.visited = True
            row.show_faults(found)
        self._tell(" ".join(fault_text(fault) for fault in found if fault.field not in rows))
        wrong = next((fault.field for fault in found if fault.field in rows), None)
        if wrong is not None:
            self.set_focus(rows[wrong].editor)

    def _tell(self, text: str) -> None:
        self.notice.set_class(bool(text), "-told")
        self.notice.update(Content(f"✗ {safe(text)}" if text else ""))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Tell a defect."""
        tell_defect(self.app, event)
