"""What one check does, with everything that its client and its service say put together."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.metadata import version

import httpx

from core.checks.exchange import ExchangeFailed
from core.domain.clients import ClientSpec
from core.domain.observations import ErrorKind
from core.domain.secret import MASK
from core.domain.services import API_KEY_PLACEHOLDER, DEFAULT_TIMEOUT_SECONDS, ServiceSpec
from core.i18n import _

SHORTEST_MASKED = 4
"""A header value of fewer characters is no secret, and would be found everywhere."""


@dataclass(frozen=True)
class CheckRequest:
    """One check, ready to be made; made from values that have been found to be without fault.

    Keep it as long as its service does not change: it remembers its first request in httpx's form,
    which costs a tenth of a check to build (hence no slots).
    """

    url: str = field(repr=False)
    """Absolute http(s) URL; its query may hold secrets."""
    method: str = "GET"
    expected_status: str = "200"
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    """Deadline of the whole check, DNS and redirects included."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """The service's own headers, with ``{api_key}`` put in; they go to the first origin only."""
    body: str = field(default="", repr=False)
    contains: str = ""
    not_contains: str = ""
    degraded_above_ms: float | None = None
    follow_redirects: bool = True
    verify_tls: bool = True

    @classmethod
    def of(cls, client: ClientSpec, service: ServiceSpec) -> CheckRequest:
        """Give the check of a client's service."""
        key = client.api_key.reveal() if client.api_key is not None else API_KEY_PLACEHOLDER
        return cls(
            url=service.target(client),
            method=service.method,
            expected_status=service.expected_status,
            timeout_seconds=service.timeout_seconds,
            headers=tuple(
                (header.name, header.value.reveal().replace(API_KEY_PLACEHOLDER, key))
                for header in service.headers
            ),
            body=service.body,
            contains=service.contains,
            not_contains=service.not_contains,
            degraded_above_ms=service.degraded_above_ms,
            follow_redirects=service.follow_redirects,
            verify_tls=service.verify_tls,
        )

    @property
    def reads_body(self) -> bool:
        """Whether an expectation needs the body; else nothing beyond the headers is read."""
        return bool(self.contains or self.not_contains)

    @cached_property
    def first(self) -> httpx.Request:
        """The request to the first URL; raises ``ExchangeFailed`` if no connection can be made to it."""
        try:
            url = httpx.URL(self.url)
        except httpx.InvalidURL as error:
            raise ExchangeFailed(ErrorKind.DNS, _("the host name is not valid")) from error
        if url.scheme not in {"http", "https"}:
            raise ExchangeFailed(ErrorKind.PROTOCOL, _("only http and https can be checked"))
        return build(self.method, url, self.headers, self.body)

    def masked(self, text: str) -> str:
        """Give a text that came from outside without any of the header values that were sent."""
        for _name, value in self.headers:
            if len(value) >= SHORTEST_MASKED:
                text = text.replace(value, MASK)
        return text


def build(method: str, url: httpx.URL, headers: tuple[tuple[str, str], ...], body: str) -> httpx.Request:
    """Give a request as it goes over the wire; headers take the place of ours of the same name."""
    theirs = {name.lower() for name, _value in headers}
    fields = [(name, value) for name, value in _our_headers() if name.lower() not in theirs]
    fields += headers
    return httpx.Request(
        method,
        url,
        headers=[(name.encode("ascii"), _encoded(value)) for name, value in fields],
        content=body.encode() if body else None,
    )


@cache
def _our_headers() -> tuple[tuple[str, str], ...]:
    return (
        ("User-Agent", f"ronda/{version('ronda')}"),
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    )


def _encoded(value: str) -> bytes:
    """Give a header value in Latin-1, as HTTP has it, or in UTF-8 if it does not fit."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()
