"""Where a check goes: absolute http(s) URLs, or paths below a client's base URL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from core.domain.faults import Fault
from core.domain.text import ADDRESS_LIMIT, has_control_characters, printable

_HAS_AUTHORITY = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")
_LABEL = re.compile(r"^(?!-)[\w-]{1,63}(?<!-)$")


def with_scheme(dns: str) -> str:
    """Give a client's base URL with its scheme: https where none was typed."""
    return dns if _HAS_AUTHORITY.match(dns) else f"https://{dns}"


def target_url(dns: str, endpoint: str) -> str:
    """Give the URL that a service checks.

    A path is appended to the base URL without its last ``/`` (``urljoin`` would drop a base path).
    """
    if not endpoint.startswith("/"):
        return endpoint
    return with_scheme(dns).rstrip("/") + endpoint


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
        yield Fault(field, "url_scheme", {"scheme": printable(parts.scheme, 20)})
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
