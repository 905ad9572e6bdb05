"""A room in which people are told: one database, a leader, checks that a test makes up, and a fake post."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from core.bus import Bus
from core.domain.channels import Channel, ChannelKind, ChannelSpec, Delivery, Message
from core.domain.clients import ClientSpec
from core.domain.faults import Fault
from core.domain.incidents import Incident
from core.domain.observations import ErrorKind, Observation, Status
from core.domain.occasions import Occasion
from core.domain.secret import Secret
from core.domain.services import Service, ServiceSpec
from core.domain.status import Policy, ServiceState, step
from core.storage.database import Database
from core.storage.lead import Lead, Term
from core.storage.recording import Judged, Recording
from core.worker.delivery import Deliverer
from core.worker.dispatcher import Dispatcher
from tests.clock import FrozenClock


class FakePost:
    """Keeps what it is given to send; refuses where the test says so."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Message]] = []
        self.tried: list[str] = []
        self.trying = ""
        self.refuses: Callable[[str], bool] = lambda _name: False
        self.hangs: set[str] = set()
        self.let_go = asyncio.Event()

    async def send(self, spec: ChannelSpec, message: Message) -> Delivery:
        self.tried.append(spec.name)
        self.trying = message.title
        if spec.name in self.hangs:
            await self.let_go.wait()
        if self.refuses(spec.name):
            return Delivery(False, "554 no such mailbox")
        self.sent.append((spec.name, message))
        return Delivery(True, "250 ok")

    async def url_faults(self, spec: ChannelSpec) -> tuple[Fault, ...]:
        return ()

    def titles(self, name: str = "mail") -> list[str]:
        return [message.title for sent_by, message in self.sent if sent_by == name]


class Room:
    """What a leader has, without its timers: a test says when something is decided or sent."""

    def __init__(self, database: Database, clock: FrozenClock, term: Term, recording: Recording) -> None:
        self.database = database
        self.clock = clock
        self.term = term
        self.recording = recording
        self.post = FakePost()
        ids = itertools.count(1)
        self.dispatcher = Dispatcher(
            database, Bus(), clock, lambda: self.term.epoch, new_id=lambda: f"message-{next(ids)}"
        )
        self.deliverer = Deliverer(database, Bus(), clock, self.post, "room", jitter=lambda: 0.5)
        self._flush = term.flush
        self._states: defaultdict[int, ServiceState] = defaultdict(ServiceState)

    async def service(self, name: str, client: str = "acme", **fields: object) -> Service:
        """Add a service, and its client if there is none of that name."""
        now = self.clock.now()
        async with self.database.unit() as unit:
            found = await unit.clients.find(client) or await unit.clients.add(ClientSpec(client), now)
            spec = ServiceSpec(name, "https://acme.example", **fields)  # type: ignore[arg-type]  # by name
            return await unit.services.add(found.id, spec, now)

    async def channel(self, name: str = "mail", *, active: bool = True) -> Channel:
        """Add a channel that the fake post serves."""
        spec = ChannelSpec(name, ChannelKind.APPRISE, Secret("mailto://ops@acme.example"), active=active)
        async with self.database.unit() as unit:
            return await unit.channels.add(spec, self.clock.now())

    async def see(
        self,
        service: Service,
        *statuses: Status,
        retries: int = 0,
        occasions: tuple[Occasion, ...] = (),
        **fields: object,
    ) -> None:
        """Have a service checked every second, with these outcomes, and write them in one flush."""
        batch = []
        for status in statuses:
            failed: dict[str, object] = {"error": ErrorKind.STATUS, "detail": "503 where 200 was expected"}
            told = {**(failed if status is Status.DOWN else {}), **fields}
            seen = Observation(self.clock.now(), status, **told)  # type: ignore[arg-type]  # by name
            judged = step(self._states[service.id], seen, Policy(retries, 1))
            self._states[service.id] = judged.state
            batch.append(Judged(service.id, seen, judged.state, judged.transition, occasions))
            self.clock.advance(1.0)
        self._flush += 1
        await self.recording.flush(batch, self.term.epoch, self._flush)

    async def incidents(self) -> list[Incident]:
        """Give every incident of the last days, the newest first."""
        async with self.database.unit() as unit:
            return await unit.incidents.found(since=self.clock.now() - timedelta(days=7))

    async def round(self) -> float:
        """Decide once, and send what is due six seconds later; give what the pass said of the next one."""
        wait = await self.dispatcher.make_pass()
        if wait == 0.0:  # something was brought up to date first
            wait = await self.dispatcher.make_pass()
        self.clock.advance(6.0)
        while await self.deliverer.send_due():
            pass
        return wait


@asynccontextmanager
async def room_in(database: Database, clock: FrozenClock) -> AsyncIterator[Room]:
    """Give a room whose leader holds the lead."""
    lead, recording = Lead(database, "room", lease_seconds=60.0), Recording(database)
    term = await lead.try_take()
    assert term is not None
    yield Room(database, clock, term, recording)
    await recording.close()
    await lead.release()
