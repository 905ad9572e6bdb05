"""How checks of the kinds beside HTTP are made and timed in tests."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from core.checks.prober import Prober
from core.checks.request import CheckRequest
from core.domain.kinds import kind_of
from core.domain.observations import ErrorKind, Observation, Status
from tests.checks.hostile import LONG_SECONDS, OVERRUN_SECONDS, PROMPT_SECONDS, SHORT_SECONDS


def request(target: str, **fields: Any) -> CheckRequest:
    """A check of the kind that the target's scheme names."""
    fields.setdefault("timeout_seconds", LONG_SECONDS)
    return CheckRequest(target, kind_of(target), **fields)


async def promptly(prober: Prober, target: str, **fields: Any) -> Observation:
    """What a check saw that must end long before its deadline."""
    start = perf_counter()
    seen = await prober.check(request(target, **fields))
    assert perf_counter() - start < PROMPT_SECONDS
    return seen


async def expect_down(
    prober: Prober, target: str, error: ErrorKind, detail: str, **fields: Any
) -> Observation:
    seen = await promptly(prober, target, **fields)
    assert (seen.status, seen.error) == (Status.DOWN, error)
    assert detail in (seen.detail or "")
    return seen


async def expect_too_late(prober: Prober, target: str, detail: str, **fields: Any) -> Observation:
    """What a check saw that runs into its deadline; it may not take much longer."""
    start = perf_counter()
    seen = await prober.check(request(target, timeout_seconds=SHORT_SECONDS, **fields))
    assert SHORT_SECONDS <= perf_counter() - start < SHORT_SECONDS + OVERRUN_SECONDS
    assert (seen.status, seen.error, seen.latency_ms) == (Status.DOWN, ErrorKind.TIMEOUT, None)
    assert seen.detail == f"no answer within 0.3 s: {detail}"
    return seen
