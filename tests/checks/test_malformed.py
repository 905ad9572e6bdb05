"""Whatever bytes come, in whatever pieces: an observation, in time, and no defect of our own."""

from __future__ import annotations

import asyncio
from time import perf_counter

from hypothesis import given, settings
from hypothesis import strategies as st

from core.checks.http import Prober
from core.checks.request import CheckRequest
from core.checks.tls import Trust
from core.clock import SystemClock
from core.domain.observations import ErrorKind, Observation
from tests.checks.conftest import TableResolver
from tests.checks.server import Server, says, says_then_hangs, says_then_resets

DEADLINE_SECONDS = 0.1
OVERRUN_SECONDS = 0.25

FRAGMENTS = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    b"HTTP/1.0 302 Found\r\nLocation: /\r\n\r\n",
    b"HTTP/1.1 99999999 \r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 99999999999999999999999\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Content-Type: text/plain; charset=utf-7\r\n",
    b"Connection: close\r\n",
    b"\r\n",
    b"5\r\nhello\r\n",
    b"0\r\n\r\n",
    b"ffffffffffffffff\r\n",
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    b"\x00",
    b": \r\n",
    b" folded\r\n",
]
answers_of_some_kind = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=40)), max_size=12)
endings = st.sampled_from([says, says_then_hangs, says_then_resets])


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    pieces=answers_of_some_kind, ending=endings, method=st.sampled_from(["GET", "HEAD"]), reads=st.booleans()
)
def test_no_answer_breaks_the_probe(pieces: list[bytes], ending: type, method: str, reads: bool) -> None:
    seen, elapsed = asyncio.run(_observe(ending(*pieces), method, reads))
    assert isinstance(seen, Observation)
    assert seen.error is not ErrorKind.INTERNAL
    assert elapsed < DEADLINE_SECONDS + OVERRUN_SECONDS


async def _observe(behaviour: object, method: str, reads: bool) -> tuple[Observation, float]:
    prober = Prober(SystemClock(), resolver=TableResolver(), trust=Trust())
    async with Server(behaviour) as server:  # type: ignore[arg-type] # one of the endings above
        check = CheckRequest(
            server.url, method=method, timeout_seconds=DEADLINE_SECONDS, contains="hello" if reads else ""
        )
        start = perf_counter()
        seen = await prober.check(check)
        elapsed = perf_counter() - start
    await prober.close()
    return seen, elapsed
