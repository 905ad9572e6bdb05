"""Kinds of service beside HTTP, more expectations and credentials, evidence of failures, heartbeats."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

SCHEMA = "ronda"

_CHANGED_RULES = {
    "kind": ("kind IN ('http')", "kind IN ('http', 'tcp', 'tls', 'dns', 'icmp', 'heartbeat')"),
    "endpoint": ("endpoint <> ''", "(endpoint = '') = (kind = 'heartbeat')"),
    "interval_seconds": (
        "interval_seconds BETWEEN 1 AND 86400",
        "interval_seconds BETWEEN 1 AND CASE kind WHEN 'heartbeat' THEN 2678400 ELSE 86400 END",
    ),
}
"""Rules about services before and after."""


def upgrade() -> None:
    """Add what is new; every service there is stays a service of kind HTTP."""
    for column in _service_columns():
        op.add_column("services", column, schema=SCHEMA)
        op.alter_column("services", column.name, server_default=None, schema=SCHEMA)
    for name, (_before, after) in _CHANGED_RULES.items():
        _change_rule(name, after)
    op.create_check_constraint("auth", "services", "auth IN ('none', 'basic', 'bearer')", schema=SCHEMA)
    op.create_check_constraint("tls_warn_days", "services", "tls_warn_days BETWEEN 0 AND 365", schema=SCHEMA)
    _create_check_evidence()
    _create_heartbeats()


def downgrade() -> None:
    """Drop what was new; services of other kinds cannot be kept, since nothing could check them."""
    op.drop_table("heartbeats", schema=SCHEMA)
    op.drop_table("check_evidence", schema=SCHEMA)
    op.execute("DELETE FROM ronda.services WHERE kind <> 'http'")
    _drop_rule("tls_warn_days")
    _drop_rule("auth")
    for name, (before, _after) in _CHANGED_RULES.items():
        _change_rule(name, before)
    for column in reversed(_service_columns()):
        op.drop_column("services", column.name, schema=SCHEMA)


def _service_columns() -> tuple[sa.Column[object], ...]:
    """Give the new columns; a default fills the rows there are and is dropped at once."""
    return (
        _text("auth", "none"),
        _text("auth_user"),
        sa.Column("auth_secret", sa.LargeBinary(), nullable=True),
        _text("matches"),
        _lines("json_conditions"),
        _lines("expected_headers"),
        _text("record_type", "A"),
        _lines("expected_answers"),
        sa.Column("tls_warn_days", sa.Integer(), server_default=sa.text("14"), nullable=True),
        _text("client_cert"),
        _text("client_key"),
    )


def _text(name: str, default: str = "") -> sa.Column[object]:
    return sa.Column(name, sa.Text(), server_default=default, nullable=False)


def _lines(name: str) -> sa.Column[object]:
    return sa.Column(name, postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)


def _change_rule(name: str, rule: str) -> None:
    _drop_rule(name)
    op.create_check_constraint(name, "services", rule, schema=SCHEMA)


def _drop_rule(name: str) -> None:
    op.drop_constraint(op.f(f"ck_services_{name}"), "services", schema=SCHEMA)


def _create_check_evidence() -> None:
    op.create_table(
        "check_evidence",
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.SmallInteger(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("truncated", sa.Boolean(), nullable=False),
        sa.CheckConstraint("place IN (1, 2)", name="place"),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["ronda.services.id"],
            name=op.f("fk_check_evidence_service_id_services"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("service_id", "began_at", "place", name=op.f("pk_check_evidence")),
        schema=SCHEMA,
    )


def _create_heartbeats() -> None:
    op.create_table(
        "heartbeats",
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["ronda.services.id"],
            name=op.f("fk_heartbeats_service_id_services"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("service_id", name=op.f("pk_heartbeats")),
        schema=SCHEMA,
    )
