"""The dispatcher: decides what is told, in passes, for one term of leading.

A pass reads everything that may have to be told, decides, and writes what it decided in one transaction
that nobody else's pass overlaps. What it lets through goes into the outbox.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from core.bus import Bus
from core.clock import Clock
from core.domain.deciding import Outcome, Picture, Written, decided
from core.domain.events import AlertingChanged, IncidentsChanged, InventoryChanged, WindowsChanged
from core.domain.gates import ENDS, NoticeKind
from core.domain.incidents import Ending, Incident, Subject, Tracked, closed, expired
from core.domain.notices import GROUP_SECONDS, Notice
from core.domain.observations import Status
from core.domain.occasions import Occasion
from core.domain.status import ServiceState
from core.worker.turns import Turns
from core.worker.windows import Windows

if TYPE_CHECKING:
    from core.storage.database import Database, Unit

POLL_SECONDS = 30.0
"""A pass is made after so long even if nothing was heard of."""
SHARE = 4
"""After a pass nothing is decided for so many times as long as it took: a storm leaves room for checks."""
LEAST_PAUSE_SECONDS = 0.2
_HEARD = (IncidentsChanged, AlertingChanged, WindowsChanged, InventoryChanged)
"""What there may be something to decide after."""


class Dispatcher:
    """Makes passes for as long as this process leads."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        epoch: Callable[[], int | None],
        *,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._database = database
        self._clock = clock
        self._epoch = epoch
        self._new_id = new_id
        self._windows = Windows()
        self._took_seconds = 0.0
        self._turns = Turns(bus, _HEARD, self._turn, "dispatcher")

    @property
    def is_well(self) -> bool:
        """Whether the last pass came to its end."""
        return self._turns.is_well

    def start(self) -> None:
        """Begin with a pass at once."""
        self._turns.start(POLL_SECONDS, lambda: max(LEAST_PAUSE_SECONDS, SHARE * self._took_seconds))

    async def stop(self) -> None:
        """Decide nothing more; what is under way is done or undone as a whole."""
        await self._turns.stop()

    async def _turn(self) -> float:
        began = self._clock.monotonic()
        try:
            return await self.make_pass()
        finally:
            self._took_seconds = self._clock.monotonic() - began

    async def make_pass(self) -> float:
        """Decide once about everything; give the seconds until something may open by itself."""
        now = self._clock.now()
        epoch = self._epoch()
        if epoch is None:
            return POLL_SECONDS
        async with self._database.unit() as unit:
            if not await unit.outbox.decide_alone(epoch):
                return POLL_SECONDS
            picture = await self._look(unit, now)
            overtaken = list(_overtaken_in(picture))
            if overtaken:
                return await self._bring_up_to_date(unit, overtaken, picture)
            outcome = await asyncio.to_thread(decided, picture)  # a storm takes a second of it
            await self._write(unit, outcome, now)
            wakes = [outcome.next_at, *(_expires_at(incident) for incident in picture.incidents)]
        soonest = min((moment for moment in wakes if moment is not None), default=None)
        if soonest is None:
            return POLL_SECONDS
        return min(POLL_SECONDS, max(0.0, (soonest - now).total_seconds()))

    async def _look(self, unit: Unit, now: datetime) -> Picture:
        """Read what there is to decide about."""
        incidents = await unit.incidents.unsettled()
        occasions = await unit.incidents.occasions()
        service_ids = {incident.service_id for incident in incidents}
        service_ids |= {each.service_id for each in occasions if each.service_id is not None}
        subjects = await unit.subjects.with_ancestors(service_ids) if service_ids else {}
        self._windows.take(await unit.windows.all(), now)
        blind = await unit.blind.open()
        return Picture(
            now=now,
            channels=await unit.channels.all(),
            rules=await unit.rules.all(),
            incidents=incidents,
            occasions=occasions,
            subjects=subjects,
            states=await unit.states.of(list(subjects)),
            maintenance=self._maintenance(subjects, now),
            snoozes=await unit.incidents.snoozes(now, service_ids),
            blind_since=None if blind is None else blind.started_at,
            written=await unit.outbox.notices_of(
                [incident.id for incident in incidents], [each.id for each in occasions]
            ),
            beginnings=await _beginnings(unit, occasions),
        )

    async def _bring_up_to_date(self, unit: Unit, incident_ids: Sequence[int], picture: Picture) -> float:
        """Write down what time or a pause has ended; the next pass, at once, decides what is told of it.

        In a pass of its own, so that the incidents are locked for a moment only.
        """
        latest = await unit.incidents.lock(incident_ids)
        states = await unit.states.of([incident.service_id for incident in latest])
        found = (_overtaken(each, picture.subjects, states, picture.now) for each in latest if each.is_open)
        changed = [tracked for tracked in found if tracked is not None]
        await unit.incidents.write(changed)
        await unit.announce({"incidents": sorted({each.incident.service_id for each in changed})})
        return 0.0

    def _maintenance(self, subjects: Mapping[int, Subject], now: datetime) -> dict[int, datetime]:
        found = {
            number: self._windows.until(number, subject.client_id, subject.tags, now)
            for number, subject in subjects.items()
        }
        return {number: until for number, until in found.items() if until is not None}

    async def _write(self, unit: Unit, outcome: Outcome, now: datetime) -> None:
        placed = await self._placed(unit, outcome.let_through, now)
        if placed or outcome.held_back:
            await unit.outbox.write_notices([*placed, *outcome.held_back])
            await unit.announce({"alerting": 1})
        if outcome.settled_incidents:
            await unit.incidents.settle(outcome.settled_incidents)
        if outcome.settled_occasions:
            await unit.incidents.settle_occasions(outcome.settled_occasions)

    async def _placed(self, unit: Unit, notices: Sequence[Notice], now: datetime) -> list[Notice]:
        """Put notices into the messages of their channels that are still open, or into new ones."""
        if not notices:
            return []
        stuck = await unit.outbox.stuck()
        late = [each for each in notices if (each.channel_id, each.incident_id) in stuck]
        prompt = [each for each in notices if (each.channel_id, each.incident_id) not in stuck]
        messages = await unit.outbox.joinable(now)
        due_at = now + timedelta(seconds=GROUP_SECONDS)
        placed = await self._put_into(unit, prompt, messages, due_at, now)
        # What has to wait for an earlier message goes by itself, and holds up nothing else.
        return placed + await self._put_into(unit, late, {}, now, now)

    async def _put_into(
        self, unit: Unit, notices: Sequence[Notice], messages: dict[int, int], due_at: datetime, now: datetime
    ) -> list[Notice]:
        for channel_id in {notice.channel_id for notice in notices} - set(messages):
            messages[channel_id] = await unit.outbox.add(self._new_id(), channel_id, due_at, now)
        return [replace(notice, notification_id=messages[notice.channel_id]) for notice in notices]


