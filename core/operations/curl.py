"""A check as a command of curl, to be repeated by hand: without its secrets."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from core.domain.clients import ClientSpec
from core.domain.services import API_KEY_PLACEHOLDER, Header, ServiceSpec

MOST_REDIRECTS = 10
"""As many as a check follows."""

_SCHEME_AND_KEY = re.compile(rf"([A-Za-z]{{1,20}} )?{re.escape(API_KEY_PLACEHOLDER)}")


def curl_command(client: ClientSpec, service: ServiceSpec) -> str:
    """Give the command; every header value is a variable of the shell, such as ``$API_KEY``."""
    return " ".join(["curl", *_arguments(client, service)])


def _arguments(client: ClientSpec, service: ServiceSpec) -> Iterator[str]:
    yield from ("--silent", "--show-error", "--include", "--globoff", "--http1.1", "--noproxy", "'*'")
    yield from ("--max-time", f"{service.timeout_seconds:g}")
    if service.method == "HEAD":
        yield "--head"
    elif service.method != "GET" or service.body:
        yield from ("--request", service.method)
    if service.follow_redirects:
        yield from ("--location", "--max-redirs", str(MOST_REDIRECTS))
    if not service.verify_tls:
        yield "--insecure"
    for header in service.headers:
        yield from ("--header", _header(header))
    if service.body:
        yield from _body(service)
    yield shlex.quote(service.target(client))


def _header(header: Header) -> str:
    """Give the header in double quotes, in which the shell puts variables in."""
    match = _SCHEME_AND_KEY.fullmatch(header.value.reveal())
    if match:
        return f'"{_quoted(header.name)}: {match[1] or ""}$API_KEY"'
    variable = re.sub(r"[^A-Za-z0-9]", "_", header.name).upper()
    return f'"{_quoted(header.name)}: ${{{variable}}}"'


def _quoted(name: str) -> str:
    """Escape what a shell would read inside double quotes; names may hold $ and `."""
    return re.sub(r'([$`"\\!])', r"\\\1", name)


def _body(service: ServiceSpec) -> Iterator[str]:
    """Give the body, and keep curl from naming a content type that the check does not send."""
    if not any(header.name.lower() == "content-type" for header in service.headers):
        yield from ("--header", "'Content-Type:'")
    yield from ("--data-raw", shlex.quote(service.body))
