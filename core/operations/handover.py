"""The hand-over: what has changed since somebody left, and the summary of a shift."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain.audit import AuditEntry
from core.domain.incidents import EventKind, Incident, IncidentEvent, Subject
from core.domain.notices import MessageState, OutboxEntry
from core.i18n import _, ngettext
from core.operations.desk import Desk
from core.operations.incidents import IncidentLine, list_incidents
from core.wording import STATUS_WORDS

SHORT_ABSENCE = timedelta(minutes=15)
"""Whoever was away for less is not told what has changed."""
LONGEST_LOOK_BACK = timedelta(days=14)
MOST_LISTED = 50
"""Rows of each part of the text."""
_MARKED = str.maketrans({char: f"\\{char}" for char in "\\`*_{}[]<>#|"})


@dataclass(frozen=True, slots=True)
class HandOver:
    """A shift: from one moment to another."""

    since: datetime
    until: datetime
    open: tuple[IncidentLine, ...]
    """Incidents that go on, nobody has acknowledged them."""
    acknowledged: tuple[IncidentLine, ...]
    """Incidents that go on and somebody knows of."""
    resolved: tuple[IncidentLine, ...]
    """Incidents that ended in it."""
    flapping: tuple[Subject, ...]
    sent: int
    """Messages that were delivered."""
    waiting: int
    failed: tuple[OutboxEntry, ...]
    channels: dict[int, str]
    notes: tuple[tuple[int, IncidentEvent], ...]
    """Notes, with the numbers of their incidents."""
    changes: tuple[AuditEntry, ...]
    """What others changed of clients, services, windows, channels and rules, the newest first."""

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to tell."""
        parts = (self.open, self.acknowledged, self.resolved, self.flapping, self.failed, self.notes)
        return not any(parts) and not self.changes


async def hand_over(desk: Desk, since: datetime) -> HandOver:
    """Give what happened since a moment, at most two weeks ago, and how things are now."""
    now = desk.clock.now()
    since = max(since, now - LONGEST_LOOK_BACK)
    lines = await list_incidents(desk, since=since)
    async with desk.database.unit() as unit:
        flapping = await unit.subjects.of(await unit.states.flapping())
        entries = await unit.outbox.entries(since=since, limit=10_000)
        notes = await unit.incidents.events_since(since, EventKind.NOTED)
        audit = await unit.audit.latest(500)
        channels = {each.id: each.spec.name for each in await unit.channels.all(removed=True)}
    going_on = [line for line in lines if line.incident.is_open]
    return HandOver(
        since=since,
        until=now,
        open=tuple(line for line in going_on if line.incident.acknowledgement is None),
        acknowledged=tuple(line for line in going_on if line.incident.acknowledgement is not None),
        resolved=tuple(line for line in lines if not line.incident.is_open),
        flapping=tuple(subject for subject in flapping.values() if subject.living),
        sent=_count(entries, MessageState.SENT),
        waiting=_count(entries, MessageState.WAITING),
        failed=tuple(entry for entry in entries if entry.state is MessageState.FAILED),
        channels=channels,
        notes=tuple(notes),
        changes=tuple(each for each in audit if _is_news(each, desk.operator.name, since)),
    )


async def arrive(desk: Desk) -> HandOver | None:
    """Note that the operator is here; give what changed since they left, if that is worth telling."""
    async with desk.database.unit() as unit:
        left_at = await unit.incidents.seen_at(desk.operator.name)
    found = None
    if left_at is not None and desk.clock.now() - left_at >= SHORT_ABSENCE:
        found = await hand_over(desk, left_at)
    await stay(desk)  # last: what could not be read is told at the next attempt
    return None if found is None or found.is_quiet else found


async def stay(desk: Desk) -> None:
    """Note that the operator is still here."""
    async with desk.database.unit() as unit:
        await unit.incidents.see(desk.operator.name, desk.clock.now())


def _count(entries: Sequence[OutboxEntry], state: MessageState) -> int:
    return sum(entry.state is state for entry in entries)


def _is_news(entry: AuditEntry, operator: str, since: datetime) -> bool:
    return entry.at >= since and entry.operator != operator and entry.subject != "incident"


def hand_over_lines(shift: HandOver, *, markdown: bool = False) -> Iterator[str]:
    """Write a shift down, as text or as Markdown; what came from outside is escaped in Markdown."""
    heading = "## " if markdown else ""
    yield heading + _("Hand-over {since} to {until} UTC").format(
        since=_shown(shift.since), until=_shown(shift.until)
    )
    parts = (
        (_("Open"), [_incident_line(line) for line in shift.open]),
        (_("Acknowledged"), [_incident_line(line) for line in shift.acknowledged]),
        (_("Resolved"), [_incident_line(line) for line in shift.resolved]),
        (_("Flapping"), [subject.label for subject in shift.flapping]),
        (_("Notes"), [_note_line(*each) for each in shift.notes]),
        (_("Not delivered"), [_failure_line(shift, entry) for entry in shift.failed]),
        (_("Changed by others"), [_change_line(entry) for entry in shift.changes]),
    )
    for title, rows in parts:
        yield ""
        yield ("### " if markdown else "") + f"{title} ({len(rows)})"
        yield from _listed(rows, markdown=markdown)
    yield ""
    yield _("Messages: {sent} sent, {waiting} waiting, {failed} failed.").format(
        sent=shift.sent, waiting=shift.waiting, failed=len(shift.failed)
    )


def _listed(rows: Sequence[str], *, markdown: bool) -> Iterator[str]:
    for row in rows[:MOST_LISTED]:
        text = " ".join(row.split())
        yield f"- {text.translate(_MARKED)}" if markdown else f"  {text}"
    more = len(rows) - MOST_LISTED
    if more > 0:
        words = ngettext("and {count} more", "and {count} more", more).format(count=more)
        yield f"- {words}" if markdown else f"  {words}"


def _shown(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M")


def _incident_line(line: IncidentLine) -> str:
    incident = line.incident
    ended = "" if incident.resolved_at is None else _(" to {end}").format(end=_shown(incident.resolved_at))
    text = f"#{incident.id} {STATUS_WORDS[incident.severity]} {line.subject.label}"
    parts = [text, _("since {begin}").format(begin=_shown(incident.started_at)) + ended]
    if incident.detail:
        parts.append(incident.detail)
    parts += _people(incident)
    return ", ".join(parts)


def _people(incident: Incident) -> Iterator[str]:
    given = incident.acknowledgement
    if given is not None:
        reason = f" ({given.reason})" if given.reason else ""
        yield _("acknowledged by {operator}").format(operator=given.by) + reason
    if incident.assignee:
        yield _("assigned to {name}").format(name=incident.assignee)


def _note_line(number: int, event: IncidentEvent) -> str:
    return f"#{number} {_shown(event.at)} {event.actor}: {event.text}"


def _failure_line(shift: HandOver, entry: OutboxEntry) -> str:
    channel = shift.channels.get(entry.channel_id, str(entry.channel_id))
    return f"{_shown(entry.created_at)} {channel}: {entry.error or ''}"


def _change_line(entry: AuditEntry) -> str:
    return f"{_shown(entry.at)} {entry.operator}: {entry.action} {entry.subject} {entry.subject_name}"
