"""One HTTP/1.1 exchange on one connection: an asyncio protocol that feeds httptools' parser.

The parser and the protocol refer to each other; the end of the connection breaks that, so that a
check leaves nothing for the garbage collector to find.
"""

from __future__ import annotations

import asyncio
import ssl
from time import perf_counter
from typing import Protocol, cast

import httptools

from core.checks.alerts import alert_of
from core.checks.exchange import ExchangeFailed
from core.domain.observations import ErrorKind
from core.i18n import _

HEAD_LIMIT = 64 * 1024
"""Bytes of status line and headers, those of interim answers included."""
HEADERS_LIMIT = 200
"""Headers in one answer."""
INTERIM_LIMIT = 8
"""1xx answers before the real one."""
SEEN_LIMIT = 16 * 1024
"""Bytes of what is no answer that are looked at to be shown: more than is kept, so that no secret is cut."""
BUFFER_LIMIT = 256 * 1024
"""Body bytes that may wait to be taken before the peer is slowed down."""
FRAMING_RATIO = 8
"""Bytes of chunk framing for each byte of body that are put up with, beyond ``HEAD_LIMIT`` of them."""

_BODYLESS = frozenset({101, 204, 304})
_SPOKEN = frozenset({"1.1", "1.0"})
_PROTOCOL = b"HTTP/"


class Connection(Protocol):
    """What a wire asks of the connection under it: a transport of the event loop, or TLS over one."""

    def write(self, data: bytes) -> None:
        """Send data."""

    def abort(self) -> None:
        """Drop the connection at once."""

    def pause_reading(self) -> None:
        """Take no more data for now."""

    def resume_reading(self) -> None:
        """Take data again."""


