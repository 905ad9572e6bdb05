"""The probe of HTTP: a request, its redirects, and what is expected of the answer.

Redirects are followed here, hop by hop, since httpx would hand a service's own headers to other
hosts; there are no cookies, no proxies, no netrc and no connection from one check to the next.
"""

from __future__ import annotations

import asyncio

import httpx

from core.checks.assertions import (
    Verdict,
    body_verdict,
    down,
    header_verdict,
    status_verdict,
)
from core.checks.body import BEGINNING_LIMIT, read_body
from core.checks.exchange import ExchangeFailed, Phase
from core.checks.grading import Grading
from core.checks.redirects import MOST_REDIRECTS, first_hop, is_redirect, next_hop
from core.checks.resolver import Resolver
from core.checks.tls import Trust
from core.checks.transport import OneShotTransport
from core.checks.visit import Visit
from core.domain.observations import ErrorKind
from core.domain.text import ADDRESS_LIMIT, printable
from core.i18n import _

EVIDENCE_SECONDS = 1.0
"""How long the body of an answer that failed already is waited for."""


class HttpProbe:
    """Makes checks of kind HTTP."""

    def __init__(self, resolver: Resolver, trust: Trust, grading: Grading) -> None:
        self._transport = OneShotTransport(resolver, trust)
        self._grading = grading

    async def __call__(self, visit: Visit) -> Verdict:
        """Make the check; raises ``ExchangeFailed`` where no usable answer came."""
        check = visit.check
        hop = first_hop(check)
        while True:
            response = await self._transport.send(hop.request, visit.exchange, check.tls)
            try:
                visit.status_code, visit.answer = response.status_code, response
                if not (check.follow_redirects and is_redirect(response)):
                    return await self._judge(visit, response)
                visit.latency_ms = visit.elapsed_ms()
                if len(visit.redirects) == MOST_REDIRECTS:
                    return down(ErrorKind.REDIRECT, _too_many_redirects())
                hop = next_hop(hop, response)
            finally:
                await response.aclose()
            visit.next_hop(printable(check.masked(hop.url), ADDRESS_LIMIT))

    async def _judge(self, visit: Visit, response: httpx.Response) -> Verdict:
        check = visit.check
        verdict = status_verdict(check, response.status_code, len(visit.redirects))
        verdict = verdict or header_verdict(check, response.headers)
        body = await read_body(response, visit.content) if verdict is None and check.reads_body else None
        visit.latency_ms = visit.elapsed_ms()
        if body is not None:
            verdict = await body_verdict(check, body)
        if verdict is not None:
            await _read_beginning(visit, response)
            return verdict
        return self._grading.grade(visit)


async def _read_beginning(visit: Visit, response: httpx.Response) -> None:
    """Read what the operator will want to see of an answer that is wrong already."""
    if visit.content or (visit.check.reads_body and visit.exchange.phase is Phase.BODY):
        return
    try:
        async with asyncio.timeout(min(EVIDENCE_SECONDS, visit.remaining_seconds() / 2)):
            await read_body(response, visit.content, BEGINNING_LIMIT)
    except (TimeoutError, ExchangeFailed):
        return  # the verdict stands; what came is kept


def _too_many_redirects() -> str:
    return _("more than {most} redirects").format(most=MOST_REDIRECTS)
