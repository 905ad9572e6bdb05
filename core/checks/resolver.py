"""Finds the addresses of hosts on threads of its own, so that slow names hold nobody else up.

``getaddrinfo`` cannot be cancelled: a check whose deadline passes stops waiting, the thread does
not. The event loop's default executor has so few threads that a handful of slow names would stop
every check, and everything else that runs there.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest
from time import monotonic
from typing import Any, Protocol

from core.checks.exchange import ExchangeFailed, Peer
from core.domain.observations import ErrorKind
from core.i18n import _
from core.lane import Lane

FRESH_SECONDS = 3.0
"""How long an answer, a failure too, serves other checks; shorter than the least retry interval."""
SLOW_SECONDS = 1.0
"""A name whose last lookup took longer is looked up in the slow lane."""
QUICK_THREADS = 128
SLOW_THREADS = 128
KNOWN_LIMIT = 20_000
"""Names remembered; the oldest is forgotten first."""

Lookup = Callable[[str], list[Peer]]
"""Gives a host's addresses with port 0, blocking; raises OSError or UnicodeError."""


class Resolver(Protocol):
    """Where checks ask for addresses."""

    async def resolve(self, host: str, port: int) -> list[Peer]:
        """Give the addresses to try, in order; raises ``ExchangeFailed`` of kind dns."""
        ...

    def close(self) -> None:
        """Let its threads go."""
        ...


def literal(host: str, port: int) -> Peer | None:
    """Give the address if the host is one already, else None."""
    if ":" in host:
        return _numeric(host, port)
    if not host[-1:].isdigit():
        return None
    try:
        socket.inet_pton(socket.AF_INET, host)
    except OSError:
        return None
    return Peer(socket.AF_INET, (host, port))


def _numeric(host: str, port: int) -> Peer | None:
    flags = socket.AI_NUMERICHOST
    try:
        found = socket.getaddrinfo(host.replace("%25", "%"), port, type=socket.SOCK_STREAM, flags=flags)
    except OSError:
        return None
    return _peer(found[0][0], found[0][4])


def interleaved(peers: list[Peer]) -> list[Peer]:
    """Give the addresses with their families taking turns, the first family first (RFC 8305)."""
    if not peers:
        return peers
    first = [peer for peer in peers if peer.family == peers[0].family]
    others = [peer for peer in peers if peer.family != peers[0].family]
    return [peer for pair in zip_longest(first, others) for peer in pair if peer is not None]


def system_lookup(host: str) -> list[Peer]:
    """Ask the operating system, which knows /etc/hosts and nsswitch.conf."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return interleaved([_peer(family, sockaddr) for family, _kind, _protocol, _name, sockaddr in found])


def _peer(family: int, sockaddr: tuple[Any, ...]) -> Peer:
    return Peer(family, sockaddr)


@dataclass(frozen=True, slots=True)
class _Answer:
    peers: tuple[Peer, ...]
    failure: str
    """Why there are no addresses, for people."""
    until: float
    """Monotonic seconds; the answer is asked for again from then on."""
    slow: bool


class SystemResolver:
    """The operating system's resolver behind two bounded lanes of threads and a short memory.

    Checks of one name share one lookup. Names that were slow last time keep to their own lane, so
    that however many there are, the others find a free thread.
    """

    def __init__(self, lookup: Lookup = system_lookup) -> None:
        self._lookup = lookup
        self._quick = Lane(QUICK_THREADS, "ronda-lookup")
        self._slow = Lane(SLOW_THREADS, "ronda-lookup")
        self._answers: dict[str, _Answer] = {}
        self._running: dict[str, asyncio.Future[_Answer]] = {}

    async def resolve(self, host: str, port: int) -> list[Peer]:
        """Give the addresses to try, in order; raises ``ExchangeFailed`` of kind dns."""
        answer = self._answers.get(host)
        if answer is None or answer.until <= monotonic():
            running = self._running.get(host) or self._start(host, answer)
            answer = await asyncio.shield(running)
        if answer.failure:
            raise ExchangeFailed(ErrorKind.DNS, answer.failure)
        return [Peer(family, (sockaddr[0], port, *sockaddr[2:])) for family, sockaddr in answer.peers]

    def close(self) -> None:
        """Let idle threads end; those inside a lookup end with it."""
        self._quick.close()
        self._slow.close()

    def _start(self, host: str, last: _Answer | None) -> asyncio.Future[_Answer]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_Answer] = loop.create_future()
        self._running[host] = future
        lane = self._slow if last is not None and last.slow else self._quick
        lane.submit(lambda: self._work(loop, host))
        return future

    def _work(self, loop: asyncio.AbstractEventLoop, host: str) -> None:
        answer = self._ask(host)
        try:
            loop.call_soon_threadsafe(self._finish, host, answer)
        except RuntimeError:
            return  # the lookup outlived its event loop: nobody waits for it any more

    def _ask(self, host: str) -> _Answer:
        start = monotonic()
        peers: list[Peer] = []
        try:
            peers = self._lookup(host)
            failure = "" if peers else _("the host name has no address")
        except (OSError, UnicodeError) as error:
            failure = lookup_failure(error)
        end = monotonic()
        return _Answer(tuple(peers), failure, end + FRESH_SECONDS, end - start > SLOW_SECONDS)

    def _finish(self, host: str, answer: _Answer) -> None:
        self._answers.pop(host, None)  # so that the newest stands last
        self._answers[host] = answer
        if len(self._answers) > KNOWN_LIMIT:
            del self._answers[next(iter(self._answers))]
        future = self._running.pop(host)
        if not future.done():
            future.set_result(answer)


def lookup_failure(error: OSError | UnicodeError) -> str:
    """Say why a host name has no address."""
    if isinstance(error, UnicodeError):
        return _("the host name is not valid")
    if error.errno in _NO_SUCH_NAME:
        return _("the host name does not exist")
    if error.errno == socket.EAI_AGAIN:
        return _("the name server does not answer")
    return _("the host name cannot be looked up")


_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
