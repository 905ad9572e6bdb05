"""All rows of a form: what they hold together, and which of them are wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

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

    def compose(self) -> ComposeResult:
        """Draw the common fields, a rule, and the rarely needed ones."""
        yield from (row for row in self if not row.field.advanced)
        rule = Static(classes="advanced")
        rule.border_title = f" {_('rarely needed')} "
        yield rule
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
        """Whether any field holds another value than the form was opened with."""
        return any(row.changed for row in self)

    @property
    def entered(self) -> FieldRow | None:
        """The row with the cursor."""
        return next((row for row in self if row.entered), None)

    # What is wrong

    def unreadable(self) -> list[Fault]:
        """Give the faults of texts that are no values."""
        return [fault for row in self if (fault := row.fault())]

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
        return [row for row in self if row.problem]
