"""Services: the endpoints of a client that are checked."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from core.domain.clients import ClientSpec, secret_faults
from core.domain.faults import Fault
from core.domain.kinds import DEFAULT_TLS_WARN_DAYS, FIELDS_OF, RECORD_TYPES, Auth, Kind, kind_of
from core.domain.secret import Secret
from core.domain.targets import address_faults, endpoint_faults, target_url
from core.domain.text import (
    ADDRESS_LIMIT,
    has_control_characters,
    name_faults,
    printable,
    tag_faults,
    text_faults,
)

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
DEFAULT_INTERVAL_SECONDS = 30.0
DEFAULT_TIMEOUT_SECONDS = 10.0
DEFAULT_RETRIES = 2
LONGEST_INTERVAL_SECONDS = 86_400.0
LONGEST_HEARTBEAT_SECONDS = 31 * 86_400.0
"""The longest time between two reports of a job: once a month."""
SHORTEST_INTERVAL_SECONDS = 1.0
SHORTEST_TIMEOUT_SECONDS = 0.1
MOST_RETRIES = 100
MOST_HEADERS = 50
BODY_LIMIT = 64 * 1024
"""Characters in a request body."""
LONGEST_TLS_WARN_DAYS = 365
MOST_CONDITIONS = 50
"""Lines of JSON conditions, of expected headers, of expected answers."""
CONDITION_LIMIT = 500
"""Characters in one of them."""
USER_LIMIT = 200
"""Characters in a user name."""
API_KEY_PLACEHOLDER = "{api_key}"
"""Stands in a header's value for the client's API key."""

_HEADER_NAME = re.compile(r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$")
_STATUS_PART = re.compile(r"^(\d{3})(?:-(\d{3}))?$", re.ASCII)
_OWN_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})


@dataclass(frozen=True, slots=True)
class Header:
    """A request header; its value is kept secret, since most that are set are credentials."""

    name: str
    value: Secret


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """What an operator decides about a service."""

    name: str
    endpoint: str
    """Where the check goes, in the form of the kind (``core.domain.targets``)."""
    kind: Kind = Kind.HTTP
    method: str = "GET"
    expected_status: str = "200"
    """Codes and ranges that mean success: ``200`` or ``200-299,301``."""
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    """Total deadline of one check, DNS and redirects included; the grace of a heartbeat."""
    interval_seconds: float = DEFAULT_INTERVAL_SECONDS
    headers: tuple[Header, ...] = ()
    auth: Auth = Auth.NONE
    auth_user: str = ""
    auth_secret: Secret | None = None
    """Password or token; None: the client's API key."""
    body: str = ""
    """What is sent: the body of a request, or a text over TCP."""
    contains: str = ""
    """Text that the answer must hold: its body, or what a TCP peer sends."""
    not_contains: str = ""
    """Text that the body of the answer must not hold."""
    matches: str = ""
    """Regular expression (RE2) that must be found in the body."""
    json_conditions: tuple[str, ...] = ()
    """Conditions on a JSON body, such as ``$.status == "ok"``."""
    expected_headers: tuple[str, ...] = ()
    """``Name: text``: a header of the answer must hold a text; ``Name``: it must be there."""
    record_type: str = "A"
    """What a name server is asked for."""
    expected_answers: tuple[str, ...] = ()
    """Answers of the name server that must be among all that it gives."""
    retries: int = DEFAULT_RETRIES
    """Failures beyond the first that confirm a down."""
    retry_interval_seconds: float | None = None
    """Seconds from a failed check to the next; None: a third of the interval, 5 s at least."""
    recoveries: int = 1
    """Good checks in a row that end a down."""
    parent_id: int | None = None
    """A service without which this one cannot work: while that is down, this one is *behind* it."""
    degraded_above_ms: int | None = None
    """Slower right answers are degraded; None: never."""
    follow_redirects: bool = True
    verify_tls: bool = True
    tls_warn_days: int | None = DEFAULT_TLS_WARN_DAYS
    """A certificate that ends within so many days makes the service degraded; None: never."""
    client_cert: str = ""
    """PEM file, on the machine that checks, of the certificate that the check shows (mTLS)."""
    client_key: str = ""
    """PEM file of its key; empty: it is in the same file."""
    tags: tuple[str, ...] = ()
    active: bool = True
    """False pauses the service."""
    runbook_url: str = ""
    notes: str = ""

    def target(self, client: ClientSpec) -> str:
        """Give the URL that is checked."""
        return target_url(client.dns, self.endpoint, self.kind)

    def retry_after_seconds(self) -> float:
        """Give the seconds from the end of a failed check to its retry."""
        if self.retry_interval_seconds is not None:
            return self.retry_interval_seconds
        return min(self.interval_seconds, max(5.0, self.interval_seconds / 3))

    def stands_below_dns(self) -> bool:
        """Whether it is a path below the client's base URL."""
        return self.kind is Kind.HTTP and self.endpoint.startswith("/")

    def needs_api_key(self) -> bool:
        """Whether a header refers to the client's API key, or the check authenticates with it."""
        return self._refers_to_api_key() or (self.auth is not Auth.NONE and self.auth_secret is None)

    def _refers_to_api_key(self) -> bool:
        return any(API_KEY_PLACEHOLDER in header.value.reveal() for header in self.headers)

    def longest_interval_seconds(self) -> float:
        """Give the longest interval that this kind of service may have."""
        return LONGEST_HEARTBEAT_SECONDS if self.kind is Kind.HEARTBEAT else LONGEST_INTERVAL_SECONDS

    def of_kind(self, kind: Kind) -> ServiceSpec:
        """Give it as another kind: fields that mean nothing there fall back to their defaults."""
        meaningless = {
            each.name: each.default
            for each in dataclasses.fields(self)
            if each.name not in FIELDS_OF[kind] and each.default is not dataclasses.MISSING
        }
        endpoint = "" if kind is Kind.HEARTBEAT else self.endpoint
        return dataclasses.replace(self, **{**meaningless, "kind": kind, "endpoint": endpoint})

    def faults(self, client: ClientSpec) -> tuple[Fault, ...]:
        """Give everything that is wrong at once; empty if the client can have this service."""
        return tuple(self._faults(client))

    def _faults(self, client: ClientSpec) -> Iterator[Fault]:
        yield from name_faults("name", self.name)
        if self.kind is Kind.HTTP:
            yield from _endpoint_faults(self.endpoint, client)
        else:
            yield from endpoint_faults(self.kind, self.endpoint)
        yield from self._kind_faults()
        if self.method not in METHODS:
            yield Fault(
                "method", "method", {"method": printable(self.method, 20), "methods": ", ".join(METHODS)}
            )
        yield from expected_status_faults(self.expected_status)
        yield from self._timing_faults()
        yield from self._header_faults(client)
        yield from self._auth_faults(client)
        yield from self._expectation_faults()
        yield from self._certificate_faults()
        yield from tag_faults(self.tags)
        if self.runbook_url:
            yield from address_faults("runbook_url", self.runbook_url)
        yield from text_faults("notes", self.notes)

    def _kind_faults(self) -> Iterator[Fault]:
        """Refuse what was set and means nothing: whoever set it believes that it is looked at."""
        for each in dataclasses.fields(self):
            if each.name in FIELDS_OF[self.kind] or each.name == "endpoint":
                continue
            if getattr(self, each.name) != each.default:
                yield Fault(each.name, "not_of_kind", {"kind": self.kind.value})

    def _timing_faults(self) -> Iterator[Fault]:
        interval, timeout, retry = self.interval_seconds, self.timeout_seconds, self.retry_interval_seconds
        longest = self.longest_interval_seconds()
        if not _between(interval, SHORTEST_INTERVAL_SECONDS, longest):
            limits = {"least": SHORTEST_INTERVAL_SECONDS, "most": longest}
            yield Fault("interval_seconds", "seconds_range", limits)
        if not _between(timeout, SHORTEST_TIMEOUT_SECONDS, longest):
            limits = {"least": SHORTEST_TIMEOUT_SECONDS, "most": longest}
            yield Fault("timeout_seconds", "seconds_range", limits)
        elif timeout > interval >= SHORTEST_INTERVAL_SECONDS:
            yield Fault("timeout_seconds", "timeout_over_interval", {"interval": interval})
        if retry is not None and not _between(retry, SHORTEST_INTERVAL_SECONDS, LONGEST_INTERVAL_SECONDS):
            limits = {"least": SHORTEST_INTERVAL_SECONDS, "most": LONGEST_INTERVAL_SECONDS}
            yield Fault("retry_interval_seconds", "seconds_range", limits)
        if not 0 <= self.retries <= MOST_RETRIES:
            yield Fault("retries", "count_range", {"least": 0, "most": MOST_RETRIES})
        if not 1 <= self.recoveries <= MOST_RETRIES:
            yield Fault("recoveries", "count_range", {"least": 1, "most": MOST_RETRIES})
        if self.degraded_above_ms is not None and not 1 <= self.degraded_above_ms < timeout * 1000:
            yield Fault("degraded_above_ms", "degraded_range", {"most": timeout * 1000})

    def _header_faults(self, client: ClientSpec) -> Iterator[Fault]:
        if len(self.headers) > MOST_HEADERS:
            yield Fault("headers", "too_many", {"limit": MOST_HEADERS})
        for header in self.headers:
            if not _HEADER_NAME.match(header.name):
                yield Fault("headers", "header_name", {"name": printable(header.name)})
            elif header.name.lower() in _OWN_HEADERS:
                yield Fault("headers", "header_own", {"name": header.name})
            value = header.value.reveal()
            if has_control_characters(value, allowed="\t") or not _is_latin1(value):
                yield Fault("headers", "header_value", {"name": printable(header.name)})
        if self._refers_to_api_key() and client.api_key is None:
            yield Fault("headers", "api_key_missing", {"client": printable(client.name)})

    def _auth_faults(self, client: ClientSpec) -> Iterator[Fault]:
        user, secret = self.auth_user, self.auth_secret
        yield from text_faults("auth_user", user, USER_LIMIT)
        if secret is not None:
            yield from secret_faults("auth_secret", secret)
        if self.auth is Auth.NONE:
            if user or secret is not None:
                yield Fault("auth", "auth_missing")
            return
        if self.auth is Auth.BASIC and (not user or ":" in user):
            yield Fault("auth_user", "user_colon" if user else "required")
        if self.auth is Auth.BEARER and user:
            yield Fault("auth_user", "user_of_basic")
        if secret is None and client.api_key is None:
            yield Fault("auth_secret", "auth_secret_missing", {"client": printable(client.name)})
        if any(header.name.lower() == "authorization" for header in self.headers):
            yield Fault("headers", "auth_twice")

    def _expectation_faults(self) -> Iterator[Fault]:
        yield from text_faults("body", self.body, BODY_LIMIT)
        for name in ("contains", "not_contains", "matches"):
            yield from text_faults(name, getattr(self, name))
        for name in ("json_conditions", "expected_headers", "expected_answers"):
            yield from _line_faults(name, getattr(self, name))
        if self.record_type not in RECORD_TYPES:
            types = {"type": printable(self.record_type, 20), "types": ", ".join(RECORD_TYPES)}
            yield Fault("record_type", "record_type", types)

    def _certificate_faults(self) -> Iterator[Fault]:
        days = self.tls_warn_days
        if days is not None and not 0 <= days <= LONGEST_TLS_WARN_DAYS:
            yield Fault("tls_warn_days", "count_range", {"least": 0, "most": LONGEST_TLS_WARN_DAYS})
        for name in ("client_cert", "client_key"):
            path = getattr(self, name)
            yield from text_faults(name, path, ADDRESS_LIMIT)
            if path and not path.startswith("/"):
                yield Fault(name, "absolute_path")
        if self.client_key and not self.client_cert:
            yield Fault("client_cert", "key_without_certificate")


