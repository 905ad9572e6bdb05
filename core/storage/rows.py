"""The tables of the schema ``ronda``, as the migrations make them.

Rows never leave ``core.storage``: ``core.storage.mapping`` turns them into domain values. Limits of
the domain are repeated here as constraints, so that no other program can store what Ronda would refuse.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    any_,
    func,
    literal,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DOUBLE_PRECISION, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from core.domain.services import (
    BODY_LIMIT,
    LONGEST_HEARTBEAT_SECONDS,
    LONGEST_INTERVAL_SECONDS,
    LONGEST_TLS_WARN_DAYS,
    MOST_RETRIES,
    SHORTEST_INTERVAL_SECONDS,
    SHORTEST_TIMEOUT_SECONDS,
)
from core.domain.text import NAME_LIMIT

SCHEMA = "ronda"
"""Everything of ours lives in this schema; nothing else is ever written to."""

NAMING = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
"""How constraints and indexes are named, so that a migration can name them again."""

CLIENT_NAME_INDEX = "uq_clients_name"
SERVICE_NAME_INDEX = "uq_services_client_id_name"
LIVING = text("deleted_at IS NULL")

_NAME_LENGTH = f"length(name) BETWEEN 1 AND {NAME_LIMIT}"
_INTERVAL_RANGE = f"BETWEEN {SHORTEST_INTERVAL_SECONDS:g} AND {LONGEST_INTERVAL_SECONDS:g}"


class Row(DeclarativeBase):
    """What all tables share: schema, names of constraints, and how Python types are stored."""

    metadata = MetaData(schema=SCHEMA, naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        bytes: LargeBinary(),
        float: DOUBLE_PRECISION(),
        datetime: DateTime(timezone=True),
        list[str]: ARRAY(Text()),
        list[int]: ARRAY(Integer()),
        dict[str, Any]: JSONB(none_as_null=True),
        list[dict[str, Any]]: JSONB(none_as_null=True),
    }


class ClientRow(Row):
    """A client; ``api_key`` is encrypted."""

    __tablename__ = "clients"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column()
    dns: Mapped[str]
    api_key: Mapped[bytes | None]
    description: Mapped[str]
    tags: Mapped[list[str]]
    active: Mapped[bool]
    runbook_url: Mapped[str]
    notes: Mapped[str]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(_NAME_LENGTH, name="name_length"),
        CheckConstraint("version >= 1", name="version"),
        Index(CLIENT_NAME_INDEX, func.lower(name), unique=True, postgresql_where=LIVING),
    )


class ServiceRow(Row):
    """A service; ``headers`` is the encrypted JSON text ``[[name, value], ...]``, ``auth_secret`` too."""

    __tablename__ = "services"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    name: Mapped[str] = mapped_column()
    endpoint: Mapped[str]
    method: Mapped[str]
    expected_status: Mapped[str]
    timeout_seconds: Mapped[float]
    interval_seconds: Mapped[float]
    headers: Mapped[bytes | None]
    auth: Mapped[str]
    auth_user: Mapped[str]
    auth_secret: Mapped[bytes | None]
    body: Mapped[str]
    contains: Mapped[str]
    not_contains: Mapped[str]
    matches: Mapped[str]
    json_conditions: Mapped[list[str]]
    expected_headers: Mapped[list[str]]
    record_type: Mapped[str]
    expected_answers: Mapped[list[str]]
    retries: Mapped[int]
    retry_interval_seconds: Mapped[float | None]
    recoveries: Mapped[int]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("services.id", ondelete="SET NULL"))
    degraded_above_ms: Mapped[int | None]
    follow_redirects: Mapped[bool]
    verify_tls: Mapped[bool]
    tls_warn_days: Mapped[int | None]
    client_cert: Mapped[str]
    client_key: Mapped[str]
    tags: Mapped[list[str]]
    active: Mapped[bool]
    runbook_url: Mapped[str]
    notes: Mapped[str]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("kind IN ('http', 'tcp', 'tls', 'dns', 'icmp', 'heartbeat')", name="kind"),
        CheckConstraint(_NAME_LENGTH, name="name_length"),
        CheckConstraint("(endpoint = '') = (kind = 'heartbeat')", name="endpoint"),
        CheckConstraint("method ~ '^[A-Z]+$'", name="method"),
        CheckConstraint("expected_status <> ''", name="expected_status"),
        CheckConstraint(
            f"interval_seconds BETWEEN {SHORTEST_INTERVAL_SECONDS:g} AND"
            f" CASE kind WHEN 'heartbeat' THEN {LONGEST_HEARTBEAT_SECONDS:.0f}"
            f" ELSE {LONGEST_INTERVAL_SECONDS:g} END",
            name="interval_seconds",
        ),
        CheckConstraint(
            f"timeout_seconds >= {SHORTEST_TIMEOUT_SECONDS} AND timeout_seconds <= interval_seconds",
            name="timeout_seconds",
        ),
        CheckConstraint(f"length(body) <= {BODY_LIMIT}", name="body_length"),
        CheckConstraint(f"retries BETWEEN 0 AND {MOST_RETRIES}", name="retries"),
        CheckConstraint(f"retry_interval_seconds {_INTERVAL_RANGE}", name="retry_interval_seconds"),
        CheckConstraint(f"recoveries BETWEEN 1 AND {MOST_RETRIES}", name="recoveries"),
        CheckConstraint(
            "degraded_above_ms >= 1 AND degraded_above_ms < timeout_seconds * 1000", name="degraded_above_ms"
        ),
        CheckConstraint("parent_id <> id", name="parent_id"),
        CheckConstraint("auth IN ('none', 'basic', 'bearer')", name="auth"),
        CheckConstraint(f"tls_warn_days BETWEEN 0 AND {LONGEST_TLS_WARN_DAYS}", name="tls_warn_days"),
        CheckConstraint("version >= 1", name="version"),
        Index(SERVICE_NAME_INDEX, client_id, func.lower(name), unique=True, postgresql_where=LIVING),
    )


class StateRow(Row):
    """What is held of a service, updated in place at every check.

    Made together with its service. Half-filled pages and no index beside the key keep the updates
    within their page; ``flush`` is the number of the flush that wrote the row last.
    """

    __tablename__ = "service_states"

    service_id: Mapped[int] = mapped_column(ForeignKey("services.id", ondelete="CASCADE"), primary_key=True)
    status: Mapped[int] = mapped_column(SmallInteger)
    since: Mapped[datetime | None]
    degraded_reached: Mapped[bool]
    degraded_length: Mapped[int]
    degraded_since: Mapped[datetime | None]
    down_reached: Mapped[bool]
    down_length: Mapped[int]
    down_since: Mapped[datetime | None]
    soft_failures: Mapped[int]
    flap_changes: Mapped[int]
    flapping: Mapped[bool]
    maintenance_until: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    observed: Mapped[int | None] = mapped_column(SmallInteger)
    latency_us: Mapped[int | None]
    status_code: Mapped[int | None] = mapped_column(SmallInteger)
    error: Mapped[int | None] = mapped_column(SmallInteger)
    detail: Mapped[str | None]
    dns_us: Mapped[int | None]
    connect_us: Mapped[int | None]
    tls_us: Mapped[int | None]
    first_byte_us: Mapped[int | None]
    tls_expires_at: Mapped[datetime | None]
    tls_issuer: Mapped[str | None]
    tls_subject: Mapped[str | None]
    address: Mapped[str | None]
    redirects: Mapped[list[str] | None]
    flush: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        CheckConstraint("status BETWEEN 0 AND 6", name="status"),
        CheckConstraint("(checked_at IS NULL) = (observed IS NULL)", name="observation"),
        {"postgresql_with": {"fillfactor": "50"}},
    )


class HealthCheckRow(Row):
    """One check; partitioned by UTC day, 95 bytes with its index.

    The widest columns come first, which saves padding. Rows outlive their service, so there is no
    foreign key; partitions are made ahead by ``Database.ensure_partitions``.
    """

    __tablename__ = "health_checks"

    checked_at: Mapped[datetime]
    service_id: Mapped[int]
    latency_us: Mapped[int | None]
    status_code: Mapped[int | None] = mapped_column(SmallInteger)
    status: Mapped[int] = mapped_column(SmallInteger)
    error: Mapped[int | None] = mapped_column(SmallInteger)
    flags: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))

    __table_args__ = (
        PrimaryKeyConstraint("service_id", "checked_at"),
        Index(None, "checked_at", postgresql_using="brin"),
        {"postgresql_partition_by": "RANGE (checked_at)"},
    )


class EvidenceRow(Row):
    """What a failing check met: of each run of failures the first (place 1) and the latest (place 2)."""

    __tablename__ = "check_evidence"

    service_id: Mapped[int] = mapped_column(ForeignKey("services.id", ondelete="CASCADE"))
    began_at: Mapped[datetime]
    """When the run of failures began: the first check of it."""
    place: Mapped[int] = mapped_column(SmallInteger)
    checked_at: Mapped[datetime]
    error: Mapped[int | None] = mapped_column(SmallInteger)
    detail: Mapped[str | None]
    phase: Mapped[str]
    address: Mapped[str | None]
    head: Mapped[str]
    body: Mapped[str]
    truncated: Mapped[bool]

    __table_args__ = (
        PrimaryKeyConstraint("service_id", "began_at", "place"),
        CheckConstraint("place IN (1, 2)", name="place"),
    )


class HeartbeatRow(Row):
    """When a job reported in last."""

    __tablename__ = "heartbeats"

    service_id: Mapped[int] = mapped_column(ForeignKey("services.id", ondelete="CASCADE"), primary_key=True)
    beat_at: Mapped[datetime]


class WindowRow(Row):
    """A maintenance window, once or recurring; one that an operator ended stays, for the history."""

    __tablename__ = "maintenance_windows"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    reason: Mapped[str]
    scope: Mapped[str]
    client_id: Mapped[int | None] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"))
    service_id: Mapped[int | None] = mapped_column(ForeignKey("services.id", ondelete="CASCADE"))
    tag: Mapped[str]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    cron: Mapped[str]
    duration_seconds: Mapped[float]
    zone: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("scope IN ('all', 'tag', 'client', 'service')", name="scope"),
        CheckConstraint(
            "(scope = 'client') = (client_id IS NOT NULL) AND (scope = 'service') = (service_id IS NOT NULL)"
            " AND (scope = 'tag') = (tag <> '')",
            name="subject",
        ),
        CheckConstraint(
            "CASE cron WHEN '' THEN starts_at IS NOT NULL AND ends_at > starts_at"
            " ELSE starts_at IS NULL AND ends_at IS NULL AND duration_seconds >= 60 END",
            name="time",
        ),
    )


class LeadRow(Row):
    """The one row about who runs the round; every flush must find the epoch and number it expects."""

    __tablename__ = "lead"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    epoch: Mapped[int] = mapped_column(BigInteger)
    flush: Mapped[int] = mapped_column(BigInteger)
    backend_pid: Mapped[int | None]
    holder: Mapped[str | None]
    taken_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)


class WorkerRow(Row):
    """A process of Ronda that is or was alive on this database."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    operator: Mapped[str]
    host: Mapped[str]
    pid: Mapped[int]
    can_lead: Mapped[bool]
    leading: Mapped[bool]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    health: Mapped[dict[str, Any]]


