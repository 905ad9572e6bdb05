"""The feed: what other processes on the same database tell, over LISTEN and NOTIFY.

One connection listens. What it hears goes onto the bus of this process as events. After the connection
was lost nobody knows what was missed, so that everything counts as changed.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core.background import ended, in_background
from core.bus import Bus
from core.domain.events import (
    AlertingChanged,
    CheckWanted,
    IncidentsChanged,
    InventoryChanged,
    JobReported,
    LeadChanged,
    ServiceJudged,
    StorageChanged,
    TerminalTold,
    WindowsChanged,
)
from core.errors import StorageError
from core.storage.session import Connection, Session

if TYPE_CHECKING:
    from core.storage.database import Database

QUIET_SECONDS = 15.0
"""After so long without a notice the connection is tried."""
LONGEST_WAIT_SECONDS = 2.0
"""The longest wait between two attempts to connect."""
LARGEST_ID = 2**31 - 1
"""The largest number that a client, service or window can have."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Notices:
    """What a bundle of notices says; repeated ones count once."""

    client_ids: set[int] = field(default_factory=set)
    service_ids: set[int] = field(default_factory=set)
    wanted: list[int] = field(default_factory=list)
    beats: dict[int, datetime] = field(default_factory=dict)
    leaders: list[str] = field(default_factory=list)
    judged_ids: set[int] = field(default_factory=set)
    anything: bool = False
    """Whether a change of the inventory had too many ids to name them."""
    windows: bool = False
    """Whether a maintenance window was added or ended."""
    incidents: set[int] = field(default_factory=set)
    """Services with an incident that something happened to."""
    any_incident: bool = False
    alerting: bool = False
    """Whether a channel, a rule or the outbox has changed."""
    told: list[int] = field(default_factory=list)
    """Messages for the open consoles."""
    flushes: set[int] = field(default_factory=set)
    """Flushes that had too many services to name them."""

    @classmethod
    def of(cls, payloads: Iterable[str]) -> Notices:
        """Read notices; what is not understood is left out, since anybody may write to the channel."""
        notices = cls()
        for payload in payloads:
            try:
                notices.add(json.loads(payload))
            except (ValueError, TypeError, AttributeError, KeyError, OverflowError, RecursionError):
                log.warning("A notice on the feed was not understood")
        return notices

    def add(self, notice: dict[str, Any]) -> None:
        """Take in one notice."""
        named = [notice[kind] for kind in ("clients", "services") if kind in notice]
        self.anything |= bool(named) and not any(named)
        self.client_ids.update(_id_of(client_id) for client_id in notice.get("clients", ()))
        self.service_ids.update(_id_of(service_id) for service_id in notice.get("services", ()))
        if "maintenance" in notice:
            self.windows |= _id_of(notice["maintenance"]) > 0
        if "incidents" in notice:
            self.incidents.update(_id_of(service_id) for service_id in notice["incidents"])
            self.any_incident |= not notice["incidents"]
        self.alerting |= bool(notice.get("alerting"))
        if "tell" in notice:
            self.told.append(int(notice["tell"]))
        if "check" in notice:
            self.wanted.append(_id_of(notice["check"]))
        if "beat" in notice:
            self.beats[_id_of(notice["beat"])] = _moment_of(notice["at"])
        if "lead" in notice:
            self.leaders.append(str(notice["lead"]))
        if "ids" in notice:
            self.judged_ids.update(_id_of(service_id) for service_id in notice["ids"])
        elif "flush" in notice:
            self.flushes.add(int(notice["flush"]))


def _id_of(named: Any) -> int:  # noqa: ANN401 - whatever JSON can hold
    """Give the number of a client, service or window; ``ValueError`` if no column could hold it."""
    number = int(named)
    if not 0 < number <= LARGEST_ID:
        raise ValueError(number)
    return number


