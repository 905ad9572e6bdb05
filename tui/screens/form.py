"""What every form does: show fields, find faults, save, and lose nothing that was typed.

A form is installed once and refilled: to compose thirty fields blocks the event loop for a few tenths of
a second, in which no check of this console would run.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable
from typing import ClassVar, Generic

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static
from textual.worker import Worker

from core.domain.faults import Fault
from core.domain.operators import Role
from core.errors import EditConflict, Refused, RondaError
from core.i18n import _, ngettext
from core.wording import error_text, fault_text
from tui.actions import Place, bindings_for, hints_for
from tui.defects import tell_defect
from tui.desk import desk_of
from tui.formatting import safe
from tui.screens.confirm import Confirm, discarding, overtaken
from tui.screens.picker import Picker
from tui.screens.sheet import Sheet, Stored, Values, name_of
from tui.widgets.editors import ChoiceEditor
from tui.widgets.field_help import FieldHelp
from tui.widgets.field_rows import FieldRows
from tui.widgets.fields import Field, FieldRow


class FormScreen(ModalScreen[Stored | None], Generic[Stored]):
    """A form over whatever lies below; gives what was saved, or None.

    A form names its ``FIELDS`` and says how to check, store and read again what they hold.
    """

    DEFAULT_CSS = """
    FormScreen {
        align: center middle;
        background: $background 60%;
        #box {
            width: 128;
            max-width: 100%;
            height: 42;
            max-height: 96%;
            padding: 1 2 0 2;
            border: round $line-focus;
            border-title-color: $text-strong;
            border-title-style: bold;
            border-subtitle-color: $text-quiet;
            background: $background;
        }
        #body { height: 1fr; }
        #notice { height: auto; max-height: 6; padding: 0 1; display: none; border-top: solid $line; }
        #notice.-told { display: block; }
        #keys { height: 1; margin: 1 0 0 0; }
        &.-narrow {
            #box { padding: 0 1; max-height: 100%; }
            #body { layout: vertical; }
            #help {
                display: none;
                width: 1fr;
                height: auto;
                max-height: 8;
                margin: 0;
                padding: 0 1;
                border-left: none;
                border-top: solid $line;
            }
        }
        &.-narrow.-help #help { display: block; }
        &.-wide.-help #help { display: none; }
    }
    """
    PLACE: ClassVar[Place] = Place.FORM
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_for(Place.FORM),
        Binding("down,enter", "app.focus_next", _("Next field"), show=False),
        Binding("up", "app.focus_previous", _("Previous field"), show=False),
    ]
    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - Textual declares it so
    FIELDS: ClassVar[tuple[Field, ...]] = ()
    TEST_LABEL: ClassVar[str] = _("test")

    box = getters.query_one("#box", Vertical)
    rows = getters.query_one(FieldRows)
    help_pane = getters.query_one(FieldHelp)
    notice = getters.query_one("#notice", Static)
    keys = getters.query_one("#keys", Static)

    def __init__(self) -> None:
        super().__init__()
        self._sheet: Sheet[Stored] | None = None
        self._refused: list[tuple[Fault, str]] = []
        """Faults that only the database could find, each with the text that it was about."""
        self._saving = False

    def compose(self) -> ComposeResult:
        """Draw the rows at the left, the help at the right, messages and keys below."""
        with Vertical(id="box"):
            with Horizontal(id="body"):
                yield FieldRows(self.FIELDS)
                yield FieldHelp()
            yield Static(id="notice", markup=False)
            yield Static(id="keys", markup=False)

    # What a form of its own kind says.

    @abstractmethod
    def domain_faults(self, values: Values) -> tuple[Fault, ...]:
        """Give what the domain finds wrong with the values."""

    @abstractmethod
    async def store(self, values: Values, stored: Stored | None) -> Stored:
        """Save the values as something new, or over what was ``stored``."""

    @abstractmethod
    async def read_again(self, stored: Stored) -> Stored:
        """Give what is stored by now."""

    @abstractmethod
    def values_of(self, stored: Stored) -> Values:
        """Give what the fields hold when this is edited."""

    def fields_of(self, values: Values) -> tuple[Field, ...]:
        """Give the fields that mean something with these values; all, unless a form says otherwise."""
        return self.FIELDS

    def follow(self) -> None:
        """Let fields follow from others, whenever one is left; nothing, unless a form says otherwise."""

    # Opening and closing.

    @property
    def has_changes(self) -> bool:
        """Whether anything was typed that is not saved."""
        return self.is_mounted and self.rows.changed

    def fill(self, sheet: Sheet[Stored]) -> None:
        """Show other content; whatever was typed before is gone."""
        self._sheet = sheet
        if self.is_mounted:
            self._show_sheet(sheet)

    def on_mount(self) -> None:
        """Show what the form was filled with before it was ever drawn."""
        self.keys.update(self._key_line())
        if self._sheet is not None:
            self._show_sheet(self._sheet)

    def _show_sheet(self, sheet: Sheet[Stored]) -> None:
        self._stop_work()
        self.box.border_title = Content(sheet.title).markup
        self.rows.fill(sheet.values)
        self.show_fields()
        self.tell("")
        self.remove_class("-help")
        self._show_state()
        self.set_focus(self.first_row().editor)

    def first_row(self) -> FieldRow:
        """Give the row in which the cursor stands at first."""
        return next(row for row in self.rows.shown if row.editor.focusable)

    def close(self, stored: Stored | None) -> None:
        """Leave the form; what still runs for it ends."""
        self._stop_work()
        self.dismiss(stored)

    def _stop_work(self) -> None:
        self.workers.cancel_node(self)
        self._refused = []
        self._saving = False

    def action_cancel(self) -> None:
        """Close, after asking when something was changed."""
        self._ask_to_discard(lambda: self.close(None))

    def action_leave(self) -> None:
        """Leave Ronda, after asking when something was changed."""
        self._ask_to_discard(lambda: self.call_next(self.run_action, "app.leave"))

    def _ask_to_discard(self, then: Callable[[], object]) -> None:
        def go_on(discard: bool | None) -> None:
            if discard:
                then()

        if self.has_changes:
            self.app.push_screen(discarding(), go_on)
        else:
            then()

    def show_fields(self) -> None:
        """Show the fields that mean something; the cursor leaves one that does not any more."""
        fields = self.fields_of(self.rows.values())
        entered = next((row for row in self.rows.shown if row.editor is self.focused), None)
        if entered is not None:
            self.set_focus(self.rows.nearest(entered, {field.name for field in fields}).editor)
        self.rows.show(fields)

    # Faults.

    def faults(self) -> tuple[Fault, ...]:
        """Give everything that is wrong with what stands in the fields."""
        unreadable = self.rows.unreadable()
        refused = [fault for fault, text in self._refused if self.rows[fault.field].editor.text == text]
        known = {fault.field for fault in (*unreadable, *refused)}
        others = (fault for fault in self.domain_faults(self.rows.values()) if fault.field not in known)
        return (*unreadable, *refused, *others)

    def visit(self, names: Iterable[str]) -> None:
        """Show what is wrong with these fields from now on."""
        self.rows.visit(names)
        self.rows.show_faults(self.faults())
        self._show_state()

    def focus_first(self, names: Collection[str]) -> None:
        """Put the cursor into the first of these fields."""
        row = next((row for row in self.rows.shown if row.field.name in names and row.editor.focusable), None)
        if row is not None:
            self.set_focus(row.editor)

    def _show_state(self) -> None:
        errors = len(self.rows.problems)
        parts = []
        if errors:
            parts.append(ngettext("{count} error", "{count} errors", errors).format(count=errors))
        if self._saving:
            parts.append(_("saving …"))
        elif self.has_changes:
            parts.append(_("unsaved changes"))
        self.box.border_subtitle = " · ".join(parts)

    @on(FieldRow.Left)
    def look_for_faults(self, event: FieldRow.Left) -> None:
        """Mask a secret again and say what is wrong, now that the field is left."""
        event.row.conceal()
        self.follow()
        self.visit([event.row.field.name])

    @on(FieldRow.Edited)
    def look_again(self) -> None:
        """Take a fault away as soon as it is mended, and show the fields that mean something by now."""
        self.show_fields()
        if self.rows.problems:
            self.rows.show_faults(self.faults())
        self._show_state()

    # Keys.

    @on(FieldRow.Done)
    def move_on(self) -> None:
        """Go to the next field."""
        self.focus_next()

    @on(FieldRow.Entered)
    def explain(self, event: FieldRow.Entered) -> None:
        """Show the help of the field with the cursor, and the keys that it has."""
        self.help_pane.explain(event.row.field, roomy=self.has_class("-wide"))
        self.keys.update(self._key_line())

    def action_field_help(self) -> None:
        """Show or hide the help of the field."""
        self.toggle_class("-help")
        self.rows.keep_in_view()

    def action_reveal(self) -> None:
        """Show a secret as it is, or its mask again."""
        row = self.rows.entered
        if row is None or row.field.reveal is None:
            self.tell(_("There is no secret in this field."))
        elif not desk_of(self).operator.may(Role.OPERATOR):
            self.tell_error(_("A viewer may not see secrets."))
        else:
            row.toggle_reveal()

    @on(ChoiceEditor.ListWanted)
    def open_list(self, event: ChoiceEditor.ListWanted) -> None:
        """Let the operator pick from the whole list."""

        def take(key: str | None) -> None:
            if key is not None:
                event.editor.text = key

        title = self.rows.of_editor(event.editor).field.label
        self.app.push_screen(Picker(title, event.editor.options, event.editor.text), take)

    def _key_line(self) -> Content:
        """Give the keys; a list to choose from has no secret to reveal, but one that opens it."""
        row = self.rows.entered
        chooses = row is not None and isinstance(row.editor, ChoiceEditor)
        told = [
            (action.told_keys, self.TEST_LABEL if action.id == "test" else action.label)
            for action in hints_for(Place.FORM)
            if self.check_action(action.call, ()) is not False
            and not (chooses and action.id == "form-reveal")
        ]
        told.insert(1, ("Tab", _("move")))
        if chooses:
            told.insert(2, (_("Space"), _("list")))
        return Content("   ").join(
            Content.assemble((keys, "bold $text-strong"), (f" {label}", "$text-quiet"))
            for keys, label in told
        )

    # Messages.

    def tell(self, message: str | Content) -> None:
        """Put a message above the keys; an empty one takes the last one away."""
        self.notice.set_class(bool(message), "-told")
        self.notice.update(message if isinstance(message, Content) else Content(message))
        self.rows.keep_in_view()

    def tell_error(self, message: str) -> None:
        """Put into the same place why something could not be done."""
        self.tell(Content.styled(f"✗ {safe(message)}", "$status-down"))

    # Saving.

    def action_save(self) -> None:
        """Save and close, or show every fault and go to the first."""
        if self._saving or self._sheet is None:
            return
        self.follow()
        self.visit(self.rows.by_name)
        wrong = {fault.field for fault in self.faults()}
        if wrong:
            self.tell_error(_("Nothing is saved yet: some fields need another value."))
            self.focus_first(wrong)
        else:
            self._saving = True
            self.tell("")
            self._show_state()
            self._save(self._sheet)

    @work(exclusive=True, group="saving", exit_on_error=False)
    async def _save(self, sheet: Sheet[Stored]) -> None:
        try:
            saved = await self.store(self.rows.values(), sheet.stored)
        except Refused as refused:
            self._show_refused(refused)
        except EditConflict:
            await self._settle_conflict(sheet)
        except RondaError as error:
            self.tell_error(_("Nothing of the form is lost. {reason}").format(reason=error_text(error)))
        else:
            self.call_next(self.close, saved)
        finally:
            self._saving = False
            self._show_state()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Tell a defect, and leave the form as it is."""
        tell_defect(self.app, event)

    def _show_refused(self, refused: Refused) -> None:
        here = [fault for fault in refused.faults if fault.field in self.rows]
        self._refused = [(fault, self.rows[fault.field].editor.text) for fault in here]
        elsewhere = [fault_text(fault) for fault in refused.faults if fault.field not in self.rows]
        self.tell_error(" ".join([_("Nothing is saved yet."), *elsewhere]))
        wrong = {fault.field for fault in here}
        self.visit(wrong)
        self.focus_first(wrong)

    async def _settle_conflict(self, sheet: Sheet[Stored]) -> None:
        """Offer what somebody else saved in the meantime; nothing is written here."""
        if sheet.stored is None:
            return
        try:
            theirs = await self.read_again(sheet.stored)
        except RondaError as error:
            self.tell_error(error_text(error))
            return
        load = await self.app.push_screen_wait(self._conflict(sheet.stored, theirs))
        values = self.values_of(theirs)
        if load:
            self.call_next(self.fill, Sheet(sheet.title, values, theirs))
        else:
            self._stand_on(Sheet(sheet.title, values, theirs))

    def _conflict(self, before: Stored, theirs: Stored) -> Confirm:
        was, became = self.values_of(before), self.values_of(theirs)
        return overtaken(
            name_of(theirs),
            [row.field.label for row in self.rows if was[row.field.name] != became[row.field.name]],
        )

    def _stand_on(self, sheet: Sheet[Stored]) -> None:
        """Go on with what was typed, compared with what is stored by now."""
        self._sheet = sheet
        self.rows.rebase(sheet.values)
        self.show_fields()
        self.tell(_("Marked fields differ from what is stored by now; save again to write yours."))
