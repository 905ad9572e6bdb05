"""Notices: what one channel is told of one thing; and the outbox, in which they wait as messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from core.domain.gates import Gate, NoticeKind, Verdict

GROUP_SECONDS = 5.0
"""Notices of one channel that are decided within this time go out as one message."""
FIRST_RETRY_SECONDS = 5.0
LONGEST_RETRY_SECONDS = 900.0
GIVE_UP_AFTER = timedelta(hours=24)
"""A message that could not be delivered for so long has failed."""

Facts = Mapping[str, object]
"""What a message says of one notice, as JSON knows it."""


class MessageState(StrEnum):
    """How far a message has come."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    """It was given up."""
    DROPPED = "dropped"
    """It had nothing left to say."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be told of one thing by one channel."""

    channel_id: int
    key: str
    """What is told; it is told once."""
    kind: NoticeKind
    decided_at: datetime
    verdicts: tuple[Verdict, ...]
    facts: Facts
    incident_id: int | None = None
    occasion_id: int | None = None
    notification_id: int | None = None
    """The message in which it goes out; None: it is held back."""
    id: int = 0

    @property
    def gate(self) -> Gate | None:
        """Give the gate that holds it back; None: none does."""
        held = self.held_by
        return None if held is None else held.gate

    @property
    def held_by(self) -> Verdict | None:
        """Give the verdict that holds it back; None: none does."""
        return next((verdict for verdict in self.verdicts if not verdict.passed), None)


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A message of the outbox."""

    id: int
    message_id: str
    channel_id: int
    state: MessageState
    created_at: datetime
    due_at: datetime
    attempts: int = 0
    ended_at: datetime | None = None
    error: str | None = None
    """What went wrong at the last attempt."""

    def retry_seconds(self, jitter: float) -> float:
        """Give the wait after a failed attempt: doubling, at most 15 minutes; ``jitter`` from 0 to 1."""
        wait = min(FIRST_RETRY_SECONDS * 2.0 ** min(self.attempts - 1, 20), LONGEST_RETRY_SECONDS)
        return wait * (0.75 + 0.5 * jitter)

    def is_over(self, now: datetime) -> bool:
        """Whether it is to be given up after one more failure."""
        return now - self.created_at >= GIVE_UP_AFTER


@dataclass(frozen=True, slots=True)
class DeliveryHealth:
    """How delivery goes through one channel."""

    waiting: int = 0
    failed: int = 0
    """Messages that were given up of late."""
    last_sent_at: datetime | None = None
    last_error: str | None = None
    """What went wrong last with a message that waits or was given up of late."""


def problem_key(incident_id: int, telling_since: datetime) -> str:
    """Give the key of telling an incident as a problem, since it opened, got worse or was told anew."""
    return f"incident:{incident_id}:problem:{telling_since.astimezone(UTC).isoformat()}"


def reminder_key(incident_id: int, number: int) -> str:
    """Give the key of a reminder, counted from 1."""
    return f"incident:{incident_id}:reminder:{number}"


def recovery_key(incident_id: int) -> str:
    """Give the key of telling that an incident is over."""
    return f"incident:{incident_id}:recovery"
