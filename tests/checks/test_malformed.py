"""Whatever bytes come, in whatever pieces: an observation, in time, in little memory, no defect of ours."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.checks.prober import Prober
from core.checks.request import CheckRequest
from core.checks.tls import TlsProfile, Trust
from core.clock import SystemClock
from core.domain.observations import ErrorKind, Observation
from tests.checks.conftest import TableResolver
from tests.checks.server import Behaviour, Server, drips, floods, says, says_then_hangs, says_then_resets

DEADLINE_SECONDS = 0.1
OVERRUN_SECONDS = 0.25
MOST_BYTES = 4 * 1024 * 1024
"""What a check may hold at any moment, with all that the server in the same process holds."""

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
ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\nX: y\r\n\r\n",
    b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"hello" * 99_999),
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-16\r\n\r\n" + "hello".encode("utf-16"),
    b"HTTP/1.1 302 Found\r\nLocation: /there?a=b#c\r\nContent-Length: 0\r\n\r\n",
    b"\x16\x03\x03\x00\x2c\x02\x00\x00\x28\x03\x03" + bytes(38) + b"\x15\x03\x03\x00\x02\x02\x28",
]
WAVES = [b"x" * 4096, b"1\r\nx\r\n" * 999, b"X: y\r\n" * 99, b"\xf0\x9f\x98\x80" * 999, bytes(4096)]


@dataclass(frozen=True)
class Change:
    """One change of an answer: some bytes from a place on give way to others."""

    place: float
    removed: int
    added: bytes

    def of(self, answer: bytes) -> bytes:
        start = int(self.place * len(answer))
        return answer[:start] + self.added + answer[start + self.removed :]


def changed(answer: bytes, changes: list[Change]) -> bytes:
    for change in changes:
        answer = change.of(answer)
    return answer


def cut(answer: bytes, places: list[float]) -> list[bytes]:
    """Give the answer in pieces."""
    bounds = [0, *sorted(int(place * len(answer)) for place in places), len(answer)]
    return [answer[start:end] for start, end in pairwise(bounds)]


share = st.floats(0, 1, exclude_max=True)
changes = st.lists(
    st.builds(Change, share, st.integers(0, 9), st.one_of(st.binary(max_size=9), st.sampled_from(FRAGMENTS))),
    max_size=4,
)
nearly_right = st.builds(
    cut, st.builds(changed, st.sampled_from(ANSWERS), changes), st.lists(share, max_size=4)
)
of_some_kind = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=40)), max_size=12)
ends = st.sampled_from([says, says_then_hangs, says_then_resets])


def flooding(pieces: list[bytes], wave: bytes) -> Behaviour:
    return floods(b"".join(pieces), wave)


def dripping(pieces: list[bytes], drop: bytes) -> Behaviour:
    return drips(b"".join(pieces), drop[:1])


pieces = st.one_of(of_some_kind, nearly_right)
behaviours = st.one_of(
    st.builds(lambda end, parts: end(*parts), ends, pieces),
    st.builds(flooding, pieces, st.sampled_from(WAVES)),
    st.builds(dripping, pieces, st.sampled_from(WAVES)),
)


@pytest.fixture(scope="module", autouse=True)
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


TRUST = Trust()


@settings(max_examples=250, deadline=None, derandomize=True)
@given(
    behaviour=behaviours,
    method=st.sampled_from(["GET", "GET", "HEAD"]),
    contains=st.sampled_from(["", "hello", "never"]),
    scheme=st.sampled_from(["http", "http", "https"]),
)
def test_no_answer_breaks_the_probe(behaviour: Behaviour, method: str, contains: str, scheme: str) -> None:
    check = partial(CheckRequest, method=method, timeout_seconds=DEADLINE_SECONDS, contains=contains)
    TRUST.context(TlsProfile())  # costs memory once, not for every check
    asyncio.run(_observe(behaviour, scheme, check))


async def _observe(behaviour: Behaviour, scheme: str, check: partial[CheckRequest]) -> None:
    prober = Prober(SystemClock(), resolver=TableResolver(), trust=TRUST)
    async with Server(behaviour, reads_request=scheme == "http") as server:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        start = perf_counter()
        seen = await prober.check(check(f"{scheme}://127.0.0.1:{server.port}/"))
        elapsed = perf_counter() - start
        held = tracemalloc.get_traced_memory()[1] - before
    await prober.close()
    assert isinstance(seen, Observation)
    assert seen.error is not ErrorKind.INTERNAL
    assert elapsed < DEADLINE_SECONDS + OVERRUN_SECONDS
    assert held < MOST_BYTES