def _line_faults(field: str, lines: tuple[str, ...]) -> Iterator[Fault]:
    if len(lines) > MOST_CONDITIONS:
        yield Fault(field, "too_many", {"limit": MOST_CONDITIONS})
    for line in lines:
        if not line.strip():
            yield Fault(field, "required")
        elif len(line) > CONDITION_LIMIT:
            yield Fault(field, "too_long", {"limit": CONDITION_LIMIT})
        elif has_control_characters(line):
            yield Fault(field, "control_characters")


def _endpoint_faults(endpoint: str, client: ClientSpec) -> Iterator[Fault]:
    kind = kind_of(endpoint)
    if not endpoint:
        yield Fault("endpoint", "required")
    elif kind is not Kind.HTTP:
        yield Fault("endpoint", "kind_scheme", {"scheme": kind.value, "kind": Kind.HTTP.value})
    elif not endpoint.startswith("/"):
        yield from address_faults("endpoint", endpoint)
    elif not client.dns:
        yield Fault("endpoint", "path_without_dns", {"client": printable(client.name)})
    elif len(endpoint) > ADDRESS_LIMIT:
        yield Fault("endpoint", "too_long", {"limit": ADDRESS_LIMIT})
    elif has_control_characters(endpoint):
        yield Fault("endpoint", "control_characters")
    elif any(char.isspace() for char in endpoint):
        yield Fault("endpoint", "url_spaces")


