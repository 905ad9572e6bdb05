"""The probe of TLS: a handshake and the certificate; nothing is said after it, so any protocol will do."""

from __future__ import annotations

import asyncio
import ssl

from core.checks.alerts import alert_of
from core.checks.assertions import Verdict
from core.checks.exchange import ExchangeFailed
from core.checks.grading import Grading
from core.checks.reach import dial, encoded, find, place_asked, shake_hands
from core.checks.resolver import Resolver
from core.checks.tls import Trust
from core.checks.visit import Visit
from core.checks.wire import Connection
from core.domain.observations import ErrorKind
from core.i18n import _

FAREWELL_SECONDS = 1.0
"""How long an objection of the peer is waited for once it was told that nothing more will come."""


class HandshakeProbe:
    """Makes checks of kind TLS."""

    def __init__(self, resolver: Resolver, trust: Trust, grading: Grading) -> None:
        self._resolver = resolver
        self._trust = trust
        self._grading = grading

    async def __call__(self, visit: Visit) -> Verdict:
        """Make the check; raises ``ExchangeFailed`` where there was no handshake.

        With TLS 1.3 a client that is done does not know yet whether the server takes its
        certificate, or wants one (RFC 8446, section 4.4): the server is heard before the verdict.
        The latency leaves that out.
        """
        place, context = place_asked(visit.check), self._trust.context(visit.check.tls)
        peers = await find(self._resolver, place.host, place.port, visit.exchange)
        ending = _Ending()
        sock = await dial(peers, visit.exchange)
        tunnel = await shake_hands(sock, context, encoded(place.host), ending, visit.exchange)
        try:
            visit.latency_ms = visit.elapsed_ms()
            tunnel.end()
            await ending.come(min(FAREWELL_SECONDS, visit.remaining_seconds() / 2))
        except ExchangeFailed:
            visit.latency_ms = None
            raise
        finally:
            tunnel.abort()
        return self._grading.grade(visit)


class _Ending:
    """What is inside a tunnel through which nothing is said: it waits for the peer to go on or to end."""

    def __init__(self) -> None:
        self._come: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._objection: str | None = None

    async def come(self, seconds: float) -> None:
        """Wait for the end, but not for long; raises ``ExchangeFailed`` if it is an objection."""
        await asyncio.wait([self._come], timeout=seconds)
        if self._objection is not None:
            raise ExchangeFailed(ErrorKind.TLS, self._objection)

    def attach(self, connection: Connection) -> None:
        """Take no hold of the tunnel."""

    def data_received(self, _data: bytes) -> None:
        """Take note that the peer goes on, so it has no objection."""
        self._settle()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note of the end, and of an alert that was the reason."""
        if isinstance(exc, ssl.SSLError) and "ALERT" in (exc.reason or ""):  # as OpenSSL names them
            self._objection = alert_of(exc, _("the peer broke off TLS"))
        self._settle()

    def _settle(self) -> None:
        if not self._come.done():
            self._come.set_result(None)
