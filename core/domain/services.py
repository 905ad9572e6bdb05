"""Services: the endpoints of a client that are checked."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from core.domain.clients import ClientSpec
from core.domain.faults import Fault
from core.domain.secret import Secret
from core.domain.targets import address_faults, target_url
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
SHORTEST_INTERVAL_SECONDS = 1.0
SHORTEST_TIMEOUT_SECONDS = 0.1
MOST_RETRIES = 100
MOST_HEADERS = 50
BODY_LIMIT = 64 * 1024
"""Characters in a request body."""
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
    """An absolute http(s) URL, or a path below the client's ``dns``."""
    method: str = "GET"
    expected_status: str = "200"
    """Codes and ranges that mean success: ``200`` or ``200-299,301``."""
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    """Total deadline of one check, DNS and redirects included."""
    interval_seconds: float = DEFAULT_INTERVAL_SECONDS
    headers: tuple[Header, ...] = ()
    body: str = ""
    contains: str = ""
    """Text that the body of the answer must hold."""
    not_contains: str = ""
    """Text that the body of the answer must not hold."""
    retries: int = DEFAULT_RETRIES
    """Failures beyond the first that confirm a down."""
    retry_interval_seconds: float | None = None
    """Seconds from a failed check to the next; None: a third of the interval, 5 s at least."""
    recoveries: int = 1
    """Good checks in a row that end a down."""
    degraded_above_ms: int | None = None
    """Slower right answers are degraded; None: never."""
    follow_redirects: bool = True
    verify_tls: bool = True
    tags: tuple[str, ...] = ()
    active: bool = True
    """False pauses the service."""
    runbook_url: str = ""
    notes: str = ""

    def target(self, client: ClientSpec) -> str:
        """Give the URL that is checked."""
        return target_url(client.dns, self.endpoint)

    def retry_after_seconds(self) -> float:
        """Give the seconds from the end of a failed check to its retry."""
        if self.retry_interval_seconds is not None:
            return self.retry_interval_seconds
        return min(self.interval_seconds, max(5.0, self.interval_seconds / 3))

    def needs_api_key(self) -> bool:
        """Whether a header refers to the client's API key."""
        return any(API_KEY_PLACEHOLDER in header.value.reveal() for header in self.headers)

    def faults(self, client: ClientSpec) -> tuple[Fault, ...]:
        """Give everything that is wrong at once; empty if the client can have this service."""
        return tuple(self._faults(client))

    def _faults(self, client: ClientSpec) -> Iterator[Fault]:
        yield from name_faults("name", self.name)
        yield from _endpoint_faults(self.endpoint, client)
        if self.method not in METHODS:
            yield Fault(
                "method", "method", {"method": printable(self.method, 20), "methods": ", ".join(METHODS)}
            )
        yield from expected_status_faults(self.expected_status)
        yield from self._timing_faults()
        yield from self._header_faults(client)
        yield from text_faults("body", self.body, BODY_LIMIT)
        yield from text_faults("contains", self.contains)
        yield from text_faults("not_contains", self.not_contains)
        yield from tag_faults(self.tags)
        if self.runbook_url:
            yield from address_faults("runbook_url", self.runbook_url)
        yield from text_faults("notes", self.notes)

    def _timing_faults(self) -> Iterator[Fault]:
        interval, timeout, retry = self.interval_seconds, self.timeout_seconds, self.retry_interval_seconds
        limits = {"least": SHORTEST_INTERVAL_SECONDS, "most": LONGEST_INTERVAL_SECONDS}
        if not _between(interval, SHORTEST_INTERVAL_SECONDS, LONGEST_INTERVAL_SECONDS):
            yield Fault("interval_seconds", "seconds_range", limits)
        if not _between(timeout, SHORTEST_TIMEOUT_SECONDS, LONGEST_INTERVAL_SECONDS):
            limits = {"least": SHORTEST_TIMEOUT_SECONDS, "most": LONGEST_INTERVAL_SECONDS}
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
        if self.needs_api_key() and client.api_key is None:
            yield Fault("headers", "api_key_missing", {"client": printable(client.name)})


def _endpoint_faults(endpoint: str, client: ClientSpec) -> Iterator[Fault]:
    if not endpoint:
        yield Fault("endpoint", "required")
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
