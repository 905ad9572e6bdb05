"""A fleet made up from a seed, and an application that shows it without a database."""

from __future__ import annotations

import random
from array import array
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from core.bus import Bus
from core.domain.audit import AuditEntry
from core.domain.clients import Client, ClientSpec
from core.domain.events import WorkersReported
from core.domain.evidence import Evidence, FailureEvidence
from core.domain.observations import (
    STATUS_CODES,
    Beats,
    Certificate,
    ErrorKind,
    LatencyPoint,
    Observation,
    Phases,
    Status,
)
from core.domain.operators import Operator, Role
from core.domain.services import Service, ServiceSpec
from core.domain.status import Run, ServiceState
from core.domain.uptime import Uptime
from core.domain.workers import RoundHealth, WorkerKind, WorkerReport
from core.operations.board import BEATS, BoardLine
from core.operations.desk import Desk
from core.operations.handover import HandOver
from tests.clock import FrozenClock
from tui.app import RondaApp
from tui.reader import Reader

if TYPE_CHECKING:
    from core.checks.prober import Prober
    from core.storage.database import Database

NOW = datetime(2026, 11, 23, 14, 32, 5, tzinfo=UTC)
OWN_ID = "console-1"
INTERVAL = 30.0
CLIENTS = (
    "Northwind Bank", "Acme Retail", "Helios Energy", "Blue Harbor", "Orchid Health", "Kestrel Air",
    "Lumen Media", "Tessera", "Granite Mutual", "Foxglove", "Quayside", "Meridian Telecom", "Pinecone",
    "Saffron Foods", "Vantage Rail", "Umbra Games", "Citadel Law", "Juniper Uni", "Aurora Labs",
    "Delta Freight",
)  # fmt: skip
PARTS = (
    "api", "web", "login", "checkout", "search", "cdn", "mail", "db-proxy", "cache", "ledger", "auth",
    "billing", "webhooks", "reports", "assets", "gateway", "queue", "vpn", "status", "sso", "inventory",
    "pricing", "media", "feeds", "crm", "ldap", "dns-1", "dns-2", "edge-ams", "edge-fra",
)  # fmt: skip
REASONS = (
    (ErrorKind.TIMEOUT, "no answer within 10 s"),
    (ErrorKind.STATUS, "502 instead of 200"),
    (ErrorKind.TLS, "certificate has expired"),
    (ErrorKind.DNS, "name does not exist"),
    (ErrorKind.CONNECT, "connection refused"),
    (ErrorKind.CONTENT, "body does not contain 'healthy'"),
)


CHANGES = (
    AuditEntry(NOW - timedelta(minutes=4), "ana", "bastion-1", "/dev/pts/3", "edit", "service", 3, "web.eu",
               {"interval_seconds": 30.0}, {"interval_seconds": 60.0}),
    AuditEntry(NOW - timedelta(hours=2), "tom", "bastion-1", "/dev/pts/5", "add", "client", 1, "Acme Retail"),
)  # fmt: skip


