"""What judging needs beyond single checks: flapping, dependencies, maintenance windows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None

SCHEMA = "ronda"
_SUBJECTS = "subject IN ('client', 'service')"
_MORE_SUBJECTS = "subject IN ('client', 'service', 'maintenance')"


def upgrade() -> None:
    """Add what is new; nothing is in maintenance and nothing flaps until it is judged again."""
    _add("service_states", sa.Column("flap_changes", sa.Integer(), server_default="0", nullable=False))
    _add("service_states", sa.Column("flapping", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("service_states", _at("maintenance_until", nullable=True), schema=SCHEMA)
    op.add_column("services", sa.Column("parent_id", sa.Integer(), nullable=True), schema=SCHEMA)
    op.create_foreign_key(
        op.f("fk_services_parent_id_services"),
        "services",
        "services",
        ["parent_id"],
        ["id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
        ondelete="SET NULL",
    )
    op.create_check_constraint("parent_id", "services", "parent_id <> id", schema=SCHEMA)
    _create_maintenance_windows()
    _change_subjects(_MORE_SUBJECTS)


def downgrade() -> None:
    """Drop what was new, and what the audit log says of it."""
    op.execute("DELETE FROM ronda.audit_log WHERE subject = 'maintenance'")
    _change_subjects(_SUBJECTS)
    op.drop_table("maintenance_windows", schema=SCHEMA)
    op.drop_constraint(op.f("ck_services_parent_id"), "services", schema=SCHEMA)
    op.drop_constraint(op.f("fk_services_parent_id_services"), "services", schema=SCHEMA)
    op.drop_column("services", "parent_id", schema=SCHEMA)
    for name in ("maintenance_until", "flapping", "flap_changes"):
        op.drop_column("service_states", name, schema=SCHEMA)


def _add(table: str, column: sa.Column[object]) -> None:
    """Add a column whose default fills the rows there are and is dropped at once."""
    op.add_column(table, column, schema=SCHEMA)
    op.alter_column(table, column.name, server_default=None, schema=SCHEMA)


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _change_subjects(rule: str) -> None:
    op.drop_constraint(op.f("ck_audit_log_subject"), "audit_log", schema=SCHEMA)
    op.create_check_constraint("subject", "audit_log", rule, schema=SCHEMA)


def _create_maintenance_windows() -> None:
    op.create_table(
        "maintenance_windows",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("service_id", sa.Integer(), nullable=True),
        sa.Column("tag", sa.Text(), nullable=False),
        _at("starts_at", nullable=True),
        _at("ends_at", nullable=True),
        sa.Column("cron", sa.Text(), nullable=False),
        sa.Column("duration_seconds", sa.DOUBLE_PRECISION(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        _at("created_at"),
        _at("ended_at", nullable=True),
        sa.CheckConstraint("scope IN ('all', 'tag', 'client', 'service')", name="scope"),
        sa.CheckConstraint(
            "(scope = 'client') = (client_id IS NOT NULL) AND (scope = 'service') = (service_id IS NOT NULL)"
            " AND (scope = 'tag') = (tag <> '')",
            name="subject",
        ),
        sa.CheckConstraint(
            "CASE cron WHEN '' THEN starts_at IS NOT NULL AND ends_at > starts_at"
            " ELSE starts_at IS NULL AND ends_at IS NULL AND duration_seconds >= 60 END",
            name="time",
        ),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["ronda.clients.id"],
            name=op.f("fk_maintenance_windows_client_id_clients"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["ronda.services.id"],
            name=op.f("fk_maintenance_windows_service_id_services"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance_windows")),
        schema=SCHEMA,
    )
