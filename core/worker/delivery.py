"""The delivery: takes messages that are due out of the outbox and sends them, for one term of leading.

Delivery is at least once: a repeat is possible only where a process dies between the other side's
acceptance and the commit here, and every message carries a stable id.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from core.background import ended, in_background
from core.bus import Bus
from core.clock import Clock
from core.domain.channels import Channel, ChannelKind, Delivery, Sender
from core.domain.events import AlertingChanged
from core.domain.gates import ENDS, NoticeKind
from core.domain.notices import MessageState, Notice, OutboxEntry
from core.errors import NotFound, RondaError, StorageError
from core.i18n import _
from core.operations.messages import message_of
from core.worker.turns import Turns

if TYPE_CHECKING:
    from core.storage.database import Database, Unit

LEASE = timedelta(seconds=90)
"""How long a claimed message is left to whoever claimed it."""
SEND_SECONDS = 45.0
"""The total deadline of one attempt, well within the lease."""
AT_ONCE = 8
"""Messages that are sent at the same time."""
POLL_SECONDS = 15.0
"""The outbox is looked into after so long even if nothing was heard of."""
RETRY_SECONDS = 1.0
"""After what became of a message could not be noted."""
STOP_SECONDS = 2.0
"""How long what is under way may take when the lead is given up."""
FAILURES_SHOWN_FOR = timedelta(hours=24)
"""How long every console shows that a message could not be delivered."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A claimed message with what it says."""

    entry: OutboxEntry
    channel: Channel | None
    """None: it was removed."""
    notices: tuple[Notice, ...]


