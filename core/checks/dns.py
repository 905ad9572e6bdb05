"""The probe of DNS: a question to a name server, and what is expected of its answer.

Nothing is taken from a cache of this machine or kept from one check to the next.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from core.checks.answers import FORMAT_ERROR, Reply, reply_verdict
from core.checks.assertions import Verdict
from core.checks.datagrams import Datagrams
from core.checks.exchange import Exchange, ExchangeFailed, Peer, Phase, milliseconds_since
from core.checks.grading import Grading
from core.checks.reach import dial, encoded, find, talking
from core.checks.request import CheckRequest
from core.checks.resolver import Resolver, literal
from core.checks.visit import Visit
from core.domain.observations import ErrorKind
from core.domain.targets import DNS_PORT, Place, Question, question_of
from core.i18n import _

if TYPE_CHECKING:
    from core.checks.dns_messages import Query

RESOLV_CONF = Path("/etc/resolv.conf")
MOST_SERVERS = 3
"""Name servers of this machine that are asked (resolv.conf(5), MAXNS)."""
TIMES = 3
"""How often a name server is asked before its silence is just waited out."""
_BROKEN_OFF = _("the name server broke its answer off")
_UNHELPFUL = frozenset({"SERVFAIL", "REFUSED", "NOTIMP"})
"""Codes after which another name server may know better."""


def name_servers(path: Path = RESOLV_CONF) -> list[Peer]:
    """Give the name servers of this machine; without any it is the machine itself (resolv.conf(5))."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    words = [line.split() for line in lines]
    named = [literal(line[1], DNS_PORT) for line in words if line[:1] == ["nameserver"] and len(line) > 1]
    known = [peer for peer in named if peer is not None][:MOST_SERVERS]
    return known or [Peer(socket.AF_INET, ("127.0.0.1", DNS_PORT))]


class DnsProbe:
    """Makes checks of kind DNS; ``servers`` gives those that are asked where none is named."""

    def __init__(
        self, resolver: Resolver, grading: Grading, servers: Callable[[], list[Peer]] = name_servers
    ) -> None:
        self._resolver = resolver
        self._grading = grading
        self._servers = servers

    async def __call__(self, visit: Visit) -> Verdict:
        """Make the check; raises ``ExchangeFailed`` where no usable answer came."""
        question = _asked(visit.check)
        make = _query(question.name, visit.check.record_type)
        start = perf_counter()  # loading dnspython was no fault of the name server
        peers = await self._peers(question.server, visit.exchange)
        visit.exchange.phase = Phase.ANSWER
        reply = await _consult(peers, make, visit.exchange)
        visit.latency_ms = milliseconds_since(start)
        visit.seen = reply.text()
        return reply_verdict(visit.check, reply) or self._grading.grade(visit)

    async def _peers(self, server: Place | None, exchange: Exchange) -> Sequence[Peer]:
        if server is None:
            return self._servers()
        found = await find(self._resolver, server.host, server.port, exchange)
        return found[:MOST_SERVERS]


def _asked(check: CheckRequest) -> Question:
    """Give what is asked; of PTR the name that belongs to an address."""
    try:
        question = question_of(check.url)
    except ValueError as error:
        raise ExchangeFailed(ErrorKind.PROTOCOL, _("the target is not valid")) from error
    if check.record_type == "PTR" and literal(question.name, 0) is not None:
        return Question(ipaddress.ip_address(question.name).reverse_pointer, question.server)
    return Question(".".join(encoded(label) for label in question.name.split(".")), question.server)


def _query(name: str, record_type: str) -> Callable[..., Query]:
    """Give what makes the message that asks; dnspython is loaded when it is first needed."""
    from core.checks.dns_messages import Query

    return partial(Query, name, record_type)


async def _consult(peers: Sequence[Peer], make: Callable[..., Query], exchange: Exchange) -> Reply:
    """Give the first reply that helps, or the last one that does not; raises ``ExchangeFailed``."""
    start, last = perf_counter(), None
    with Datagrams(_udp_socket) as datagrams:
        while peers:
            try:
                last, peer = await _ask(datagrams, peers, make, exchange)
            except ExchangeFailed as failure:
                if last is None or failure.kind is not ErrorKind.CONNECT:
                    raise
                return last  # at least one name server could be reached
            exchange.first_byte_ms = milliseconds_since(start)
            if last.code not in _UNHELPFUL:
                return last
            peers = [other for other in peers if other != peer]
    assert last is not None
    return last


async def _ask(
    datagrams: Datagrams, peers: Sequence[Peer], make: Callable[..., Query], exchange: Exchange
) -> tuple[Reply, Peer]:
    """Give the first reply; where it is of a name server that knows only the DNS of 1987, ask as then."""
    for extended in (True, False):
        query, times = make(extended=extended), TIMES * len(peers)
        reply, peer = await datagrams.ask(peers, times, query.datagram, query.reply, exchange)
        if reply.truncated:
            return await _ask_at_length(query, peer, exchange), peer
        if reply.code != FORMAT_ERROR:
            break
        peers = [peer]
    return reply, peer


def _udp_socket(family: int) -> socket.socket:
    return socket.socket(family, socket.SOCK_DGRAM)


async def _ask_at_length(query: Query, peer: Peer, exchange: Exchange) -> Reply:
    """Ask over TCP, where an answer of any length fits (RFC 7766)."""
    with await dial([peer], exchange) as sock:
        exchange.phase = Phase.ANSWER
        with talking(_BROKEN_OFF):
            wire = len(query.wire).to_bytes(2, "big") + query.wire
            await asyncio.get_running_loop().sock_sendall(sock, wire)
            size = int.from_bytes(await _exactly(sock, 2), "big")
            answer = await _exactly(sock, size)
    return query.reply_at_length(answer)


async def _exactly(sock: socket.socket, size: int) -> bytes:
    read = bytearray()
    while len(read) < size:
        piece = await asyncio.get_running_loop().sock_recv(sock, size - len(read))
        if not piece:
            raise ExchangeFailed(ErrorKind.PROTOCOL, _BROKEN_OFF)
        read += piece
    return bytes(read)