class Fleet:
    """Services with states, results and uptimes; the same for the same arguments."""

    def __init__(self, services: int = 1200, *, seed: int = 5, per_client: int = 26) -> None:
        self.random = random.Random(seed)
        self.lines: list[BoardLine] = []
        self.beats: dict[int, Beats] = {}
        self.uptimes: dict[int, Uptime] = {}
        number = 0
        while len(self.lines) < services:
            size = max(4, int(per_client * self.random.uniform(0.6, 1.4)))
            self._add_client(number, min(size, services - len(self.lines)))
            number += 1
        self.lines.sort(key=lambda line: (line.client.spec.name.lower(), line.service.spec.name.lower()))

    @property
    def clients(self) -> list[Client]:
        return list({line.client.id: line.client for line in self.lines}.values())

    def _add_client(self, number: int, size: int) -> None:
        round_, place = divmod(number, len(CLIENTS))
        name = CLIENTS[place] if not round_ else f"{CLIENTS[place]} {round_ + 1}"
        dns = f"{name.split()[0].lower()}.example"
        spec = ClientSpec(name, dns=dns, tags=("gold",) if number % 3 == 0 else ())
        client = Client(number + 1, spec, 1, NOW, NOW)
        for index in range(size):
            self._add_service(client, index)

    def _add_service(self, client: Client, index: int) -> None:
        chance = self.random
        suffix = "" if index < len(PARTS) else f"-{index // len(PARTS)}"
        name = f"{PARTS[index % len(PARTS)]}{suffix}.{chance.choice(('prod', 'prod', 'stage', 'eu', 'us'))}"
        fate = chance.random()
        active = not 0.025 <= fate < 0.031
        spec = ServiceSpec(name, "/healthz", degraded_above_ms=800, active=active, interval_seconds=INTERVAL)
        service_id = len(self.lines) + 1
        service = Service(service_id, client.id, spec, 1, NOW, NOW)
        base = chance.choice((4, 9, 18, 35, 60, 90, 140, 220, 380))
        noise = 0.34 if chance.random() < 0.12 else 0.16
        codes = bytearray()
        latencies = array("i")
        for _beat in range(BEATS):
            odds = chance.random()
            status = Status.DEGRADED if odds < 0.004 else Status.DOWN if odds < 0.0055 else Status.UP
            codes.append(STATUS_CODES[status])
            slow = 900 * chance.lognormvariate(0.3, 0.9)
            usual = base * chance.lognormvariate(0, noise)
            ms = slow if status is Status.DEGRADED else usual
            latencies.append(-1 if status is Status.DOWN else round(ms * 1000))
        state = self._state(fate, codes, latencies, base)
        self.lines.append(BoardLine(service, client, state))
        self.beats[service_id] = Beats(bytes(codes), latencies)
        bad = codes.count(STATUS_CODES[Status.DOWN]) * INTERVAL
        self.uptimes[service_id] = Uptime(86_400.0, 86_400.0, 86_400.0 - bad)

    def _state(self, fate: float, codes: bytearray, latencies: array[int], base: float) -> ServiceState:
        chance = self.random
        checked_at = NOW - timedelta(seconds=chance.uniform(0, 29))
        since = NOW - timedelta(hours=chance.uniform(1, 720))
        if fate < 0.008:
            return self._failing(Status.DOWN, chance.randrange(3, 22), checked_at, codes, latencies)
        if fate < 0.025:
            return self._failing(Status.DEGRADED, chance.randrange(3, 12), checked_at, codes, latencies)
        if 0.031 <= fate < 0.034:
            del codes[:], latencies[:]
            return ServiceState()
        if 0.034 <= fate < 0.037:
            codes[-1], latencies[-1] = STATUS_CODES[Status.DOWN], -1
            kind, detail = chance.choice(REASONS)
            seen = Observation(checked_at, Status.DOWN, error=kind, detail=detail)
            return ServiceState(
                Status.UP, since, down_run=Run(True, 1, checked_at), degraded_run=Run(True, 1, checked_at),
                observation=seen,
            )  # fmt: skip
        codes[-1], latencies[-1] = STATUS_CODES[Status.UP], round(base * 1000)
        return ServiceState(Status.UP, since, observation=answer(checked_at, base))

    def _failing(
        self, status: Status, count: int, checked_at: datetime, codes: bytearray, latencies: array[int]
    ) -> ServiceState:
        chance = self.random
        for index in range(BEATS - count, BEATS):
            codes[index] = STATUS_CODES[status]
            ms = 800 + 500 * chance.lognormvariate(0, 0.8)
            latencies[index] = -1 if status is Status.DOWN else round(ms * 1000)
        since = checked_at - timedelta(seconds=INTERVAL * (count - 1))
        run = Run(True, count, since)
        if status is Status.DOWN:
            kind, detail = chance.choice(REASONS)
            seen = Observation(checked_at, status, error=kind, detail=detail)
            return ServiceState(status, since, run, run, observation=seen)
        ms = latencies[-1] / 1000
        seen = Observation(checked_at, status, ms, 200, detail=f"{ms:.0f} ms, over 800 ms")
        return ServiceState(status, since, run, Run(False, count, since), observation=seen)


def answer(at: datetime, ms: float) -> Observation:
    """Give what a healthy service says."""
    return Observation(
        at, Status.UP, ms, 200,
        phases=Phases(ms * 0.1, ms * 0.2, ms * 0.4, ms * 0.9),
        certificate=Certificate(NOW + timedelta(days=43, hours=2), "R11, Let's Encrypt", "northwind.example"),
        address="192.0.2.7:443",
    )  # fmt: skip


PAGE = """<!DOCTYPE html>
<html><head><title>502 Bad Gateway</title></head>
<body>
<center><h1>502 Bad Gateway</h1></center>
<hr><center>nginx</center>
<p>[bold]upstream[/] prematurely closed the connection while the answer's header was read: ストリーム</p>
</body></html>
"""
"""A body with what looks like markup, wide signs and a line that is too long for a pane."""


def failures_of(state: ServiceState) -> tuple[FailureEvidence, ...]:
    """Give what the first and the latest check of a run of failures met; nothing if none goes on."""
    run, last = state.down_run, state.observation
    if not run.reached or run.since is None or last is None:
        return ()
    refused = Evidence("connect", "192.0.2.7")
    head = "HTTP/1.1 502 Bad Gateway\nServer: nginx\nContent-Type: text/html\nX-Request-Id: 7f3a9c"
    answered = Evidence("body", "192.0.2.7", head, PAGE * 4, True)
    first = FailureEvidence(run.since, run.since, ErrorKind.CONNECT, "connection refused", refused, True)
    latest = FailureEvidence(run.since, last.checked_at, last.error, last.detail, answered, False)
    return (first, latest) if run.length > 1 else (first,)