class Deliverer:
    """Sends what is due for as long as this process leads."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        sender: Sender,
        own_id: str,
        *,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._clock = clock
        self._sender = sender
        self._own_id = own_id
        self._jitter = jitter
        self.counts = (0, 0)
        """Messages that wait, and that failed of late."""
        self._under_way: dict[int, asyncio.Task[None]] = {}
        """By channel: what is being sent; one at a time, so that a dead channel holds up itself only."""
        self._turns = Turns(bus, (AlertingChanged,), self._turn, "delivery")

    @property
    def is_well(self) -> bool:
        """Whether the outbox could be worked through the last time."""
        return self._turns.is_well

    def start(self) -> None:
        """Begin with what is due now."""
        self._turns.start(POLL_SECONDS)

    async def stop(self) -> None:
        """Send nothing more; let what is under way end, and cut off what takes longer than a moment.

        What is cut off is tried again by whoever leads next, once its lease has run out.
        """
        await self._turns.stop()
        tasks = list(self._under_way.values())
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_SECONDS)
        for task in tasks:
            await ended(task)

    async def _turn(self) -> float:
        await self._start_due()
        return await self._wait_seconds()

    async def send_due(self) -> int:
        """Try what is due, one message of each channel, to the end; give how many were tried."""
        tasks = await self._start_due()
        if tasks:
            await asyncio.wait(tasks)
        return len(tasks)

    async def _start_due(self) -> list[asyncio.Task[None]]:
        now, room = self._clock.now(), AT_ONCE - len(self._under_way)
        if room <= 0:
            return []
        async with self._database.unit() as unit:
            busy = list(self._under_way)
            entries = await unit.outbox.claim(self._own_id, now, now + LEASE, room, busy)
        tasks = []
        for entry in entries:
            task = in_background(self._deliver(entry), "delivery of a message")
            self._under_way[entry.channel_id] = task
            task.add_done_callback(partial(self._done, entry.channel_id))
            tasks.append(task)
        return tasks

    def _done(self, channel_id: int, _task: asyncio.Task[None]) -> None:
        self._under_way.pop(channel_id, None)
        self._turns.wake()

    async def _deliver(self, entry: OutboxEntry) -> None:
        """Send one message and note what came of it; a defect in it holds up no other."""
        parcel = _Parcel(entry, None, ())
        try:
            async with self._database.unit() as unit:
                parcel = await _parcel(unit, entry)
            delivery = await self._attempt(parcel)
        except StorageError as error:
            delivery = Delivery(False, str(error))
        except Exception as defect:
            log.exception("The message %d could not be made", entry.id)
            delivery = Delivery(False, _("A defect of Ronda: {name}.").format(name=type(defect).__name__))
        await self._note_for_certain(parcel, delivery)

    async def _note_for_certain(self, parcel: _Parcel, delivery: Delivery | None) -> None:
        """Note it as soon as the database lets us: what was accepted and is not noted is sent again."""
        until = self._clock.monotonic() + LEASE.total_seconds()
        while True:
            try:
                await self._note(parcel, delivery)
            except StorageError as error:
                if self._clock.monotonic() > until:
                    log.warning("What became of a message could not be noted: %s", error)
                    return
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    async def _attempt(self, parcel: _Parcel) -> Delivery | None:
        """Send a message; None: there is nothing left to say, or nobody to say it to."""
        channel, notices = parcel.channel, parcel.notices
        if channel is None or not notices:
            return None
        if channel.spec.kind is ChannelKind.TERMINAL:
            return Delivery(True, "")
        message = await asyncio.to_thread(message_of, parcel.entry.message_id, notices)
        try:
            async with asyncio.timeout(SEND_SECONDS):
                return await self._sender.send(channel.spec, message)
        except TimeoutError:
            return Delivery(False, _("No answer within {seconds:g} s.").format(seconds=SEND_SECONDS))
        except RondaError as error:
            return Delivery(False, str(error))

    async def _note(self, parcel: _Parcel, delivery: Delivery | None) -> None:
        entry, now = parcel.entry, self._clock.now()
        async with self._database.unit() as unit:
            if delivery is None:
                await unit.outbox.end(entry, self._own_id, MessageState.DROPPED, now)
            elif delivery.accepted:
                await self._note_sent(unit, parcel)
            elif entry.is_over(now):
                await unit.outbox.end(entry, self._own_id, MessageState.FAILED, now, delivery.answer)
            else:
                due_at = now + timedelta(seconds=entry.retry_seconds(self._jitter()))
                await unit.outbox.put_off(entry, self._own_id, due_at, delivery.answer)
            await unit.announce({"alerting": 1})
        if delivery is not None and not delivery.accepted:
            log.warning("A message could not be sent: %s", delivery.answer)

    async def _note_sent(self, unit: Unit, parcel: _Parcel) -> None:
        kept = await unit.outbox.end(parcel.entry, self._own_id, MessageState.SENT, self._clock.now())
        channel = parcel.channel
        if kept and channel is not None and channel.spec.kind is ChannelKind.TERMINAL:
            await unit.announce({"tell": parcel.entry.id})

    async def _wait_seconds(self) -> float:
        async with self._database.unit() as unit:
            due_at = await unit.outbox.next_due()
            self.counts = await unit.outbox.counts(self._clock.now() - FAILURES_SHOWN_FOR)
        if due_at is None:
            return POLL_SECONDS
        return min(POLL_SECONDS, max(0.05, (due_at - self._clock.now()).total_seconds()))


async def _parcel(unit: Unit, entry: OutboxEntry) -> _Parcel:
    """Read what a message says; the end of what nobody could be told of is left out."""
    notices = await unit.outbox.notices_in([entry.id])
    kept = await _still_to_tell(unit, entry, notices)
    try:
        channel = await unit.channels.get(entry.channel_id)
    except NotFound:
        channel = None
    return _Parcel(entry, channel, tuple(kept))


async def _still_to_tell(unit: Unit, entry: OutboxEntry, notices: Sequence[Notice]) -> list[Notice]:
    """Leave out the recoveries of what this channel could not be told of."""
    ends = {notice.incident_id for notice in notices if notice.kind is NoticeKind.RECOVERY}
    incident_ids = [incident_id for incident_id in ends if incident_id is not None]
    if not incident_ids:
        return list(notices)
    told = {
        notice.incident_id
        for notice, state in await unit.outbox.notices_of(incident_ids)
        if notice.channel_id == entry.channel_id
        and notice.kind not in ENDS
        and state in (MessageState.SENT, MessageState.WAITING)
    }
    return [each for each in notices if each.kind is not NoticeKind.RECOVERY or each.incident_id in told]
