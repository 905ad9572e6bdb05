"""Folding: incidents that have a cause in common are shown as one, with its members."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.domain.incidents import Incident, Subject

WITHIN = timedelta(minutes=1)
"""Incidents that begin so soon after the first may belong together."""

Cause = tuple[str, str]
"""What incidents share: ``address``, ``certificate``, ``client`` or ``error``, and which one."""
CAUSES = ("address", "certificate", "client", "error")
"""The kinds of causes, the most telling first."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Incidents with something in common, the first of them leading."""

    members: tuple[Incident, ...]
    cause: Cause | None
    """The most telling thing that all of them share; None for one that is alone."""

    @property
    def lead(self) -> Incident:
        """Give the one that began first."""
        return self.members[0]


@dataclass(slots=True)
class _Open:
    """A fold that more may still join."""

    began_at: datetime
    shared: set[Cause]
    members: list[Incident] = field(default_factory=list)


def fold(incidents: Iterable[Incident], subjects: dict[int, Subject]) -> list[Fold]:
    """Put together what begins within a minute and shares a cause; the newest first.

    All members of a fold share the cause that it names. Open and closed ones are kept apart.
    """
    folds: list[_Open] = []
    by_cause: dict[tuple[bool, Cause], _Open] = {}
    for incident in sorted(incidents, key=lambda each: (each.started_at, each.id)):
        causes = list(_causes(incident, subjects.get(incident.service_id)))
        found = _found(by_cause, incident, causes)
        if found is None:
            found = _Open(incident.started_at, set(causes))
            folds.append(found)
            for cause in causes:
                by_cause[incident.is_open, cause] = found
        found.members.append(incident)
        found.shared.intersection_update(causes)
    return [_closed(each) for each in reversed(folds)]


def _causes(incident: Incident, subject: Subject | None) -> Iterable[Cause]:
    if incident.address:
        yield "address", incident.address
    if incident.certificate:
        yield "certificate", incident.certificate
    if subject is not None:
        yield "client", subject.client
    if incident.error is not None:
        yield "error", incident.error.value


def _found(
    by_cause: dict[tuple[bool, Cause], _Open], incident: Incident, causes: Iterable[Cause]
) -> _Open | None:
    """Give the fold that an incident belongs to, by the most telling cause; None: it begins one."""
    for cause in causes:
        found = by_cause.get((incident.is_open, cause))
        if found is not None and cause in found.shared and incident.started_at - found.began_at <= WITHIN:
            return found
    return None


def _closed(found: _Open) -> Fold:
    if len(found.members) == 1:
        return Fold(tuple(found.members), None)
    cause = min(found.shared, key=lambda each: CAUSES.index(each[0]))
    return Fold(tuple(found.members), cause)
