"""Incidents, and the telling of people: channels, rules, the outbox, and why something was not sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None

SCHEMA = "ronda"
_SUBJECTS = "subject IN ('client', 'service', 'maintenance')"
_MORE_SUBJECTS = "subject IN ('client', 'service', 'maintenance', 'incident', 'channel', 'rule')"

_CONSOLES = """
    INSERT INTO ronda.channels (name, kind, active, version, created_at, updated_at)
    VALUES ('consoles', 'terminal', true, 1, now(), now())
"""
"""The channel that everybody has: the consoles that are open."""


def upgrade() -> None:
    """Add the tables; what is down already opens its incident with its next check."""
    _create_incidents()
    _create_incident_events()
    _create_snoozes()
    _create_operators()
    _create_blind_intervals()
    _create_occasions()
    _create_channels()
    _create_notification_rules()
    _create_notifications()
    _create_notices()
    _change_subjects(_MORE_SUBJECTS)
    op.execute(_CONSOLES)


def downgrade() -> None:
    """Drop them with all that was told, and what the audit log says of it."""
    op.execute("DELETE FROM ronda.audit_log WHERE subject IN ('incident', 'channel', 'rule')")
    _change_subjects(_SUBJECTS)
    op.drop_table("notices", schema=SCHEMA)
    op.drop_table("notifications", schema=SCHEMA)
    op.drop_table("notification_rules", schema=SCHEMA)
    op.drop_table("channels", schema=SCHEMA)
    op.drop_table("occasions", schema=SCHEMA)
    op.drop_table("blind_intervals", schema=SCHEMA)
    op.drop_table("operators", schema=SCHEMA)
    op.drop_table("snoozes", schema=SCHEMA)
    op.drop_table("incident_events", schema=SCHEMA)
    op.drop_table("incidents", schema=SCHEMA)


def _change_subjects(rule: str) -> None:
    op.drop_constraint(op.f("ck_audit_log_subject"), "audit_log", schema=SCHEMA)
    op.create_check_constraint("subject", "audit_log", rule, schema=SCHEMA)


def _create_incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("telling_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ending", sa.Text(), nullable=True),
        sa.Column("error", sa.SmallInteger(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("certificate", sa.Text(), nullable=True),
        sa.Column("acknowledgement", sa.Text(), nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_reason", sa.Text(), nullable=True),
        sa.Column("assignee", sa.Text(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(acknowledgement IS NULL) = (acknowledged_by IS NULL)"
            " AND (acknowledgement IS NULL) = (acknowledged_at IS NULL)"
            " AND (coalesce(acknowledgement, '') = 'until') = (acknowledged_until IS NOT NULL)",
            name=op.f("ck_incidents_acknowledgement"),
        ),
        sa.CheckConstraint(
            "acknowledgement IN ('plain', 'sticky', 'until')", name=op.f("ck_incidents_acknowledgement_kind")
        ),
        sa.CheckConstraint("ending IN ('recovered', 'paused', 'removed')", name=op.f("ck_incidents_ending")),
        sa.CheckConstraint(
            "severity IN (2, 3) AND status BETWEEN 1 AND severity", name=op.f("ck_incidents_severity")
        ),
        sa.CheckConstraint(
            "started_at <= opened_at AND (resolved_at IS NULL) = (ending IS NULL)",
            name=op.f("ck_incidents_times"),
        ),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["ronda.services.id"],
            name=op.f("fk_incidents_service_id_services"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_incidents_resolved_at"), "incidents", ["resolved_at"], schema=SCHEMA)
    op.create_index(
        op.f("ix_incidents_service_id_started_at"), "incidents", ["service_id", "started_at"], schema=SCHEMA
    )
    op.create_index(
        "ix_incidents_unsettled", "incidents", ["id"], schema=SCHEMA, postgresql_where=sa.text("NOT settled")
    )
    op.create_index(
        "uq_incidents_service_id",
        "incidents",
        ["service_id"],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )


def _create_incident_events() -> None:
    op.create_table(
        "incident_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["ronda.incidents.id"],
            name=op.f("fk_incident_events_incident_id_incidents"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_events")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_incident_events_incident_id"), "incident_events", ["incident_id"], schema=SCHEMA)
    op.create_index(op.f("ix_incident_events_kind_at"), "incident_events", ["kind", "at"], schema=SCHEMA)


def _create_snoozes() -> None:
    op.create_table(
        "snoozes",
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["ronda.services.id"],
            name=op.f("fk_snoozes_service_id_services"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("service_id", name=op.f("pk_snoozes")),
        schema=SCHEMA,
    )


def _create_operators() -> None:
    op.create_table(
        "operators",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_operators")),
        schema=SCHEMA,
    )


def _create_blind_intervals() -> None:
    op.create_table(
        "blind_intervals",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("ck_blind_intervals_times")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blind_intervals")),
        schema=SCHEMA,
    )
    op.create_index(
        "uq_blind_intervals_open",
        "blind_intervals",
        [sa.text("(1)")],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _create_occasions() -> None:
    op.create_table(
        "occasions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["ronda.services.id"],
            name=op.f("fk_occasions_service_id_services"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occasions")),
        sa.UniqueConstraint("key", name=op.f("uq_occasions_key")),
        schema=SCHEMA,
    )
    op.create_index(
        "ix_occasions_unsettled", "occasions", ["id"], schema=SCHEMA, postgresql_where=sa.text("NOT settled")
    )


def _create_channels() -> None:
    op.create_table(
        "channels",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", sa.LargeBinary(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('apprise', 'webhook', 'terminal')", name=op.f("ck_channels_kind")),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 80", name=op.f("ck_channels_name_length")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_channels_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
        schema=SCHEMA,
    )
    op.create_index(
        "uq_channels_name",
        "channels",
        [sa.text("lower(name)")],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def _create_notification_rules() -> None:
    op.create_table(
        "notification_rules",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("channel_ids", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("client_ids", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("tags", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("hours", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("after_seconds", sa.DOUBLE_PRECISION(), nullable=False),
        sa.Column("reminder_seconds", sa.DOUBLE_PRECISION(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "after_seconds >= 0 AND reminder_seconds >= 0", name=op.f("ck_notification_rules_seconds")
        ),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 80", name=op.f("ck_notification_rules_name_length")),
        sa.CheckConstraint("severity IN (2, 3)", name=op.f("ck_notification_rules_severity")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_notification_rules_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_rules")),
        schema=SCHEMA,
    )
    op.create_index(
        "uq_notification_rules_name",
        "notification_rules",
        [sa.text("lower(name)")],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def _create_notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_by", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name=op.f("ck_notifications_ended")),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'failed', 'dropped')", name=op.f("ck_notifications_state")
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["ronda.channels.id"],
            name=op.f("fk_notifications_channel_id_channels"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint("message_id", name=op.f("uq_notifications_message_id")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_notifications_channel_id"), "notifications", ["channel_id"], schema=SCHEMA)
    op.create_index(op.f("ix_notifications_created_at"), "notifications", ["created_at"], schema=SCHEMA)
    op.create_index(op.f("ix_notifications_ended_at"), "notifications", ["ended_at"], schema=SCHEMA)
    op.create_index(
        "ix_notifications_waiting",
        "notifications",
        ["due_at"],
        schema=SCHEMA,
        postgresql_where=sa.text("state = 'waiting'"),
    )


def _create_notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=True),
        sa.Column("occasion_id", sa.BigInteger(), nullable=True),
        sa.Column("notification_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gate", sa.Text(), nullable=True),
        sa.Column("verdicts", JSONB(), nullable=False),
        sa.Column("facts", JSONB(), nullable=False),
        sa.CheckConstraint("(notification_id IS NULL) = (gate IS NOT NULL)", name=op.f("ck_notices_decided")),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["ronda.channels.id"],
            name=op.f("fk_notices_channel_id_channels"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["ronda.incidents.id"],
            name=op.f("fk_notices_incident_id_incidents"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["notification_id"],
            ["ronda.notifications.id"],
            name=op.f("fk_notices_notification_id_notifications"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["occasion_id"],
            ["ronda.occasions.id"],
            name=op.f("fk_notices_occasion_id_occasions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_notices_incident_id"), "notices", ["incident_id"], schema=SCHEMA)
    op.create_index(op.f("ix_notices_notification_id"), "notices", ["notification_id"], schema=SCHEMA)
    op.create_index(op.f("ix_notices_occasion_id"), "notices", ["occasion_id"], schema=SCHEMA)
    op.create_index("uq_notices_channel_id_key", "notices", ["channel_id", "key"], unique=True, schema=SCHEMA)
