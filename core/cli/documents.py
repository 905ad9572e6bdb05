"""The JSON of clients, services, observations, states and workers; docs/command-line.md has every key.

A document never holds a secret: of an API key it says whether there is one, of headers their names.
"""

from __future__ import annotations

from datetime import datetime

from core.cli.figures import iso, rounded
from core.cli.output import Document
from core.domain.clients import Client
from core.domain.observations import Certificate, Observation
from core.domain.services import Service, ServiceSpec
from core.domain.uptime import Uptime
from core.domain.workers import WorkerReport
from core.operations.board import BoardLine


def client_document(client: Client) -> Document:
    """Give a client."""
    spec = client.spec
    return {
        "id": client.id,
        "name": spec.name,
        "dns": spec.dns,
        "has_api_key": spec.api_key is not None,
        "description": spec.description,
        "tags": list(spec.tags),
        "active": spec.active,
        "runbook_url": spec.runbook_url,
        "notes": spec.notes,
        "version": client.version,
        "created_at": iso(client.created_at),
        "updated_at": iso(client.updated_at),
        "deleted_at": iso(client.deleted_at),
    }


def service_document(service: Service, client: Client) -> Document:
    """Give a service with the name of its client and the URL that is checked."""
    spec = service.spec
    return {
        "id": service.id,
        "client_id": client.id,
        "client": client.spec.name,
        "name": spec.name,
        "kind": spec.kind.value,
        "endpoint": spec.endpoint,
        "url": spec.target(client.spec),
        "method": spec.method,
        "expected_status": spec.expected_status,
        "timeout_s": spec.timeout_seconds,
        "interval_s": spec.interval_seconds,
        "header_names": [header.name for header in spec.headers],
        "auth": spec.auth.value,
        "auth_user": spec.auth_user,
        "has_auth_secret": spec.auth_secret is not None,
        "body": spec.body,
        **_expectations(spec),
        "retries": spec.retries,
        "retry_interval_s": spec.retry_interval_seconds,
        "recoveries": spec.recoveries,
        "parent_id": spec.parent_id,
        "degraded_above_ms": spec.degraded_above_ms,
        "follow_redirects": spec.follow_redirects,
        "verify_tls": spec.verify_tls,
        "tls_warn_days": spec.tls_warn_days,
        "client_cert": spec.client_cert,
        "client_key": spec.client_key,
        "tags": list(spec.tags),
        "active": spec.active,
        "runbook_url": spec.runbook_url,
        "notes": spec.notes,
        "version": service.version,
        "created_at": iso(service.created_at),
        "updated_at": iso(service.updated_at),
        "deleted_at": iso(service.deleted_at),
    }


def _expectations(spec: ServiceSpec) -> Document:
    return {
        "contains": spec.contains,
        "not_contains": spec.not_contains,
        "matches": spec.matches,
        "json_conditions": list(spec.json_conditions),
        "expected_headers": list(spec.expected_headers),
        "record_type": spec.record_type,
        "expected_answers": list(spec.expected_answers),
    }


def check_document(url: str, observation: Observation) -> Document:
    """Give one check with everything that was seen; exactly the keys of ``ronda check --json``."""
    phases = observation.phases
    return {
        "url": url,
        "status": observation.status.value,
        "error": observation.error.value if observation.error else None,
        "detail": observation.detail,
        "status_code": observation.status_code,
        "latency_ms": rounded(observation.latency_ms),
        "phases": {
            "dns_ms": rounded(phases.dns_ms),
            "connect_ms": rounded(phases.connect_ms),
            "tls_ms": rounded(phases.tls_ms),
            "first_byte_ms": rounded(phases.first_byte_ms),
        },
        "tls": _certificate_document(observation.certificate, observation.checked_at),
        "address": observation.address,
        "redirects": list(observation.redirects),
        "checked_at": iso(observation.checked_at),
    }


def past_check_document(observation: Observation) -> Document:
    """Give one check of the history."""
    return {
        "checked_at": iso(observation.checked_at),
        "status": observation.status.value,
        "latency_ms": rounded(observation.latency_ms),
        "status_code": observation.status_code,
        "error": observation.error.value if observation.error else None,
    }


def state_document(line: BoardLine, now: datetime) -> Document:
    """Give what is held of a service."""
    state, observation = line.state, line.state.observation
    return {
        "status": line.status(now).value,
        "since": iso(_since(line, now)),
        "stale": line.stale(now),
        "failing_attempt": state.failing_attempt,
        "soft_failures": state.soft_failures,
        "flapping": state.flapping.active,
        "flap_percent": rounded(state.flapping.percent, 1),
        "maintenance_until": iso(line.maintenance_until(now)),
        "last_check": check_document(line.target, observation) if observation else None,
    }


def status_document(line: BoardLine, uptime: Uptime | None, now: datetime) -> Document:
    """Give one line of the board."""
    observation = line.state.observation
    return {
        "id": line.service.id,
        "client": line.client.spec.name,
        "service": line.service.spec.name,
        "status": line.status(now).value,
        "since": iso(_since(line, now)),
        "latency_ms": rounded(observation.latency_ms) if observation else None,
        "last_checked_at": iso(observation.checked_at) if observation else None,
        "uptime_24h": rounded(uptime.ratio, 6) if uptime else None,
        "coverage_24h": rounded(uptime.coverage, 6) if uptime else 0.0,
        "error": observation.error.value if observation and observation.error else None,
        "detail": observation.detail if observation else None,
    }


def worker_document(worker: WorkerReport) -> Document:
    """Give a process and how its round goes."""
    health = worker.health
    return {
        "id": worker.id,
        "kind": worker.kind.value,
        "operator": worker.operator,
        "host": worker.host,
        "pid": worker.pid,
        "leading": worker.leading,
        "can_lead": worker.can_lead,
        "started_at": iso(worker.started_at),
        "seen_at": iso(worker.seen_at),
        "services": health.services,
        "checks_per_second": rounded(health.checks_per_second),
        "lag_ms": rounded(health.lag_ms),
        "late_ms": rounded(health.late_ms),
        "missed": health.missed,
        "in_flight": health.in_flight,
        "waiting": health.waiting,
        "dropped": health.dropped,
        "lagged": health.lagged,
        "messages_waiting": health.messages_waiting,
        "messages_failed": health.messages_failed,
        "references": health.references,
        "blind_since": iso(health.blind_since),
        "pings": health.pings,
        "pinged_at": iso(health.pinged_at),
        "ping_answered": health.ping_answered,
    }


def _certificate_document(certificate: Certificate | None, now: datetime) -> Document | None:
    if certificate is None:
        return None
    return {
        "expires_at": iso(certificate.expires_at),
        "days_left": certificate.days_left(now),
        "issuer": certificate.issuer,
        "subject": certificate.subject,
    }


def _since(line: BoardLine, now: datetime) -> datetime | None:
    """When the shown status began; not known of one that lies over what is held."""
    return line.state.since if line.status(now) is line.state.status else None
