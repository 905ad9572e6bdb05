"""TLS between a connection and the protocol that speaks through it.

asyncio's own TLS layer fills 256 KiB of buffer for every connection, sends the end of the handshake and
the request as two packets, and does not tell an end that the peer announced from one that somebody made.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from typing import Protocol, cast

from core.checks.wire import Connection

_RECORD = 16 * 1024
"""Bytes that one TLS record holds at most (RFC 8446, section 5.1)."""


class Inside(Protocol):
    """What speaks through a tunnel."""

    def attach(self, connection: Connection) -> None:
        """Take hold of the tunnel once its handshake is over."""

    def data_received(self, data: bytes) -> None:
        """Take what the peer sent."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note of the end; an EOFError is one that the peer did not announce."""


async def open_tunnel(
    sock: socket.socket, context: ssl.SSLContext, server_name: str, inside: Inside
) -> Tunnel:
    """Make a TLS handshake on a connected socket, which is taken over.

    Raises OSError: ``ssl.SSLError`` where TLS went wrong, others where the connection ended.
    """
    try:
        tunnel = Tunnel(inside, context, server_name)
    except ValueError:  # a name that cannot be in a certificate
        sock.close()
        raise
    try:
        await asyncio.get_running_loop().create_connection(lambda: tunnel, sock=sock)
        await tunnel.opened()
    except BaseException:
        tunnel.abort()
        raise
    return tunnel


class Tunnel(asyncio.Protocol):
    """A TLS connection to a server; to what is inside it is the connection."""

    __slots__ = (
        "_failure",
        "_incoming",
        "_inside",
        "_is_open",
        "_opened",
        "_outgoing",
        "_tls",
        "_transport",
        "certificate",
    )

    def __init__(self, inside: Inside, context: ssl.SSLContext, server_name: str) -> None:
        self._inside = inside
        self.certificate: bytes | None = None
        """What the peer showed, in DER, once the handshake is over."""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_name
        )
        self._transport: Connection | None = None
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_open = False
        self._failure: Exception | None = EOFError("the peer did not announce the end")
        """What the end of the connection would mean; None if it is as it should be."""

    async def opened(self) -> None:
        """Wait for the end of the handshake; raises what it failed with, an OSError."""
        await self._opened
        if self._is_open:
            return
        try:
            raise self._failure or ConnectionResetError("closed during the handshake")
        finally:
            self._failure = None  # its traceback refers to this frame

    # Called by what is inside.

    def write(self, data: bytes) -> None:
        """Send data, and with it what is left of the handshake."""
        if self._tls is not None:
            self._tls.write(data)
            self._flush()

    def end(self) -> None:
        """Tell the peer that nothing more will be sent, and with it what is left of the handshake."""
        if self._tls is not None:
            with contextlib.suppress(ssl.SSLError):  # the peer's own end is not there yet
                self._tls.unwrap()
            self._flush()

    def abort(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    def pause_reading(self) -> None:
        """Slow the peer down."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Let the peer go on."""
        if self._transport is not None:
            self._transport.resume_reading()

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake."""
        self._transport = cast("Connection", transport)
        self._shake_hands()

    def data_received(self, data: bytes) -> None:
        """Go on with the handshake, or give on what the data holds."""
        self._incoming.write(data)
        if not self._is_open:
            self._shake_hands()
        if self._is_open:
            self._read()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits how it ended, and let go of everything."""
        self._transport = self._tls = None
        if self._is_open:
            failure, self._failure = exc or self._failure, None  # its traceback refers to this tunnel
            self._inside.connection_lost(failure)
        elif not self._opened.done():
            self._failure = exc
            self._opened.set_result(None)

    def _shake_hands(self) -> None:
        if self._tls is None or self._opened.done():
            return
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLError as error:
            self._flush()  # the peer is told why
            self._failure = error
            self._opened.set_result(None)
        else:  # the last packet of the handshake goes with the request
            self.certificate = self._tls.getpeercert(True)
            self._is_open = True
            self._opened.set_result(None)
            self._inside.attach(self)

    def _read(self) -> None:
        try:
            while self._tls is not None and (data := self._tls.read(_RECORD)):
                self._inside.data_received(data)
        except ssl.SSLWantReadError:
            self._flush()  # TLS may have something to say itself
            return
        except ssl.SSLError as error:
            self._failure = error
        else:
            self._failure = None
        self.abort()

    def _flush(self) -> None:
        if self._transport is not None and self._outgoing.pending:
            self._transport.write(self._outgoing.read())
