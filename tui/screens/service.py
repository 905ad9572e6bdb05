"""The page of one service: state, settings, latency, last checks and why it failed last, live."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content

from core.domain.events import ServiceJudged
from core.domain.evidence import FailureEvidence, failure_of, with_failure
from core.domain.incidents import FAILING
from core.domain.observations import LatencyPoint, Observation, Status
from core.errors import RondaError
from core.i18n import _
from core.wording import error_text
from tui.actions import Place, bindings_for
from tui.board_model import Entry
from tui.bridge import BoardChanged
from tui.formatting import safe
from tui.latency_series import point_of
from tui.screens.handling import Handling, label_of
from tui.widgets.evidence import EvidencePane
from tui.widgets.facts import Facts
from tui.widgets.service_facts import (
    CHECK_COLUMNS,
    check_row,
    last_check_facts,
    settings_facts,
    uptime_facts,
)
from tui.widgets.service_page import DAY, HOUR, LatencyChart, ServiceHead
from tui.widgets.table import Table

LISTED_CHECKS = 200
"""Checks in the list."""


class ServiceScreen(Handling):
    """A service over the place that it was opened from; Esc goes back there."""

    PLACE: ClassVar[Place] = Place.SERVICE
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Place.SERVICE, move=False)]
    AUTO_FOCUS = "Table"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-roomy")]  # noqa: RUF012 - Textual declares it so

    head = getters.query_one(ServiceHead)
    about = getters.query_one("#about", VerticalScroll)
    facts = getters.query_one(Facts)
    chart = getters.query_one("#chart", LatencyChart)
    table = getters.query_one(Table)
    evidence = getters.query_one(EvidencePane)

    def __init__(self, service_id: int) -> None:
        super().__init__()
        self.service_id = service_id
        self.checks: list[Observation] = []
        """For the list, newest first."""
        self.points: list[LatencyPoint] = []
        """For the chart, oldest first."""
        self.failures: tuple[FailureEvidence, ...] = ()
        """First and latest of the newest run of failures."""
        self._stop_listening: Callable[[], None] = lambda: None

    @property
    def entry(self) -> Entry | None:
        """The service; None once it is deleted."""
        return self.ronda.board.entries.get(self.service_id)

    def body(self) -> ComposeResult:
        """Draw the state, then facts, chart, checks and evidence."""
        yield ServiceHead()
        with Container(id="body"):
            yield LatencyChart(id="chart")
            with VerticalScroll(id="about", classes="panel", can_focus=False):
                yield Facts()
            with Vertical(id="checks", classes="panel") as checks:
                checks.border_title = _("last checks")
                yield Table(CHECK_COLUMNS)
            yield EvidencePane()

    def on_mount(self) -> None:
        """Read the checks, and show what is known until they are there."""
        self._stop_listening = self.ronda.bridge.listen_for_failures(self._failed)
        self._show()
        self._read()

    def on_unmount(self) -> None:
        """Hear of no more failures."""
        self._stop_listening()

    @work(exclusive=True, group="checks", exit_on_error=False)
    async def _read(self) -> None:
        reader = self.ronda.reader
        try:
            self.points = await reader.latencies(self.service_id, self.chart.span, self.chart.columns)
            self.checks = await reader.checks(self.service_id, LISTED_CHECKS)
            self._add_failures(await reader.failures(self.service_id))
        except RondaError as error:
            self.notify(safe(error_text(error)), severity="error", markup=False)
        self._take_last()
        self._show()

    @work(exclusive=True, group="failures", exit_on_error=False)
    async def _read_failures(self) -> None:
        try:
            self._add_failures(await self.ronda.reader.failures(self.service_id))
        except RondaError as error:
            self.notify(safe(error_text(error)), severity="error", markup=False)
        self._show_evidence()

    def _add_failures(self, read: tuple[FailureEvidence, ...]) -> None:
        """Take what is stored; what was told meanwhile may be newer."""
        for told in self.failures:
            read = with_failure(read, told)
        self.failures = read

    def _failed(self, event: ServiceJudged) -> None:
        """Take what a failing check has just met."""
        failure = failure_of(event.state, event.observation)
        if event.service_id == self.service_id and failure is not None:
            self.failures = with_failure(self.failures, failure)

    def board_changed(self, change: BoardChanged) -> None:
        """Show a new result; leave when the service is gone, but never from below another screen."""
        if self.entry is None:
            if self.on_top:
                self.action_back()
        elif change.inventory or self.service_id in change.service_ids:
            self._take_last()
            self._show()
            if self._lacks_evidence():
                self._read_failures()

    def _lacks_evidence(self) -> bool:
        """Whether the last check failed and nobody told what it met: another process runs the round."""
        last = self.entry.observation if self.entry else None
        if last is None or last.status is not Status.DOWN:
            return False
        return not self.failures or self.failures[-1].checked_at < last.checked_at

    def ticked(self) -> None:
        """Let ages grow."""
        if self.entry is not None:
            self.head.show(self.entry, self.ronda.clock.now())
            self._show_evidence()

    def _take_last(self) -> None:
        """Add the result that was judged last, if it is not there yet."""
        last = self.entry.observation if self.entry else None
        if last is not None and (not self.checks or self.checks[0].checked_at < last.checked_at):
            self.checks = [last, *self.checks[: LISTED_CHECKS - 1]]
            self.points.append(point_of(last))

    def _show(self) -> None:
        entry, now = self.entry, self.ronda.clock.now()
        if entry is None:
            return
        spec, client = entry.line.service.spec, entry.line.client.spec
        self.about.border_title = Content(f"{safe(spec.name)} · {safe(client.name)}").markup
        self.head.show(entry, now)
        last = entry.observation
        self.facts.show((*settings_facts(entry), *last_check_facts(last, now), *uptime_facts(entry)))
        self.chart.show(entry, self.points, now)
        self.table.show(check_row(check) for check in self.checks)
        self._show_evidence()

    def _show_evidence(self) -> None:
        entry = self.entry
        if entry is None:
            return
        run = entry.line.state.down_run
        goes_on = run.reached and bool(self.failures) and self.failures[-1].began_at == run.since
        self.set_class(bool(self.failures), "-failed")
        self.evidence.view.show(self.failures, self.ronda.clock.now(), is_over=not goes_on)

    # Actions

    def action_span(self) -> None:
        """Show one hour or one day."""
        self.chart.span = DAY if self.chart.span == HOUR else HOUR
        self._show()
        self._read()

    def action_why(self) -> None:
        """Show why it failed in all the room there is, or the page again."""
        self.toggle_class("-why")
        (self.evidence if self.has_class("-why") else self.table).focus()

    def action_edit(self) -> None:
        """Edit the service."""
        if self.entry is not None:
            self.edit_service(self.entry.line.service, self.entry.line.client)

    def action_delete(self) -> None:
        """Delete the service, after asking."""
        if self.entry is not None:
            self.delete_service(self.entry.line.service, self.entry.line.client)

    def action_duplicate(self) -> None:
        """Make a service like this one."""
        if self.entry is not None:
            self.duplicate_service(self.entry.line.service, self.entry.line.client)

    def action_pause(self) -> None:
        """Pause or resume the service."""
        if self.entry is not None:
            self.pause_service(self.entry.line.service)

    def action_check(self) -> None:
        """Check the service now."""
        if self.entry is not None:
            self.check_service(self.entry.line.service)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what cannot be done now."""
        if action == "acknowledge" and (self.entry is None or self.entry.line.state.status not in FAILING):
            return False
        return super().check_action(action, parameters)

    def action_acknowledge(self) -> None:
        """Acknowledge the incident of the service."""
        if self.entry is not None:
            self.acknowledge_entry(self.entry)

    def action_maintain(self) -> None:
        """Make a maintenance window for the service."""
        self.maintain(self.service_id)

    def action_snooze(self) -> None:
        """Have nobody told of the service for a while."""
        if self.entry is not None:
            self.snooze(label_of(self.entry), [self.service_id])

    def action_back(self) -> None:
        """Go back to the page, or from there to where the service was opened."""
        if self.has_class("-why") and self.entry is not None:
            self.action_why()
        else:
            self.dismiss()
