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
    spec = service.spec
    since = service.updated_at if beat_at is None else max(beat_at, service.updated_at)
    return since + timedelta(seconds=spec.interval_seconds + spec.timeout_seconds)


def is_news(service: Service, beat_at: datetime | None, last: Observation | None) -> bool:
    """Whether a report has not been observed yet.

    One that came just before it was found missing has not: the notice of it was under way.
    """
    if beat_at is None or last is None:
        return beat_at is not None
    if last.status is Status.DOWN and beat_at <= last.checked_at:
        return last.checked_at < expected_by(service, beat_at)
    return beat_at > last.checked_at


def seconds_to_next_look(service: Service, beat_at: datetime | None, now: datetime) -> float:
    """Give the seconds until silence would be too long, or has gone on for another interval."""
    left = (expected_by(service, beat_at) - now).total_seconds()
    return left if left > 0 else service.spec.interval_seconds
