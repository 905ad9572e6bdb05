"""The way to a peer, the same for every kind of check: its addresses, a connection, TLS over it.

Each step notes in the exchange that it began, how long it took and what it met.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import httpx

from core.checks.dial import OUR_OWN_ERRNOS, connect
from core.checks.exchange import Exchange, ExchangeFailed, Peer, Phase, milliseconds_since
from core.checks.request import CheckRequest
from core.checks.resolver import Resolver, literal
from core.checks.tls import handshake_failure, read_certificate
from core.checks.tunnel import Inside, Tunnel, open_tunnel
from core.domain.observations import ErrorKind
from core.domain.targets import Place, place_of
from core.i18n import _


def place_asked(check: CheckRequest) -> Place:
    """Give host and port of a check of kind TCP, TLS or ICMP; raises ``ExchangeFailed`` if it has none."""
    try:
        return place_of(check.kind, check.url)
    except ValueError as error:
        raise ExchangeFailed(ErrorKind.PROTOCOL, _("the target is not valid")) from error


def encoded(host: str) -> str:
    """Give a host name as DNS has it (IDNA); raises ``ExchangeFailed`` of kind dns if that cannot be."""
    if host.isascii():
        return host
    try:
        return httpx.URL(scheme="https", host=host).raw_host.decode("ascii")  # as HTTP does it
    except httpx.InvalidURL as error:
        raise ExchangeFailed(ErrorKind.DNS, _("the host name is not valid")) from error


async def find(resolver: Resolver, host: str, port: int, exchange: Exchange) -> list[Peer]:
    """Give the addresses of a host; raises ``ExchangeFailed`` of kind dns."""
    address = literal(host, port)
    if address is not None:
        return [address]
    exchange.phase = Phase.LOOKUP
    start = perf_counter()
    peers = await resolver.resolve(encoded(host), port)
    exchange.dns_ms = milliseconds_since(start)
    return peers


async def dial(peers: list[Peer], exchange: Exchange) -> socket.socket:
    """Give a connected socket that does not block; raises as ``connect`` does."""
    exchange.phase = Phase.CONNECT
    start = perf_counter()
    sock, peer = await connect(peers)
    exchange.connect_ms = milliseconds_since(start)
    exchange.reached(peer)
    return sock


async def shake_hands(
    sock: socket.socket, context: ssl.SSLContext, host: str, inside: Inside, exchange: Exchange
) -> Tunnel:
    """Make TLS for ``inside`` on a socket, which is taken over; raises ``ExchangeFailed`` of kind tls."""
    exchange.phase = Phase.HANDSHAKE
    # A name's last dot is not part of what certificates and SNI hold (RFC 6066, section 3).
    exchange.server_name = host.rstrip(".")
    start = perf_counter()
    try:
        tunnel = await open_tunnel(sock, context, exchange.server_name, inside)
    except OSError as error:
        raise handshake_failure(error) from error
    exchange.tls_ms = milliseconds_since(start)
    exchange.certificate = read_certificate(tunnel.certificate)
    return tunnel


@contextmanager
def talking(broken: str) -> Iterator[None]:
    """Have a connection that breaks while one talks end as ``ExchangeFailed`` of kind protocol.

    ``broken`` says so for people. What this machine ran out of stays an OSError.
    """
    try:
        yield
    except OSError as error:
        if error.errno in OUR_OWN_ERRNOS:
            raise
        error.with_traceback(None)  # in there asyncio's frame refers to the error
        raise ExchangeFailed(ErrorKind.PROTOCOL, broken) from error
