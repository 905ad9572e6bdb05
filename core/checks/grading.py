"""How good an answer is that is the right one: slow, with a certificate that ends soon, or just fine."""

from __future__ import annotations

from collections.abc import Callable

from core.checks.assertions import UP, Verdict, certificate_verdict, latency_verdict
from core.checks.visit import Visit


class Grading:
    """Grades answers of every kind that meet what is expected of them.

    ``lagged_within`` says whether the event loop was late within the last so many seconds: then it
    was this process that was slow, and the latency says nothing.
    """

    def __init__(self, lagged_within: Callable[[float], bool]) -> None:
        self._lagged_within = lagged_within

    def grade(self, visit: Visit) -> Verdict:
        """Give up, or degraded with the reason."""
        return self._slowness(visit) or _age(visit) or UP

    def _slowness(self, visit: Visit) -> Verdict | None:
        if visit.latency_ms is None:
            return None
        verdict = latency_verdict(visit.check, visit.latency_ms)
        # The latency may have ended a while ago, and what is asked about ends now: so the whole check.
        return None if verdict is None or self._lagged_within(visit.elapsed_ms() / 1000) else verdict


def _age(visit: Visit) -> Verdict | None:
    if not visit.check.verify_tls:
        return None  # who does not want it verified does not want to hear of its age
    return certificate_verdict(visit.check, visit.exchange.certificate, visit.checked_at)
