"""The delegate: sees to it that a console with many services shows them, and an agent checks them.

A console checks in the loop that draws it. Beyond a load that this loop bears, the console that leads
starts an agent as a child, or finds one that runs already, and hands the lead over to it. The new leader
goes on at last check + interval, so that no check is lost. The console stays a follower like any other: it
takes the lead within a second when the agent dies, and then starts another one. A load that falls again
changes nothing while the agent lives.

It decides anew with every report of the processes, about every two seconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Protocol

from core.background import ended, in_background
from core.bus import Bus
from core.clock import Clock
from core.domain.events import StorageChanged, WorkersReported
from core.domain.workers import WorkerKind, WorkerReport

LEAVE_SECONDS = 3.0
"""How long the lead is left to an agent; those who follow try for it twice a second."""
START_SECONDS = 30.0
"""How long an agent that was started may take to report; it is given up then."""
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 60.0
"""The waits between attempts that fail one after the other double from the first to the longest."""

log = logging.getLogger(__name__)


class Part(Protocol):
    """The part that this process has in the round."""

    @property
    def leads(self) -> bool:
        """Whether this process runs the round."""
        ...

    def asked_per_second(self) -> float | None:
        """Give how many checks a second the services ask for; None if this process does not know."""
        ...

    async def hand_over(self, leave_seconds: float) -> None:
        """Give the lead to another process, and do not try for it for a while."""
        ...


class Child(Protocol):
    """An agent that this process started."""

    @property
    def pid(self) -> int:
        """Give its process number."""
        ...

    @property
    def exit_code(self) -> int | None:
        """Give how it ended; None while it lives."""
        ...

    def let_go(self) -> None:
        """Tell it to end."""
        ...

    async def end(self) -> None:
        """See to it that it ends."""
        ...


class Patience:
    """Says when what has failed may be tried again: each time it waits longer, until a calm time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next = clock.monotonic()
        self._wait = FIRST_WAIT_SECONDS

    def allows(self) -> bool:
        """Whether the next attempt may be made now."""
        return self._clock.monotonic() >= self._next

    def spend(self) -> None:
        """Count an attempt."""
        now = self._clock.monotonic()
        if now > self._next + LONGEST_WAIT_SECONDS:
            self._wait = FIRST_WAIT_SECONDS
        self._next = now + self._wait
        self._wait = min(2 * self._wait, LONGEST_WAIT_SECONDS)


class Delegate:
    """Has an agent run the checks where a console would bear more than ``most_per_second``.

    ``start_agent`` starts one that ends with this process, and raises OSError.
    """

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        part: Part,
        own_id: str,
        most_per_second: float,
        start_agent: Callable[[], Awaitable[Child]],
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._part = part
        self._own_id = own_id
        self._most_per_second = most_per_second
        self._start_agent = start_agent
        self._starts = Patience(clock)
        self._handovers = Patience(clock)
        self._child: Child | None = None
        self._give_up_at = 0.0
        """When a child that has not reported is given up."""
        self._workers: tuple[WorkerReport, ...] = ()
        self._seen_before: Mapping[str, datetime] | None = None
        """When each process was heard of last before this one led: some of them may be dead."""
        self._online = True
        self._heard = asyncio.Event()
        self._deciding: asyncio.Task[None] | None = None
        self._subscriptions: list[Callable[[], None]] = []

    def start(self) -> None:
        """Begin to listen to the reports of the processes."""
        self._subscriptions = [
            self._bus.subscribe(WorkersReported, self._hear),
            self._bus.subscribe(StorageChanged, self._notice_storage),
        ]
        self._deciding = in_background(self._run(), "delegate")

    async def let_go(self) -> None:
        """Decide nothing more, and tell the child to end; the console still has things to close."""
        for unsubscribe in self._subscriptions:
            unsubscribe()
        self._subscriptions = []
        if self._deciding is not None:
            await ended(self._deciding)
        if self._child is not None:
            self._child.let_go()

    async def stop(self) -> None:
        """See to it that the child has ended, which takes some seconds at most."""
        await self.let_go()
        if self._child is not None:
            await self._child.end()
            self._child = None

    def _hear(self, event: WorkersReported) -> None:
        self._workers = event.workers
        self._heard.set()

    def _notice_storage(self, event: StorageChanged) -> None:
        self._online = event.online

    async def _run(self) -> None:
        while True:
            await self._heard.wait()
            self._heard.clear()
            await self._decide()

    async def _decide(self) -> None:
        self._notice_its_end()
        if not self._part.leads:
            self._seen_before = None
        elif self._online and self._bears_too_much():
            await self._delegate()

    def _notice_its_end(self) -> None:
        if self._child is not None and self._child.exit_code is not None:
            log.warning("The agent of this console has ended, exit code %d", self._child.exit_code)
            self._child = None

    def _bears_too_much(self) -> bool:
        asked = self._part.asked_per_second()
        return asked is not None and asked > self._most_per_second

    async def _delegate(self) -> None:
        """Hand the lead over to an agent that lives, or see to it that there is one."""
        if self._seen_before is None:
            self._seen_before = {worker.id: worker.seen_at for worker in self._workers}
            self._give_up_at = self._clock.monotonic() + START_SECONDS
        agents = [worker for worker in self._workers if self._may_be_heir(worker)]
        heir = next((agent for agent in agents if self._lives(agent)), None)
        if heir is not None:
            await self._hand_over(heir)
        elif self._child is not None:
            await self._wait_for(self._child)
        elif not agents:
            await self._start_child()

    def _may_be_heir(self, worker: WorkerReport) -> bool:
        """Whether it is an agent that could lead; a dead child of this process stays listed for a while."""
        if worker.kind is not WorkerKind.AGENT or not worker.can_lead:
            return False
        own = worker.ends_with == self._own_id
        return not own or (self._child is not None and worker.pid == self._child.pid)

    def _lives(self, worker: WorkerReport) -> bool:
        """Whether it was heard of since this process leads: the last leader may have been killed."""
        assert self._seen_before is not None
        before = self._seen_before.get(worker.id)
        return before is None or worker.seen_at > before

    async def _hand_over(self, heir: WorkerReport) -> None:
        if not self._handovers.allows():
            return
        self._handovers.spend()
        log.info("The checks are left to the agent on %s, process %d", heir.host, heir.pid)
        await self._part.hand_over(LEAVE_SECONDS)

    async def _wait_for(self, child: Child) -> None:
        """Leave a child time to report; one that takes too long is ended."""
        if self._clock.monotonic() < self._give_up_at:
            return
        log.warning("The agent of this console does not report and is ended, process %d", child.pid)
        await child.end()

    async def _start_child(self) -> None:
        if not self._starts.allows():
            return
        self._starts.spend()
        self._give_up_at = self._clock.monotonic() + START_SECONDS
        log.info(
            "The services ask for more than %.1f checks/s: an agent is started for them",
            self._most_per_second,
        )
        try:
            self._child = await self._start_agent()
        except OSError as error:
            log.warning("The agent of this console cannot be started: %s", error)
