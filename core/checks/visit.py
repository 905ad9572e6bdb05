"""One check while it is under way: what was learnt so far, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter

import httpx

from core.checks.assertions import Verdict
from core.checks.body import beginning, head_text
from core.checks.exchange import Exchange, milliseconds_since
from core.checks.request import CheckRequest
from core.domain.evidence import EVIDENCE_LIMIT, Evidence
from core.domain.observations import Observation, Status
from core.domain.text import printable, readable

DETAIL_LIMIT = 200
"""Characters of a detail."""


@dataclass(slots=True)
class Visit:
    """What one check has seen; a probe fills it in, and whole or not it can be read at any moment."""

    check: CheckRequest
    checked_at: datetime
    started: float = field(default_factory=perf_counter)
    exchange: Exchange = field(default_factory=Exchange)
    """The hop that is under way; only the last one is reported."""
    status_code: int | None = None
    latency_ms: float | None = None
    redirects: list[str] = field(default_factory=list)
    answer: httpx.Response | None = None
    """The last answer over HTTP."""
    content: bytearray = field(default_factory=bytearray)
    """What was read of its body."""
    seen: str = ""
    """What came where there is no answer over HTTP: another protocol's, or what is none."""
    lagged: bool = False
    """Whether the event loop was late meanwhile."""

    def elapsed_ms(self) -> float:
        """Give the milliseconds since the check began."""
        return milliseconds_since(self.started)

    def remaining_seconds(self) -> float:
        """Give the seconds until the deadline."""
        return max(0.0, self.check.timeout_seconds - self.elapsed_ms() / 1000)

    def next_hop(self, url: str) -> None:
        """Begin anew at another address, which a redirect named."""
        self.redirects.append(url)
        self.exchange, self.latency_ms, self.status_code = Exchange(), None, None
        self.answer = None

    def observation(self, verdict: Verdict) -> Observation:
        """Give what was seen, with the verdict on it."""
        exchange = self.exchange
        return Observation(
            checked_at=self.checked_at,
            status=verdict.status,
            latency_ms=self.latency_ms,
            status_code=self.status_code,
            error=verdict.error,
            detail=verdict.detail and printable(self.check.masked(verdict.detail), DETAIL_LIMIT),
            phases=exchange.phases(),
            certificate=exchange.certificate,
            address=exchange.address,
            redirects=tuple(self.redirects),
            evidence=self._evidence() if verdict.status is Status.DOWN else None,
            lagged=self.lagged,
        )

    def _evidence(self) -> Evidence:
        head = "" if self.answer is None else head_text(self.answer)
        body = self.seen if self.answer is None else beginning(self.answer, self.content)
        # Masked as a whole, so that no secret is cut; twice the limit, since CRLF becomes one character.
        head, body = (readable(self.check.masked(text)[: 2 * EVIDENCE_LIMIT + 2]) for text in (head, body))
        return Evidence(
            phase=self.exchange.phase.value,
            address=self.exchange.address,
            head=head[:EVIDENCE_LIMIT],
            body=body[:EVIDENCE_LIMIT],
            truncated=len(body) > EVIDENCE_LIMIT,
        )
