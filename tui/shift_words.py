"""Words of a hand-over: what stands in each of its parts, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.domain.audit import AuditEntry
from core.domain.incidents import IncidentEvent, Subject
from core.domain.notices import OutboxEntry
from core.i18n import _
from core.operations.handover import HandOver
from core.operations.incidents import IncidentLine
from tui.formatting import safe
from tui.incident_words import detail_text, held_back_text, known_text, lasting, status_colour, status_text
from tui.screens.system import ACTION_WORDS, SUBJECT_WORDS


@dataclass(frozen=True, slots=True)
class ShiftRow:
    """One thing that is told."""

    subject: str
    text: str
    at: datetime | None = None
    colour: str = "quiet"
    """Name of the colour of the sign."""
    sign: str = " "


Part = tuple[str, Sequence[ShiftRow]]
"""A title, and what stands below it."""


def parts_of(shift: HandOver) -> Iterator[Part]:
    """Give the parts of a hand-over that have something to tell."""
    now = shift.until
    parts: tuple[Part, ...] = (
        (_("Open"), [_incident_row(line, now) for line in shift.open]),
        (_("Acknowledged"), [_incident_row(line, now) for line in shift.acknowledged]),
        (_("Resolved"), [_incident_row(line, now) for line in shift.resolved]),
        (_("Flapping"), [_flapping_row(subject) for subject in shift.flapping]),
        (_("Notes"), [_note_row(*each) for each in shift.notes]),
        (_("Not delivered"), [_failure_row(shift, entry) for entry in shift.failed]),
        (_("Changed by others"), [_change_row(entry) for entry in shift.changes]),
    )
    return (part for part in parts if part[1])


def counts_text(shift: HandOver) -> str:
    """Say how many incidents there were, and of which kind."""
    text = _("{open} open · {acknowledged} acknowledged · {resolved} resolved · {flapping} flapping")
    return text.format(
        open=len(shift.open),
        acknowledged=len(shift.acknowledged),
        resolved=len(shift.resolved),
        flapping=len(shift.flapping),
    )


def messages_text(shift: HandOver) -> str:
    """Say how many messages were sent, wait and failed."""
    text = _("messages: {sent} sent · {waiting} waiting · {failed} failed")
    return text.format(sent=shift.sent, waiting=shift.waiting, failed=len(shift.failed))


def _name(subject: Subject) -> str:
    return f"{safe(subject.service)} · {safe(subject.client)}"


def _incident_row(line: IncidentLine, now: datetime) -> ShiftRow:
    incident = line.incident
    sign, _space, word = status_text(incident).partition(" ")
    parts = [
        _("{status} for {duration}").format(status=word, duration=lasting([incident], now))
        if incident.is_open
        else _("{ending} after {duration}").format(ending=word, duration=lasting([incident], now)),
        detail_text(incident),
        _people_text(line, now),
        held_back_text(line, now) if incident.is_open else "",
        f"#{incident.id}",
    ]
    text = " · ".join(filter(None, parts))
    return ShiftRow(_name(line.subject), text, incident.started_at, status_colour(incident), sign)


def _people_text(line: IncidentLine, now: datetime) -> str:
    """Say who knows of it and why they said so, and who looks after it."""
    given, assignee = line.incident.acknowledgement, safe(line.incident.assignee)
    said = []
    if given is not None:
        reason = f" ({safe(given.reason)})" if given.reason else ""
        said.append(_("known to {who}").format(who=known_text(given, now)) + reason)
    if assignee:
        said.append(_("assigned to {name}").format(name=assignee))
    return ", ".join(said)


def _flapping_row(subject: Subject) -> ShiftRow:
    return ShiftRow(_name(subject), "", colour="degraded", sign="▲")


def _note_row(number: int, event: IncidentEvent) -> ShiftRow:
    return ShiftRow(f"#{number} {safe(event.actor)}", safe(event.text), event.at)


def _failure_row(shift: HandOver, entry: OutboxEntry) -> ShiftRow:
    channel = shift.channels.get(entry.channel_id, str(entry.channel_id))
    return ShiftRow(safe(channel), safe(entry.error or ""), entry.created_at, "down", "✗")


def _change_row(entry: AuditEntry) -> ShiftRow:
    action = ACTION_WORDS.get(entry.action, entry.action)
    subject = SUBJECT_WORDS.get(entry.subject, entry.subject)
    return ShiftRow(safe(entry.operator), f"{action} {subject} {safe(entry.subject_name)}", entry.at)
