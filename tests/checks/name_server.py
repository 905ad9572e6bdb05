"""A name server on loopback that answers, or misbehaves, as it is told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from tests.checks.server import Visitor

A = "example.com. 60 IN A 192.0.2.1"
"""An answer that will do."""
Say = Callable[[bytes], list[bytes]]
"""Gives the datagrams that answer a question; over TCP what is sent, its length in front."""


def silent(_question: bytes) -> list[bytes]:
    return []


def with_id(question: bytes, rest: bytes) -> bytes:
    """What looks like an answer to a question as far as its identifier goes."""
    return question[:2] + rest


def response(question: bytes, *records: str, code: str = "NOERROR") -> dns.message.Message:
    """An answer with records as zone files have them, such as ``example.com. 60 IN A 192.0.2.1``."""
    made = dns.message.make_response(dns.message.from_wire(question))
    made.set_rcode(dns.rcode.from_text(code))
    for record in records:
        name, ttl, kind, record_type, text = record.split(" ", 4)
        made.answer.append(dns.rrset.from_text(name, int(ttl), kind, record_type, text))
    return made


def records(*given: str, code: str = "NOERROR") -> Say:
    """Answer with records, or a code."""
    return lambda question: [response(question, *given, code=code).to_wire(max_size=65_535)]


def truncated(question: bytes) -> list[bytes]:
    """Say that the answer does not fit."""
    made = response(question)
    made.flags |= dns.flags.TC
    return [made.to_wire()]


def framed(say: Say) -> Say:
    """The same over TCP."""
    return lambda question: [len(each).to_bytes(2, "big") + each for each in say(question)]


@dataclass(slots=True)
class NameServer(asyncio.DatagramProtocol):
    """Answers over UDP and TCP on one port, each in its own way."""

    over_udp: Say
    over_tcp: Say = silent
    closes: bool = False
    """Whether it closes a TCP connection after what it says."""
    resets: bool = False
    """Whether it breaks a TCP connection off after what it says."""
    port: int = 0
    asked: list[bytes] = field(default_factory=list)
    """Questions that came by datagram."""
    _asker: tuple[str, int] = ("", 0)
    _transport: asyncio.DatagramTransport | None = None
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for _attempt in range(20):  # the port of the one may be taken for the other
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            self.port = self._server.sockets[0].getsockname()[1]
            with contextlib.suppress(OSError):
                address = ("127.0.0.1", self.port)
                self._transport, _self = await loop.create_datagram_endpoint(lambda: self, address)
                return self
            self._server.close()
        raise AssertionError("no port is free for both")

    async def __aexit__(self, *_exception: object) -> None:
        assert self._transport is not None
        assert self._server is not None
        self._transport.close()
        self._server.close()
        await asyncio.sleep(0)  # the transport lets its socket go in the next turn of the loop

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked.append(data)
        self._asker = addr
        self.speak(*self.over_udp(data))

    def speak(self, *datagrams: bytes) -> None:
        """Send datagrams to whoever asked last."""
        assert self._transport is not None
        for datagram in datagrams:
            self._transport.sendto(datagram, self._asker)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                size = int.from_bytes(await reader.readexactly(2), "big")
                for piece in self.over_tcp(await reader.readexactly(size)):
                    writer.write(piece)
                if self.resets:
                    Visitor(reader, writer).reset()
                elif not self.closes:
                    await reader.read()
        finally:
            writer.close()


def target(server: NameServer, name: str = "example.com") -> str:
    """What a check asks this server for."""
    return f"dns://127.0.0.1:{server.port}/{name}"
