from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from core.checks.exchange import ExchangeFailed, Peer
from core.checks.prober import Prober
from core.checks.tls import Trust
from core.clock import SystemClock
from core.domain.observations import ErrorKind
from tests.checks.certificates import Authority


class TableResolver:
    """Knows the names that it is told; ``slow`` ones never end; no lookup leaves the process."""

    def __init__(self) -> None:
        self.table: dict[str, list[Peer]] = {}
        self.slow: set[str] = set()
        self.asked: list[str] = []
        self.is_closed = False

    def knows(self, host: str, *addresses: str) -> None:
        families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in addresses]
        pairs = zip(families, addresses, strict=True)
        self.table[host] = [Peer(family, (address, 0)) for family, address in pairs]

    async def resolve(self, host: str, port: int) -> list[Peer]:
        self.asked.append(host)
        if host in self.slow:
            await asyncio.Event().wait()
        if host not in self.table:
            raise ExchangeFailed(ErrorKind.DNS, "the host name does not exist")
        return [Peer(family, (sockaddr[0], sockaddr[1] or port)) for family, sockaddr in self.table[host]]

    def close(self) -> None:
        self.is_closed = True


class SettableClock(SystemClock):
    """Tells whatever time it is set to."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC)

    def now(self) -> datetime:
        return self.time


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The certificate authority that probers of tests believe."""
    return Authority(tmp_path_factory.mktemp("authority"), "Ronda-Test-Authority")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority that nobody believes."""
    return Authority(tmp_path_factory.mktemp("stranger"), "Ronda-Test-Stranger")


@pytest.fixture(scope="session")
def trust(authority: Authority) -> Trust:
    return Trust(authority.cafile)


@pytest.fixture
def resolver() -> TableResolver:
    resolver = TableResolver()
    resolver.knows("localhost", "127.0.0.1")
    return resolver


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
async def prober(clock: SettableClock, resolver: TableResolver, trust: Trust) -> AsyncIterator[Prober]:
    prober = Prober(clock, resolver=resolver, trust=trust)
    yield prober
    await prober.close()
