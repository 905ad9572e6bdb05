"""A field of a form, declared in one table, and the row of the screen that it takes.

The row draws its label, unit and fault itself and has its editor as its only child: a form of thirty
fields is sixty widgets, which keeps the opening of a form short.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from textwrap import wrap

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult, RenderResult
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, TextArea

from core.domain.faults import Fault
from core.wording import FIELD_LABELS, fault_text
from tui.formatting import fit_right, safe
from tui.widgets import values
from tui.widgets.editors import AreaEditor, LineEditor, OptionEditor

LABEL_CELLS = 21
"""Width of the column of labels, with the sign of a changed field."""
CHANGED = "●"

FieldEditor = LineEditor | AreaEditor | OptionEditor


@dataclass(frozen=True, slots=True)
class Field:
    """What a form knows of one field."""

    name: str
    """As in the domain value, so that faults find it; its label is in ``FIELD_LABELS``."""
    help: str
    """What it is for, in a sentence or two."""
    example: str = ""
    editor: Callable[[], FieldEditor] = LineEditor
    parse: values.Parser = values.plain
    format: values.Formatter = str
    reveal: values.Formatter | None = None
    """Writes a secret as it is; None: the field holds no secret."""
    unit: str = ""
    """Stands to the right of a number."""
    advanced: bool = False
    """Whether it stands below the separator, among those that are rarely needed."""
    title: str = ""
    """What it is called where ``FIELD_LABELS`` does not fit; empty: as everywhere."""

    @property
    def label(self) -> str:
        """What the field is called."""
        return self.title or FIELD_LABELS[self.name]


class FieldRow(Widget):
    """A label, an editor, and the line under them that is kept free for what is wrong."""

    DEFAULT_CSS = """
    FieldRow {
        height: auto;
        min-height: 2;
        width: 1fr;
        layout: vertical;
        LineEditor, AreaEditor, OptionEditor { margin: 0 0 1 22; }
    }
    """

    @dataclass
    class Edited(Message):
        """The text of the editor differs from before."""

        row: FieldRow

    @dataclass
    class Entered(Message):
        """The cursor is in the field."""

        row: FieldRow

    @dataclass
    class Left(Message):
        """The cursor has gone elsewhere."""

        row: FieldRow

    @dataclass
    class Done(Message):
        """Enter was pressed: on to the next field."""

        row: FieldRow

    problem: reactive[str] = reactive("")
    """What is wrong, in words; empty when nothing is or it has not been looked at yet."""
    changed: reactive[bool] = reactive(False)
    """Whether it holds another value than the form was opened with."""
    entered: reactive[bool] = reactive(False)
    """Whether the cursor is in it."""

    def __init__(self, field: Field) -> None:
        super().__init__(id=f"row-{field.name}")
        self.field = field
        self.editor = field.editor()
        self.visited = False
        """Whether its faults are shown: it was left once, or the form was to be saved."""
        self.revealed = False
        self._original: object = None
        self._held: object = None
        """What a mask in the editor's text stands for."""

    def compose(self) -> ComposeResult:
        """The editor; everything else is drawn."""
        yield self.editor

    def reword(self, field: Field) -> None:
        """Take other words for the same field; its editor and what it holds stay."""
        if field is not self.field:
            self.field = field
            self.refresh()

    def fill(self, value: object) -> None:
        """Hold a value as the one the form was opened with."""
        self._original = self._held = value
        self.visited, self.problem = False, ""
        self._write()

    def rebase(self, value: object) -> None:
        """Compare with another value from now on; one that was not touched takes it."""
        if self.changed:
            self._original = value
            self._compare()
        else:
            self.fill(value)

    def read(self) -> object:
        """Give the value; ``Unreadable`` if the text is none."""
        return self.field.parse(self.editor.text, self._held)

    def fault(self) -> Fault | None:
        """Give what keeps the text from being a value."""
        try:
            self.read()
        except values.Unreadable as unreadable:
            return unreadable.fault(self.field.name)
        return None

    def value(self) -> object:
        """Give the value, or the one held before where the text is none."""
        try:
            return self.read()
        except values.Unreadable:
            return self._original

    def show_faults(self, faults: Iterable[Fault]) -> None:
        """Put the first fault of this field under it, once the field has been visited."""
        first = next((fault for fault in faults if fault.field == self.field.name), None)
        self.problem = fault_text(first) if first and self.visited else ""

    def toggle_reveal(self) -> None:
        """Show a secret as it is, or its mask again."""
        if self.field.reveal is None or self.fault() is not None:
            return
        self._held = self.read()
        self._write(revealed=not self.revealed)

    def conceal(self) -> None:
        """Mask a secret again, as it stands now."""
        if self.field.reveal is not None and self.fault() is None:
            self._held = self.read()
            self._write()

    def _write(self, *, revealed: bool = False) -> None:
        self.revealed = revealed
        shown = self.field.reveal if revealed and self.field.reveal else self.field.format
        text = shown(self._held)
        if isinstance(self.editor, LineEditor):
            self.editor.password = self.field.reveal is not None and not revealed
        if self.editor.text != text:
            self.editor.text = text
        self._compare()

    def _compare(self) -> None:
        self.changed = self.fault() is not None or self.read() != self._original

    @on(Input.Changed)
    @on(TextArea.Changed)
    @on(OptionEditor.Changed)
    def _tell_edited(self, event: Message) -> None:
        event.stop()
        self._compare()
        self.post_message(self.Edited(self))

    @on(Input.Submitted)
    def _tell_done(self, event: Message) -> None:
        event.stop()
        self.post_message(self.Done(self))

    def on_descendant_focus(self) -> None:
        """Take note that the cursor is in it."""
        self.entered = True
        self.attend()

    def attend(self) -> None:
        """Come into view and ask to be explained."""
        self.come_into_view()
        self.post_message(self.Entered(self))

    def come_into_view(self) -> None:
        """Scroll so far that the field and the line under it are seen."""
        self.scroll_visible(animate=False, force=True)

    def on_descendant_blur(self) -> None:
        """Tell the form, which looks for faults."""
        self.entered = False
        self.post_message(self.Left(self))

    def on_resize(self, event: events.Resize) -> None:
        """Wrap a long sentence anew."""
        self.watch_problem()

    def watch_problem(self) -> None:
        """Make room for a sentence that takes a second line."""
        self.styles.min_height = 0
        self.editor.styles.margin = (0, 0, max(1, len(self._problem_lines())), LABEL_CELLS + 1)
        if self.problem and self.entered:
            self.call_after_refresh(self.come_into_view)

    def render(self) -> RenderResult:
        """Draw the label, the unit and what is wrong; the editor lies over the rest."""
        height = max(1, self.editor.outer_size.height)
        label = self._label()
        lines = [label + self._unit(), *[Content("")] * (height - 1)]
        lines.extend(Content.styled(line, "$status-down") for line in self._problem_lines())
        return Content("\n").join(lines)

    def _label(self) -> Content:
        sign = f"{CHANGED} " if self.changed else ""
        text = fit_right(f"{sign}{self.field.label}", LABEL_CELLS)
        colour = "$status-degraded" if self.changed else "$text-quiet"
        if self.entered and not self.changed:
            colour = "$text-strong"
        return Content.styled(text, colour)

    def _unit(self) -> Content:
        if not self.field.unit:
            return Content("")
        cells = self.editor.outer_size.width + 2
        return Content.styled(" " * cells + self.field.unit, "$text-faint")

    def _problem_lines(self) -> list[str]:
        """Put the sentence under the editor; further left where it is long, else on two lines."""
        if not self.problem:
            return []
        text = f"✗ {safe(self.problem)}"
        width = self.size.width
        indent = LABEL_CELLS + 2
        if cell_len(text) > width - indent:
            indent = max(2, width - cell_len(text))
        return [" " * indent + line for line in wrap(text, max(20, width - indent))]
