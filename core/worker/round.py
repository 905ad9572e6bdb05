"""The round: what every process does to have the services checked, whether it leads or follows.

A process that may lead tries for the lead all the time. While it leads, a *watch* checks the services
and a *recorder* writes what was judged. If the database goes away the watch goes on from memory, results
wait in the recorder, and screens are told as ever. When the database is back the epoch decides: if
nobody led in between, the term is continued; otherwise this process follows, and what it still holds is
added to the history as late observations.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.background import ended, in_background
from core.bus import Bus
from core.clock import Clock
from core.domain.channels import Sender
from core.domain.events import (
    CheckWanted,
    InventoryChanged,
    JobReported,
    LeadChanged,
    ServiceJudged,
    WindowsChanged,
)
from core.domain.workers import RoundHealth, WorkerKind, WorkerReport
from core.errors import StorageError
from core.storage.lead import LEASE_SECONDS, Lead, Term
from core.storage.recording import Judged, Recording
from core.worker.deadman import DeadMan
from core.worker.gate import Limits
from core.worker.outside import Outside
from core.worker.pulse import Pulse, Rate
from core.worker.recorder import Recorder
from core.worker.reporter import Reporter
from core.worker.runner import Checks
from core.worker.telling import Telling
from core.worker.watch import Watch

if TYPE_CHECKING:
    from core.storage.database import Database

POLL_SECONDS = 0.5
"""How often a process that follows tries for the lead."""
HANDED_OVER_SECONDS = 10.0
"""How long a process that handed the lead over leaves it to the others."""
GRACE_SECONDS = 2.0
"""How long running checks are waited for when the lead is given up, and results are written."""
HAND_OVER_GRACE_SECONDS = 0.5
"""How long running checks are waited for when another process goes on; it makes anew what was cut off."""
LATEST_SECONDS = 30.0
"""A round that starts its checks later than this is not well."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """Which process this is."""

    id: str
    """Unlike every other, now and before."""
    kind: WorkerKind
    operator: str
    host: str
    pid: int
    may_lead: bool = True
    """Whether it may run the round; a read-only console may not."""
    ends_with: str = ""
    """Id of the console that started it, if one did."""


class Round:
    """One process's part in the round."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        checks: Checks,
        identity: Identity,
        limits: Limits | None = None,
        *,
        pulse: Pulse | None = None,
        outside: Outside | None = None,
        lease_seconds: float = LEASE_SECONDS,
        sender: Sender | None = None,  # None: nobody is told of anything
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._checks = checks
        self._identity = identity
        self._limits = Limits() if limits is None else limits
        self._lead = Lead(database, identity.id, lease_seconds)
        self._recorder = Recorder(Recording(database), bus, fenced=self._fence)
        self._reporter = Reporter(database, bus, clock, identity.id, self._report)
        self._pulse = Pulse(clock) if pulse is None else pulse
        self._rate = Rate(clock)
        self._outside = Outside() if outside is None else outside
        pace_seconds = self._outside.ping_seconds
        self._deadman = DeadMan(clock, checks, self._outside.deadman, self._is_well, pace_seconds)
        self._holds = False
        """Whether the lead is certain."""
        self._started_at = clock.now()
        self._term: Term | None = None
        self._watch: Watch | None = None
        self._sender = sender
        self._telling: Telling | None = None
        self._fenced = asyncio.Event()
        self._leading: asyncio.Task[None] | None = None
        self._subscriptions: list[Callable[[], None]] = []

    @property
    def may_lead(self) -> bool:
        """Whether this process may run the round: it was told so, and can read the stored secrets."""
        return self._identity.may_lead and self._database.key_matches

    @property
    def leads(self) -> bool:
        """Whether this process runs the round, as far as it knows."""
        return self._watch is not None

    async def start(self) -> None:
        """Take part; returns at once."""
        self._subscriptions = [
            self._bus.subscribe(InventoryChanged, self._notice_change),
            self._bus.subscribe(WindowsChanged, self._notice_change),
            self._bus.subscribe(CheckWanted, self._notice_wish),
            self._bus.subscribe(JobReported, self._notice_beat),
            self._bus.subscribe(LeadChanged, self._notice_leader),
        ]
        self._pulse.start()
        self._recorder.start()
        self._reporter.start()
        self._deadman.start()
        if self.may_lead:
            self._leading = in_background(self._try_for_the_lead(0.0), "lead")

    async def stop(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """Let running checks end, write what waits, give the lead back, and leave.

        Each of these takes ``grace_seconds`` at most; results that cannot be written are logged.
        """
        for unsubscribe in self._subscriptions:
            unsubscribe()
        self._subscriptions = []
        await self._deadman.stop()
        await self._stop_leading(grace_seconds, grace_seconds)
        await self._recorder.stop(grace_seconds)
        await self._reporter.stop()
        self._pulse.stop()

    async def hand_over(self, leave_seconds: float = HANDED_OVER_SECONDS) -> None:
        """Give the lead to another process, and do not try for it for a while; then try again."""
        if self._leading is None:
            return
        await self._stop_leading(HAND_OVER_GRACE_SECONDS, GRACE_SECONDS)
        self._leading = in_background(self._try_for_the_lead(leave_seconds), "lead")

    def asked_per_second(self) -> float | None:
        """Give how many checks a second the services ask for; None unless this process leads and knows."""
        return None if self._watch is None else self._watch.asked_per_second()

    def health(self) -> RoundHealth:
        """Say how the round goes; lag and rate are those since the last call."""
        health = RoundHealth(
            lag_ms=self._pulse.take_worst() * 1000,
            waiting=self._recorder.waiting,
            dropped=self._recorder.dropped,
        )
        if self._watch is None:
            return health
        runner, rota = self._watch.runner, self._watch.rota
        if self._telling is not None:
            waiting, failed = self._telling.deliverer.counts
            health = replace(health, messages_waiting=waiting, messages_failed=failed)
        return replace(
            health,
            services=len(rota),
            checks_per_second=self._rate.since_last(runner.ended),
            late_ms=runner.late_seconds * 1000,
            missed=rota.missed,
            in_flight=runner.in_flight,
            lagged=runner.lagged,
            references=len(self._outside.references) or None,
            blind_since=self._watch.blind_since,
            pings=self._deadman.is_set,
            pinged_at=self._deadman.pinged_at,
            ping_answered=self._deadman.answered,
        )

    def _is_well(self) -> bool:
        """Whether the round is as it should be: led here, on time, not blind, people told, results kept."""
        watch = self._watch
        if watch is None or not self._holds or not watch.loaded.is_set() or watch.blind_since is not None:
            return False
        tells = self._telling is None or self._telling.is_well
        return tells and self._recorder.keeps_up and watch.late_seconds() <= LATEST_SECONDS

    def _epoch(self) -> int | None:
        return None if self._term is None else self._term.epoch

    async def _try_for_the_lead(self, wait_seconds: float) -> None:
        await asyncio.sleep(wait_seconds)
        while True:
            try:
                await self._attempt()
            except StorageError as error:
                log.info("The lead cannot be had: %s", error)
            if self._fenced.is_set():
                await self._lose()
            await asyncio.sleep(POLL_SECONDS)

    async def _attempt(self) -> None:
        """Try once; if this process gets the lead, hold it for as long as it goes well."""
        term = await self._lead.try_take()
        if term is not None:
            await self._begin(term)
            await self._hold()
        elif self._term is not None and await self._lead.epoch() != self._term.epoch:
            await self._lose()

    async def _begin(self, term: Term) -> None:
        """Start to check, or go on if nobody led since this process's last term."""
        if self._term is not None and term.epoch != self._term.epoch + 1:
            await self._lose()
        self._fenced.clear()
        self._term = term
        self._recorder.lead(term)
        if self._watch is None:
            self._watch = Watch(
                self._database,
                self._clock,
                self._checks,
                self._limits,
                self._judged,
                outside=self._outside,
                epoch=self._epoch,
            )
            self._watch.start()
            self._begin_telling()
            self._bus.publish(LeadChanged(self._identity.id))
        log.info("This process runs the round, term %d", term.epoch)

    def _begin_telling(self) -> None:
        if self._sender is None:
            return
        self._telling = Telling(
            self._database, self._bus, self._clock, self._sender, self._identity.id, self._epoch
        )
        self._telling.start()

    async def _hold(self) -> None:
        """Hold the lead until it is not certain any more, or is known to be another's."""
        holding = asyncio.create_task(self._lead.hold())
        fenced = asyncio.create_task(self._fenced.wait())
        self._holds = True
        try:
            await asyncio.wait({holding, fenced}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._holds = False
            for task in (holding, fenced):
                task.cancel()
            await asyncio.wait({holding, fenced})
        self._lead.drop()
        if not holding.cancelled() and (error := holding.exception()) is not None:
            log.warning("The lead is not certain any more: %s", error)

    async def _lose(self) -> None:
        """Check no more: another process does."""
        self._fenced.clear()
        await self._end_watch()
        self._bus.publish(InventoryChanged())  # screens read again what they did not hear of

    async def _stop_leading(self, checks_seconds: float, writing_seconds: float) -> None:
        """End the attempts; if this process leads, write what waits and give the lead back."""
        if self._leading is not None:
            await ended(self._leading)
            self._leading = None
        if self._watch is not None:
            await self._watch.stop(checks_seconds)
            await self._recorder.drain(writing_seconds)
            await self._end_watch()
        try:
            await self._lead.release()
        except StorageError as error:
            log.info("The lead was let go without a word: %s", error)
            self._lead.drop()

    async def _end_watch(self) -> None:
        watch, self._watch, self._term = self._watch, None, None
        telling, self._telling = self._telling, None
        if telling is not None:
            await telling.stop()
        if watch is not None:
            await watch.stop(0.0)
        self._recorder.follow()
        self._bus.publish(LeadChanged(None))

    def _judged(self, event: ServiceJudged) -> None:
        """Have a result written, and tell it at once; in this order, so that no screen can lose it."""
        judged = Judged(event.service_id, event.observation, event.state, event.transition, event.occasions)
        self._recorder.take(judged)
        self._bus.publish(event)

    def _fence(self) -> None:
        self._fenced.set()

    def _notice_change(self, event: InventoryChanged | WindowsChanged) -> None:
        if self._watch is not None:
            self._watch.change(event)

    def _notice_wish(self, event: CheckWanted) -> None:
        if self._watch is not None:
            self._watch.check_now(event.service_id)

    def _notice_beat(self, event: JobReported) -> None:
        if self._watch is not None:
            self._watch.hear(event.service_id, event.beat_at)

    def _notice_leader(self, event: LeadChanged) -> None:
        self._reporter.report_soon()

    def _report(self) -> WorkerReport:
        """Say how this process is now."""
        identity = self._identity
        return WorkerReport(
            id=identity.id,
            kind=identity.kind,
            operator=identity.operator,
            host=identity.host,
            pid=identity.pid,
            can_lead=self.may_lead,
            leading=self.leads,
            started_at=self._started_at,
            seen_at=self._clock.now(),
            health=self.health(),
            ends_with=identity.ends_with,
        )
