"""The page of one incident: what is known, what happened, who was told, and what the checks met."""

from __future__ import annotations

from typing import ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.content import Content

from core.i18n import _
from core.operations.incidents import IncidentLine, IncidentPage
from tui.actions import Place, bindings_for
from tui.formatting import safe
from tui.screens.rereading import Rereading
from tui.widgets.evidence import EvidenceView
from tui.widgets.facts import Facts
from tui.widgets.incident_facts import incident_facts, told_facts
from tui.widgets.placard import Placard
from tui.widgets.scroll_page import ScrollPage
from tui.widgets.timeline import Timeline


class IncidentScreen(Rereading):
    """An incident over the place that it was opened from; Esc goes back there."""

    PLACE: ClassVar[Place] = Place.INCIDENT
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Place.INCIDENT, move=False)]
    AUTO_FOCUS = "ScrollPage"
    DEFAULT_CSS = """
    IncidentScreen {
        ScrollPage { height: 1fr; scrollbar-size-vertical: 1; }
        .panel { height: auto; padding: 0 1; }
        #top { height: auto; layout: vertical; }
        &.-wide #top { layout: grid; grid-size: 2 1; grid-columns: 2fr 3fr; grid-rows: auto; }
        &.-wide #top > .panel { height: 100%; }
    }
    """

    page_body = getters.query_one(ScrollPage)
    about = getters.query_one("#about", Vertical)
    facts = getters.query_one("#about Facts", Facts)
    timeline = getters.query_one(Timeline)
    told = getters.query_one("#told Facts", Facts)
    evidence = getters.query_one("#met", Vertical)
    evidence_view = getters.query_one(EvidenceView)
    placard = getters.query_one(Placard)

    def __init__(self, incident_id: int) -> None:
        super().__init__()
        self.incident_id = incident_id
        self.page: IncidentPage | None = None

    def body(self) -> ComposeResult:
        """Draw facts and timeline side by side, channels and evidence below."""
        with ScrollPage():
            with Container(id="top"):
                with Vertical(id="about", classes="panel"):
                    yield Facts()
                with Vertical(id="happened", classes="panel") as pane:
                    pane.border_title = _("timeline")
                    yield Timeline()
            with Vertical(id="told", classes="panel") as pane:
                pane.border_title = _("who was told")
                yield Facts()
            with Vertical(id="met", classes="panel") as pane:
                pane.border_title = _("what the checks met")
                yield EvidenceView()
        yield Placard()

    def on_mount(self) -> None:
        """Let keys scroll the page, whatever is on it."""
        for facts in self.query(Facts):
            facts.can_focus = False

    # What is shown

    async def load(self) -> None:
        """Read the incident."""
        self.page = await self.ronda.reader.incident(self.incident_id)

    def show_all(self) -> None:
        """Show the incident, or say why there is nothing yet."""
        self.placard.show(self.missing_words(_("reading the incident …")))
        self.page_body.display = self.page is not None
        if self.page is not None:
            self._show(self.page)
        self.key_hints.redraw()

    def _show(self, page: IncidentPage) -> None:
        now, subject = self.ronda.clock.now(), page.line.subject
        title = _("incident {id}").format(id=self.incident_id)
        self.about.border_title = Content(f"{title} · {safe(subject.service)}").markup
        self.about.border_subtitle = self.staleness
        self.facts.show(tuple(incident_facts(page.line, now)))
        self.timeline.show(page.timeline, now)
        self.told.show(tuple(told_facts(page.reasons, now)))
        self.evidence.display = bool(page.evidence)
        self.evidence_view.show(page.evidence, now, is_over=not page.line.incident.is_open)
        if self.focused is None:
            self.page_body.focus()

    @property
    def line(self) -> IncidentLine | None:
        """The incident as it was read last."""
        return self.page.line if self.page is not None else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what cannot be done now."""
        line = self.line
        is_open = line is not None and line.incident.is_open
        possible = True
        if action in ("acknowledge", "assign"):
            possible = is_open
        elif action == "unacknowledge":
            possible = line is not None and is_open and line.incident.acknowledgement is not None
        elif action in ("note", "snooze", "to_service"):
            possible = line is not None
        return possible and super().check_action(action, parameters)

    # Actions

    def action_acknowledge(self) -> None:
        """Acknowledge the incident."""
        if line := self.line:
            self.acknowledge_lines(subject_of(line), [line])

    def action_unacknowledge(self) -> None:
        """Take the acknowledgement back."""
        self.unacknowledge([self.incident_id])

    def action_assign(self) -> None:
        """Say who looks after it."""
        if line := self.line:
            self.assign(subject_of(line), [self.incident_id])

    def action_note(self) -> None:
        """Add a note."""
        if line := self.line:
            self.note(subject_of(line), [self.incident_id])

    def action_snooze(self) -> None:
        """Have nobody told of the service for a while."""
        if line := self.line:
            self.snooze(subject_of(line), [line.subject.service_id])

    def action_to_service(self) -> None:
        """Open the page of the service."""
        if line := self.line:
            self.open_service_of(line)

    def action_back(self) -> None:
        """Go back to where it was opened."""
        self.dismiss()


def subject_of(line: IncidentLine) -> str:
    """Give a service and its client as the subject of a question."""
    return f"{line.subject.service} · {line.subject.client}"
