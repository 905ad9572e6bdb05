"""Questions by datagram: asked of one address after the other, and again, until one answers.

Datagrams get lost; that is no fault of the service as long as one comes back within the deadline.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import Self, TypeVar

from core.checks.dial import OUR_OWN_ERRNOS, connect_failure
from core.checks.exchange import Exchange, ExchangeFailed, Peer
from core.domain.observations import ErrorKind

RESEND_SECONDS = 1.0
"""How long an answer is waited for before the question is sent again, or to the next address."""
_LARGEST = 65_535
_RECEIVE_ERRORS = {
    socket.AF_INET: (socket.IPPROTO_IP, 11),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 25),
}
"""Linux's IP_RECVERR and IPV6_RECVERR: without them it keeps to itself that a host cannot be reached."""

MakeSocket = Callable[[int], socket.socket]
"""Gives a datagram socket of an address family; raises OSError, or ``ExchangeFailed`` to end the check."""
T = TypeVar("T")


class Datagrams:
    """Connected datagram sockets, one to each address that is asked, and what comes back on any."""

    def __init__(self, make: MakeSocket) -> None:
        self._make = make
        self._loop = asyncio.get_running_loop()
        self._sockets: dict[Peer, socket.socket] = {}
        self._came: deque[tuple[Peer, bytes | int]] = deque()
        """Datagrams and errnos."""
        self._waiter: asyncio.Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        for peer in tuple(self._sockets):
            self._drop(peer)

    async def ask(
        self,
        peers: Sequence[Peer],
        times: int,
        question: Callable[[Peer, int], bytes],
        understand: Callable[[bytes], T | None],
        exchange: Exchange,
    ) -> tuple[T, Peer]:
        """Send ``question(peer, number)`` in turn, so many times in all; give the first answer and its peer.

        What ``understand`` gives None for was not meant for us. Waits for ever if nobody answers.
        Raises ``ExchangeFailed`` of kind connect if no peer can be reached, OSError where this
        machine is at fault.
        """
        failed: dict[Peer, int] = {}
        number, due = 0, 0.0
        while len(failed) < len(peers):
            if number < times and due <= self._loop.time():
                number += 1
                peer = peers[(number - 1) % len(peers)]
                if peer in failed:
                    continue
                exchange.reached(peer)
                if code := self._send(peer, question(peer, number)):
                    failed[peer] = code
                    continue
                due = self._loop.time() + RESEND_SECONDS
            peer, came = await self._next(due - self._loop.time() if number < times else None)
            if isinstance(came, int):
                if peer in peers:  # else it was asked before, and is not counted on any more
                    failed[peer], due = came, 0.0
            elif came and (answer := understand(came)) is not None:
                exchange.reached(peer)
                return answer, peer
        raise _unreached(tuple(failed.values()))

    def _send(self, peer: Peer, datagram: bytes) -> int:
        """Send a datagram; give the errno if that cannot be, else 0."""
        try:
            sock = self._sockets.get(peer) or self._open(peer)
            sock.send(datagram)
        except BlockingIOError:
            return 0  # as good as lost on the way
        except OSError as error:
            self._drop(peer)
            return error.errno or errno.EIO
        return 0

    def _open(self, peer: Peer) -> socket.socket:
        sock = self._sockets[peer] = self._make(peer.family)
        sock.setblocking(False)
        if sys.platform == "linux":
            sock.setsockopt(*_RECEIVE_ERRORS[socket.AddressFamily(peer.family)], 1)
        sock.connect(peer.sockaddr)
        self._loop.add_reader(sock, self._receive, peer, sock)
        return sock

    def _drop(self, peer: Peer) -> None:
        sock = self._sockets.pop(peer, None)
        if sock is not None:
            self._loop.remove_reader(sock)
            sock.close()

    def _receive(self, peer: Peer, sock: socket.socket) -> None:
        try:
            came: bytes | int = sock.recv(_LARGEST)
        except BlockingIOError:
            return
        except OSError as error:
            self._drop(peer)  # Linux would call for ever: the error stays in a queue that nobody reads
            came = error.errno or errno.EIO
        self._came.append((peer, came))
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _next(self, seconds: float | None) -> tuple[Peer, bytes | int]:
        """Give what came next and from whom; nothing from nobody if the time is over."""
        if not self._came:
            self._waiter = self._loop.create_future()
            await asyncio.wait([self._waiter], timeout=seconds)
            self._waiter = None
        return self._came.popleft() if self._came else (_NOBODY, b"")


_NOBODY = Peer(socket.AF_UNSPEC, ())


def _unreached(codes: Sequence[int]) -> Exception:
    """Give the failure that errnos of all the peers stand for: that of this machine, or the last."""
    ours = [code for code in codes if code in OUR_OWN_ERRNOS]
    code = (ours or codes)[-1]
    error = OSError(code, os.strerror(code))
    return error if ours else ExchangeFailed(ErrorKind.CONNECT, connect_failure(error))
