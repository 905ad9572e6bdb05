"""The probe: makes one HTTP check and says what was seen, whatever happens.

Redirects are followed here, hop by hop, since httpx would hand a service's own headers to other
hosts; there are no cookies, no proxies, no netrc and no connection from one check to the next.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter

import httpx

from core.checks.assertions import (
    UP,
    Verdict,
    certificate_verdict,
    content_verdict,
    down,
    latency_verdict,
    status_verdict,
)
from core.checks.body import read_body
from core.checks.exchange import CertificateRefused, Exchange, ExchangeFailed, Phase, milliseconds_since
from core.checks.redirects import MOST_REDIRECTS, first_hop, is_redirect, next_hop
from core.checks.request import CheckRequest
from core.checks.resolver import Resolver, SystemResolver
from core.checks.tls import CertificateLooks, Trust
from core.checks.transport import OneShotTransport
from core.clock import Clock
from core.domain.observations import ErrorKind, Observation
from core.domain.text import ADDRESS_LIMIT, printable
from core.i18n import _

TLS_WARN_DAYS = 14
"""A certificate that ends within so many days makes a service degraded."""
DETAIL_LIMIT = 200
"""Characters of a detail."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Visit:
    """One check while it is under way."""

    check: CheckRequest
    checked_at: datetime
    started: float = field(default_factory=perf_counter)
    exchange: Exchange = field(default_factory=Exchange)
    """The hop that is under way; only the last one is reported."""
    status_code: int | None = None
    latency_ms: float | None = None
    redirects: list[str] = field(default_factory=list)

    def remaining_seconds(self) -> float:
        """Give the seconds until the deadline."""
        return max(0.0, self.check.timeout_seconds - (perf_counter() - self.started))

    def observation(self, verdict: Verdict) -> Observation:
        """Give what was seen, with the verdict on it."""
        exchange = self.exchange
        return Observation(
            checked_at=self.checked_at,
            status=verdict.status,
            latency_ms=self.latency_ms,
            status_code=self.status_code,
            error=verdict.error,
            detail=verdict.detail and printable(verdict.detail, DETAIL_LIMIT),
            phases=exchange.phases(),
            certificate=exchange.certificate,
            address=exchange.address,
            redirects=tuple(self.redirects),
        )


class Prober:
    """Makes checks; one serves all services of a process, and no check leaves a trace for another.

    What is shared tells checks nothing about each other: addresses for a few seconds, TLS contexts,
    and when a refused certificate was last looked at.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        resolver: Resolver | None = None,
        trust: Trust | None = None,
        tls_warn_days: int = TLS_WARN_DAYS,
    ) -> None:
        self._clock = clock
        self._tls_warn_days = tls_warn_days
        self._resolver = resolver or SystemResolver()
        trust = trust or Trust()
        self._looks = CertificateLooks(trust)
        self._verifying = OneShotTransport(self._resolver, trust, verify=True)
        self._trusting = OneShotTransport(self._resolver, trust, verify=False)

    async def check(self, request: CheckRequest) -> Observation:
        """Make a check within its deadline and say what was seen; never raises.

        The latency runs from the start of DNS to the last byte that was needed: to the end of the
        headers, where nothing beyond them is read, or of the body, where an expectation needs it.
        There is none where no answer came.
        """
        visit = _Visit(request, self._clock.now())
        try:
            verdict = await self._verdict(visit)
        except Exception as error:  # noqa: BLE001 - whatever breaks in here is an observation too
            _log.exception("A check of %s failed in Ronda itself", _place(request))
            text = _("Ronda itself failed: {error}")
            verdict = down(ErrorKind.INTERNAL, text.format(error=type(error).__name__))
        return visit.observation(verdict)

    async def close(self) -> None:
        """Let go of the threads that look names up."""
        self._resolver.close()

    async def _verdict(self, visit: _Visit) -> Verdict:
        try:
            async with asyncio.timeout(visit.check.timeout_seconds):
                return await self._follow(visit)
        except TimeoutError:
            return down(ErrorKind.TIMEOUT, _cut_off(visit))
        except CertificateRefused as refused:
            code, verdict = refused.code, down(refused.kind, refused.detail)
        except ExchangeFailed as failure:
            return down(failure.kind, failure.detail)
        await self._look_at_certificate(visit, code)
        return verdict

    async def _follow(self, visit: _Visit) -> Verdict:
        check = visit.check
        transport = self._verifying if check.verify_tls else self._trusting
        hop = first_hop(check)
        while True:
            response = await transport.send(hop.request, visit.exchange)
            try:
                visit.status_code = response.status_code
                if not (check.follow_redirects and is_redirect(response)):
                    return await self._judge(visit, response)
                visit.latency_ms = milliseconds_since(visit.started)
                if len(visit.redirects) == MOST_REDIRECTS:
                    return down(ErrorKind.REDIRECT, _too_many_redirects())
                hop = next_hop(hop, response)
            finally:
                await response.aclose()
            visit.redirects.append(printable(check.masked(hop.url), ADDRESS_LIMIT))
            visit.exchange, visit.latency_ms, visit.status_code = Exchange(), None, None

    async def _judge(self, visit: _Visit, response: httpx.Response) -> Verdict:
        check = visit.check
        verdict = status_verdict(check, response.status_code, len(visit.redirects))
        if verdict is None and check.reads_body:
            verdict = content_verdict(check, await read_body(response))
        visit.latency_ms = latency_ms = milliseconds_since(visit.started)
        return verdict or latency_verdict(check, latency_ms) or self._certificate_verdict(visit) or UP

    def _certificate_verdict(self, visit: _Visit) -> Verdict | None:
        if not visit.check.verify_tls:
            return None  # who does not want it verified does not want to hear of its age
        return certificate_verdict(visit.exchange.certificate, visit.checked_at, self._tls_warn_days)

    async def _look_at_certificate(self, visit: _Visit, code: int) -> None:
        try:
            async with asyncio.timeout(visit.remaining_seconds()):
                visit.exchange.certificate = await self._looks.look(visit.exchange, code)
        except TimeoutError:
            return  # the reason is known; the certificate is shown another time


def _too_many_redirects() -> str:
    return _("more than {most} redirects").format(most=MOST_REDIRECTS)


def _cut_off(visit: _Visit) -> str:
    """Say what the deadline cut off."""
    return _UNFINISHED[visit.exchange.phase].format(seconds=f"{visit.check.timeout_seconds:g}")


_UNFINISHED = {
    Phase.LOOKUP: _("no answer within {seconds} s: the host name was still looked up"),
    Phase.CONNECT: _("no answer within {seconds} s: no connection was made"),
    Phase.HANDSHAKE: _("no answer within {seconds} s: the TLS handshake did not end"),
    Phase.ANSWER: _("no answer within {seconds} s: connected, but the headers did not come"),
    Phase.BODY: _("no answer within {seconds} s: the body did not end"),
}


def _place(request: CheckRequest) -> str:
    """Give the address without its query, which may hold secrets."""
    return printable(request.url.partition("?")[0])