class AuditRow(Row):
    """One change that an operator made; secrets are masked before they come here."""

    __tablename__ = "audit_log"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    operator: Mapped[str]
    host: Mapped[str]
    terminal: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    subject_id: Mapped[int]
    subject_name: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]

    __table_args__ = (
        CheckConstraint(
            "subject IN ('client', 'service', 'maintenance', 'incident', 'channel', 'rule')", name="subject"
        ),
    )


class InstanceRow(Row):
    """The one row about this database itself."""

    __tablename__ = "instance"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    secret_fingerprint: Mapped[str | None]
    created_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)


def table_of(row: type[Row]) -> Table:
    """Give the table that a class describes."""
    table = row.__table__
    assert isinstance(table, Table)
    return table


CLIENTS = table_of(ClientRow)
SERVICES = table_of(ServiceRow)
STATES = table_of(StateRow)
HEALTH_CHECKS = table_of(HealthCheckRow)
EVIDENCE = table_of(EvidenceRow)
HEARTBEATS = table_of(HeartbeatRow)
WINDOWS = table_of(WindowRow)
LEAD = table_of(LeadRow)
WORKERS = table_of(WorkerRow)
AUDIT_LOG = table_of(AuditRow)
INSTANCE = table_of(InstanceRow)


def among(column: ColumnElement[int], numbers: Collection[int]) -> ColumnElement[bool]:
    """Give the condition that a column is one of some numbers: one array, one plan for any count."""
    return column == any_(literal(list(numbers), ARRAY(Integer())))
