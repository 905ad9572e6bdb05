"""The outbox: nothing is lost, nothing is repeated, and one bad message stops no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from core.bus import Bus
from core.domain.channels import ChannelSpec, Delivery, Message
from core.domain.faults import Fault
from core.domain.notices import MessageState, OutboxEntry
from core.domain.observations import Status
from core.storage.database import Database
from core.worker.delivery import LEASE, Deliverer
from tests.clock import NOON, FrozenClock
from tests.storage.outages import fetch
from tests.worker.room import Room, room_in
from tests.worker.support import until

UP, DOWN = Status.UP, Status.DOWN


@pytest.fixture
async def room(database: Database, clock: FrozenClock) -> AsyncIterator[Room]:
    async with room_in(database, clock) as room:
        await fetch(database, "UPDATE ronda.channels SET active = false RETURNING id")
        yield room


async def entries(room: Room) -> list[OutboxEntry]:
    async with room.database.unit() as unit:
        return await unit.outbox.entries(since=NOON - timedelta(days=7))


async def test_a_refused_message_is_tried_again_at_growing_intervals(room: Room) -> None:
    service = await room.service("ping")
    await room.channel()
    room.post.refuses = lambda _name: True
    await room.see(service, DOWN)
    await room.round()
    waits = []
    for _attempt in range(9):
        (entry,) = await entries(room)
        waits.append((entry.due_at - room.clock.now()).total_seconds())
        room.clock.advance(waits[-1])
        assert await room.deliverer.send_due() == 1
    assert waits == [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 900.0]
    (entry,) = await entries(room)
    assert (entry.state, entry.error, entry.attempts) == (MessageState.WAITING, "554 no such mailbox", 10)


async def test_a_channel_that_comes_back_gets_problem_and_recovery_in_order(room: Room) -> None:
    service = await room.service("ping")
    await room.channel()
    room.post.refuses = lambda _name: True
    await room.see(service, DOWN)
    await room.round()
    await room.see(service, UP)
    await room.round()
    room.post.refuses = lambda _name: False
    room.clock.advance(900.0)
    while await room.deliverer.send_due():
        pass
    assert room.post.titles() == ["DOWN: acme/ping", "RECOVERED: acme/ping"]


async def test_a_message_that_cannot_be_delivered_for_a_day_has_failed(room: Room) -> None:
    service = await room.service("ping")
    await room.channel()
    room.post.refuses = lambda _name: True
    await room.see(service, DOWN)
    await room.round()
    await room.see(service, UP)
    await room.round()
    room.clock.advance(86_400.0)
    while await room.deliverer.send_due():
        pass
    states = {entry.id: entry.state for entry in await entries(room)}
    assert list(states.values()).count(MessageState.FAILED) >= 1
    async with room.database.unit() as unit:
        waiting, failed = await unit.outbox.counts(room.clock.now() - timedelta(hours=24))
    assert (waiting, failed) == (0, 1)


async def test_nobody_hears_of_the_end_of_what_they_could_not_be_told_of(room: Room) -> None:
    service = await room.service("ping")
    await room.channel()
    room.post.refuses = lambda _name: True
    await room.see(service, DOWN)
    await room.round()
    await room.see(service, UP)
    await room.round()
    await fetch(
        room.database,
        "UPDATE ronda.notifications SET state = 'failed', ended_at = now(), lease_until = NULL"
        " WHERE id = (SELECT min(id) FROM ronda.notifications) RETURNING id",
    )
    room.post.refuses = lambda _name: False
    room.clock.advance(900.0)
    while await room.deliverer.send_due():
        pass
    assert room.post.titles() == []
    assert [entry.state for entry in await entries(room)] == [MessageState.DROPPED, MessageState.FAILED]


async def test_what_a_process_that_died_had_claimed_is_sent_when_its_lease_is_over(room: Room) -> None:
    service = await room.service("ping")
    await room.channel()
    await room.see(service, DOWN)
    await room.dispatcher.make_pass()
    now = room.clock.advance(6.0)
    async with room.database.unit() as unit:
        (claimed,) = await unit.outbox.claim("the dead one", now, now + LEASE, 8)
    assert await room.deliverer.send_due() == 0
    room.clock.advance(LEASE.total_seconds())
    assert await room.deliverer.send_due() == 1
    assert room.post.titles() == ["DOWN: acme/ping"]
    async with room.database.unit() as unit:  # the dead one was only slow
        assert not await unit.outbox.end(claimed, "the dead one", MessageState.FAILED, room.clock.now())


async def test_two_senders_never_have_the_same_message(room: Room) -> None:
    services = [await room.service(f"s{number}") for number in range(3)]
    await room.channel()
    for service in services:
        await room.see(service, DOWN)
        await room.dispatcher.make_pass()
        room.clock.advance(6.0)
    now = room.clock.now()
    async with room.database.unit() as first, room.database.unit() as second:
        one = await first.outbox.claim("one", now, now + LEASE, 2)
        two = await second.outbox.claim("two", now, now + LEASE, 2)
    assert [len(one), len(two)] == [1, 0]
    async with room.database.unit() as unit:
        later = await unit.outbox.claim("two", now, now + LEASE, 2)
    assert {entry.id for entry in one}.isdisjoint(entry.id for entry in later)


class _Breaking:
    """A sender with a defect."""

    async def send(self, spec: ChannelSpec, message: Message) -> Delivery:
        raise ZeroDivisionError(spec.name)

    async def url_faults(self, spec: ChannelSpec) -> tuple[Fault, ...]:
        return ()


async def test_a_message_whose_handling_is_a_defect_is_put_off_and_holds_up_no_other(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    service = await room.service("ping")
    await room.channel()
    await room.see(service, DOWN)
    await room.dispatcher.make_pass()
    room.clock.advance(6.0)
    broken = Deliverer(room.database, Bus(), room.clock, _Breaking(), "room", jitter=lambda: 0.5)
    assert await broken.send_due() == 1
    assert "could not be made" in caplog.text
    (entry,) = await entries(room)
    assert (entry.state, entry.due_at) == (MessageState.WAITING, room.clock.now() + timedelta(seconds=5))


async def test_a_message_of_a_channel_that_was_removed_is_dropped(room: Room) -> None:
    service, mail = await room.service("ping"), await room.channel()
    await room.see(service, DOWN)
    await room.dispatcher.make_pass()
    async with room.database.unit() as unit:
        await unit.channels.remove(mail.id, room.clock.now())
    room.clock.advance(6.0)
    await room.deliverer.send_due()
    (entry,) = await entries(room)
    assert (entry.state, room.post.tried) == (MessageState.DROPPED, [])


async def test_every_open_console_is_told(room: Room) -> None:
    await fetch(room.database, "UPDATE ronda.channels SET active = true RETURNING id")
    service = await room.service("ping")
    await room.see(service, DOWN)
    await room.dispatcher.make_pass()
    room.clock.advance(6.0)
    connection = await room.database.dedicated_connection()
    async with connection:
        await connection.execute("LISTEN ronda_feed")
        await room.deliverer.send_due()
        payloads = [notice.payload async for notice in connection.notifies(timeout=10.0, stop_after=2)]
    (entry,) = await entries(room)
    assert f'{{"tell":{entry.id}}}' in payloads
    assert (entry.state, room.post.tried) == (MessageState.SENT, [])


async def test_a_channel_that_hangs_holds_up_itself_only(room: Room) -> None:
    service = await room.service("ping")
    await room.channel("hook")
    await room.channel("mail")
    await room.see(service, DOWN)
    await room.dispatcher.make_pass()
    room.clock.advance(6.0)
    room.post.hangs = {"hook"}
    hanging = asyncio.create_task(room.deliverer.send_due())
    await until(lambda: bool(room.post.titles("mail")))
    await room.see(service, UP)
    await room.dispatcher.make_pass()
    room.clock.advance(6.0)
    assert await room.deliverer.send_due() == 1
    assert room.post.titles("mail") == ["DOWN: acme/ping", "RECOVERED: acme/ping"]
    assert room.post.titles("hook") == []
    room.post.let_go.set()
    assert await hanging == 2
    assert await room.deliverer.send_due() == 1
    assert room.post.titles("hook") == ["DOWN: acme/ping", "RECOVERED: acme/ping"]


async def test_what_waits_for_a_message_that_is_refused_holds_up_nothing_else(room: Room) -> None:
    ill, other = await room.service("ill"), await room.service("other")
    await room.channel()
    room.post.refuses = lambda _name: True
    await room.see(ill, DOWN)
    await room.round()
    await room.see(ill, UP)
    await room.see(other, DOWN)
    room.post.refuses = lambda _name: "DOWN: acme/ill" in room.post.trying
    await room.round()
    assert room.post.titles() == ["DOWN: acme/other"]


async def test_nothing_joins_a_message_that_is_being_sent(room: Room) -> None:
    first, second = await room.service("first"), await room.service("second")
    await room.channel()
    await room.see(first, DOWN)
    await room.dispatcher.make_pass()
    await room.see(second, DOWN)
    now = room.clock.now()
    async with room.database.unit() as deciding:
        (number,) = (await deciding.outbox.joinable(now)).values()
        async with room.database.unit() as sending:
            later = now + timedelta(seconds=10)
            assert await sending.outbox.claim("sender", later, later + LEASE, 8) == []
    async with room.database.unit() as sending:
        (claimed,) = await sending.outbox.claim("sender", later, later + LEASE, 8)
    assert claimed.id == number


async def test_what_went_wrong_of_what_goes_on_is_kept(room: Room) -> None:
    service, over = await room.service("ping"), await room.service("over")
    await room.channel()
    await room.see(service, DOWN)
    await room.see(over, DOWN)
    await room.round()
    await room.see(over, UP)
    await room.round()
    await room.dispatcher.make_pass()
    room.clock.advance(100 * 86_400.0)
    async with room.database.unit() as unit:
        await unit.outbox.clean(room.clock.now())
        kept = await unit.outbox.entries(since=NOON)
        told = [notice.incident_id for notice in await unit.outbox.notices_in([each.id for each in kept])]
    (going_on,) = [incident.id for incident in await room.incidents() if incident.is_open]
    assert going_on in told
    assert len(kept) == 1
