"""A transport for httpx that makes one connection for one request, times it and closes it.

HTTP/1.1 only, directly to the server: no pool, no proxy, no HTTP/2. httpx's own pool scans all its
connections for every request and can stay exhausted after cancelled ones; a check wants a new
connection anyway, since what a new visitor meets is what is checked.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from time import perf_counter

import httpx

from core.checks.dial import connect
from core.checks.exchange import RECORD, Exchange, ExchangeFailed, Peer, Phase, milliseconds_since
from core.checks.resolver import Resolver, literal
from core.checks.tls import Trust, handshake_failure, read_certificate
from core.checks.tunnel import open_tunnel
from core.checks.wire import Wire
from core.domain.observations import ErrorKind
from core.i18n import _

_PORTS = {"http": 80, "https": 443}


class OneShotTransport(httpx.AsyncBaseTransport):
    """Sends each request over a connection of its own, which ends with the response.

    The body of the response is read only as far as its stream is; whoever holds the response must
    close it. There is no timeout in here: cancel it. Failures are ``ExchangeFailed``, an httpx
    ``TransportError``; OSError where this machine ran out of something.
    """

    def __init__(self, resolver: Resolver, trust: Trust, *, verify: bool = True) -> None:
        self._resolver = resolver
        self._trust = trust
        self._verify = verify

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the response's ``RECORD`` extension tells what was timed and met."""
        return await self.send(request, request.extensions.get(RECORD) or Exchange())

    async def send(self, request: httpx.Request, exchange: Exchange) -> httpx.Response:
        """Send a request and note in ``exchange`` what happens, even if it fails or is cancelled."""
        body = await request.aread()
        wire = await self._open(request.url, exchange)
        try:
            await _ask(wire, request, body, exchange)
        except BaseException:
            wire.close()
            raise
        return httpx.Response(
            wire.status,
            headers=wire.headers,
            stream=_Answer(wire, exchange),
            extensions={"http_version": b"HTTP/1.1", RECORD: exchange},
        )

    async def _open(self, url: httpx.URL, exchange: Exchange) -> Wire:
        host = url.raw_host.decode("ascii")
        port = url.port or _PORTS.get(url.scheme)
        if not host or port is None or port > 65_535:
            raise ExchangeFailed(ErrorKind.PROTOCOL, _("the address is not a valid http(s) URL"))
        peers = await self._addresses(host, port, exchange)
        sock = await _connect(peers, exchange)
        if url.scheme == "https":
            # A name's last dot is not part of what certificates and SNI hold (RFC 6066, section 3).
            return await _secure(sock, self._trust.context(verify=self._verify), host.rstrip("."), exchange)
        _transport, wire = await asyncio.get_running_loop().create_connection(Wire, sock=sock)
        return wire

    async def _addresses(self, host: str, port: int, exchange: Exchange) -> list[Peer]:
        address = literal(host, port)
        if address is not None:
            return [address]
        exchange.phase = Phase.LOOKUP
        start = perf_counter()
        peers = await self._resolver.resolve(host, port)
        exchange.dns_ms = milliseconds_since(start)
        return peers


async def _connect(peers: list[Peer], exchange: Exchange) -> socket.socket:
    exchange.phase = Phase.CONNECT
    start = perf_counter()
    sock, peer = await connect(peers)
    exchange.connect_ms = milliseconds_since(start)
    exchange.reached(peer)
    return sock


async def _secure(sock: socket.socket, context: ssl.SSLContext, name: str, exchange: Exchange) -> Wire:
    exchange.phase = Phase.HANDSHAKE
    exchange.server_name = name
    start = perf_counter()
    try:
        tunnel = await open_tunnel(sock, context, name)
    except OSError as error:
        raise handshake_failure(error) from error
    exchange.tls_ms = milliseconds_since(start)
    exchange.certificate = read_certificate(tunnel.certificate)
    return tunnel.wire


async def _ask(wire: Wire, request: httpx.Request, body: bytes, exchange: Exchange) -> None:
    exchange.phase = Phase.ANSWER
    start = perf_counter()
    try:
        await wire.ask(request.method, _payload(request, body))
    finally:
        if wire.first_byte_at is not None:
            exchange.first_byte_ms = (wire.first_byte_at - start) * 1000


def _payload(request: httpx.Request, body: bytes) -> bytes:
    head = [b"%s %s HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    head += [b"%s: %s" % header for header in request.headers.raw]
    return b"\r\n".join([*head, b"", body])


class _Answer(httpx.AsyncByteStream, AsyncIterator[bytes]):
    """The body of a response, read as it is taken."""

    def __init__(self, wire: Wire, exchange: Exchange) -> None:
        self._wire = wire
        self._exchange = exchange

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the body's pieces as they come; no generator, which would outlive a reader who stops."""
        self._exchange.phase = Phase.BODY
        return self

    async def __anext__(self) -> bytes:
        """Give the next piece; raises ``ExchangeFailed`` if the body is broken."""
        piece = await self._wire.piece()
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Close the connection."""
        self._wire.close()
