"""Where a check goes.

HTTP: an absolute URL, or a path below a client's base URL. TCP: ``host:port``. TLS: ``host`` or
``host:port``. DNS: ``name``, or ``server/name`` to ask one name server. ICMP: ``host``. These may be
written with their scheme too, such as ``tcp://db.acme.example:5432``. A heartbeat has no target.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from core.domain.faults import Fault
from core.domain.kinds import Kind
from core.domain.text import ADDRESS_LIMIT, has_control_characters, printable

_HAS_AUTHORITY = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")
_LABEL = re.compile(r"^(?!-)[\w-]{1,63}(?<!-)$")


def with_scheme(dns: str) -> str:
    """Give a client's base URL with its scheme: https where none was typed."""
    return dns if _HAS_AUTHORITY.match(dns) else f"https://{dns}"


def target_url(dns: str, endpoint: str, kind: Kind = Kind.HTTP) -> str:
    """Give what a service checks as a URL, ``tcp://db.acme.example:5432`` or the like.

    A path is appended to the base URL without its last ``/`` (``urljoin`` would drop a base path).
    """
    if kind is Kind.HEARTBEAT:
        return kind.value
    if kind is not Kind.HTTP:
        return f"{kind}://{_bare(kind, endpoint)}"
    if not endpoint.startswith("/"):
        return endpoint
    return with_scheme(dns).rstrip("/") + endpoint


@dataclass(frozen=True, slots=True)
class Place:
    """A host and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a name server."""

    name: str
    server: Place | None
    """None: the name servers of this machine."""


EXAMPLES = {
    Kind.HTTP: "https://example.com/health",
    Kind.TCP: "db.example.com:5432",
    Kind.TLS: "example.com:8443",
    Kind.DNS: "example.com",
    Kind.ICMP: "192.0.2.7",
}
"""What a target of each kind looks like."""
TLS_PORT = 443
DNS_PORT = 53


def place_of(kind: Kind, endpoint: str) -> Place:
    """Give host and port of a target of kind TCP, TLS or ICMP (port 0); ValueError if it is none."""
    default = {Kind.TLS: TLS_PORT, Kind.ICMP: 0}.get(kind)
    return _place(_bare(kind, endpoint), default)


def question_of(endpoint: str) -> Question:
    """Give what a DNS service asks; ValueError if the target is none."""
    before, slash, after = _bare(Kind.DNS, endpoint).partition("/")
    if not slash:
        return Question(before, None)
    return Question(after, _place(before, DNS_PORT) if before else None)


def _bare(kind: Kind, endpoint: str) -> str:
    scheme = f"{kind}://"
    return endpoint[len(scheme) :] if endpoint.lower().startswith(scheme) else endpoint


def _place(text: str, default_port: int | None) -> Place:
    if default_port == 0 and text.count(":") > 1 and not text.startswith("["):
        text = f"[{text}]"  # an IPv6 address as ping takes it
    parts = urlsplit(f"//{text}")
    port = default_port if parts.port is None else parts.port
    if not parts.hostname or port is None or parts.netloc != text or "@" in text:
        raise ValueError(text)
    return Place(parts.hostname, port)


def endpoint_faults(kind: Kind, endpoint: str) -> Iterator[Fault]:
    """Give what is wrong with a target of a kind other than HTTP."""
    if kind is Kind.HEARTBEAT or not endpoint:
        if endpoint or kind is not Kind.HEARTBEAT:
            yield Fault("endpoint", "heartbeat_endpoint" if endpoint else "required")
    elif len(endpoint) > ADDRESS_LIMIT:
        yield Fault("endpoint", "too_long", {"limit": ADDRESS_LIMIT})
    elif has_control_characters(endpoint) or any(char.isspace() for char in endpoint):
        yield Fault("endpoint", "url_spaces")
    elif "://" in _bare(kind, endpoint):
        scheme = endpoint.partition("://")[0]
        yield Fault("endpoint", "kind_scheme", {"scheme": printable(scheme, 20), "kind": kind.value})
    else:
        yield from _place_faults(kind, endpoint)


def _place_faults(kind: Kind, endpoint: str) -> Iterator[Fault]:
    try:
        hosts = _hosts(kind, endpoint)
    except ValueError:
        yield Fault("endpoint", "target_form", {"example": EXAMPLES[kind]})
        return
    for host in hosts:
        if not _is_host(host):
            yield Fault("endpoint", "url_host", {"host": printable(host)})


def _hosts(kind: Kind, endpoint: str) -> tuple[str, ...]:
    """Give the hosts that a target names; ValueError if it has not the form of its kind."""
    if kind is Kind.DNS:
        question = question_of(endpoint)
        if not question.name or any(char in question.name for char in "/?#@:"):
            raise ValueError(endpoint)
        return (question.name, *([question.server.host] if question.server else ()))
    place = place_of(kind, endpoint)
    if (kind is Kind.ICMP) != (place.port == 0):
        raise ValueError(endpoint)
    return (place.host,)


def address_faults(field: str, url: str, *, base: bool = False) -> Iterator[Fault]:
    """Give what is wrong with an absolute http(s) URL; a ``base`` takes no query or fragment."""
    if len(url) > ADDRESS_LIMIT:
        yield Fault(field, "too_long", {"limit": ADDRESS_LIMIT})
    if has_control_characters(url):
        yield Fault(field, "control_characters")
        return
    if any(char.isspace() for char in url):
        yield Fault(field, "url_spaces")
        return
    if not _HAS_AUTHORITY.match(url):
        yield Fault(field, "url_form")
        return
    yield from _part_faults(field, url, base)


def _part_faults(field: str, url: str, base: bool) -> Iterator[Fault]:
    try:
        parts = urlsplit(url)
    except ValueError:
        yield Fault(field, "url_form")
        return
    if parts.scheme.lower() not in {"http", "https"}:
        code = "target_scheme" if field == "endpoint" else "url_scheme"
        yield Fault(field, code, {"scheme": printable(parts.scheme, 20)})
    if parts.username is not None or parts.password is not None:
        yield Fault(field, "url_credentials")
    host = parts.hostname
    if not host:
        yield Fault(field, "url_host_missing")
    elif not _is_host(host):
        yield Fault(field, "url_host", {"host": printable(host)})
    if not _has_good_port(parts):
        yield Fault(field, "url_port")
    if base and (parts.query or parts.fragment):
        yield Fault(field, "url_query")


def _has_good_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def _is_host(host: str) -> bool:
    if ":" in host:
        return True  # urlsplit has checked the literal IPv6 address
    labels = host.rstrip(".").split(".")
    return len(host) <= 253 and all(_LABEL.match(label) for label in labels)
