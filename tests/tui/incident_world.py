"""Incidents made up for tests, and a console that shows them without a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from textual.pilot import Pilot

from core.domain.channels import Message
from core.domain.evidence import Evidence, FailureEvidence
from core.domain.gates import Gate, NoticeKind, Verdict
from core.domain.incidents import (
    Acknowledgement,
    AcknowledgementKind,
    Ending,
    EventKind,
    Incident,
    IncidentEvent,
    Subject,
)
from core.domain.notices import MessageState, Notice, OutboxEntry
from core.domain.observations import ErrorKind, Status
from core.domain.operators import Role
from core.errors import RondaError
from core.operations.desk import Desk
from core.operations.incidents import RECENT, IncidentLine, IncidentPage, Reason
from tests.tui.canned import NOW, CannedApp, CannedReader, Fleet
from tests.tui.forms import on_top, until
from tui.screens.incident import IncidentScreen
from tui.screens.incidents import IncidentsScreen
from tui.stages import Stage


def ago(**span: float) -> datetime:
    """Give a moment before the tests' own."""
    return NOW - timedelta(**span)


def subject(number: int, service: str, client: str, runbook_url: str = "") -> Subject:
    """Give the service that an incident is about."""
    tags = ("gold",) if client == "Northwind Bank" else ()
    return Subject(
        number, number_of(client), service, client, tags, True, True, True, runbook_url, parent_id=None
    )


def number_of(name: str) -> int:
    """Give a number for a name."""
    return sum(name.encode())


def incident(number: int, status: Status, began: datetime, detail: str, **fields: object) -> Incident:
    """Give an incident of the service of the same number."""
    made = Incident(number, status, status, began, began + timedelta(seconds=40), began, id=number)
    return replace(made, detail=detail, **fields)  # type: ignore[arg-type] # by name


KNOWN = Acknowledgement(AcknowledgementKind.STICKY, "tom", ago(minutes=9), "the bank moves its racks")
KNOWN_UNTIL = Acknowledgement(
    AcknowledgementKind.UNTIL, "ana", ago(minutes=30), until=NOW + timedelta(hours=2)
)
REFUSED = {"error": ErrorKind.CONNECT, "address": "10.0.0.7"}
LEDGER = IncidentLine(
    incident(1, Status.DOWN, ago(minutes=12), "502 instead of 200", error=ErrorKind.STATUS,
             address="192.0.2.7", certificate="northwind.example", acknowledgement=KNOWN, assignee="tom"),
    subject(1, "ledger.prod", "Northwind Bank", "https://wiki.example/northwind/ledger"),
)  # fmt: skip
RACK = tuple(
    IncidentLine(
        incident(number, Status.DOWN, ago(minutes=2, seconds=20 - number), "connection refused", **REFUSED),
        subject(number, service, client),
    )
    for number, service, client in (
        (2, "web.eu", "Acme Retail"), (3, "api.eu", "Blue Harbor"), (4, "checkout.prod", "Helios Energy"),
    )
)  # fmt: skip
SEARCH = IncidentLine(
    incident(5, Status.DEGRADED, ago(minutes=42), "1240 ms, over 800 ms", acknowledgement=KNOWN_UNTIL,
             address="192.0.2.9"),
    subject(5, "search.prod", "Orchid Health"),
    snoozed_until=NOW + timedelta(hours=1),
)  # fmt: skip
BEHIND = IncidentLine(
    incident(6, Status.DOWN, ago(minutes=10), "no answer within 10 s", error=ErrorKind.TIMEOUT,
             address="192.0.2.8"),
    subject(6, "reports.prod", "Northwind Bank"),
    behind="Northwind Bank/ledger.prod",
)  # fmt: skip
OVER = IncidentLine(
    incident(7, Status.DOWN, ago(hours=5), "certificate has expired", error=ErrorKind.TLS,
             resolved_at=ago(hours=4, minutes=12), ending=Ending.RECOVERED),
    subject(7, "vpn.us", "Kestrel Air"),
)  # fmt: skip
PAUSED = IncidentLine(
    incident(8, Status.DEGRADED, ago(hours=20), "900 ms, over 800 ms", resolved_at=ago(hours=19),
             ending=Ending.PAUSED),
    subject(8, "cache.stage", "[red]Quayside[/]"),
)  # fmt: skip
EVERYTHING = (LEDGER, *RACK, SEARCH, BEHIND, OVER, PAUSED)
TIMELINE = (
    IncidentEvent(ago(minutes=11, seconds=20), EventKind.OPENED, text="502 instead of 200"),
    IncidentEvent(ago(minutes=9), EventKind.ACKNOWLEDGED, "tom", "the bank moves its racks"),
    IncidentEvent(ago(minutes=8, seconds=30), EventKind.ASSIGNED, "tom", "tom"),
    IncidentEvent(ago(minutes=4), EventKind.NOTED, "ana",
                  "Called the NOC: they expect the second rack at 15:00 and will ring back before they "
                  "switch over; [bold]do not restart[/] anything until then."),
    IncidentEvent(ago(minutes=2), EventKind.FLAPPING, text="34 %"),
)  # fmt: skip


