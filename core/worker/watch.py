"""The watch: the round itself, for one term of leading.

It holds rota, runner and scheduler together and keeps them equal to the inventory, and what is known of
maintenance equal to its windows. It is made when the lead is gained and thrown away when it is lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from core.background import ended, in_background
from core.clock import Clock
from core.domain.events import InventoryChanged, ServiceJudged, WindowsChanged
from core.domain.kinds import Kind
from core.domain.observations import Status
from core.domain.status import ServiceState
from core.errors import NotFound, StorageError
from core.memory import keep_what_stays
from core.worker.gate import Limits
from core.worker.outside import Outside
from core.worker.rota import Rota
from core.worker.runner import Checks, Runner
from core.worker.scheduler import CheckScheduler
from core.worker.uplink import BlindJournal, UplinkGuard
from core.worker.watchlist import Watchlist
from core.worker.windows import Windows

if TYPE_CHECKING:
    from core.domain.clients import Client
    from core.domain.services import Service
    from core.storage.database import Database, Unit

RETRY_SECONDS = 1.0
"""The wait before the inventory is read again when the database was away."""
UPKEEP_SECONDS = 3600.0
"""How often partitions are made ahead, old evidence is cleared away, and maintenance windows are read."""
MANY = 200
"""Changes that name more services than this are read as if everything had changed."""
CHUNK = 100
"""Services that are taken in between two turns of the event loop."""
_NEW = ServiceState()

log = logging.getLogger(__name__)


class Watch:
    """Checks every living, active service on its interval."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        checks: Checks,
        limits: Limits,
        judged: Callable[[ServiceJudged], None],
        *,
        outside: Outside,
        epoch: Callable[[], int | None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._judged = judged
        self.rota = Rota()
        journal = BlindJournal(database, epoch)
        self._guard = UplinkGuard(clock, checks, outside, journal, self._look_again)
        self._list = Watchlist(clock, self.rota, self._guard.uplink)
        self._windows = Windows()
        self._scheduler = CheckScheduler(clock, self.rota.next_due, self._tick)
        self.runner = Runner(
            clock,
            checks,
            self.rota,
            self._list.services,
            limits,
            maintenance_until=self._windows.until,
            judged=self._take_in,
            rota_changed=self._scheduler.retime,
            outlook=self._guard.outlook,
        )
        self._changes: list[InventoryChanged | WindowsChanged] = [InventoryChanged()]
        """What has to be read; a change of the inventory that names nothing means everything."""
        self._changed = asyncio.Event()
        self._changed.set()
        self._tasks: list[asyncio.Task[None]] = []
        self.loaded = asyncio.Event()
        """Set once every service was read."""

    def start(self) -> None:
        """Begin to read the inventory and to check what is due."""
        self._scheduler.start()
        self._guard.start()
        self._tasks = [
            in_background(self._keep_up(), "inventory reader"),
            in_background(self._keep_house(), "upkeep"),
        ]

    def change(self, event: InventoryChanged | WindowsChanged) -> None:
        """Take notice of a change of the inventory or of the maintenance windows."""
        self._changes.append(event)
        self._changed.set()

    def check_now(self, service_id: int) -> None:
        """Have a service checked at once, unless it is paused or is being checked already."""
        if self.rota.retime(service_id, self._clock.monotonic()):
            self._scheduler.retime()

    def _take_in(self, event: ServiceJudged) -> None:
        """Tell what was judged; where a service begins to fail, see how the one is that it depends on.

        Icinga does the same: without it people would be told of both.
        """
        self._judged(event)
        change = event.transition
        begins = event.state.failing_attempt == 1 or (change is not None and change.after is Status.DOWN)
        watched = self._list.services.get(event.service_id) if begins else None
        if watched is not None and watched.service.spec.parent_id is not None:
            self.check_now(watched.service.spec.parent_id)

    def hear(self, service_id: int, beat_at: datetime) -> None:
        """Take notice that a job has reported in."""
        if self._list.hear(service_id, beat_at):
            self.check_now(service_id)

    def asked_per_second(self) -> float | None:
        """Give how many checks a second the services ask for; None until every one was read."""
        return self._list.asked_per_second() if self.loaded.is_set() else None

    @property
    def blind_since(self) -> datetime | None:
        """Give when this side's own line went down; None while it is not known to be down."""
        return self._guard.uplink.blind_since

    def late_seconds(self) -> float:
        """Give how late the round is: the check that was started last, or the one that is due."""
        due = self.rota.next_due()
        overdue = 0.0 if due is None else self._clock.monotonic() - due
        return max(self.runner.late_seconds, overdue)

    async def stop(self, grace_seconds: float) -> None:
        """Start no more checks, wait for those that run, and end."""
        self._scheduler.pause()
        self.runner.close()  # a tick may be on its way
        await self._guard.stop()
        for task in self._tasks:
            await ended(task)
        await self.runner.stop(grace_seconds)
        await self._scheduler.stop()

    def _tick(self) -> None:
        self.runner.start_due()

    def _look_again(self) -> None:
        """The line is up again: check soon what could not be observed."""
        self._list.look_again()
        self._scheduler.retime()

    async def _keep_up(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            changes, self._changes = self._changes, []
            try:
                await self._read(changes)
            except StorageError as error:
                log.warning("The inventory could not be read: %s", error)
                self._changes = changes + self._changes
                await asyncio.sleep(RETRY_SECONDS)
                self._changed.set()

    async def _keep_house(self) -> None:
        """Have a place for the results of the days to come, and none for evidence that nobody will read."""
        while True:
            now = self._clock.now()
            try:
                await self._database.ensure_partitions(now.date())
                async with self._database.unit() as unit:
                    await unit.evidence.clean(now)
                    await unit.outbox.clean(now)
            except StorageError as error:
                log.info("The hourly upkeep of the database failed: %s", error)
            await asyncio.sleep(UPKEEP_SECONDS)
            self.change(WindowsChanged())

    async def _read(self, changes: Sequence[InventoryChanged | WindowsChanged]) -> None:
        """Read what has changed, everything at most once."""
        self._list.begin_pass()
        inventory = [change for change in changes if isinstance(change, InventoryChanged)]
        client_ids = set[int]().union(*(change.client_ids for change in inventory))
        service_ids = set[int]().union(*(change.service_ids for change in inventory))
        anything = not all(change.client_ids or change.service_ids for change in inventory)
        async with self._database.unit() as unit:
            if anything or len(inventory) < len(changes):  # before the services: those are checked at once
                self._windows.take(await unit.windows.all(), self._clock.now())
            if anything or len(service_ids) > MANY:
                await self._read_everything(unit)
            for client_id in sorted(client_ids):
                await self._read_client(unit, client_id)
            if len(service_ids) <= MANY:
                for service_id in sorted(service_ids):
                    await self._read_service(unit, service_id)
        self._scheduler.retime()

    async def _read_everything(self, unit: Unit) -> None:
        seen: set[int] = set()
        for client in await unit.clients.all():
            seen |= await self._take_client(unit, client, at_once=False)
            self._scheduler.retime()
        self._list.remove_all(set(self._list.services) - seen)
        if not self.loaded.is_set():
            keep_what_stays()
        self.loaded.set()

    async def _read_client(self, unit: Unit, client_id: int) -> None:
        try:
            client = await unit.clients.get(client_id)
        except NotFound:
            self._list.remove_client(client_id)
            return
        seen = await self._take_client(unit, client, at_once=True)
        self._list.remove_all(self._list.ids_of_client(client_id) - seen)

    async def _take_client(self, unit: Unit, client: Client, *, at_once: bool) -> set[int]:
        """Take in a client's services, and give their ids."""
        services = await unit.services.of_client(client.id)
        for first in range(0, len(services), CHUNK):
            chunk = services[first : first + CHUNK]
            states = await unit.states.of([service.id for service in chunk])
            beats = await _beats_of(unit, chunk)
            for service in chunk:
                state = states.get(service.id, _NEW)
                self._list.put(client, service, state, at_once=at_once, beat_at=beats.get(service.id))
            await asyncio.sleep(0)
        return {service.id for service in services}

    async def _read_service(self, unit: Unit, service_id: int) -> None:
        try:
            service = await unit.services.get(service_id)
            client = await unit.clients.get(service.client_id)
        except NotFound:
            self._list.remove(service_id)
            return
        states = await unit.states.of([service_id])
        beats = await _beats_of(unit, [service])
        state = states.get(service_id, _NEW)
        self._list.put(client, service, state, at_once=True, beat_at=beats.get(service_id))


async def _beats_of(unit: Unit, services: Sequence[Service]) -> dict[int, datetime]:
    """Give the last reports of the heartbeats among some services."""
    listened_to = [service.id for service in services if service.spec.kind is Kind.HEARTBEAT]
    return await unit.heartbeats.of(listened_to) if listened_to else {}
