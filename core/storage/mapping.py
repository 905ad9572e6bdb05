"""Between rows and domain values: the only place that knows both, and where secrets are sealed.

With another key than the database was written with, secrets read as if there were none, so that the
board can be shown; then nothing that could hold a secret may be written, or the sealed text would be
lost.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row

from core.domain.clients import Client, ClientSpec
from core.domain.flapping import Flapping
from core.domain.kinds import Auth, Kind
from core.domain.maintenance import Scope, Window, WindowSpec
from core.domain.observations import (
    ERROR_CODES,
    ERROR_OF_CODE,
    STATUS_CODES,
    STATUS_OF_CODE,
    Certificate,
    Observation,
    Phases,
)
from core.domain.secret import Secret
from core.domain.services import Header, Service, ServiceSpec
from core.domain.status import Run, ServiceState
from core.errors import KeyMismatch
from core.i18n import _

if TYPE_CHECKING:
    from core.secrets import Cipher

LONGEST_LATENCY_US = 2**31 - 1
"""Microseconds that a column holds: 35 minutes. Longer ones are stored as this."""

_log = logging.getLogger(__name__)


class Vault:
    """Seals secrets for the database and opens them again.

    ``recorded`` is the fingerprint of the key that the database was written with.
    """

    def __init__(self, cipher: Cipher, recorded: str) -> None:
        self._cipher = cipher
        self._recorded = recorded

    @property
    def key_matches(self) -> bool:
        """Whether this process holds the key of the database."""
        return self._cipher.fingerprint == self._recorded

    def require_key(self) -> None:
        """Refuse with ``KeyMismatch`` to write anything that may hold a secret."""
        if not self.key_matches:
            raise KeyMismatch(
                _(
                    "This database was written with another secret key (fingerprint {theirs}; yours is "
                    "{ours}). Clients and services can be looked at but not saved; no checks run with it. "
                    "Set RONDA_SECRET_KEY to the key with the fingerprint {theirs}."
                ).format(theirs=self._recorded, ours=self._cipher.fingerprint)
            )

    def seal(self, text: str | None) -> bytes | None:
        """Encrypt a secret; None stays None."""
        self.require_key()
        return None if text is None else self._cipher.encrypt(text)

    def open(self, sealed: bytes | None) -> str | None:
        """Decrypt a secret; None if there is none or this process cannot read it."""
        if sealed is None or not self.key_matches:
            return None
        try:
            return self._cipher.decrypt(sealed)
        except KeyMismatch:
            _log.warning("A stored secret is damaged; it reads as if there were none.")
            return None


def client_values(spec: ClientSpec, vault: Vault) -> dict[str, Any]:
    """Give the columns of a client that an operator decides; ``KeyMismatch`` with the wrong key."""
    return {
        "name": spec.name,
        "dns": spec.dns,
        "api_key": vault.seal(spec.api_key.reveal() if spec.api_key is not None else None),
        "description": spec.description,
        "tags": list(spec.tags),
        "active": spec.active,
        "runbook_url": spec.runbook_url,
        "notes": spec.notes,
    }


def client_of(row: Row[Any], vault: Vault) -> Client:
    """Give the client of a row of ``clients``."""
    spec = ClientSpec(
        name=row.name,
        dns=row.dns,
        api_key=_secret_of(vault.open(row.api_key)),
        description=row.description,
        tags=tuple(row.tags),
        active=row.active,
        runbook_url=row.runbook_url,
        notes=row.notes,
    )
    return Client(row.id, spec, row.version, row.created_at, row.updated_at, row.deleted_at)


_PLAIN_SERVICE_FIELDS = (
    "name",
    "endpoint",
    "method",
    "expected_status",
    "timeout_seconds",
    "interval_seconds",
    "auth_user",
    "body",
    "contains",
    "not_contains",
    "matches",
    "record_type",
    "retries",
    "retry_interval_seconds",
    "recoveries",
    "parent_id",
    "degraded_above_ms",
    "follow_redirects",
    "verify_tls",
    "tls_warn_days",
    "client_cert",
    "client_key",
    "active",
    "runbook_url",
    "notes",
)
"""Fields of a service that are stored as they are, under their own names."""
_LISTS = ("json_conditions", "expected_headers", "expected_answers", "tags")
"""The same for tuples of texts, which are stored as arrays."""


def service_values(spec: ServiceSpec, vault: Vault) -> dict[str, Any]:
    """Give the columns of a service that an operator decides; ``KeyMismatch`` with the wrong key."""
    values: dict[str, Any] = {field: getattr(spec, field) for field in _PLAIN_SERVICE_FIELDS}
    pairs = [[header.name, header.value.reveal()] for header in spec.headers]
    values["headers"] = vault.seal(json.dumps(pairs) if pairs else None)
    values["auth_secret"] = vault.seal(spec.auth_secret.reveal() if spec.auth_secret is not None else None)
    values |= {"kind": spec.kind.value, "auth": spec.auth.value}
    return values | {field: list(getattr(spec, field)) for field in _LISTS}


def service_of(row: Row[Any], vault: Vault) -> Service:
    """Give the service of a row of ``services``."""
    columns = row._mapping
    plain: dict[str, Any] = {field: columns[field] for field in _PLAIN_SERVICE_FIELDS}
    spec = ServiceSpec(
        **plain | {field: tuple(columns[field]) for field in _LISTS},
        kind=Kind(row.kind),
        headers=_headers_of(vault.open(row.headers)),
        auth=Auth(row.auth),
        auth_secret=_secret_of(vault.open(row.auth_secret)),
    )
    return Service(row.id, row.client_id, spec, row.version, row.created_at, row.updated_at, row.deleted_at)


def _secret_of(text: str | None) -> Secret | None:
    return None if text is None else Secret(text)


def _headers_of(text: str | None) -> tuple[Header, ...]:
    if text is None:
        return ()
    return tuple(Header(name, Secret(value)) for name, value in json.loads(text))


def storable_text(text: str) -> str:
    """Give a text without what PostgreSQL does not store: NUL and halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def storable(text: str | None) -> str | None:
    """Give a text that may be missing so that PostgreSQL stores it."""
    return None if text is None else storable_text(text)


