"""What a hostile server does, what is expected of the probe then, and how long it may take."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import pytest

from core.checks.prober import Prober
from core.checks.request import CheckRequest
from core.domain.observations import ErrorKind, Observation, Status
from tests.checks.server import Behaviour, Received, Server, Visitor

SHORT_SECONDS = 0.3
"""The deadline of checks that are meant to run into it."""
LONG_SECONDS = 5.0
"""The deadline of checks that must end long before it."""
PROMPT_SECONDS = 2.0
"""A generous bound for what is not waited for."""
OVERRUN_SECONDS = 0.25
"""What a check may take beyond its deadline."""

OK = b"HTTP/1.1 200 OK\r\n"
NINE = OK + b"Content-Length: 9\r\n\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
TEXT = {"contains": "needle"}


@dataclass(frozen=True)
class Case:
    name: str
    behaviour: Behaviour
    error: ErrorKind | None = None
    code: int | None = None
    detail: str = ""
    """What the detail must say."""
    check: dict[str, Any] = field(default_factory=dict)
    reads_request: bool = True
    within: float = PROMPT_SECONDS
    """Seconds until it must be known; what runs into the deadline has ``OVERRUN_SECONDS`` beyond it."""
    tls: ssl.SSLContext | None = None
    scheme: str = ""
    """Empty: that of the server."""


PROTOCOL = ErrorKind.PROTOCOL


async def resets_at_once(visitor: Visitor, _received: Received) -> None:
    visitor.reset()


def by_name(cases: list[Case]) -> list[Any]:
    return [pytest.param(case, id=case.name) for case in cases]


async def observe(prober: Prober, case: Case, seconds: float) -> tuple[Observation, float]:
    async with Server(case.behaviour, tls=case.tls, reads_request=case.reads_request) as server:
        scheme = case.scheme or server.url.partition(":")[0]
        url = f"{scheme}://localhost:{server.port}/"
        start = perf_counter()
        seen = await prober.check(CheckRequest(url, timeout_seconds=seconds, **case.check))
        return seen, perf_counter() - start


async def expect_up(prober: Prober, case: Case) -> None:
    seen, elapsed = await observe(prober, case, LONG_SECONDS)
    assert (seen.status, seen.error, seen.detail) == (Status.UP, None, None)
    assert seen.status_code == case.code
    assert elapsed < case.within


async def expect_timeout(prober: Prober, case: Case) -> None:
    seen, elapsed = await observe(prober, case, SHORT_SECONDS)
    assert (seen.status, seen.error, seen.status_code) == (Status.DOWN, ErrorKind.TIMEOUT, case.code)
    assert seen.detail is not None
    assert seen.detail.startswith("no answer within 0.3 s")
    assert case.detail in seen.detail
    assert seen.latency_ms is None
    assert SHORT_SECONDS <= elapsed < SHORT_SECONDS + OVERRUN_SECONDS


async def expect_fault(prober: Prober, case: Case) -> None:
    seen, elapsed = await observe(prober, case, LONG_SECONDS)
    assert (seen.status, seen.error, seen.status_code) == (Status.DOWN, case.error, case.code)
    assert seen.detail is not None
    assert case.detail in seen.detail
    assert elapsed < case.within
