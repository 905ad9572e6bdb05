"""Use cases around incidents: look, acknowledge, assign, note, snooze."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from core.domain.dependencies import behind
from core.domain.evidence import FailureEvidence
from core.domain.faults import Fault
from core.domain.folding import Fold, fold
from core.domain.incidents import (
    Acknowledgement,
    AcknowledgementKind,
    EventKind,
    Incident,
    IncidentEvent,
    Snooze,
    Subject,
    Tracked,
)
from core.domain.notices import Notice, OutboxEntry
from core.domain.observations import Status
from core.domain.operators import Role
from core.domain.text import NAME_LIMIT, TEXT_LIMIT, has_control_characters
from core.errors import InputError
from core.i18n import _
from core.operations.desk import Desk
from core.operations.lookup import refuse
from core.operations.services import living_service

if TYPE_CHECKING:
    from core.storage.database import Unit

LONGEST_SNOOZE_SECONDS = 7 * 86_400.0
RECENT = timedelta(hours=24)
"""How far back incidents that are over are listed beside the open ones."""


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """An incident as it is listed."""

    incident: Incident
    subject: Subject
    snoozed_until: datetime | None = None
    behind: str = ""
    """What it depends on that is down, as CLIENT/NAME."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What became of telling one channel one thing, and why."""

    channel: str
    notice: Notice
    message: OutboxEntry | None
    """None: it was held back."""


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """An incident with everything that is known of it."""

    line: IncidentLine
    timeline: tuple[IncidentEvent, ...]
    reasons: tuple[Reason, ...]
    evidence: tuple[FailureEvidence, ...]
    """Of the run of failures that it began with: the first and the latest."""


async def list_incidents(
    desk: Desk, *, since: datetime | None = None, service_ids: Collection[int] | None = None
) -> list[IncidentLine]:
    """Give open incidents, and those that were open at or after ``since``, the newest first."""
    async with desk.database.unit() as unit:
        incidents = await unit.incidents.found(since=since, service_ids=service_ids)
        return await _lines(unit, incidents, desk.clock.now())


def folded(lines: Sequence[IncidentLine]) -> list[Fold]:
    """Put together the incidents that have a cause in common."""
    subjects = {line.subject.service_id: line.subject for line in lines}
    return fold((line.incident for line in lines), subjects)


async def load_incident(desk: Desk, incident_id: int) -> IncidentPage:
    """Give an incident with its timeline, its notices and what its first checks met; ``NotFound``."""
    async with desk.database.unit() as unit:
        incident = await unit.incidents.get(incident_id)
        (line,) = await _lines(unit, [incident], desk.clock.now())
        timeline = await unit.incidents.timeline(incident_id)
        reasons = await _reasons(unit, incident_id)
        runs = await unit.evidence.runs(incident.service_id, 20)
    return IncidentPage(line, tuple(timeline), reasons, _evidence_of(incident, runs))


def _evidence_of(incident: Incident, runs: Sequence[FailureEvidence]) -> tuple[FailureEvidence, ...]:
    until = incident.resolved_at
    within = [
        each
        for each in runs
        if each.checked_at >= incident.started_at and (until is None or each.began_at < until)
    ]
    return tuple(each for each in within if each.began_at == within[-1].began_at)  # the newest run is first


async def _lines(unit: Unit, incidents: Sequence[Incident], now: datetime) -> list[IncidentLine]:
    service_ids = {incident.service_id for incident in incidents}
    subjects = await unit.subjects.with_ancestors(service_ids)
    states = await unit.states.of(list(subjects))
    snoozes = await unit.incidents.snoozes(now, service_ids)
    parents = {number: subject.parent_id for number, subject in subjects.items()}

    def down(number: int) -> bool:
        state = states.get(number)
        return state is not None and state.status is Status.DOWN and subjects[number].is_watched

    def line(incident: Incident) -> IncidentLine:
        number = incident.service_id
        above = behind(number, parents, down) if incident.is_open else None
        return IncidentLine(
            incident,
            subjects[number],
            snoozed_until=snoozes[number].until if number in snoozes else None,
            behind="" if above is None else subjects[above].label,
        )

    return [line(incident) for incident in incidents]


async def _reasons(unit: Unit, incident_id: int) -> tuple[Reason, ...]:
    written = await unit.outbox.notices_of([incident_id])
    names = {channel.id: channel.spec.name for channel in await unit.channels.all(removed=True)}
    reasons = []
    for notice, state in written:
        entry = None
        if state is not None and notice.notification_id is not None:
            entry = await unit.outbox.entry(notice.notification_id)
        reasons.append(Reason(names.get(notice.channel_id, ""), notice, entry))
    return tuple(reasons)


async def acknowledge(
    desk: Desk,
    incident_id: int,
    kind: AcknowledgementKind = AcknowledgementKind.STICKY,
    *,
    reason: str = "",
    until: datetime | None = None,
) -> Incident:
    """Say that somebody knows of an incident; reminders and escalation stop.

    ``InputError`` if it is over or acknowledged already, ``Refused`` for what is wrong with the reason
    or the time, ``NotFound``.
    """
    desk.require(Role.OPERATOR)
    now = desk.clock.now()
    refuse([*_text_faults("reason", reason), *_until_faults(kind, until, now)])
    async with desk.database.unit() as unit:
        incident = await _open_incident(unit, incident_id)
        given = incident.acknowledgement
        if given is not None:
            raise InputError(
                _("Incident {id} was acknowledged by {operator} already, at {time} UTC.").format(
                    id=incident_id, operator=given.by, time=given.at.strftime("%Y-%m-%d %H:%M:%S")
                )
            )
        new = Acknowledgement(kind, desk.operator.name, now, reason, until)
        event = IncidentEvent(now, EventKind.ACKNOWLEDGED, desk.operator.name, reason)
        changed = replace(incident, acknowledgement=new)
        return await _write(desk, unit, "acknowledge", changed, event)