def microseconds(milliseconds: float | None) -> int | None:
    """Give a latency as it is stored."""
    return None if milliseconds is None else min(round(milliseconds * 1000), LONGEST_LATENCY_US)


def milliseconds(microseconds: int | None) -> float | None:
    """Give a stored latency as the domain has it."""
    return None if microseconds is None else microseconds / 1000


def state_values(state: ServiceState) -> dict[str, Any]:
    """Give the columns of ``service_states`` but ``service_id`` and ``flush``, always all of them."""
    values: dict[str, Any] = {
        "status": STATUS_CODES[state.status],
        "since": state.since,
        "degraded_reached": state.degraded_run.reached,
        "degraded_length": state.degraded_run.length,
        "degraded_since": state.degraded_run.since,
        "down_reached": state.down_run.reached,
        "down_length": state.down_run.length,
        "down_since": state.down_run.since,
        "soft_failures": state.soft_failures,
        "flap_changes": state.flapping.changes,
        "flapping": state.flapping.active,
        "maintenance_until": state.maintenance_until,
    }
    return values | _observation_values(state.observation)


_NO_OBSERVATION: Mapping[str, None] = dict.fromkeys(
    (
        "checked_at",
        "observed",
        "latency_us",
        "status_code",
        "error",
        "detail",
        "dns_us",
        "connect_us",
        "tls_us",
        "first_byte_us",
        "tls_expires_at",
        "tls_issuer",
        "tls_subject",
        "address",
        "redirects",
    )
)


def _observation_values(observation: Observation | None) -> dict[str, Any]:
    if observation is None:
        return dict(_NO_OBSERVATION)
    phases, certificate = observation.phases, observation.certificate
    return {
        "checked_at": observation.checked_at,
        "observed": STATUS_CODES[observation.status],
        "latency_us": microseconds(observation.latency_ms),
        "status_code": observation.status_code,
        "error": None if observation.error is None else ERROR_CODES[observation.error],
        "detail": observation.detail,
        "dns_us": microseconds(phases.dns_ms),
        "connect_us": microseconds(phases.connect_ms),
        "tls_us": microseconds(phases.tls_ms),
        "first_byte_us": microseconds(phases.first_byte_ms),
        "tls_expires_at": certificate and certificate.expires_at,
        "tls_issuer": certificate and certificate.issuer,
        "tls_subject": certificate and certificate.subject,
        "address": observation.address,
        "redirects": list(observation.redirects) or None,
    }


def state_of(row: Row[Any]) -> ServiceState:
    """Give the state of a row of ``service_states``."""
    return ServiceState(
        status=STATUS_OF_CODE[row.status],
        since=row.since,
        degraded_run=Run(row.degraded_reached, row.degraded_length, row.degraded_since),
        down_run=Run(row.down_reached, row.down_length, row.down_since),
        soft_failures=row.soft_failures,
        flapping=Flapping(row.flap_changes, row.flapping),
        maintenance_until=row.maintenance_until,
        observation=None if row.checked_at is None else _observation_of(row),
    )


def _observation_of(row: Row[Any]) -> Observation:
    return Observation(
        checked_at=row.checked_at,
        status=STATUS_OF_CODE[row.observed],
        latency_ms=milliseconds(row.latency_us),
        status_code=row.status_code,
        error=None if row.error is None else ERROR_OF_CODE[row.error],
        detail=row.detail,
        phases=Phases(
            milliseconds(row.dns_us),
            milliseconds(row.connect_us),
            milliseconds(row.tls_us),
            milliseconds(row.first_byte_us),
        ),
        certificate=_certificate_of(row),
        address=row.address,
        redirects=tuple(row.redirects or ()),
        in_maintenance=row.maintenance_until is not None,
    )


def _certificate_of(row: Row[Any]) -> Certificate | None:
    if row.tls_expires_at is None:
        return None
    return Certificate(row.tls_expires_at, row.tls_issuer, row.tls_subject)


def window_values(spec: WindowSpec) -> dict[str, Any]:
    """Give the columns of a maintenance window that an operator decides."""
    return {
        "reason": spec.reason,
        "scope": spec.scope.value,
        "client_id": spec.subject_id if spec.scope is Scope.CLIENT else None,
        "service_id": spec.subject_id if spec.scope is Scope.SERVICE else None,
        "tag": spec.tag if spec.scope is Scope.TAG else "",
        "starts_at": spec.starts_at,
        "ends_at": spec.ends_at,
        "cron": spec.cron,
        "duration_seconds": spec.duration_seconds,
        "zone": spec.zone,
    }


def window_of(row: Row[Any]) -> Window:
    """Give the window of a row of ``maintenance_windows``."""
    spec = WindowSpec(
        reason=row.reason,
        scope=Scope(row.scope),
        subject_id=row.client_id if row.client_id is not None else row.service_id,
        tag=row.tag,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        cron=row.cron,
        duration_seconds=row.duration_seconds,
        zone=row.zone,
    )
    return Window(row.id, spec, row.created_by, row.created_at, row.ended_at)
