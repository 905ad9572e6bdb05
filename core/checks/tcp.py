"""The probe of TCP: a connection, what is said over it first, and a text that the peer must send."""

from __future__ import annotations

import asyncio
import socket
from time import perf_counter

from core.checks.assertions import Verdict, down
from core.checks.body import BEGINNING_LIMIT
from core.checks.exchange import Phase, milliseconds_since
from core.checks.grading import Grading
from core.checks.reach import dial, find, place_asked, talking
from core.checks.resolver import Resolver
from core.checks.visit import Visit
from core.domain.observations import ErrorKind
from core.domain.text import printable
from core.i18n import _

READ_LIMIT = 64 * 1024
"""Bytes in which the text must be found."""
_PIECE = 16 * 1024


class TcpProbe:
    """Makes checks of kind TCP."""

    def __init__(self, resolver: Resolver, grading: Grading) -> None:
        self._resolver = resolver
        self._grading = grading

    async def __call__(self, visit: Visit) -> Verdict:
        """Make the check; raises ``ExchangeFailed`` where nothing usable came."""
        place = place_asked(visit.check)
        peers = await find(self._resolver, place.host, place.port, visit.exchange)
        with await dial(peers, visit.exchange) as sock:
            verdict = await _converse(visit, sock)
        visit.latency_ms = visit.elapsed_ms()
        return verdict or self._grading.grade(visit)


async def _converse(visit: Visit, sock: socket.socket) -> Verdict | None:
    """Say what is to be said and wait for what is expected; give the verdict if it does not come."""
    check = visit.check
    if not (check.body or check.contains):
        return None
    visit.exchange.phase = Phase.ANSWER
    with talking(_("the connection was reset")):
        start = perf_counter()
        await asyncio.get_running_loop().sock_sendall(sock, _as_lines(check.body))
        return await _await_text(visit, sock, start) if check.contains else None


def _as_lines(text: str) -> bytes:
    """Give a text with the line ends that protocols of lines want, whatever was typed."""
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode()


async def _await_text(visit: Visit, sock: socket.socket, start: float) -> Verdict | None:
    """Read until the text that is expected has come; ``start`` is when the peer's turn began."""
    wanted, came = visit.check.contains.encode(), bytearray()
    while len(came) < READ_LIMIT:
        size = min(_PIECE, READ_LIMIT - len(came))
        piece = await asyncio.get_running_loop().sock_recv(sock, size)
        if not piece:
            text = _("the peer did not send “{text}”")
            return down(ErrorKind.CONTENT, text.format(text=printable(visit.check.contains)))
        if not came:
            visit.exchange.first_byte_ms = milliseconds_since(start)
        searched = max(0, len(came) - len(wanted) + 1)
        came += piece
        if len(visit.seen) < BEGINNING_LIMIT:
            visit.seen = came[:BEGINNING_LIMIT].decode(errors="replace")
        if came.find(wanted, searched) >= 0:
            return None
    text = _("the peer sent more than {limit} KiB without “{text}”")
    wanted_text = printable(visit.check.contains)
    return down(ErrorKind.TOO_LARGE, text.format(limit=READ_LIMIT // 1024, text=wanted_text))
