"""All rows of a form: what they hold together, and which of them are wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from core.domain.faults import Fault
from core.i18n import _
from tui.widgets.fields import Field, FieldEditor, FieldRow


class FieldRows(VerticalScroll, inherit_bindings=False, can_focus=False):
    """The fields one below the other; keys move between them and never scroll past them."""

    DEFAULT_CSS = """
    FieldRows {
        width: 1fr;
        height: 1fr;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        .advanced {
            height: 2;
            margin: 0 1 0 2;
            border-top: solid $line;
            border-title-color: $text-faint;
        }
    }
    """

    def __init__(self, fields: Iterable[Field]) -> None:
        super().__init__()
        self.by_name = {field.name: FieldRow(field) for field in fields}
        self._rule = Static(classes="advanced")

    def compose(self) -> ComposeResult:
        """Draw the common fields, a rule, and the rarely needed ones."""
        yield from (row for row in self if not row.field.advanced)
        self._rule.border_title = f" {_('rarely needed')} "
        yield self._rule
        yield from (row for row in self if row.field.advanced)

    def __iter__(self) -> Iterator[FieldRow]:
        return iter(self.by_name.values())

    def __getitem__(self, name: str) -> FieldRow:
        return self.by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self.by_name

    def of_editor(self, editor: FieldEditor) -> FieldRow:
        """Give the row that an editor belongs to."""
        return next(row for row in self if row.editor is editor)

    # Which of them are seen

    @property
    def shown(self) -> list[FieldRow]:
        """The rows that are seen, from the top."""
        return [row for row in self if row.display]

    def show(self, fields: Iterable[Field]) -> None:
        """Show these fields, in the words given here, and no others.

        What a hidden field holds stays, for when it is shown again.
        """
        wanted = {field.name: field for field in fields}
        other = [row for row in self if row.display != (row.field.name in wanted)]
        for row in other:
            row.display = not row.display
        self._rule.display = any(field.advanced for field in wanted.values())
        for name, field in wanted.items():
            self[name].reword(field)
        if other:
            self.call_after_refresh(self._attend)

    def _attend(self) -> None:
        """Keep the row with the cursor in view, though rows above it came or went."""
        if self.entered is not None:
            self.entered.attend()

    def on_resize(self) -> None:
        """Keep the row with the cursor in view on a smaller terminal, too."""
        self.keep_in_view()

    def keep_in_view(self) -> None:
        """Keep the row with the cursor in view, though help or a message takes room from the rows."""
        if self.entered is not None:
            self.call_after_refresh(self.entered.come_into_view)

    def nearest(self, row: FieldRow, names: Collection[str]) -> FieldRow:
        """Give the first row of these names from a row on, or else the last one above it."""
        rows = list(self)
        place = rows.index(row)
        near = (each for each in (*rows[place:], *reversed(rows[:place])) if each.field.name in names)
        return next(each for each in near if each.editor.focusable)

    # What they hold

    def fill(self, values: Mapping[str, object]) -> None:
        """Hold these values as the ones that the form was opened with."""
        for row in self:
            row.fill(values[row.field.name])

    def rebase(self, values: Mapping[str, object]) -> None:
        """Compare with other values from now on; fields that were not touched take them."""
        for row in self:
            row.rebase(values[row.field.name])

    def values(self) -> dict[str, object]:
        """Give what the fields hold; the value from before where a text is none."""
        return {row.field.name: row.value() for row in self}

    @property
    def changed(self) -> bool:
        """Whether any field that is seen holds another value than the form was opened with."""
        return any(row.changed for row in self.shown)

    @property
    def entered(self) -> FieldRow | None:
        """The row with the cursor."""
        return next((row for row in self if row.entered), None)

    # What is wrong

    def unreadable(self) -> list[Fault]:
        """Give the faults of texts that are no values; nobody reads the hidden ones."""
        return [fault for row in self.shown if (fault := row.fault())]

    def visit(self, names: Iterable[str]) -> None:
        """Let these fields show their faults from now on."""
        for name in names:
            self[name].visited = True

    def show_faults(self, faults: Iterable[Fault]) -> None:
        """Put each fault under its field, if that has been visited."""
        found = tuple(faults)
        for row in self:
            row.show_faults(found)

    @property
    def problems(self) -> list[FieldRow]:
        """The rows that say what is wrong with them, from the top."""
        return [row for row in self.shown if row.problem]