async def unacknowledge(desk: Desk, incident_id: int) -> Incident:
    """Take an acknowledgement back; what is still wrong is told anew. ``InputError`` if there is none."""
    desk.require(Role.OPERATOR)
    now = desk.clock.now()
    async with desk.database.unit() as unit:
        incident = await _open_incident(unit, incident_id)
        if incident.acknowledgement is None:
            raise InputError(_("Incident {id} is not acknowledged.").format(id=incident_id))
        event = IncidentEvent(now, EventKind.ACKNOWLEDGEMENT_ENDED, desk.operator.name)
        changed = replace(incident, acknowledgement=None, telling_since=now)
        return await _write(desk, unit, "unacknowledge", changed, event)


async def assign(desk: Desk, incident_id: int, assignee: str) -> Incident:
    """Say who looks after an incident; empty: nobody. ``InputError`` if it is over."""
    desk.require(Role.OPERATOR)
    assignee = assignee.strip()
    refuse(_text_faults("assignee", assignee, NAME_LIMIT, allowed=""))
    async with desk.database.unit() as unit:
        incident = await _open_incident(unit, incident_id)
        event = IncidentEvent(desk.clock.now(), EventKind.ASSIGNED, desk.operator.name, assignee)
        return await _write(desk, unit, "assign", replace(incident, assignee=assignee), event)


async def note(desk: Desk, incident_id: int, text: str) -> Incident:
    """Add a note to the timeline, also of an incident that is over."""
    desk.require(Role.OPERATOR)
    text = text.strip()
    refuse([Fault("note", "required")] if not text else _text_faults("note", text))
    async with desk.database.unit() as unit:
        incident = await unit.incidents.get(incident_id, lock=True)
        event = IncidentEvent(desk.clock.now(), EventKind.NOTED, desk.operator.name, text)
        return await _write(desk, unit, "note", incident, event)


async def snooze_service(desk: Desk, service_id: int, seconds: float) -> Snooze:
    """Have nobody told of a service for a while; its downtime counts as ever. ``Refused``, ``NotFound``."""
    desk.require(Role.OPERATOR)
    if not 60.0 <= seconds <= LONGEST_SNOOZE_SECONDS:
        limits = {"minutes": 1, "days": round(LONGEST_SNOOZE_SECONDS / 86_400)}
        refuse([Fault("duration_seconds", "window_duration", limits)])
    now = desk.clock.now()
    snooze = Snooze(service_id, now + timedelta(seconds=seconds), desk.operator.name)
    async with desk.database.unit() as unit:
        service, _client = await living_service(unit, service_id)
        await unit.incidents.snooze(snooze, now)
        after = {"until": snooze.until.isoformat()}
        name = service.spec.name
        await unit.audit.record(desk.operator, "snooze", "service", service_id, name, None, after, now)
        await unit.announce({"incidents": [service_id]})
    return snooze


async def wake_service(desk: Desk, service_id: int) -> None:
    """End the snooze of a service; ``InputError`` if it is not snoozed."""
    desk.require(Role.OPERATOR)
    async with desk.database.unit() as unit:
        service, _client = await living_service(unit, service_id)
        name, now = service.spec.name, desk.clock.now()
        if not await unit.incidents.wake(service_id):
            raise InputError(_("The service {name} is not snoozed.").format(name=name))
        await unit.audit.record(desk.operator, "wake", "service", service_id, name, None, None, now)
        await unit.announce({"incidents": [service_id]})


async def _open_incident(unit: Unit, incident_id: int) -> Incident:
    """Give an incident that nobody else changes until the unit ends; ``InputError`` if it is over."""
    incident = await unit.incidents.get(incident_id, lock=True)
    if not incident.is_open:
        raise InputError(
            _("Incident {id} is over; there is nothing to acknowledge or assign.").format(id=incident_id)
        )
    return incident


async def _write(desk: Desk, unit: Unit, action: str, incident: Incident, event: IncidentEvent) -> Incident:
    await unit.incidents.write([Tracked(incident, (event,))])
    subject = (await unit.subjects.of([incident.service_id]))[incident.service_id]
    after = {"text": event.text} if event.text else None
    await unit.audit.record(
        desk.operator, action, "incident", incident.id, subject.label, None, after, desk.clock.now()
    )
    await unit.announce({"incidents": [incident.service_id]})
    return incident


def _text_faults(field: str, text: str, limit: int = TEXT_LIMIT, *, allowed: str = "\n\t") -> list[Fault]:
    if len(text) > limit:
        return [Fault(field, "too_long", {"limit": limit})]
    return [Fault(field, "control_characters")] if has_control_characters(text, allowed=allowed) else []


def _until_faults(kind: AcknowledgementKind, until: datetime | None, now: datetime) -> list[Fault]:
    if kind is not AcknowledgementKind.UNTIL:
        return [] if until is None else [Fault("until", "until_kind")]
    if until is None:
        return [Fault("until", "required")]
    return [Fault("until", "window_past")] if until <= now else []
