"""A transport for httpx that makes one connection for one request, times it and closes it.

HTTP/1.1 only, directly to the server: no pool, no proxy, no HTTP/2. httpx's own pool scans all its
connections for every request and can stay exhausted after cancelled ones; a check wants a new
connection anyway, since what a new visitor meets is what is checked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import perf_counter

import httpx

from core.checks.exchange import RECORD, Exchange, ExchangeFailed, Phase
from core.checks.reach import dial, find, shake_hands
from core.checks.resolver import Resolver
from core.checks.tls import TlsProfile, Trust
from core.checks.wire import Wire
from core.domain.observations import ErrorKind
from core.i18n import _

_VERIFYING = TlsProfile()
_PORTS = {"http": 80, "https": 443}


class OneShotTransport(httpx.AsyncBaseTransport):
    """Sends each request over a connection of its own, which ends with the response.

    The body of the response is read only as far as its stream is; whoever holds the response must
    close it. There is no timeout in here: cancel it. Failures are ``ExchangeFailed``, an httpx
    ``TransportError``; OSError where this machine ran out of something.
    """

    def __init__(self, resolver: Resolver, trust: Trust) -> None:
        self._resolver = resolver
        self._trust = trust

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the response's ``RECORD`` extension tells what was timed and met."""
        return await self.send(request, request.extensions.get(RECORD) or Exchange())

    async def send(
        self, request: httpx.Request, exchange: Exchange, tls: TlsProfile = _VERIFYING
    ) -> httpx.Response:
        """Send a request and note in ``exchange`` what happens, even if it fails or is cancelled."""
        body = await request.aread()
        wire = await self._open(request.url, exchange, tls)
        try:
            await _ask(wire, request, body, exchange)
        except BaseException:
            wire.close()
            raise
        return httpx.Response(
            wire.status,
            headers=wire.headers,
            stream=_Answer(wire, exchange),
            extensions={"http_version": wire.version, "reason_phrase": wire.reason, RECORD: exchange},
        )

    async def _open(self, url: httpx.URL, exchange: Exchange, tls: TlsProfile) -> Wire:
        host = url.raw_host.decode("ascii")
        port = url.port or _PORTS.get(url.scheme)
        if not host or port is None or port > 65_535:
            raise ExchangeFailed(ErrorKind.PROTOCOL, _("the address is not a valid http(s) URL"))
        peers = await find(self._resolver, host, port, exchange)
        if url.scheme != "https":
            sock = await dial(peers, exchange)
            _transport, wire = await asyncio.get_running_loop().create_connection(Wire, sock=sock)
            return wire
        context, wire = self._trust.context(tls), Wire()
        await shake_hands(await dial(peers, exchange), context, host, wire, exchange)
        return wire


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