def notice(number: int, channel_id: int, kind: NoticeKind, verdict: Verdict | None = None) -> Notice:
    """Give what was decided about one channel."""
    verdicts = (verdict,) if verdict is not None else ()
    return Notice(
        channel_id, f"key-{number}", kind, ago(minutes=11) + timedelta(seconds=number), verdicts, {}
    )


def entry(number: int, state: MessageState, attempts: int = 1, error: str | None = None) -> OutboxEntry:
    """Give a message; one that is over ended eleven minutes ago."""
    ended = None if state is MessageState.WAITING else ago(minutes=11)
    due = NOW + timedelta(minutes=3)
    return OutboxEntry(number, f"m{number}", 1, state, ago(minutes=11), due, attempts, ended, error)


REASONS = (
    Reason("mail", notice(1, 1, NoticeKind.PROBLEM), entry(1, MessageState.SENT)),
    Reason("mail", notice(2, 1, NoticeKind.REMINDER,
           Verdict(Gate.ACKNOWLEDGED, False, "acknowledged", {"operator": "tom"})), None),
    Reason("pager", notice(3, 2, NoticeKind.PROBLEM),
           entry(3, MessageState.WAITING, 3, "503 from events.pager.example")),
    Reason("night watch", notice(4, 3, NoticeKind.PROBLEM,
           Verdict(Gate.HOURS, False, "hours", {"rule": "nights"}, NOW + timedelta(hours=7))), None),
    Reason("chat", notice(5, 4, NoticeKind.PROBLEM),
           entry(5, MessageState.FAILED, 41, "the token was revoked")),
)  # fmt: skip
MET = FailureEvidence(
    ago(minutes=12), ago(minutes=12), ErrorKind.STATUS, "502 instead of 200",
    Evidence("body", "192.0.2.7", "HTTP/1.1 502 Bad Gateway\nServer: nginx", "<h1>502 Bad Gateway</h1>"),
    True,
)  # fmt: skip
PAGE = IncidentPage(LEDGER, TIMELINE, REASONS, (MET,))


@dataclass
class Answers:
    """What the reader answers; a test changes it while the console runs."""

    lines: Sequence[IncidentLine] = EVERYTHING
    page: IncidentPage = PAGE
    message: Message | None = None
    error: RondaError | None = None
    """Raised in place of every answer."""
    reads: int = 0


class IncidentReader(CannedReader):
    """Answers from what a test made up."""

    def __init__(self, desk: Desk, fleet: Fleet, answers: Answers) -> None:
        super().__init__(desk, fleet)
        self.answers = answers

    def _answer(self) -> Answers:
        self.answers.reads += 1
        if self.answers.error is not None:
            raise self.answers.error
        return self.answers

    async def incidents(self, recent: timedelta = RECENT) -> list[IncidentLine]:
        return list(self._answer().lines)

    async def incident(self, incident_id: int) -> IncidentPage:
        return self._answer().page

    async def told(self, notification_id: int) -> Message | None:
        return self._answer().message


class IncidentApp(CannedApp):
    """The console over a small fleet with incidents."""

    def __init__(
        self, answers: Answers | None = None, *, theme: str = "ronda-night", role: Role = Role.ADMIN
    ) -> None:
        super().__init__(Fleet(40), theme=theme, role=role)
        self.answers = answers or Answers()
        self._read = lambda desk: IncidentReader(desk, self.fleet, self.answers)


async def at_incidents(app: IncidentApp, pilot: Pilot[None]) -> IncidentsScreen:
    """Go to the incidents and wait until they are shown."""
    await until(pilot, lambda: app.stage is Stage.READY and app.bridge.watch.heard)
    await pilot.press("3")
    await until(pilot, lambda: on_top(app, IncidentsScreen))
    screen = app.screen
    assert isinstance(screen, IncidentsScreen)
    await until(pilot, lambda: screen.read_at is not None or bool(screen.failure))
    await pilot.pause()
    return screen


async def at_ledger(app: IncidentApp, pilot: Pilot[None]) -> IncidentScreen:
    """Open the page of the incident of the ledger."""
    (await at_incidents(app, pilot)).table.move_to_id(LEDGER.incident.id)
    await pilot.press("enter")
    await until(pilot, lambda: on_top(app, IncidentScreen))
    screen = app.screen
    assert isinstance(screen, IncidentScreen)
    await until(pilot, lambda: screen.page is not None)
    await pilot.pause()
    return screen
