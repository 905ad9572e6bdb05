"""The tables of incidents and of telling people; what is said in ``core.storage.rows`` holds here too."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.domain.text import NAME_LIMIT
from core.storage.rows import LIVING, Row, table_of

OPEN_INCIDENT_INDEX = "uq_incidents_service_id"
"""What makes it one open incident for each service."""
CHANNEL_NAME_INDEX = "uq_channels_name"
RULE_NAME_INDEX = "uq_notification_rules_name"

_NAME_LENGTH = f"length(name) BETWEEN 1 AND {NAME_LIMIT}"


class IncidentRow(Row):
    """From the first failing check of a confirmed failure to the recovery."""

    __tablename__ = "incidents"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    service_id: Mapped[int] = mapped_column(ForeignKey("services.id", ondelete="CASCADE"))
    severity: Mapped[int] = mapped_column(SmallInteger)
    """The worst status it has had."""
    status: Mapped[int] = mapped_column(SmallInteger)
    started_at: Mapped[datetime]
    opened_at: Mapped[datetime]
    telling_since: Mapped[datetime]
    """When it opened, got worse, or lost its acknowledgement: since then it is to be told."""
    resolved_at: Mapped[datetime | None]
    ending: Mapped[str | None]
    error: Mapped[int | None] = mapped_column(SmallInteger)
    detail: Mapped[str | None]
    address: Mapped[str | None]
    certificate: Mapped[str | None]
    acknowledgement: Mapped[str | None]
    acknowledged_by: Mapped[str | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_until: Mapped[datetime | None]
    acknowledged_reason: Mapped[str | None]
    assignee: Mapped[str]
    settled: Mapped[bool]
    """Whether nothing more is to be told of it."""

    __table_args__ = (
        CheckConstraint("severity IN (2, 3) AND status BETWEEN 1 AND severity", name="severity"),
        CheckConstraint("started_at <= opened_at AND (resolved_at IS NULL) = (ending IS NULL)", name="times"),
        CheckConstraint("ending IN ('recovered', 'paused', 'removed')", name="ending"),
        CheckConstraint(
            "(acknowledgement IS NULL) = (acknowledged_by IS NULL)"
            " AND (acknowledgement IS NULL) = (acknowledged_at IS NULL)"
            " AND (coalesce(acknowledgement, '') = 'until') = (acknowledged_until IS NOT NULL)",
            name="acknowledgement",
        ),
        CheckConstraint("acknowledgement IN ('plain', 'sticky', 'until')", name="acknowledgement_kind"),
        Index(OPEN_INCIDENT_INDEX, "service_id", unique=True, postgresql_where=text("resolved_at IS NULL")),
        Index("ix_incidents_unsettled", "id", postgresql_where=text("NOT settled")),
        Index(None, "service_id", "started_at"),
        Index(None, "resolved_at"),
    )


class IncidentEventRow(Row):
    """One line of an incident's timeline; never changed."""

    __tablename__ = "incident_events"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    actor: Mapped[str]
    """The operator's name; empty: Ronda itself."""
    text: Mapped[str]

    __table_args__ = (Index(None, "kind", "at"),)


class SnoozeRow(Row):
    """A service of which nobody wants to be told for a while."""

    __tablename__ = "snoozes"

    service_id: Mapped[int] = mapped_column(ForeignKey("services.id", ondelete="CASCADE"), primary_key=True)
    until: Mapped[datetime]
    operator: Mapped[str]
    created_at: Mapped[datetime]


class OperatorRow(Row):
    """Who has had a console open, and when last: what came later is news to them."""

    __tablename__ = "operators"

    name: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]


class BlindRow(Row):
    """A time in which this side's own line was down, so that nothing was observed."""

    __tablename__ = "blind_intervals"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    detail: Mapped[str]

    __table_args__ = (
        CheckConstraint("ended_at >= started_at", name="times"),
        Index("uq_blind_intervals_open", text("(1)"), unique=True, postgresql_where=text("ended_at IS NULL")),
    )


