"""Names are looked up beside the event loop, and slow ones hold nobody else up."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

import core.checks.resolver as module
from core.checks.exchange import ExchangeFailed, Peer
from core.checks.resolver import (
    SystemResolver,
    interleaved,
    literal,
    lookup_failure,
    system_lookup,
)
from core.domain.observations import ErrorKind

V4, V6 = socket.AF_INET, socket.AF_INET6


class FakeSystem:
    """An operating system whose lookups can be held up."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.time = 1000.0
        self.takes_seconds = 0.0

    def lookup(self, host: str) -> list[Peer]:
        self.asked.append(host)
        if host.startswith("slow"):
            assert self.gate.wait(10)
        self.time += self.takes_seconds
        if self.error is not None:
            raise self.error
        return (
            [] if host == "empty.test" else [Peer(V4, ("192.0.2.1", 0)), Peer(V6, ("2001:db8::1", 0, 0, 7))]
        )


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSystem]:
    system = FakeSystem()
    monkeypatch.setattr(module, "monotonic", lambda: system.time)
    yield system
    system.gate.set()


@pytest.fixture
def resolver(system: FakeSystem) -> Iterator[SystemResolver]:
    resolver = SystemResolver(system.lookup)
    yield resolver
    resolver.close()


async def test_addresses_come_with_the_port_that_was_asked_for(resolver: SystemResolver) -> None:
    peers = await resolver.resolve("shop.test", 443)
    assert peers == [Peer(V4, ("192.0.2.1", 443)), Peer(V6, ("2001:db8::1", 443, 0, 7))]


async def test_an_answer_serves_other_checks_for_a_few_seconds(
    resolver: SystemResolver, system: FakeSystem
) -> None:
    await resolver.resolve("shop.test", 80)
    system.time += module.FRESH_SECONDS - 0.1
    assert (await resolver.resolve("shop.test", 443))[0].sockaddr[1] == 443
    assert len(system.asked) == 1
    system.time += 0.2
    await resolver.resolve("shop.test", 80)
    assert len(system.asked) == 2


async def test_a_failure_serves_other_checks_as_long(resolver: SystemResolver, system: FakeSystem) -> None:
    system.error = socket.gaierror(socket.EAI_NONAME, "no such name")
    for _number in range(2):
        with pytest.raises(ExchangeFailed) as failed:
            await resolver.resolve("gone.test", 80)
        assert (failed.value.kind, failed.value.detail) == (ErrorKind.DNS, "the host name does not exist")
    assert len(system.asked) == 1
    system.error = None
    system.time += module.FRESH_SECONDS + 0.1
    assert await resolver.resolve("gone.test", 80)


async def test_a_name_without_addresses_is_a_failure(resolver: SystemResolver) -> None:
    with pytest.raises(ExchangeFailed, match="no address"):
        await resolver.resolve("empty.test", 80)


async def test_checks_of_one_name_share_one_lookup(resolver: SystemResolver, system: FakeSystem) -> None:
    system.gate.clear()
    waiting = [asyncio.create_task(resolver.resolve("slow.test", port)) for port in (1, 2, 3)]
    await asyncio.sleep(0)
    system.gate.set()
    ports = [peers[0].sockaddr[1] for peers in await asyncio.gather(*waiting)]
    assert ports == [1, 2, 3]
    assert system.asked == ["slow.test"]


async def test_who_stops_waiting_does_not_stop_the_others(
    resolver: SystemResolver, system: FakeSystem
) -> None:
    system.gate.clear()
    patient = asyncio.create_task(resolver.resolve("slow.test", 80))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await resolver.resolve("slow.test", 80)
    system.gate.set()
    assert await patient


async def test_500_slow_names_do_not_hold_a_quick_one_up(
    resolver: SystemResolver, system: FakeSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"slow{number}.test" for number in range(500)]
    system.takes_seconds = module.SLOW_SECONDS + 1
    await asyncio.gather(*(resolver.resolve(name, 80) for name in names))
    system.takes_seconds = 0.0
    system.time += 3600
    system.gate.clear()
    waiting = [asyncio.create_task(resolver.resolve(name, 80)) for name in names]
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        assert await resolver.resolve("quick.test", 80)
    system.gate.set()
    await asyncio.gather(*waiting)


async def test_the_memory_is_bounded(
    resolver: SystemResolver, system: FakeSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KNOWN_LIMIT", 2)
    for host in ("a.test", "b.test", "c.test", "a.test"):
        await resolver.resolve(host, 80)
    assert system.asked == ["a.test", "b.test", "c.test", "a.test"]


def test_a_lookup_that_outlives_its_loop_is_forgotten(resolver: SystemResolver, system: FakeSystem) -> None:
    system.gate.clear()

    async def give_up() -> None:
        async with asyncio.timeout(0.01):
            await resolver.resolve("slow.test", 80)

    with pytest.raises(TimeoutError):
        asyncio.run(give_up())
    system.gate.set()


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (socket.gaierror(socket.EAI_NONAME, ""), "the host name does not exist"),
        (socket.gaierror(socket.EAI_AGAIN, ""), "the name server does not answer"),
        (socket.gaierror(socket.EAI_FAIL, ""), "the host name cannot be looked up"),
        (UnicodeError(), "the host name is not valid"),
    ],
)
def test_a_failed_lookup_says_why(error: OSError | UnicodeError, detail: str) -> None:
    assert lookup_failure(error) == detail


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", (V4, "127.0.0.1")),
        ("::1", (V6, "::1")),
        ("1.2.3", None),
        ("host1", None),
        ("127.0.0.1.test", None),
        ("::nonsense", None),
        ("", None),
    ],
)
def test_an_address_is_told_from_a_name(host: str, address: tuple[int, str] | None) -> None:
    peer = literal(host, 80)
    assert (peer and (peer.family, peer.sockaddr[0])) == address
    assert peer is None or peer.sockaddr[1] == 80


def test_families_take_turns_and_the_first_stays_first() -> None:
    a, b, c, x = (Peer(V6, ("a",)), Peer(V6, ("b",)), Peer(V6, ("c",)), Peer(V4, ("x",)))
    assert interleaved([a, b, c, x]) == [a, x, b, c]
    assert interleaved([x, a, b]) == [x, a, b]
    assert interleaved([]) == []


def test_the_system_knows_localhost() -> None:
    assert {peer.sockaddr[0] for peer in system_lookup("localhost")} <= {"127.0.0.1", "::1"}
