"""The foundation: inventory, states, history, lead, workers, audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

SCHEMA = "ronda"


def upgrade() -> None:
    """Make every table, and the rows of the tables that hold exactly one."""
    _create_clients()
    _create_services()
    _create_service_states()
    _create_health_checks()
    _create_lead()
    _create_workers()
    _create_audit_log()
    _create_instance()


def downgrade() -> None:
    """Drop every table with all that is in it."""
    for table in (
        "instance",
        "audit_log",
        "workers",
        "lead",
        "health_checks",
        "service_states",
        "services",
        "clients",
    ):
        op.drop_table(table, schema=SCHEMA)


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _seconds(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.DOUBLE_PRECISION(), nullable=nullable)


def _create_clients() -> None:
    op.create_table(
        "clients",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("dns", sa.Text(), nullable=False),
        sa.Column("api_key", sa.LargeBinary(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("runbook_url", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _at("created_at"),
        _at("updated_at"),
        _at("deleted_at", nullable=True),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 80", name="name_length"),
        sa.CheckConstraint("version >= 1", name="version"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clients")),
        schema=SCHEMA,
    )
    _create_name_index("uq_clients_name", "clients")


def _create_services() -> None:
    op.create_table(
        "services",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("expected_status", sa.Text(), nullable=False),
        _seconds("timeout_seconds"),
        _seconds("interval_seconds"),
        sa.Column("headers", sa.LargeBinary(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("contains", sa.Text(), nullable=False),
        sa.Column("not_contains", sa.Text(), nullable=False),
        sa.Column("retries", sa.Integer(), nullable=False),
        _seconds("retry_interval_seconds", nullable=True),
        sa.Column("recoveries", sa.Integer(), nullable=False),
        sa.Column("degraded_above_ms", sa.Integer(), nullable=True),
        sa.Column("follow_redirects", sa.Boolean(), nullable=False),
        sa.Column("verify_tls", sa.Boolean(), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("runbook_url", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _at("created_at"),
        _at("updated_at"),
        _at("deleted_at", nullable=True),
        *_service_checks(),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["ronda.clients.id"],
            name=op.f("fk_services_client_id_clients"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_services")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_services_client_id"), "services", ["client_id"], schema=SCHEMA)
    _create_name_index("uq_services_client_id_name", "services", "client_id")


def _service_checks() -> tuple[sa.CheckConstraint, ...]:
    rules = {
        "kind": "kind IN ('http')",
        "name_length": "length(name) BETWEEN 1 AND 80",
        "endpoint": "endpoint <> ''",
        "method": "method ~ '^[A-Z]+$'",
        "expected_status": "expected_status <> ''",
        "interval_seconds": "interval_seconds BETWEEN 1 AND 86400",
        "timeout_seconds": "timeout_seconds >= 0.1 AND timeout_seconds <= interval_seconds",
        "body_length": "length(body) <= 65536",
        "retries": "retries BETWEEN 0 AND 100",
        "retry_interval_seconds": "retry_interval_seconds BETWEEN 1 AND 86400",
        "recoveries": "recoveries BETWEEN 1 AND 100",
        "degraded_above_ms": "degraded_above_ms >= 1 AND degraded_above_ms < timeout_seconds * 1000",
        "version": "version >= 1",
    }
    return tuple(sa.CheckConstraint(rule, name=name) for name, rule in rules.items())


def _create_name_index(name: str, table: str, *before: str) -> None:
    """Names are unique among the living, whatever their case."""
    op.create_index(
        name,
        table,
        [*before, sa.text("lower(name)")],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def _create_service_states() -> None:
    op.create_table(
        "service_states",
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        _at("since", nullable=True),
        sa.Column("degraded_reached", sa.Boolean(), nullable=False),
        sa.Column("degraded_length", sa.Integer(), nullable=False),
        _at("degraded_since", nullable=True),
        sa.Column("down_reached", sa.Boolean(), nullable=False),
        sa.Column("down_length", sa.Integer(), nullable=False),
        _at("down_since", nullable=True),
        sa.Column("soft_failures", sa.Integer(), nullable=False),
        _at("checked_at", nullable=True),
        sa.Column("observed", sa.SmallInteger(), nullable=True),
        sa.Column("latency_us", sa.Integer(), nullable=True),
        sa.Column("status_code", sa.SmallInteger(), nullable=True),
        sa.Column("error", sa.SmallInteger(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("dns_us", sa.Integer(), nullable=True),
        sa.Column("connect_us", sa.Integer(), nullable=True),
        sa.Column("tls_us", sa.Integer(), nullable=True),
        sa.Column("first_byte_us", sa.Integer(), nullable=True),
        _at("tls_expires_at", nullable=True),
        sa.Column("tls_issuer", sa.Text(), nullable=True),
        sa.Column("tls_subject", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("redirects", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("flush", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("status BETWEEN 0 AND 6", name="status"),
        sa.CheckConstraint("(checked_at IS NULL) = (observed IS NULL)", name="observation"),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["ronda.services.id"],
            name=op.f("fk_service_states_service_id_services"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("service_id", name=op.f("pk_service_states")),
        schema=SCHEMA,
        postgresql_with={"fillfactor": "50"},
    )


def _create_health_checks() -> None:
    op.create_table(
        "health_checks",
        _at("checked_at"),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("latency_us", sa.Integer(), nullable=True),
        sa.Column("status_code", sa.SmallInteger(), nullable=True),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("error", sa.SmallInteger(), nullable=True),
        sa.Column("flags", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("service_id", "checked_at", name=op.f("pk_health_checks")),
        schema=SCHEMA,
        postgresql_partition_by="RANGE (checked_at)",
    )
    op.create_index(
        op.f("ix_health_checks_checked_at"),
        "health_checks",
        ["checked_at"],
        schema=SCHEMA,
        postgresql_using="brin",
    )


def _create_lead() -> None:
    lead = op.create_table(
        "lead",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("flush", sa.BigInteger(), nullable=False),
        sa.Column("backend_pid", sa.Integer(), nullable=True),
        sa.Column("holder", sa.Text(), nullable=True),
        _at("taken_at", nullable=True),
        sa.CheckConstraint("id = 1", name="one_row"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead")),
        schema=SCHEMA,
    )
    op.execute(sa.insert(lead).values(id=1, epoch=0, flush=0))


def _create_workers() -> None:
    op.create_table(
        "workers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("can_lead", sa.Boolean(), nullable=False),
        sa.Column("leading", sa.Boolean(), nullable=False),
        _at("started_at"),
        _at("seen_at"),
        sa.Column("health", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
        schema=SCHEMA,
    )


def _create_audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        _at("at"),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("subject_name", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("after", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint("subject IN ('client', 'service')", name="subject"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
        schema=SCHEMA,
    )


def _create_instance() -> None:
    instance = op.create_table(
        "instance",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("secret_fingerprint", sa.Text(), nullable=True),
        _at("created_at"),
        sa.CheckConstraint("id = 1", name="one_row"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance")),
        schema=SCHEMA,
    )
    op.execute(sa.insert(instance).values(id=1, created_at=sa.func.now()))