class Wire(asyncio.Protocol):
    """A connection that sends one request and takes one answer.

    ``status``, ``reason``, ``version`` and ``headers`` can be read once ``ask`` has returned.
    """

    __slots__ = (
        "_body_size",
        "_buffer",
        "_ended",
        "_failure",
        "_fed",
        "_has_head",
        "_head_size",
        "_interims",
        "_is_head_request",
        "_parser",
        "_paused",
        "_start",
        "_transport",
        "_waiter",
        "first_byte_at",
        "headers",
        "reason",
        "status",
        "version",
    )

    def __init__(self) -> None:
        self.status = 0
        self.reason = b""
        self.version = b"HTTP/1.1"
        self.headers: list[tuple[bytes, bytes]] = []
        self.first_byte_at: float | None = None
        """Moment of ``perf_counter``."""
        self._parser: httptools.HttpResponseParser | None = None
        self._transport: Connection | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._failure: ExchangeFailed | None = None
        self._buffer = bytearray()
        """What was not taken yet; chunks may be of one byte each, so they are not kept apart."""
        self._body_size = 0
        self._start = b""
        """The first bytes of the answer, as many as ``_PROTOCOL`` has."""
        self._fed = 0
        self._head_size = 0
        self._interims = 0
        self._paused = False
        self._has_head = False
        self._ended = False
        self._is_head_request = False

    async def ask(self, method: str, payload: bytes) -> None:
        """Send a request and wait for the head of its answer; raises ``ExchangeFailed``."""
        self._is_head_request = method == "HEAD"
        if self._transport is not None and self._failure is None:
            self._transport.write(payload)
        while not self._has_head:
            await self._something()

    async def piece(self) -> bytes:
        """Give the next piece of the body, without chunk framing; empty at the end.

        Raises ``ExchangeFailed`` if the body is broken off or breaks the rules.
        """
        while not self._buffer:
            if self._ended:
                return b""
            await self._something()
        piece = bytes(self._buffer)
        self._buffer.clear()
        return piece

    def close(self) -> None:
        """Drop the connection, whatever state it is in."""
        if self._transport is not None:
            self._transport.abort()
        self._failure = None
        self._ended = True
        self._buffer.clear()

    async def _something(self) -> None:
        """Wait until more of the answer is known."""
        if self._failure is not None:
            raise self._failure
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, kind: ErrorKind, detail: str, seen: bytes = b"") -> None:
        if self._failure is None and not self._ended:
            self._failure = ExchangeFailed(kind, detail, seen[:SEEN_LIMIT].decode(errors="replace"))

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take hold of the connection."""
        self.attach(cast("Connection", transport))  # uvloop's do not inherit from asyncio.Transport

    def attach(self, connection: Connection) -> None:
        """Take hold of a connection; of TLS after its handshake."""
        self._transport = connection
        self._parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        """Feed what the peer sent to the parser."""
        if self._parser is None or self._ended or self._failure is not None:
            return
        if self.first_byte_at is None:
            self.first_byte_at = perf_counter()
        self._fed += len(data)
        if len(self._start) < len(_PROTOCOL):
            self._begin(data)
        self._feed(self._parser, data)
        self._limit()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the answer, or fail if it was not whole; an EOFError is an end that TLS did not announce."""
        if isinstance(exc, ssl.SSLError):
            self._fail(ErrorKind.TLS, alert_of(exc, _("the peer broke off TLS")))
        elif not self._has_head:
            self._fail(ErrorKind.PROTOCOL, self._end_before_head(exc))
        elif exc is None and self._lasts_until_close():
            self._ended = True
        else:
            self._fail(ErrorKind.PROTOCOL, _("the connection ended in the middle of the body"))
        self._parser = None
        self._transport = None
        self._wake()

    def _begin(self, data: bytes) -> None:
        """Refuse other protocols that the parser takes for HTTP, such as RTSP."""
        self._start = (self._start + data[:HEAD_LIMIT]).lstrip(b"\r\n")[: len(_PROTOCOL)]
        if not _PROTOCOL.startswith(self._start):
            self._fail(ErrorKind.PROTOCOL, _("the answer is not HTTP/1.1"), data)

    def _limit(self) -> None:
        """Refuse, or slow down, what would take up too much."""
        if not self._has_head:
            if self._fed > HEAD_LIMIT:
                self._fail(ErrorKind.PROTOCOL, _("the headers of the answer are too large"))
            return
        framing = self._fed - self._body_size - self._head_size
        if framing > 2 * HEAD_LIMIT + FRAMING_RATIO * self._body_size:
            self._fail(ErrorKind.PROTOCOL, _("the body of the answer breaks the rules of HTTP/1.1"))
        elif len(self._buffer) > BUFFER_LIMIT and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def _feed(self, parser: httptools.HttpResponseParser, data: bytes) -> None:
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return  # 101: the head is known and there is no body
        except httptools.HttpParserError:
            if self._has_head:
                self._fail(ErrorKind.PROTOCOL, _("the body of the answer breaks the rules of HTTP/1.1"))
            else:
                self._fail(ErrorKind.PROTOCOL, _("the answer is not HTTP/1.1"), data)

    def _end_before_head(self, exc: Exception | None) -> str:
        if exc is not None and not isinstance(exc, EOFError):
            return _("the connection was reset before the answer")
        if self._fed:
            return _("the connection was closed in the middle of the headers")
        return _("the connection was closed without an answer")

    def _lasts_until_close(self) -> bool:
        """Whether the body has no announced end (RFC 9112, section 6.3)."""
        names = {name.lower() for name, _value in self.headers}
        return b"content-length" not in names and not self._is_chunked()

    def _is_chunked(self) -> bool:
        codings = [value for name, value in self.headers if name.lower() == b"transfer-encoding"]
        return bool(codings) and codings[-1].rstrip().lower().endswith(b"chunked")

    # Called by the parser.

    def on_status(self, reason: bytes) -> None:
        """Keep what the status is called; that of a second answer is not looked at."""
        if not self._has_head:
            self.reason += reason[:SEEN_LIMIT]

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; trailers, which come after the head, are not looked at."""
        if self._has_head:
            return
        self.headers.append((name, value))
        self._head_size += len(name) + len(value)
        if len(self.headers) > HEADERS_LIMIT:
            self._fail(ErrorKind.PROTOCOL, _("the answer has too many headers"))
        elif self._head_size > HEAD_LIMIT:
            self._fail(ErrorKind.PROTOCOL, _("the headers of the answer are too large"))

    def on_headers_complete(self) -> None:
        """Take the head, unless it is that of an interim answer (RFC 9110, section 15.2)."""
        if self._has_head:
            return  # of a second answer, which was not asked for
        assert self._parser is not None
        status = self._parser.get_status_code()
        if 100 <= status < 200 and status != 101:
            self._skip_interim()
            return
        if status < 100 or self._parser.get_http_version() not in _SPOKEN:
            self._fail(ErrorKind.PROTOCOL, _("the answer is not HTTP/1.1"))
        elif self._failure is None:
            self.status = status
            self.version = _PROTOCOL + self._parser.get_http_version().encode()
            self._has_head = True
            self._ended = self._is_head_request or status in _BODYLESS

    def on_body(self, data: bytes) -> None:
        """Keep a piece of the body until it is taken."""
        if not self._ended and self._failure is None:
            self._buffer += data
            self._body_size += len(data)

    def on_message_complete(self) -> None:
        """Note that the answer is whole; that of an interim answer says nothing."""
        if self._has_head:
            self._ended = True

    def _skip_interim(self) -> None:
        self.headers.clear()
        self.reason = b""
        self._interims += 1
        if self._interims > INTERIM_LIMIT:
            self._fail(ErrorKind.PROTOCOL, _("too many interim answers"))
