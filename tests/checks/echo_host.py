"""A host that answers pings, or misbehaves, as it is told; over UDP, which needs nobody's leave."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

Say = Callable[[bytes], list[bytes]]
"""Gives the datagrams that answer an echo request."""


def echo(asked: bytes) -> bytes:
    """The reply to an echo request, its identifier changed as Linux does."""
    return struct.pack("!BBHH", 129 if asked[0] == 128 else 0, 0, 0, 4711) + asked[6:]


@dataclass(slots=True)
class EchoHost(asyncio.DatagramProtocol):
    """Takes echo requests over UDP on loopback, and answers as it is told."""

    say: Say = lambda asked: [echo(asked)]
    asked: list[bytes] = field(default_factory=list)
    families: list[int] = field(default_factory=list)
    """Of the sockets that were made."""
    closed: list[bool] = field(default_factory=list)
    fails_with: int = 0
    """The errno that comes instead of a datagram; 0: none does."""
    port: int = 0
    _transport: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _self = await loop.create_datagram_endpoint(lambda: self, ("127.0.0.1", 0))
        self.port = self._transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *_exception: object) -> None:
        assert self._transport is not None
        self._transport.close()
        await asyncio.sleep(0)  # the transport lets its socket go in the next turn of the loop

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked.append(data)
        assert self._transport is not None
        for answer in self.say(data):
            self._transport.sendto(answer, addr)

    def socket(self, family: int) -> socket.socket:
        """A socket that reaches this host, whatever address it is connected to."""
        host = self

        class Diverted(socket.socket):
            def connect(self, _address: Any) -> None:
                super().connect(("127.0.0.1", host.port))

            def setsockopt(self, *_option: Any) -> None:
                pass  # it is of the family that was asked for, and this socket is not

            def recv(self, size: int, _flags: int = 0) -> bytes:
                data = super().recv(size)
                if host.fails_with:
                    raise OSError(host.fails_with, os.strerror(host.fails_with))
                return data

            def close(self) -> None:
                host.closed.append(True)
                super().close()

        self.families.append(family)
        return Diverted(socket.AF_INET, socket.SOCK_DGRAM)