def judged_up(line: BoardLine, at: datetime, ms: float = 10.0) -> ServiceState:
    """Give the state of a service after one more good check."""
    return ServiceState(Status.UP, line.state.since or at, observation=answer(at, ms))


class CannedReader(Reader):
    """Answers from a fleet."""

    def __init__(self, desk: Desk, fleet: Fleet, *, embedded: bool = True, key_matches: bool = True) -> None:
        super().__init__(desk)
        self.fleet = fleet
        self._embedded, self._key_matches = embedded, key_matches

    async def lines(self, service_ids: Collection[int] | None = None) -> tuple[BoardLine, ...]:
        return tuple(
            line for line in self.fleet.lines if service_ids is None or line.service.id in service_ids
        )

    async def clients(self) -> list[Client]:
        return self.fleet.clients

    async def beats(self, service_ids: Collection[int] | None = None) -> dict[int, Beats]:
        return self.fleet.beats

    async def uptimes(self) -> dict[int, Uptime]:
        return self.fleet.uptimes

    async def checks(self, service_id: int, limit: int) -> list[Observation]:
        beats = self.fleet.beats[service_id]
        line = next(line for line in self.fleet.lines if line.service.id == service_id)
        last = line.state.observation
        if last is None:
            return []
        statuses = {code: status for status, code in STATUS_CODES.items()}
        found = [
            Observation(
                last.checked_at - timedelta(seconds=INTERVAL * back),
                statuses[code],
                us / 1000 if us >= 0 else None,
                200 if us >= 0 else None,
                detail=None if us >= 0 else last.detail or "connection refused",
            )
            for back, (code, us) in enumerate(zip(beats.codes[::-1], beats.latencies_us[::-1], strict=True))
        ]
        return [last, *found[1:limit]]

    async def latencies(self, service_id: int, span_seconds: float, stretches: int) -> list[LatencyPoint]:
        return [
            LatencyPoint(check.checked_at, check.status, check.latency_ms, check.latency_ms)
            for check in reversed(await self.checks(service_id, BEATS))
        ]

    async def failures(self, service_id: int) -> tuple[FailureEvidence, ...]:
        line = next(line for line in self.fleet.lines if line.service.id == service_id)
        return failures_of(line.state)

    async def changes(self, limit: int) -> list[AuditEntry]:
        return list(CHANGES)

    async def hand_over(self, since: datetime) -> HandOver:
        return HandOver(since, NOW, (), (), (), (), 0, 0, (), {}, (), ())

    async def arrive(self) -> HandOver | None:
        return None

    async def stay(self) -> None:
        """Note nothing: there is no database."""

    @property
    def key_matches(self) -> bool:
        return self._key_matches

    @property
    def is_embedded(self) -> bool:
        return self._embedded


def worker(
    id: str = OWN_ID, *, kind: WorkerKind = WorkerKind.CONSOLE, leading: bool = True, can_lead: bool = True
) -> WorkerReport:
    """Give the report of a process."""
    health = RoundHealth(1200, 39.6, 2.0, 4.0, 0, 3, 0) if leading else RoundHealth()
    started = NOW - timedelta(hours=3)
    host = "bastion-1" if id == OWN_ID else "ops-2"
    return WorkerReport(id, kind, "ana", host, 4242, can_lead, leading, started, NOW, health)


def desk(clock: FrozenClock, *, role: Role = Role.ADMIN) -> Desk:
    """Give a desk without a database behind it."""
    return Desk(
        database=cast("Database", None),
        bus=Bus(),
        clock=clock,
        operator=Operator("ana", "bastion-1", "/dev/pts/3", role),
        prober=cast("Prober", None),
        default_interval_seconds=INTERVAL,
        own_id=OWN_ID,
    )


class CannedApp(RondaApp):
    """The console over a fleet; ``bus`` tells it what happens."""

    def __init__(
        self,
        fleet: Fleet | None = None,
        *,
        theme: str = "ronda-night",
        ascii_only: bool = False,
        workers: tuple[WorkerReport, ...] | None = (worker(),),
        role: Role = Role.ADMIN,
        key_matches: bool = True,
    ) -> None:
        self.fleet = Fleet() if fleet is None else fleet
        self.frozen = FrozenClock(NOW)
        at = desk(self.frozen, role=role)
        self.bus = at.bus

        @asynccontextmanager
        async def open_desk() -> AsyncIterator[Desk]:
            yield at

        super().__init__(
            open_desk,
            clock=self.frozen,
            theme=theme,
            ascii_only=ascii_only,
            read=lambda opened: CannedReader(opened, self.fleet, key_matches=key_matches),
        )
        self._canned_workers = workers

    def _board_loaded(self) -> None:
        super()._board_loaded()
        if self._canned_workers is not None:
            self.bus.publish(WorkersReported(self._canned_workers, OWN_ID))
