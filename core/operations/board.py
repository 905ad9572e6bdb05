"""The board: every living service with its client and what is held of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from core.domain.clients import Client
from core.domain.dependencies import MOST_DEEP, behind
from core.domain.observations import Status
from core.domain.services import Service
from core.domain.status import ServiceState, is_stale, shown_status, stale_after
from core.domain.uptime import Uptime
from core.operations.desk import Desk

if TYPE_CHECKING:
    from core.domain.observations import Beats

BEATS = 60
"""Results in a heartbeat bar."""
DAY_SECONDS = 86_400.0
"""The span of the uptime on the board."""


@dataclass(frozen=True, slots=True)
class BoardLine:
    """One service as the board holds it; ``state`` is replaced as results come."""

    service: Service
    client: Client
    state: ServiceState

    @property
    def active(self) -> bool:
        """Whether neither the service nor its client is paused."""
        return self.service.spec.active and self.client.spec.active

    @property
    def label(self) -> str:
        """CLIENT/NAME."""
        return f"{self.client.spec.name}/{self.service.spec.name}"

    @property
    def target(self) -> str:
        """The URL that is checked."""
        return self.service.spec.target(self.client.spec)

    def stale(self, now: datetime) -> bool:
        """Whether an active service has not been heard of for too long, or never since its last edit."""
        if not self.active:
            return False
        if self.state.observation is None:
            return now - self.service.updated_at > stale_after(self.service.spec)
        return is_stale(self.state, self.service.spec, now)

    def status(self, now: datetime) -> Status:
        """The status that is shown: paused lies over all, then maintenance; a stale one is not known."""
        return shown_status(self.state, now, active=self.active, stale=self.stale(now))

    def maintenance_until(self, now: datetime) -> datetime | None:
        """When the maintenance ends that the service is in; None if it is in none, or is paused."""
        return self.state.maintenance_until if self.status(now) is Status.MAINTENANCE else None

    def is_down(self, now: datetime) -> bool:
        """Whether it is held as down, in maintenance too, and that is neither paused nor too old."""
        is_known = self.status(now) in (Status.DOWN, Status.MAINTENANCE)
        return is_known and self.state.status is Status.DOWN


def status_totals(lines: Iterable[BoardLine], now: datetime) -> Mapping[Status, int]:
    """Count services by shown status; every status is there, if only with 0."""
    counts = Counter(line.status(now) for line in lines)
    return {status: counts[status] for status in Status}


def lines_behind(lines: Collection[BoardLine], now: datetime) -> dict[int, BoardLine]:
    """Give for each service that is down the nearest of those it depends on which is down too, if any is.

    ``lines`` are these services and everything that they depend on.
    """
    known = {line.service.id: line for line in lines}
    parents = {service_id: line.service.spec.parent_id for service_id, line in known.items()}

    def down(service_id: int) -> bool:
        return service_id in known and known[service_id].is_down(now)

    found = {
        service_id: behind(service_id, parents, down)
        for service_id, parent_id in parents.items()
        if parent_id is not None and known[service_id].status(now) is Status.DOWN
    }
    return {service_id: known[parent] for service_id, parent in found.items() if parent is not None}


async def load_board(desk: Desk) -> tuple[BoardLine, ...]:
    """Give every living service of every living client, by client and name."""
    async with desk.database.unit() as unit:
        pairs = await unit.services.all_living()
        states = await unit.states.all()
    return _lines(pairs, states)


async def load_lines(desk: Desk, service_ids: Collection[int]) -> tuple[BoardLine, ...]:
    """Give the lines of some services; the ones that live no longer are left out."""
    async with desk.database.unit() as unit:
        pairs = await unit.services.all_living(service_ids)
        states = await unit.states.of([service.id for service, _client in pairs])
    return _lines(pairs, states)


async def load_above(desk: Desk, line: BoardLine) -> tuple[BoardLine, ...]:
    """Give the lines of what a service depends on, the nearest first, up to one that lives no longer."""
    found: dict[int, BoardLine] = {}
    parent_id = line.service.spec.parent_id
    while parent_id is not None and parent_id not in found and len(found) < MOST_DEEP:
        above = await load_lines(desk, [parent_id])
        if not above:
            break
        found[parent_id] = above[0]
        parent_id = above[0].service.spec.parent_id
    return tuple(found.values())


async def load_beats(desk: Desk, service_ids: Collection[int] | None = None) -> dict[int, Beats]:
    """Give the last results of some services, or of all, oldest first."""
    async with desk.database.unit() as unit:
        return await unit.history.beats(service_ids, BEATS)


async def load_uptimes(
    desk: Desk, span_seconds: float = DAY_SECONDS, service_ids: Collection[int] | None = None
) -> dict[int, Uptime]:
    """Give uptime with coverage over the span that ends now."""
    async with desk.database.unit() as unit:
        return await unit.history.uptimes(span_seconds, desk.clock.now(), service_ids)


def _lines(
    pairs: Iterable[tuple[Service, Client]], states: Mapping[int, ServiceState]
) -> tuple[BoardLine, ...]:
    never = ServiceState()
    return tuple(BoardLine(service, client, states.get(service.id, never)) for service, client in pairs)
