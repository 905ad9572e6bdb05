"""A check as a command of the shell, to be repeated by hand: without its secrets.

HTTP is asked by curl, the other kinds by what fits them: ``nc``, ``openssl``, ``dig``, ``ping``; the job
of a heartbeat reports in by ``ronda beat``.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Iterator
from ipaddress import ip_address

from core.domain.clients import ClientSpec
from core.domain.kinds import Auth, Kind
from core.domain.services import API_KEY_PLACEHOLDER, Header, ServiceSpec
from core.domain.targets import place_of, question_of

MOST_REDIRECTS = 10
"""As many as a check follows."""

_SCHEME_AND_KEY = re.compile(rf"([A-Za-z]{{1,20}} )?{re.escape(API_KEY_PLACEHOLDER)}")
_NO_INPUT = "</dev/null"
"""Else the command would wait for what is typed."""


def check_command(client: ClientSpec, service: ServiceSpec) -> str:
    """Give the command; every secret is a variable of the shell, such as ``$API_KEY``."""
    return " ".join(_COMMANDS[service.kind](client, service))


def _curl(client: ClientSpec, service: ServiceSpec) -> Iterator[str]:
    yield from ("curl", "--silent", "--show-error", "--include", "--globoff", "--http1.1", "--noproxy", "'*'")
    yield from ("--max-time", f"{service.timeout_seconds:g}")
    if service.method == "HEAD":
        yield "--head"
    elif service.method != "GET" or service.body:
        yield from ("--request", service.method)
    if service.follow_redirects:
        yield from ("--location", "--max-redirs", str(MOST_REDIRECTS))
    if not service.verify_tls:
        yield "--insecure"
    yield from _own_certificate(service)
    yield from _credentials(service)
    for header in service.headers:
        yield from ("--header", _header(header))
    if service.body:
        yield from _body(service)
    yield shlex.quote(service.target(client))


def _own_certificate(service: ServiceSpec) -> Iterator[str]:
    if service.client_cert:
        # A colon would begin the password of the certificate.
        yield from ("--cert", shlex.quote(service.client_cert.replace(":", "\\:")))
    if service.client_key:
        yield from ("--key", shlex.quote(service.client_key))


def _credentials(service: ServiceSpec) -> Iterator[str]:
    own = service.auth_secret is not None
    if service.auth is Auth.BASIC:
        variable = "$PASSWORD" if own else "$API_KEY"
        yield from ("--user", f'{shlex.quote(f"{service.auth_user}:")}"{variable}"')
    elif service.auth is Auth.BEARER:
        variable = "$TOKEN" if own else "$API_KEY"
        yield from ("--header", f'"Authorization: Bearer {variable}"')


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


def _nc(_client: ClientSpec, service: ServiceSpec) -> Iterator[str]:
    """Give a command that sends what the check sends, and shows what comes where a text is expected."""
    place = place_of(Kind.TCP, service.endpoint)
    if service.body:
        yield from ("printf", "%s", shlex.quote(service.body), "|")
    yield from ("nc", "-v", "-w", _whole_seconds(service))
    if not service.body and not service.contains:
        yield "-z"
    yield from (shlex.quote(place.host), str(place.port))
    if not service.body and service.contains:
        yield _NO_INPUT


def _openssl(_client: ClientSpec, service: ServiceSpec) -> Iterator[str]:
    place = place_of(Kind.TLS, service.endpoint)
    named = not _is_address(place.host)
    yield from ("openssl", "s_client", "-connect", shlex.quote(str(place)))
    yield from ("-servername", shlex.quote(place.host)) if named else ("-noservername",)
    if service.verify_tls:
        yield from ("-verify_return_error", "-verify_hostname" if named else "-verify_ip")
        yield shlex.quote(place.host)
    if service.client_cert:
        yield from ("-cert", shlex.quote(service.client_cert))
        yield from ("-key", shlex.quote(service.client_key or service.client_cert))
    yield _NO_INPUT


def _dig(_client: ClientSpec, service: ServiceSpec) -> Iterator[str]:
    question = question_of(service.endpoint)
    yield from ("dig", "+tries=1", f"+time={_whole_seconds(service)}")
    if question.server is not None:
        yield from ("-p", str(question.server.port), shlex.quote(f"@{question.server.host}"))
    if service.record_type == "PTR" and _is_address(question.name):
        yield from ("-x", shlex.quote(question.name))
    else:
        yield from ("-q", shlex.quote(question.name), "-t", service.record_type)


def _ping(_client: ClientSpec, service: ServiceSpec) -> Iterator[str]:
    host = place_of(Kind.ICMP, service.endpoint).host
    yield from ("ping", "-c", "1", "-W", _whole_seconds(service), shlex.quote(host))


def _beat(client: ClientSpec, service: ServiceSpec) -> Iterator[str]:
    yield from ("ronda", "beat", shlex.quote(f"{client.name}/{service.name}"))


_COMMANDS: dict[Kind, Callable[[ClientSpec, ServiceSpec], Iterator[str]]] = {
    Kind.HTTP: _curl,
    Kind.TCP: _nc,
    Kind.TLS: _openssl,
    Kind.DNS: _dig,
    Kind.ICMP: _ping,
    Kind.HEARTBEAT: _beat,
}


def _whole_seconds(service: ServiceSpec) -> str:
    """Give the timeout to programs that take no fractions."""
    return str(math.ceil(service.timeout_seconds))


def _is_address(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
