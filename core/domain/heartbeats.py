"""Heartbeats: jobs report in, and silence means that one of them is down.

A job has its interval and its grace to report in, counted from its last report, or from the last change
of its service where that is later: one that was just made or resumed has its time, too.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from core.domain.observations import Observation, Status
from core.domain.services import Service


def expected_by(service: Service, beat_at: datetime | None) -> datetime:
    """Give the moment up to which silence is in order."""
    since = service.updated_at if beat_at is None else max(beat_at, service.updated_at)
    return since + _patience(service)


def is_news(service: Service, beat_at: datetime | None, last: Observation | None) -> bool:
    """Whether a report has not been observed yet.

    One that came just before it was found missing has not: the notice of it was under way. An edit
    gives a job new time, but does not make an old report of it a new one.
    """
    if beat_at is None or last is None:
        return beat_at is not None
    if last.status is Status.DOWN and beat_at <= last.checked_at:
        return last.checked_at < beat_at + _patience(service)
    return beat_at > last.checked_at


def seconds_to_next_look(
    service: Service, beat_at: datetime | None, last: Observation | None, now: datetime
) -> float:
    """Give the seconds until silence would be too long, or has gone on for another interval.

    0 where it is too long and ``last`` does not say so yet: a report may be old when it is observed.
    """
    expected = expected_by(service, beat_at)
    if now < expected:
        return (expected - now).total_seconds()
    is_told = last is not None and last.status is Status.DOWN and last.checked_at >= expected
    return service.spec.interval_seconds if is_told else 0.0


def _patience(service: Service) -> timedelta:
    """Give how long a job may be silent."""
    return timedelta(seconds=service.spec.interval_seconds + service.spec.timeout_seconds)
