"""The prober: makes one check of any kind and says what was seen, whatever happens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from core.checks.assertions import Verdict, down
from core.checks.dns import DnsProbe
from core.checks.exchange import CertificateRefused, ExchangeFailed, Phase
from core.checks.grading import Grading
from core.checks.handshake import HandshakeProbe
from core.checks.http import HttpProbe
from core.checks.icmp import IcmpProbe
from core.checks.request import CheckRequest
from core.checks.resolver import Resolver, SystemResolver
from core.checks.tcp import TcpProbe
from core.checks.tls import CertificateLooks, Trust
from core.checks.visit import Visit
from core.clock import Clock
from core.domain.kinds import Kind
from core.domain.observations import ErrorKind, Observation
from core.domain.text import printable
from core.i18n import _

Probe = Callable[[Visit], Awaitable[Verdict]]
"""Makes a check of one kind: fills the visit in and gives the verdict; raises ``ExchangeFailed``."""

_log = logging.getLogger(__name__)


def _never(_seconds: float) -> bool:
    return False


class Prober:
    """Makes checks; one serves all services of a process, and no check leaves a trace for another.

    What is shared tells checks nothing about each other: addresses for a few seconds, TLS contexts,
    and when a refused certificate was last looked at. ``lagged_within`` says whether the event loop
    was late within the last so many seconds: then a latency says nothing of the service.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        resolver: Resolver | None = None,
        trust: Trust | None = None,
        lagged_within: Callable[[float], bool] = _never,
    ) -> None:
        self._clock = clock
        self._lagged_within = lagged_within
        self._resolver = resolver or SystemResolver()
        trust = trust or Trust()
        self._looks = CertificateLooks(trust)
        grading = Grading(lagged_within)
        self._probes: dict[Kind, Probe] = {
            Kind.HTTP: HttpProbe(self._resolver, trust, grading),
            Kind.TCP: TcpProbe(self._resolver, grading),
            Kind.TLS: HandshakeProbe(self._resolver, trust, grading),
            Kind.DNS: DnsProbe(self._resolver, grading),
            Kind.ICMP: IcmpProbe(self._resolver, grading),
        }

    async def check(self, request: CheckRequest) -> Observation:
        """Make a check within its deadline and say what was seen; never raises.

        The latency runs from the start of DNS to the last byte that was needed: to the end of the
        headers, where nothing beyond them is read, or of the body, where an expectation needs it.
        There is none where no answer came. That of TCP ends with the text that is expected, or the
        connection; of TLS with the handshake; of DNS with the answer; that of ICMP is of the echo alone.
        """
        visit = Visit(request, self._clock.now())
        try:
            verdict = await self._verdict(visit)
        except Exception as error:  # noqa: BLE001 - whatever breaks in here is an observation too
            _log.exception("A check of %s failed in Ronda itself", _place(request))
            text = _("Ronda itself failed: {error}")
            verdict = down(ErrorKind.INTERNAL, text.format(error=type(error).__name__))
        visit.lagged = self._lagged_within(visit.elapsed_ms() / 1000)
        return visit.observation(verdict)

    async def close(self) -> None:
        """Let go of the threads that look names up."""
        self._resolver.close()

    async def _verdict(self, visit: Visit) -> Verdict:
        try:
            async with asyncio.timeout(visit.check.timeout_seconds):
                return await self._probes[visit.check.kind](visit)
        except TimeoutError:
            return down(ErrorKind.TIMEOUT, _cut_off(visit))
        except CertificateRefused as refused:
            code, verdict = refused.code, down(refused.kind, refused.detail)
        except ExchangeFailed as failure:
            visit.seen = visit.seen or failure.seen
            return down(failure.kind, failure.detail)
        await self._look_at_certificate(visit, code)
        return verdict

    async def _look_at_certificate(self, visit: Visit, code: int) -> None:
        try:
            async with asyncio.timeout(visit.remaining_seconds()):
                visit.exchange.certificate = await self._looks.look(visit.exchange, code)
        except TimeoutError:
            return  # the reason is known; the certificate is shown another time


def _cut_off(visit: Visit) -> str:
    """Say what the deadline cut off."""
    check, phase = visit.check, visit.exchange.phase
    text = _UNFINISHED[phase]
    if phase is Phase.ANSWER:
        text = _UNANSWERED.get(check.kind, text)
        if check.kind is Kind.TCP and not check.contains:
            text = _("no answer within {seconds} s: connected, but what it is told was not taken")
    return text.format(seconds=f"{check.timeout_seconds:g}", text=printable(check.contains))


_UNFINISHED = {
    Phase.LOOKUP: _("no answer within {seconds} s: the host name was still looked up"),
    Phase.CONNECT: _("no answer within {seconds} s: no connection was made"),
    Phase.HANDSHAKE: _("no answer within {seconds} s: the TLS handshake did not end"),
    Phase.ANSWER: _("no answer within {seconds} s: connected, but the headers did not come"),
    Phase.BODY: _("no answer within {seconds} s: the body did not end"),
}
_UNANSWERED = {
    Kind.TCP: _("no answer within {seconds} s: connected, but “{text}” did not come"),
    Kind.DNS: _("no answer within {seconds} s: the name server did not answer"),
    Kind.ICMP: _("no answer within {seconds} s: no echo came back"),
}
"""What the answer is to those that have no headers."""


def _place(request: CheckRequest) -> str:
    """Give the address without its query, which may hold secrets, and with every known secret masked."""
    return printable(request.masked(request.url.partition("?")[0]))
