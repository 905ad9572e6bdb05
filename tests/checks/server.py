"""A server on loopback that misbehaves as it is told."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Self

DRIP_SECONDS = 0.01
HANDSHAKE_SECONDS = 10.0
"""How long a server waits for somebody to shake hands with."""


@dataclass(slots=True)
class Received:
    """A request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes


@dataclass(slots=True)
class Visitor:
    """One connection to the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def request(self) -> Received:
        """Read a whole request."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        method, path, _version = first.split(" ")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Received(method, path, headers, body)

    async def say(self, *pieces: bytes) -> None:
        """Send each piece as a packet of its own."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0)

    def reset(self) -> None:
        """Break the connection off with RST instead of FIN."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Behaviour = Callable[[Visitor, Received], Awaitable[None]]
"""What to do with a request; the connection is closed afterwards."""


@dataclass(slots=True)
class Server:
    """Serves one behaviour on a port of its own; ends with all its connections."""

    behaviour: Behaviour
    tls: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    reads_request: bool = True
    """False: the behaviour begins as soon as somebody connects."""
    port: int = 0
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        """The URL of its root without the last slash."""
        scheme = "http" if self.tls is None else "https"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._welcome, self.host, self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_exception: object) -> None:
        assert self._server is not None
        self._server.close()
        for _turn in range(5):  # of the event loop, until what was accepted just now is a task of ours
            await asyncio.sleep(0)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.create_task(self._serve(Visitor(reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, visitor: Visitor) -> None:
        nothing = Received("", "", {}, b"")
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                received = await visitor.request() if self.reads_request else nothing
                self.requests.append(received)
                await self.behaviour(visitor, received)
                await visitor.writer.drain()
                visitor.writer.close()
                await visitor.reader.read()
        finally:
            visitor.writer.transport.abort()


def says(*pieces: bytes) -> Behaviour:
    """Send the pieces, then close."""

    async def behave(visitor: Visitor, _received: Received) -> None:
        await visitor.say(*pieces)

    return behave


def answers(body: bytes = b"fine", *headers: str, status: str = "200 OK") -> Behaviour:
    """Answer correctly."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return says("\r\n".join(lines).encode("latin-1") + body)


def says_then_hangs(*pieces: bytes) -> Behaviour:
    """Send the pieces, then nothing more, for ever."""

    async def behave(visitor: Visitor, _received: Received) -> None:
        await visitor.say(*pieces)
        await asyncio.Event().wait()

    return behave


def says_then_resets(*pieces: bytes) -> Behaviour:
    """Send the pieces, then break the connection off once the other side has them."""

    async def behave(visitor: Visitor, _received: Received) -> None:
        await visitor.say(*pieces)
        await asyncio.sleep(DRIP_SECONDS)
        visitor.reset()

    return behave


def drips(beginning: bytes, drop: bytes) -> Behaviour:
    """Send a beginning and then a drop every now and then, for ever."""

    async def behave(visitor: Visitor, _received: Received) -> None:
        await visitor.say(beginning)
        while True:
            await visitor.say(drop)
            await asyncio.sleep(DRIP_SECONDS)

    return behave


def floods(beginning: bytes, wave: bytes) -> Behaviour:
    """Send a beginning and then the same again as fast as it is taken, for ever."""

    async def behave(visitor: Visitor, _received: Received) -> None:
        await visitor.say(beginning)
        while True:
            await visitor.say(wave)

    return behave


def redirects(location: str, status: str = "302 Found") -> Behaviour:
    """Send the visitor elsewhere."""
    return answers(b"", f"Location: {location}", status=status)


def routes(table: dict[str, Behaviour]) -> Behaviour:
    """Behave by the path that is asked for."""

    async def behave(visitor: Visitor, received: Received) -> None:
        await table[received.path](visitor, received)

    return behave


@contextlib.asynccontextmanager
async def shakes_hands(context: ssl.SSLContext, failures: list[str] | None = None) -> AsyncIterator[int]:
    """Give the port of a server that makes one handshake; other than asyncio's it sends its alerts.

    The reasons of handshakes that fail are added to ``failures``.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(HANDSHAKE_SECONDS)

        def serve() -> None:
            sock, _address = listener.accept()
            sock.settimeout(None)
            with context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False) as secure:
                try:
                    secure.do_handshake()
                except ssl.SSLError as error:
                    if failures is not None:
                        failures.append(error.reason)
                with contextlib.suppress(OSError):
                    while os.read(secure.fileno(), 4096):  # else the close would reset, and lose the alert
                        pass

        serving = asyncio.create_task(asyncio.to_thread(serve))
        yield listener.getsockname()[1]
        await serving


@contextlib.asynccontextmanager
async def black_hole() -> AsyncIterator[int]:
    """Give a port that takes no more connections and refuses none: its queue is full (Linux)."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _number in range(2):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def closed_port() -> int:
    """Give a port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
