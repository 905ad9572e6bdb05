"""Occasions: what is told of once, beside incidents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.domain.observations import Certificate
from core.domain.status import ServiceState

CERTIFICATE_DAYS = (30, 14, 7, 3, 1, 0)
"""Whole days left of a certificate at which people are told, once each."""


class OccasionKind(StrEnum):
    """What there is to tell."""

    FLAPPING = "flapping"
    FLAPPING_END = "flapping_end"
    CERTIFICATE = "certificate"
    BLIND = "blind"
    BLIND_END = "blind_end"


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something that happens once."""

    key: str
    """What it is about; the same key is stored once, whoever finds it."""
    at: datetime
    kind: OccasionKind
    service_id: int | None
    detail: str
    """One sentence for people."""
    id: int = 0


def certificate_threshold(certificate: Certificate, now: datetime) -> int | None:
    """Give the lowest threshold that a certificate has come to; None: it has time, or is over.

    One that is over is no notice but a failing check.
    """
    days = certificate.days_left(now)
    if days < 0:
        return None
    return min((threshold for threshold in CERTIFICATE_DAYS if days <= threshold), default=None)


def crossed_threshold(before: ServiceState, after: ServiceState, warn_days: int | None) -> int | None:
    """Give the threshold that a service's certificate has come to with its last check, if it has.

    Where it makes the service degraded (``warn_days``) the incident tells of it.
    """
    seen = after.observation
    if seen is None or seen.certificate is None:
        return None
    threshold = certificate_threshold(seen.certificate, seen.checked_at)
    if threshold is None or threshold == warn_days or threshold == _last_threshold(before, seen.certificate):
        return None
    return threshold


def _last_threshold(before: ServiceState, certificate: Certificate) -> int | None:
    """Give the threshold at the last check of the very same certificate."""
    last = before.observation
    if last is None or last.certificate is None or last.certificate.expires_at != certificate.expires_at:
        return None
    return certificate_threshold(last.certificate, last.checked_at)


def certificate_key(service_id: int, certificate: Certificate, threshold: int) -> str:
    """Give the key of a threshold: a renewed certificate ends at another time and is another one."""
    return f"certificate:{service_id}:{certificate.expires_at.isoformat()}:{threshold}"


def flapping_changes(before: ServiceState, after: ServiceState) -> Iterator[OccasionKind]:
    """Give that flapping has begun or ended with the last check, if it has."""
    if before.flapping.active != after.flapping.active:
        yield OccasionKind.FLAPPING if after.flapping.active else OccasionKind.FLAPPING_END
