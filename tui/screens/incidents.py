"""The place of incidents: what is wrong now, and what was within the last day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input

from core.domain.folding import Fold
from core.domain.incidents import Incident
from core.i18n import _, ngettext
from core.operations.incidents import IncidentLine, folded
from core.wording import STATUS_WORDS
from tui.actions import Place, bindings_for
from tui.incident_words import cause_text, detail_text
from tui.screens.incident import IncidentScreen, subject_of
from tui.screens.rereading import Rereading
from tui.stages import unmatched_words
from tui.widgets.filter_line import FilterLine
from tui.widgets.incident_rows import INCIDENT_COLUMNS, by_urgency, fold_id, incident_rows
from tui.widgets.placard import Placard, Words
from tui.widgets.table import Table

_NEEDS_ROW = frozenset({"open", "note", "snooze", "to_service"})
_NEEDS_OPEN = frozenset({"acknowledge", "assign"})


class IncidentsScreen(Rereading):
    """Incidents in a table, those with a cause in common as one row; keys mean the row under the cursor."""

    PLACE: ClassVar[Place] = Place.INCIDENTS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Place.INCIDENTS, move=False)]
    AUTO_FOCUS = "Table"
    DEFAULT_CSS = "IncidentsScreen #panel { height: 1fr; }"

    table = getters.query_one(Table)
    panel = getters.query_one("#panel", Vertical)
    filter_line = getters.query_one(FilterLine)
    placard = getters.query_one(Placard)

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[int, IncidentLine] = {}
        """By the number of the incident."""
        self.folds: tuple[Fold, ...] = ()
        """As shown, the most urgent first."""
        self.unfolded: frozenset[int] = frozenset()
        """Rows of folds whose members are shown."""

    def body(self) -> ComposeResult:
        """Give the table under the line of the filter."""
        with Vertical(id="panel", classes="panel") as panel:
            panel.border_title = _("incidents")
            yield FilterLine()
            yield Table(INCIDENT_COLUMNS)
            yield Placard()

    # What is shown

    async def load(self) -> None:
        """Read what is open, and what was lately."""
        lines = await self.ronda.reader.incidents()
        self.lines = {line.incident.id: line for line in lines}
        self._fold()

    def _fold(self) -> None:
        wanted = self.filter_line.value.strip().casefold()
        self.folds = tuple(by_urgency(folded([line for line in self.lines.values() if _holds(line, wanted)])))

    def show_all(self) -> None:
        """Show the rows, or say why there are none."""
        now = self.ronda.clock.now()
        self.table.show(incident_rows(self.folds, self.lines, self.unfolded, now))
        words = self._words()
        was_hidden = not self.table.display
        self.table.display = words is None
        if was_hidden and words is None and self.focused is None:
            self.table.focus()
        self.placard.show(words)
        self.panel.border_subtitle = self._counts()
        self.key_hints.redraw()

    def _words(self) -> Words | None:
        words = self.missing_words(_("reading the incidents …"))
        if words is not None or self.folds:
            return words
        if self.lines:
            return unmatched_words(self.filter_line.value.strip(), only_problems=False)
        return Words(_("nothing is wrong"), (_("No incident is open, and none was in the last 24 hours."),))

    def _counts(self) -> str:
        open_ones = sum(line.incident.is_open for line in self.lines.values())
        over = len(self.lines) - open_ones
        parts = []
        if open_ones:
            parts.append(ngettext("{count} open", "{count} open", open_ones).format(count=f"{open_ones:,}"))
        if over:
            text = ngettext("{count} over since yesterday", "{count} over since yesterday", over)
            parts.append(text.format(count=f"{over:,}"))
        return " · ".join([*parts, *filter(None, [self.staleness])])

    # The chosen row

    @property
    def chosen(self) -> Fold | None:
        """What the row under the cursor is about: a fold, or one incident."""
        number = self.table.row_id
        for fold in self.folds:
            if fold_id(fold) == number:
                return fold
        line = self.lines.get(number or 0)
        return Fold((line.incident,), None) if line is not None else None

    @property
    def chosen_lines(self) -> list[IncidentLine]:
        """The lines of the incidents that keys mean."""
        return [self.lines[member.id] for member in self.chosen.members] if self.chosen else []

    def _subject(self) -> str:
        lines, fold = self.chosen_lines, self.chosen
        if len(lines) == 1 or fold is None or fold.cause is None:
            return subject_of(lines[0])
        count = ngettext("{count} service", "{count} services", len(lines)).format(count=len(lines))
        return f"{count} · {cause_text(fold.cause)}"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what cannot be done now."""
        if not self.is_mounted:
            return super().check_action(action, parameters)
        lines = self.chosen_lines
        possible = True
        if action in _NEEDS_ROW:
            possible = bool(lines)
        elif action in _NEEDS_OPEN:
            possible = any(line.incident.is_open for line in lines)
        elif action == "unacknowledge":
            possible = any(line.incident.is_open and line.incident.acknowledgement for line in lines)
        elif action == "fold":
            possible = self._fold_at_cursor() is not None
        elif action == "filter":
            possible = bool(self.lines)
        return possible and super().check_action(action, parameters)

    @on(Table.Moved)
    def show_keys(self) -> None:
        """Show the keys that mean something for the row under the cursor."""
        self.key_hints.redraw()

    # Actions

    def action_open(self) -> None:
        """Open the incident under the cursor, or unfold it."""
        lines = self.chosen_lines
        if len(lines) == 1:
            self.app.push_screen(IncidentScreen(lines[0].incident.id))
        else:
            self.action_fold()

    def action_fold(self) -> None:
        """Show or hide the members of the fold at the cursor."""
        fold = self._fold_at_cursor()
        if fold is not None:
            number = fold_id(fold)
            self.unfolded = self.unfolded ^ {number}
            self.table.move_to_id(number)
            self.show_all()

    def _fold_at_cursor(self) -> Fold | None:
        number = self.table.row_id
        for fold in self.folds:
            members = {member.id for member in fold.members}
            if len(members) > 1 and (number == fold_id(fold) or number in members):
                return fold
        return None

    def action_acknowledge(self) -> None:
        """Acknowledge what is under the cursor and nobody knows of yet."""
        self.acknowledge_lines(self._subject(), self.chosen_lines)

    def action_unacknowledge(self) -> None:
        """Take the acknowledgement back."""
        self.unacknowledge([each.id for each in self._open_ones() if each.acknowledgement is not None])

    def _open_ones(self) -> Iterator[Incident]:
        return (line.incident for line in self.chosen_lines if line.incident.is_open)

    def action_assign(self) -> None:
        """Say who looks after it."""
        self.assign(self._subject(), [each.id for each in self._open_ones()])

    def action_note(self) -> None:
        """Add a note."""
        self.note(self._subject(), [line.incident.id for line in self.chosen_lines])

    def action_snooze(self) -> None:
        """Have nobody told of the service for a while."""
        self.snooze(self._subject(), {line.subject.service_id for line in self.chosen_lines})

    def action_to_service(self) -> None:
        """Open the page of the service."""
        self.open_service_of(self.chosen_lines[0])

    # The filter

    def action_filter(self) -> None:
        """Narrow the table by what is typed."""
        self.filter_line.open()

    def action_back(self) -> None:
        """Clear the filter."""
        self.filter_line.close()
        self.table.focus()

    @on(Input.Changed)
    def narrow(self) -> None:
        """Show the incidents that hold what was typed."""
        self._fold()
        self.show_all()

    @on(Input.Submitted)
    def leave_filter(self) -> None:
        """Go back to the table; the filter stays."""
        if not self.filter_line.value.strip():
            self.filter_line.close()
        self.table.focus()


def _holds(line: IncidentLine, wanted: str) -> bool:
    """Whether what an incident says holds a text."""
    incident, given = line.incident, line.incident.acknowledgement
    said: Sequence[str] = (
        line.subject.service,
        line.subject.client,
        *line.subject.tags,
        STATUS_WORDS[incident.status],
        detail_text(incident),
        incident.address or "",
        incident.assignee,
        given.by if given is not None else "",
    )
    return wanted in "\n".join(said).casefold()
