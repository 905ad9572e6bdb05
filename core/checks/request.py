"""What one check does, with everything that its client and its service say put together."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, fields
from functools import cache
from html import escape
from importlib.metadata import version
from urllib.parse import quote

import httpx

from core.checks.exchange import ExchangeFailed
from core.checks.tls import TlsProfile
from core.domain.clients import ClientSpec
from core.domain.kinds import DEFAULT_TLS_WARN_DAYS, Auth, Kind
from core.domain.observations import ErrorKind
from core.domain.secret import MASK
from core.domain.services import API_KEY_PLACEHOLDER, DEFAULT_TIMEOUT_SECONDS, ServiceSpec
from core.i18n import _

SHORTEST_MASKED = 4
"""A header value of fewer characters is no secret, and would be found everywhere."""
_ALIKE_EVERYWHERE = re.compile(r"[A-Za-z0-9_.~-]+")
"""Texts that look the same however they are quoted."""
_PUBLIC_HEADERS = frozenset(
    {"accept", "accept-language", "cache-control", "content-type", "origin", "referer", "user-agent"}
)
"""Headers that hold no credentials; their values are found in any answer."""


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """One check, ready to be made; made from values that have been found to be without fault.

    Keep it as long as its service does not change: it remembers its first request in httpx's form,
    which costs a tenth of a check to build.
    """

    url: str = field(repr=False)
    """Absolute http(s) URL, whose query may hold secrets; or the target of another kind as a URL."""
    kind: Kind = Kind.HTTP
    method: str = "GET"
    expected_status: str = "200"
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    """Deadline of the whole check, DNS and redirects included."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """The service's own headers, credentials put in; they go to the first origin only."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Credentials in the headers, to be masked wherever they come back."""
    body: str = field(default="", repr=False)
    contains: str = ""
    not_contains: str = ""
    matches: str = ""
    json_conditions: tuple[str, ...] = ()
    expected_headers: tuple[str, ...] = ()
    record_type: str = "A"
    expected_answers: tuple[str, ...] = ()
    degraded_above_ms: float | None = None
    follow_redirects: bool = True
    verify_tls: bool = True
    tls_warn_days: int | None = DEFAULT_TLS_WARN_DAYS
    client_cert: str = ""
    client_key: str = ""
    _first: httpx.Request | None = field(default=None, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, client: ClientSpec, service: ServiceSpec) -> CheckRequest:
        """Give the check of a client's service."""
        alike = {name: getattr(service, name) for name in _ALIKE}
        secrets = tuple(each.reveal() for each in (client.api_key, service.auth_secret) if each is not None)
        return cls(
            url=service.target(client), headers=tuple(_headers(client, service)), secrets=secrets, **alike
        )

    @property
    def reads_body(self) -> bool:
        """Whether an expectation needs the body; else nothing beyond the headers is read."""
        return bool(self.contains or self.not_contains or self.matches or self.json_conditions)

    @property
    def tls(self) -> TlsProfile:
        """How it behaves in TLS."""
        return TlsProfile(self.verify_tls, self.client_cert, self.client_key, self.kind is Kind.HTTP)

    def first(self) -> httpx.Request:
        """Give the request to the first URL; raises ``ExchangeFailed`` if no connection can be made to it."""
        if self._first is None:
            object.__setattr__(self, "_first", self._built())  # frozen: it is what the fields say
        assert self._first is not None
        return self._first

    def _built(self) -> httpx.Request:
        try:
            url = httpx.URL(self.url)
        except httpx.InvalidURL as error:
            raise ExchangeFailed(ErrorKind.DNS, _("the host name is not valid")) from error
        if url.scheme not in {"http", "https"}:
            raise ExchangeFailed(ErrorKind.PROTOCOL, _("only http and https can be checked"))
        return build(self.method, url, self.headers, self.body)

    def masked(self, text: str) -> str:
        """Give a text that came from outside without any of the credentials that were sent."""
        for secret in self._masked_texts():
            text = text.replace(secret, MASK)
        return text

    def _masked_texts(self) -> tuple[str, ...]:
        """Every secret text, the longest first: one may be a part of another."""
        values = [value for name, value in self.headers if name.lower() not in _PUBLIC_HEADERS]
        words = [value.rpartition(" ")[2] for value in values]  # the token behind ``Bearer``
        texts = {text for text in (*values, *words, *self.secrets) if len(text) >= SHORTEST_MASKED}
        return tuple(sorted({form for text in texts for form in _forms(text)}, key=len, reverse=True))


_ALIKE = ({each.name for each in fields(CheckRequest)} - {"headers"}) & {
    each.name for each in fields(ServiceSpec)
}
"""Fields that a check has as the service has them."""


def _forms(secret: str) -> Iterator[str]:
    """Give a secret as it is, and as answers write it that quote it: in JSON, HTML, a URL, Latin-1."""
    yield secret
    if _ALIKE_EVERYWHERE.fullmatch(secret):
        return
    for quoted in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield quoted
        yield quoted.replace("/", "\\/")
    yield from (escape(secret), escape(secret, quote=False))
    yield quote(secret, safe="", errors="replace")
    with suppress(UnicodeEncodeError):  # what does not fit into Latin-1 goes and comes back in UTF-8
        yield secret.encode("latin-1").decode(errors="replace")


def _headers(client: ClientSpec, service: ServiceSpec) -> Iterator[tuple[str, str]]:
    key = client.api_key.reveal() if client.api_key is not None else API_KEY_PLACEHOLDER
    if service.auth is not Auth.NONE:
        secret = service.auth_secret.reveal() if service.auth_secret is not None else key
        yield "Authorization", _authorization(service.auth, service.auth_user, secret)
    for header in service.headers:
        yield header.name, header.value.reveal().replace(API_KEY_PLACEHOLDER, key)


def _authorization(auth: Auth, user: str, secret: str) -> str:
    if auth is Auth.BEARER:
        return f"Bearer {secret}"
    return "Basic " + b64encode(f"{user}:{secret}".encode()).decode("ascii")


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