class OccasionRow(Row):
    """Something to tell of once, beside incidents: flapping, a certificate that ends, blindness."""

    __tablename__ = "occasions"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    """What it is about; the same thing happens once."""
    at: Mapped[datetime]
    kind: Mapped[str]
    service_id: Mapped[int | None] = mapped_column(ForeignKey("services.id", ondelete="CASCADE"))
    detail: Mapped[str]
    settled: Mapped[bool]

    __table_args__ = (Index("ix_occasions_unsettled", "id", postgresql_where=text("NOT settled")),)


class ChannelRow(Row):
    """A way to tell people; ``target`` is encrypted."""

    __tablename__ = "channels"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column()
    kind: Mapped[str]
    target: Mapped[bytes | None]
    active: Mapped[bool]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(_NAME_LENGTH, name="name_length"),
        CheckConstraint("kind IN ('apprise', 'webhook', 'terminal')", name="kind"),
        CheckConstraint("version >= 1", name="version"),
        Index(CHANNEL_NAME_INDEX, func.lower(name), unique=True, postgresql_where=LIVING),
    )


class RuleRow(Row):
    """Who is told of what, when and by which channels; empty lists mean all."""

    __tablename__ = "notification_rules"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column()
    active: Mapped[bool]
    channel_ids: Mapped[list[int]]
    client_ids: Mapped[list[int]]
    tags: Mapped[list[str]]
    severity: Mapped[int] = mapped_column(SmallInteger)
    """The least one."""
    hours: Mapped[list[str]]
    zone: Mapped[str]
    after_seconds: Mapped[float]
    reminder_seconds: Mapped[float]
    """0: none."""
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(_NAME_LENGTH, name="name_length"),
        CheckConstraint("severity IN (2, 3)", name="severity"),
        CheckConstraint("after_seconds >= 0 AND reminder_seconds >= 0", name="seconds"),
        CheckConstraint("version >= 1", name="version"),
        Index(RULE_NAME_INDEX, func.lower(name), unique=True, postgresql_where=LIVING),
    )


class NotificationRow(Row):
    """The outbox: one message for one channel. A sender claims it by writing its lease."""

    __tablename__ = "notifications"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    message_id: Mapped[str] = mapped_column(unique=True)
    """The same at every attempt, so that whoever receives it twice can tell."""
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"), index=True)
    state: Mapped[str]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    """Not tried before; until its first attempt more may join it."""
    attempts: Mapped[int]
    lease_until: Mapped[datetime | None]
    leased_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    """When it was accepted or given up."""
    error: Mapped[str | None]
    """What went wrong at the last attempt."""

    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'sent', 'failed', 'dropped')", name="state"),
        CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name="ended"),
        Index("ix_notifications_waiting", "due_at", postgresql_where=text("state = 'waiting'")),
        Index(None, "created_at"),
        Index(None, "ended_at"),
    )


class NoticeRow(Row):
    """What is to be told of one thing by one channel: in which message it went out, or what holds it back."""

    __tablename__ = "notices"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    key: Mapped[str]
    """What is told; it is told once."""
    kind: Mapped[str]
    incident_id: Mapped[int | None] = mapped_column(
        ForeignKey("incidents.id", ondelete="CASCADE"), index=True
    )
    occasion_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("occasions.id", ondelete="CASCADE"), index=True
    )
    notification_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("notifications.id", ondelete="CASCADE"), index=True
    )
    """None: it is held back."""
    decided_at: Mapped[datetime]
    gate: Mapped[str | None]
    """What held it back; None: nothing did."""
    verdicts: Mapped[list[dict[str, Any]]]
    facts: Mapped[dict[str, Any]]
    """What the message says of it, as it was when it was decided."""

    __table_args__ = (
        CheckConstraint("(notification_id IS NULL) = (gate IS NOT NULL)", name="decided"),
        Index("uq_notices_channel_id_key", "channel_id", "key", unique=True),
    )


INCIDENTS = table_of(IncidentRow)
INCIDENT_EVENTS = table_of(IncidentEventRow)
SNOOZES = table_of(SnoozeRow)
OPERATORS = table_of(OperatorRow)
BLIND_INTERVALS = table_of(BlindRow)
OCCASIONS = table_of(OccasionRow)
CHANNELS = table_of(ChannelRow)
RULES = table_of(RuleRow)
NOTIFICATIONS = table_of(NotificationRow)
NOTICES = table_of(NoticeRow)
