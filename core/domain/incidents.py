"""Incidents: from the first failing check of a confirmed failure to the recovery.

There is one open incident for each service at most. Down during degraded raises the same incident. What
happens to it is decided here from the service's state after each check, so that it comes out the same
whoever leads the round.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from core.domain.observations import ErrorKind, Observation, Status
from core.domain.status import ServiceState, Transition

FAILING = (Status.DEGRADED, Status.DOWN)
"""The hard statuses that make an incident, the lesser one first."""


class Ending(StrEnum):
    """How an incident ended."""

    RECOVERED = "recovered"
    PAUSED = "paused"
    """The service or its client was paused: nobody looks any more."""
    REMOVED = "removed"


class AcknowledgementKind(StrEnum):
    """How long an acknowledgement holds (Icinga's three)."""

    PLAIN = "plain"
    """Until the status changes."""
    STICKY = "sticky"
    """Until the recovery."""
    UNTIL = "until"
    """Until a time; what is still wrong then is told anew."""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody knows of it; reminders and escalation stop."""

    kind: AcknowledgementKind
    by: str
    at: datetime
    reason: str = ""
    until: datetime | None = None


class EventKind(StrEnum):
    """What a line of the timeline is about."""

    OPENED = "opened"
    RAISED = "raised"
    LOWERED = "lowered"
    RESOLVED = "resolved"
    ACKNOWLEDGED = "acknowledged"
    ACKNOWLEDGEMENT_ENDED = "acknowledgement_ended"
    ASSIGNED = "assigned"
    NOTED = "noted"
    FLAPPING = "flapping"
    FLAPPING_ENDED = "flapping_ended"


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    """One line of the timeline."""

    at: datetime
    kind: EventKind
    actor: str = ""
    """The operator's name; empty: Ronda itself."""
    text: str = ""
    """What was seen, noted or decided, in one sentence."""


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as it is, or was."""

    service_id: int
    severity: Status
    """The worst that it has been."""
    status: Status
    """What the service is confirmed to be."""
    started_at: datetime
    """The first failing check of the run that was confirmed."""
    opened_at: datetime
    """The check that confirmed it."""
    telling_since: datetime
    """When it opened, got worse, or lost its acknowledgement: since then it is to be told."""
    id: int = 0
    """0: not stored yet."""
    resolved_at: datetime | None = None
    """The first good check of the run that ended it."""
    ending: Ending | None = None
    error: ErrorKind | None = None
    detail: str | None = None
    address: str | None = None
    certificate: str | None = None
    """What it was when it got as bad as it is: for telling, and for finding what belongs together."""
    acknowledgement: Acknowledgement | None = None
    assignee: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it still goes on."""
        return self.resolved_at is None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one check came to, as far as incidents go."""

    observation: Observation
    state: ServiceState
    """After it."""
    transition: Transition | None
    flapping_changed: bool = False


@dataclass(frozen=True, slots=True)
class Tracked:
    """An incident with what was added to its timeline."""

    incident: Incident
    events: tuple[IncidentEvent, ...]


def concerns_incident(judgement: Judgement) -> bool:
    """Whether a check can open, change or end an incident."""
    return judgement.transition is not None or judgement.state.status in FAILING


def track(incident: Incident | None, service_id: int, judgements: Iterable[Judgement]) -> list[Tracked]:
    """Give what became of a service's open incident, if it had one, and of those that came after it.

    Only incidents that something happened to are given, in order; the last one may be open.
    """
    tracks: list[Tracked] = []
    current = Tracked(incident, ()) if incident is not None else None
    for judgement in judgements:
        after = _tracked(current, service_id, judgement)
        if after is None:
            continue
        current = after
        if not after.incident.is_open:
            tracks.append(after)
            current = None
    return tracks if current is None or not current.events else [*tracks, current]


def _tracked(current: Tracked | None, service_id: int, judgement: Judgement) -> Tracked | None:
    """Give the incident after one more check; None: there is none."""
    status = judgement.state.status
    if current is None:
        # After a pause the state is what it was before it; the check itself says how the service is.
        fails = status in FAILING and judgement.observation.status in FAILING
        return _opened(service_id, judgement) if fails else None
    incident = current.incident
    if status is Status.UP:
        incident, events = _recovered(incident, judgement)
    elif status in FAILING and status is not incident.status:
        incident, events = _changed(incident, judgement)
    else:
        events = []
    return Tracked(incident, (*current.events, *events, *_flapping_events(judgement)))


def _since(judgement: Judgement) -> datetime:
    """Give when the status began; without a change of it (after a pause) it begins with this check."""
    changed = judgement.transition
    return judgement.observation.checked_at if changed is None else changed.started_at


def _opened(service_id: int, judgement: Judgement) -> Tracked:
    status, seen = judgement.state.status, judgement.observation
    incident = Incident(
        service_id=service_id,
        severity=status,
        status=status,
        started_at=min(_since(judgement), seen.checked_at),
        opened_at=seen.checked_at,
        telling_since=seen.checked_at,
    )
    event = IncidentEvent(seen.checked_at, EventKind.OPENED, text=seen.detail or "")
    return Tracked(_with_cause(incident, seen), (event, *_flapping_events(judgement)))


def _changed(incident: Incident, judgement: Judgement) -> tuple[Incident, list[IncidentEvent]]:
    """Raise or lower an incident; a plain acknowledgement was for how it was."""
    seen, status = judgement.observation, judgement.state.status
    worse = status is Status.DOWN
    kind = EventKind.RAISED if worse else EventKind.LOWERED
    events = [IncidentEvent(seen.checked_at, kind, text=seen.detail or "")]
    raised = worse and incident.severity is not Status.DOWN
    acknowledgement = incident.acknowledgement
    dropped = acknowledgement is not None and acknowledgement.kind is AcknowledgementKind.PLAIN
    if dropped:
        events.append(IncidentEvent(seen.checked_at, EventKind.ACKNOWLEDGEMENT_ENDED))
    incident = replace(
        incident,
        status=status,
        severity=Status.DOWN if worse else incident.severity,
        telling_since=seen.checked_at if raised or dropped else incident.telling_since,
        acknowledgement=None if dropped else acknowledgement,
    )
    return (_with_cause(incident, seen) if worse else incident), events


def _with_cause(incident: Incident, seen: Observation) -> Incident:
    subject = seen.certificate.subject if seen.certificate is not None else None
    return replace(incident, error=seen.error, detail=seen.detail, address=seen.address, certificate=subject)


def _recovered(incident: Incident, judgement: Judgement) -> tuple[Incident, list[IncidentEvent]]:
    """End an incident; never before it opened, even if the clock was set back."""
    at = max(_since(judgement), incident.opened_at)
    event = IncidentEvent(at, EventKind.RESOLVED, text=judgement.observation.detail or "")
    return replace(incident, resolved_at=at, ending=Ending.RECOVERED, status=Status.UP), [event]


def _flapping_events(judgement: Judgement) -> Iterator[IncidentEvent]:
    """Give that flapping began or ended with a check, whatever else the check changed."""
    if judgement.flapping_changed:
        flapping = judgement.state.flapping
        kind = EventKind.FLAPPING if flapping.active else EventKind.FLAPPING_ENDED
        yield IncidentEvent(judgement.observation.checked_at, kind, text=f"{flapping.percent:.0f} %")


def expired(incident: Incident, now: datetime) -> Tracked | None:
    """Give the incident without an acknowledgement that has run out, told anew since then; None: it holds."""
    acknowledgement = incident.acknowledgement
    if acknowledgement is None or acknowledgement.until is None or acknowledgement.until > now:
        return None
    ended_at = acknowledgement.until
    event = IncidentEvent(ended_at, EventKind.ACKNOWLEDGEMENT_ENDED)
    return Tracked(replace(incident, acknowledgement=None, telling_since=ended_at), (event,))


def closed(incident: Incident, ending: Ending, now: datetime) -> Tracked:
    """Give the incident as it ends because nobody looks at the service any more."""
    event = IncidentEvent(now, EventKind.RESOLVED)
    resolved_at = max(now, incident.opened_at)
    return Tracked(replace(incident, resolved_at=resolved_at, ending=ending, status=Status.UP), (event,))


@dataclass(frozen=True, slots=True)
class Snooze:
    """Nobody is told of a service until a time."""

    service_id: int
    until: datetime
    operator: str


@dataclass(frozen=True, slots=True)
class Subject:
    """The service that something is about, as far as telling people goes; also one that was removed."""

    service_id: int
    client_id: int
    service: str
    client: str
    tags: tuple[str, ...]
    """Of the service and of its client."""
    service_active: bool
    client_active: bool
    living: bool
    runbook_url: str
    """The service's, else the client's."""
    parent_id: int | None

    @property
    def label(self) -> str:
        """Give CLIENT/NAME."""
        return f"{self.client}/{self.service}"

    @property
    def is_watched(self) -> bool:
        """Whether anybody looks at it: it lives, and neither it nor its client is paused."""
        return self.living and self.service_active and self.client_active