def _moment_of(text: Any) -> datetime:  # noqa: ANN401 - whatever JSON can hold
    """Give a moment; ``ValueError`` if it is none or names no zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment


class Feed:
    """Listens for as long as it runs, and connects again when it was cut off."""

    def __init__(self, database: Database, bus: Bus, own_id: str) -> None:
        self._database = database
        self._bus = bus
        self._own_id = own_id
        self._session = Session(database, "ronda feed")
        self._task: asyncio.Task[None] | None = None
        self._subscriptions: list[Callable[[], None]] = []
        self._told: dict[int, datetime] = {}
        """The last check of each service that this process was told of, by whomever."""
        self._leading = False
        """A process that leads knows of its own checks before they are written."""
        self.listening = asyncio.Event()
        """Set while notices are heard."""

    async def start(self) -> None:
        """Begin to listen; returns once notices are heard. ``StorageError`` if that cannot be."""
        await self._listen()
        self._subscriptions = [
            self._bus.subscribe(LeadChanged, self._notice_leader),
            self._bus.subscribe(ServiceJudged, self._notice_judged),
        ]
        self._task = in_background(self._run(), "feed")

    async def stop(self) -> None:
        """Listen no more."""
        for unsubscribe in self._subscriptions:
            unsubscribe()
        self._subscriptions = []
        if self._task is not None:
            await ended(self._task)
            self._task = None
        await self._session.close()

    def _notice_leader(self, event: LeadChanged) -> None:
        self._leading = event.worker_id == self._own_id

    def _notice_judged(self, event: ServiceJudged) -> None:
        self._told[event.service_id] = event.observation.checked_at

    async def _listen(self) -> None:
        await self._session.run(_listen, QUIET_SECONDS)
        self.listening.set()

    async def _run(self) -> None:
        while True:
            try:
                await self._hear()
            except StorageError as error:
                self.listening.clear()
                self._session.drop()
                self._bus.publish(StorageChanged(online=False, detail=str(error)))
                await self._reconnect()

    async def _hear(self) -> None:
        """Publish what is heard until the connection fails."""
        while True:
            payloads = await self._session.run(_next_payloads, 2 * QUIET_SECONDS)
            await self._publish(Notices.of(payloads))

    async def _reconnect(self) -> None:
        wait = 0.25
        while not self.listening.is_set():
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)
            try:
                await self._listen()
            except StorageError as error:
                log.info("The feed is cut off: %s", error)
        self._bus.publish(StorageChanged(online=True))
        self._bus.publish(InventoryChanged())
        self._bus.publish(IncidentsChanged())
        self._bus.publish(AlertingChanged())

    async def _publish(self, notices: Notices) -> None:
        for leader in notices.leaders:
            if leader != self._own_id:
                self._bus.publish(LeadChanged(leader))
        if notices.anything:
            self._bus.publish(InventoryChanged())
        elif notices.client_ids or notices.service_ids:
            changed = InventoryChanged(frozenset(notices.client_ids), frozenset(notices.service_ids))
            self._bus.publish(changed)
        self._publish_alerting(notices)
        if notices.windows:
            self._bus.publish(WindowsChanged())
        for service_id in notices.wanted:
            self._bus.publish(CheckWanted(service_id))
        for service_id, beat_at in notices.beats.items():
            self._bus.publish(JobReported(service_id, beat_at))
        if not self._leading:
            await self._publish_judged(notices)

    def _publish_alerting(self, notices: Notices) -> None:
        if notices.any_incident or notices.incidents:
            services = () if notices.any_incident else notices.incidents
            self._bus.publish(IncidentsChanged(frozenset(services)))
        if notices.alerting:
            self._bus.publish(AlertingChanged())
        for notification_id in notices.told:
            self._bus.publish(TerminalTold(notification_id))

    async def _publish_judged(self, notices: Notices) -> None:
        """Tell of the checks of another process, from the states that it has written."""
        ids = set(notices.judged_ids)
        if notices.flushes:
            ids |= await self._session.run(lambda each: _written_by(each, notices.flushes), QUIET_SECONDS)
        if not ids:
            return
        async with self._database.unit() as unit:
            states = await unit.states.of(ids)
        for service_id, state in states.items():
            seen = state.observation
            if seen is not None and seen.checked_at != self._told.get(service_id):
                self._bus.publish(ServiceJudged(service_id, seen, state))


async def _listen(connection: Connection) -> None:
    await connection.execute("LISTEN ronda_feed")


async def _next_payloads(connection: Connection) -> list[str]:
    """Wait for notices; after a long silence see whether the connection still stands."""
    payloads = [notice.payload async for notice in connection.notifies(timeout=QUIET_SECONDS, stop_after=1)]
    if not payloads:
        await connection.execute("SELECT 1")
    return payloads


async def _written_by(connection: Connection, flushes: set[int]) -> set[int]:
    statement = "SELECT service_id FROM ronda.service_states WHERE flush = ANY(%s)"
    cursor = await connection.execute(statement, [list(flushes)])
    return {row[0] for row in await cursor.fetchall() if isinstance(row[0], int)}