def _expires_at(incident: Incident) -> datetime | None:
    given = incident.acknowledgement
    return None if given is None or not incident.is_open else given.until


def _overtaken_in(picture: Picture) -> Iterator[int]:
    """Give the incidents that end or change without a check, by number."""
    for incident in picture.incidents:
        if incident.is_open and _overtaken(incident, picture.subjects, picture.states, picture.now):
            yield incident.id


def _overtaken(
    incident: Incident, subjects: Mapping[int, Subject], states: Mapping[int, ServiceState], now: datetime
) -> Tracked | None:
    """Give an incident that ends or changes without a check; None: it goes on as it is."""
    subject, state = subjects.get(incident.service_id), states.get(incident.service_id)
    if subject is None or not subject.living:
        return closed(incident, Ending.REMOVED, now)
    if not subject.is_watched:
        return closed(incident, Ending.PAUSED, now)
    if state is not None and state.status is Status.UP:
        # The result that told of the recovery was given up while the database was away for long.
        return closed(incident, Ending.RECOVERED, state.since or now)
    return expired(incident, now)


async def _beginnings(unit: Unit, occasions: Sequence[Occasion]) -> dict[int, Sequence[Written]]:
    ends = [each for each in occasions if NoticeKind(each.kind.value) in ENDS]
    return {each.id: await unit.outbox.notices_of_beginning(each) for each in ends}
