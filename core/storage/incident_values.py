"""Between rows and values of incidents, their timelines, and occasions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from core.domain.incidents import (
    Acknowledgement,
    AcknowledgementKind,
    Ending,
    EventKind,
    Incident,
    IncidentEvent,
)
from core.domain.observations import ERROR_CODES, ERROR_OF_CODE, STATUS_CODES, STATUS_OF_CODE
from core.domain.occasions import Occasion, OccasionKind
from core.storage.alert_rows import INCIDENTS
from core.storage.mapping import storable, storable_text

INCIDENT_COLUMNS = tuple(column.name for column in INCIDENTS.c if column.name not in ("id", "settled"))
"""What ``incident_values`` gives."""
EVENT_COLUMNS = ("incident_id", "at", "kind", "actor", "text")
"""What ``event_values`` gives."""


def incident_values(incident: Incident) -> dict[str, Any]:
    """Give the columns of ``incidents`` but ``id`` and ``settled``, always all of them."""
    return {
        "service_id": incident.service_id,
        "severity": STATUS_CODES[incident.severity],
        "status": STATUS_CODES[incident.status],
        "started_at": incident.started_at,
        "opened_at": incident.opened_at,
        "telling_since": incident.telling_since,
        "resolved_at": incident.resolved_at,
        "ending": None if incident.ending is None else incident.ending.value,
        "error": None if incident.error is None else ERROR_CODES[incident.error],
        "detail": storable(incident.detail),
        "address": storable(incident.address),
        "certificate": storable(incident.certificate),
        "assignee": incident.assignee,
    } | _acknowledgement_values(incident.acknowledgement)


def _acknowledgement_values(given: Acknowledgement | None) -> dict[str, Any]:
    """Give the columns of an acknowledgement."""
    return {
        "acknowledgement": None if given is None else given.kind.value,
        "acknowledged_by": None if given is None else given.by,
        "acknowledged_at": None if given is None else given.at,
        "acknowledged_until": None if given is None else given.until,
        "acknowledged_reason": None if given is None else given.reason,
    }


def incident_of(row: Row[Any]) -> Incident:
    """Give the incident of a row of ``incidents``."""
    return Incident(
        id=row.id,
        service_id=row.service_id,
        severity=STATUS_OF_CODE[row.severity],
        status=STATUS_OF_CODE[row.status],
        started_at=row.started_at,
        opened_at=row.opened_at,
        telling_since=row.telling_since,
        resolved_at=row.resolved_at,
        ending=None if row.ending is None else Ending(row.ending),
        error=None if row.error is None else ERROR_OF_CODE[row.error],
        detail=row.detail,
        address=row.address,
        certificate=row.certificate,
        acknowledgement=_acknowledgement_of(row),
        assignee=row.assignee,
    )


def _acknowledgement_of(row: Row[Any]) -> Acknowledgement | None:
    if row.acknowledgement is None:
        return None
    return Acknowledgement(
        AcknowledgementKind(row.acknowledgement),
        row.acknowledged_by,
        row.acknowledged_at,
        row.acknowledged_reason or "",
        row.acknowledged_until,
    )


def event_values(incident_id: int, event: IncidentEvent) -> dict[str, Any]:
    """Give the columns of ``incident_events`` but ``id``."""
    return {
        "incident_id": incident_id,
        "at": event.at,
        "kind": event.kind.value,
        "actor": storable_text(event.actor),
        "text": storable_text(event.text),
    }


def event_of(row: Row[Any]) -> IncidentEvent:
    """Give the line of a row of ``incident_events``."""
    return IncidentEvent(row.at, EventKind(row.kind), row.actor, row.text)


def occasion_of(row: Row[Any]) -> Occasion:
    """Give the occasion of a row of ``occasions``."""
    return Occasion(row.key, row.at, OccasionKind(row.kind), row.service_id, row.detail, row.id)
