"""Kinds of service: what is checked, and which fields mean something for it."""

from __future__ import annotations

from enum import StrEnum

RECORD_TYPES = ("A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT")
"""What a DNS service can ask for."""
DEFAULT_TLS_WARN_DAYS = 14
"""A certificate that ends within so many days makes a service degraded."""


class Kind(StrEnum):
    """What a service is; also the scheme of its target, save for HTTP, which has two."""

    HTTP = "http"
    """A request and its answer."""
    TCP = "tcp"
    """A connection, and perhaps a text that the peer sends."""
    TLS = "tls"
    """A handshake and the certificate."""
    DNS = "dns"
    """A question to a name server."""
    ICMP = "icmp"
    """An echo: ping."""
    HEARTBEAT = "heartbeat"
    """Nothing is sent: a job reports in, and silence beyond its grace is down."""


class Auth(StrEnum):
    """How an HTTP check says who it is."""

    NONE = "none"
    BASIC = "basic"
    """User name and password (RFC 7617)."""
    BEARER = "bearer"
    """A token (RFC 6750)."""


_EVERY_KIND = frozenset(
    {"name", "kind", "timeout_seconds", "interval_seconds", "parent_id", "tags", "active"}
    | {"runbook_url", "notes"}
)
_PROBED = _EVERY_KIND | {"endpoint", "retries", "retry_interval_seconds", "recoveries", "degraded_above_ms"}
_CERTIFIED = frozenset({"verify_tls", "tls_warn_days", "client_cert", "client_key"})

FIELDS_OF: dict[Kind, frozenset[str]] = {
    Kind.HTTP: _PROBED
    | _CERTIFIED
    | {"method", "expected_status", "headers", "body", "follow_redirects"}
    | {"contains", "not_contains", "matches", "json_conditions", "expected_headers"}
    | {"auth", "auth_user", "auth_secret"},
    Kind.TCP: _PROBED | {"body", "contains"},
    Kind.TLS: _PROBED | _CERTIFIED,
    Kind.DNS: _PROBED | {"record_type", "expected_answers"},
    Kind.ICMP: _PROBED,
    Kind.HEARTBEAT: _EVERY_KIND,
}
"""The fields of ``ServiceSpec`` that mean something for each kind."""


def kind_of(address: str) -> Kind:
    """Give the kind that an address names by its scheme; without one of ours it is HTTP."""
    scheme = address.partition("://")[0].lower()
    return Kind(scheme) if scheme in {Kind.TCP, Kind.TLS, Kind.DNS, Kind.ICMP} else Kind.HTTP