def expected_status_faults(text: str) -> Iterator[Fault]:
    """Give what is wrong with a set of status codes such as ``200-299,301``."""
    if not text.strip():
        yield Fault("expected_status", "required")
        return
    for part in (raw.strip() for raw in text.split(",")):
        match = _STATUS_PART.match(part)
        if not match:
            yield Fault("expected_status", "status_form", {"part": printable(part, 20)})
            continue
        low, high = int(match[1]), int(match[2] or match[1])
        if not (100 <= low <= 599 and 100 <= high <= 599):
            yield Fault("expected_status", "status_range", {"part": part})
        elif high < low:
            yield Fault("expected_status", "status_reversed", {"part": part, "right": f"{high}-{low}"})


def status_expected(expected: str, code: int) -> bool:
    """Whether a status code is in a set that has been found to be without fault."""
    for part in expected.split(","):
        low, _, high = part.strip().partition("-")
        if int(low) <= code <= int(high or low):
            return True
    return False


def _between(value: float, least: float, most: float) -> bool:
    return math.isfinite(value) and least <= value <= most


def _is_latin1(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Service:
    """A service as it is stored."""

    id: int
    client_id: int
    spec: ServiceSpec
    version: int
    """Grows with every save; an edit names the version it was made from."""
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = field(default=None)
    """Set while the service lies in the bin, from where it can be restored for 30 days."""
