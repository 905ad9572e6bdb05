"""Of several addresses the first that answers is taken, and no socket is left behind."""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
from time import perf_counter

import pytest

from core.checks import dial
from core.checks.dial import connect, connect_failure
from core.checks.exchange import ExchangeFailed, Peer
from core.checks.prober import Prober
from core.checks.request import CheckRequest
from core.domain.observations import ErrorKind, Status
from tests.checks.conftest import TableResolver
from tests.checks.server import Server, answers, black_hole, closed_port

ONLY_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse when the queue is full")
HAS_IPV6 = socket.has_ipv6 and sys.platform in {"linux", "darwin"}


def local(port: int) -> Peer:
    return Peer(socket.AF_INET, ("127.0.0.1", port))


async def test_one_address_is_connected_to() -> None:
    async with Server(answers()) as server:
        sock, peer = await connect([local(server.port)])
        with sock:
            assert sock.getpeername() == peer.sockaddr
            assert sock.getblocking() is False


async def test_an_address_that_refuses_gives_way_to_the_next_at_once() -> None:
    async with Server(answers()) as server:
        start = perf_counter()
        sock, peer = await connect([local(closed_port()), local(closed_port()), local(server.port)])
        sock.close()
    assert peer.sockaddr[1] == server.port
    assert perf_counter() - start < dial.HEAD_START_SECONDS


@ONLY_LINUX
async def test_an_address_that_does_not_answer_gives_way_after_its_head_start() -> None:
    async with black_hole() as hole, Server(answers()) as server:
        start = perf_counter()
        sock, peer = await connect([local(hole), local(server.port)])
        sock.close()
    assert peer.sockaddr[1] == server.port
    assert dial.HEAD_START_SECONDS <= perf_counter() - start < 4 * dial.HEAD_START_SECONDS


@ONLY_LINUX
async def test_giving_up_closes_every_attempt() -> None:
    async with black_hole() as hole:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(dial.HEAD_START_SECONDS * 1.2):
                await connect([local(hole), local(hole), local(hole)])
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others, timeout=5)
    assert all(task.done() for task in others)


async def test_an_attempt_that_is_not_needed_any_more_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[socket.socket] = []
    all_made = asyncio.Event()

    async def connect_one(_peer: Peer) -> socket.socket:
        sock = socket.socket()
        made.append(sock)
        if len(made) == 3:
            all_made.set()
        await all_made.wait()
        return sock

    monkeypatch.setattr(dial, "HEAD_START_SECONDS", 0.0)
    monkeypatch.setattr(dial, "_connect_one", connect_one)
    sock, _peer = await connect([local(1), local(2), local(3)])
    sock.close()
    for _turn in range(20):  # of the event loop
        await asyncio.sleep(0)
    assert len(made) == 3
    assert all(one.fileno() == -1 for one in made)


async def test_the_failure_of_an_address_that_has_a_route_says_more(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter([errno.ENETUNREACH, errno.ECONNREFUSED, errno.ENETUNREACH])

    async def connect_one(_peer: Peer) -> socket.socket:
        raise OSError(next(numbers), "made up")

    monkeypatch.setattr(dial, "_connect_one", connect_one)
    with pytest.raises(ExchangeFailed, match="connection refused"):
        await connect([local(1), local(2), local(3)])


async def test_no_address_at_all_cannot_be_reached() -> None:
    with pytest.raises(ExchangeFailed) as failed:
        await connect([])
    assert failed.value.kind is ErrorKind.CONNECT


@pytest.mark.parametrize("number", sorted(dial.OUR_OWN_ERRNOS))
async def test_what_this_machine_lacks_is_not_blamed_on_the_service(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    async def connect_one(_peer: Peer) -> socket.socket:
        raise OSError(number, "made up")

    monkeypatch.setattr(dial, "_connect_one", connect_one)
    with pytest.raises(OSError, match="made up"):
        await connect([local(1)])


@pytest.mark.parametrize(
    ("number", "detail"),
    [
        (errno.ECONNREFUSED, "connection refused"),
        (errno.EHOSTUNREACH, "the host cannot be reached"),
        (errno.ENETUNREACH, "the network cannot be reached"),
        (errno.ETIMEDOUT, "the host does not answer"),
        (errno.EIO, "the connection failed"),
    ],
)
def test_a_failed_connection_says_why(number: int, detail: str) -> None:
    assert connect_failure(OSError(number, "")) == detail


@pytest.mark.skipif(not HAS_IPV6, reason="this machine has no IPv6")
async def test_ipv6_addresses_are_checked_too(prober: Prober) -> None:
    async with Server(answers(), host="::1") as server:
        seen = await prober.check(CheckRequest(server.url))
    assert (seen.status, seen.address) == (Status.UP, "::1")
    assert server.requests[0].headers["host"] == f"[::1]:{server.port}"


@pytest.mark.skipif(not HAS_IPV6, reason="this machine has no IPv6")
async def test_a_name_with_both_families_is_up_if_only_one_answers(
    prober: Prober, resolver: TableResolver
) -> None:
    resolver.knows("both.test", "::1", "127.0.0.1")
    async with Server(answers()) as server:
        seen = await prober.check(CheckRequest(f"http://both.test:{server.port}/"))
    assert (seen.status, seen.address) == (Status.UP, "127.0.0.1")
