"""Names and addresses that lead nowhere, late, or to the wrong place."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from time import perf_counter

import pytest

from core.checks.dial import HEAD_START_SECONDS
from core.checks.exchange import Peer
from core.checks.prober import Prober
from core.checks.request import CheckRequest
from core.checks.resolver import SystemResolver
from core.checks.tls import Trust
from core.clock import SystemClock
from core.domain.observations import ErrorKind, Observation, Status
from tests.checks.hostile import LONG_SECONDS, OVERRUN_SECONDS, PROMPT_SECONDS, SHORT_SECONDS
from tests.checks.server import Server, answers, black_hole, closed_port

ONLY_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse when the queue is full")


class NameServer:
    """The system's resolver as it is told to be."""

    def __init__(self) -> None:
        self.peers: list[Peer] = []
        self.error: Exception | None = None
        self.let_go = threading.Event()
        self.let_go.set()

    def lookup(self, _host: str) -> list[Peer]:
        self.let_go.wait()
        if self.error is not None:
            raise self.error
        return self.peers


@pytest.fixture
def names() -> Iterator[NameServer]:
    names = NameServer()
    yield names
    names.let_go.set()


@pytest.fixture
async def asking(names: NameServer, trust: Trust) -> AsyncIterator[Prober]:
    """A prober that asks the name server for everything."""
    prober = Prober(SystemClock(), resolver=SystemResolver(names.lookup), trust=trust)
    yield prober
    await prober.close()


async def observe(prober: Prober, port: int = 80, seconds: float = LONG_SECONDS) -> tuple[Observation, float]:
    start = perf_counter()
    seen = await prober.check(CheckRequest(f"http://shop.test:{port}/", timeout_seconds=seconds))
    return seen, perf_counter() - start


def v4(number: int, port: int = 0) -> Peer:
    return Peer(socket.AF_INET, (f"127.0.0.{number}", port))


FAILURES = {
    "NXDOMAIN": (socket.gaierror(socket.EAI_NONAME, ""), "the host name does not exist"),
    "a name server that gives up": (socket.gaierror(socket.EAI_AGAIN, ""), "the name server does not answer"),
    "a name server that fails": (socket.gaierror(socket.EAI_FAIL, ""), "the host name cannot be looked up"),
    "a system that fails": (OSError(5, ""), "the host name cannot be looked up"),
    "a name that has no wire form": (UnicodeError(""), "the host name is not valid"),
    "a name without addresses": (None, "the host name has no address"),
}


@pytest.mark.parametrize("name", FAILURES)
async def test_a_lookup_that_fails_is_told_at_once(asking: Prober, names: NameServer, name: str) -> None:
    names.error, detail = FAILURES[name]
    seen, elapsed = await observe(asking)
    assert (seen.status, seen.error, seen.detail) == (Status.DOWN, ErrorKind.DNS, detail)
    assert elapsed < PROMPT_SECONDS


async def test_a_lookup_that_does_not_end_meets_the_deadline(asking: Prober, names: NameServer) -> None:
    names.let_go.clear()
    seen, elapsed = await observe(asking, seconds=SHORT_SECONDS)
    assert seen.error is ErrorKind.TIMEOUT
    assert "still looked up" in (seen.detail or "")
    assert SHORT_SECONDS <= elapsed < SHORT_SECONDS + OVERRUN_SECONDS


async def test_twenty_addresses_that_refuse_are_told_at_once(asking: Prober, names: NameServer) -> None:
    names.peers = [v4(number) for number in range(1, 21)]
    seen, elapsed = await observe(asking, closed_port())
    assert (seen.error, seen.detail) == (ErrorKind.CONNECT, "connection refused")
    assert elapsed < PROMPT_SECONDS


@ONLY_LINUX
async def test_addresses_that_swallow_everything_meet_the_deadline(asking: Prober, names: NameServer) -> None:
    names.peers = [v4(1), v4(1), v4(1)]
    async with black_hole() as port:
        seen, elapsed = await observe(asking, port, SHORT_SECONDS)
    assert seen.error is ErrorKind.TIMEOUT
    assert "no connection was made" in (seen.detail or "")
    assert elapsed < SHORT_SECONDS + OVERRUN_SECONDS


async def test_a_refusing_address_gives_way_to_one_that_answers(asking: Prober, names: NameServer) -> None:
    names.peers = [v4(2), v4(3), v4(1)]
    async with Server(answers()) as server:
        seen, elapsed = await observe(asking, server.port)
    assert (seen.status, seen.address) == (Status.UP, "127.0.0.1")
    assert elapsed < PROMPT_SECONDS


@ONLY_LINUX
async def test_a_black_hole_gives_way_to_an_address_that_answers(asking: Prober, names: NameServer) -> None:
    async with black_hole() as port, Server(answers(), host="127.0.0.2", port=port):
        names.peers = [v4(1), v4(2)]
        seen, elapsed = await observe(asking, port)
    assert (seen.status, seen.address) == (Status.UP, "127.0.0.2")
    assert HEAD_START_SECONDS <= elapsed < PROMPT_SECONDS


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
async def test_a_name_with_ipv6_only_is_checked_over_it(asking: Prober, names: NameServer) -> None:
    names.peers = [Peer(socket.AF_INET6, ("::1", 0, 0, 0))]
    async with Server(answers(), host="::1") as server:
        seen, elapsed = await observe(asking, server.port)
    assert (seen.status, seen.address) == (Status.UP, "::1")
    assert elapsed < PROMPT_SECONDS
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as only_v4:
        seen, elapsed = await observe(asking, only_v4.getsockname()[1])
    assert (seen.error, seen.detail) == (ErrorKind.CONNECT, "connection refused")
    assert elapsed < PROMPT_SECONDS
