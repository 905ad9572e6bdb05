"""The hand-over: what a shift leaves to the next."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from core.domain.clients import ClientSpec
from core.domain.observations import Status
from core.domain.operators import Operator
from core.operations.clients import add_client
from core.operations.desk import Desk
from core.operations.handover import arrive, hand_over, hand_over_lines, stay
from core.operations.incidents import acknowledge, note
from core.storage.database import Database
from tests.clock import FrozenClock
from tests.operations.support import desk_on
from tests.worker.room import Room, room_in

UP, DOWN = Status.UP, Status.DOWN


@pytest.fixture
async def room(database: Database, clock: FrozenClock) -> AsyncIterator[Room]:
    async with room_in(database, clock) as room:
        yield room


async def test_a_shift_tells_what_is_open_known_and_over(room: Room, desk: Desk, clock: FrozenClock) -> None:
    services = [await room.service(name) for name in ("api", "ping", "web")]
    await room.channel()
    since = clock.now()
    for service in services:
        await room.see(service, DOWN)
    await room.round()
    await room.see(services[2], UP)
    await room.round()
    api, ping = sorted(await room.incidents(), key=lambda each: each.id)[:2]
    await acknowledge(desk, ping.id, reason="disk")
    await note(desk, api.id, "called the *provider*")
    shift = await hand_over(desk, since)
    assert [line.subject.service for line in shift.open] == ["api"]
    assert [line.subject.service for line in shift.acknowledged] == ["ping"]
    assert [line.subject.service for line in shift.resolved] == ["web"]
    assert (shift.sent, shift.waiting, shift.failed) == (4, 0, ())  # two for mail, two for the consoles
    text = "\n".join(hand_over_lines(shift))
    assert "acknowledged by olga (disk)" in text
    assert "called the *provider*" in text
    marked = "\n".join(hand_over_lines(shift, markdown=True))
    assert "### Open (1)" in marked
    assert r"called the \*provider\*" in marked


async def test_what_was_over_before_the_shift_is_not_told(room: Room, desk: Desk, clock: FrozenClock) -> None:
    service = await room.service("ping")
    await room.see(service, DOWN, UP)
    clock.advance(3600.0)
    assert (await hand_over(desk, clock.now() - timedelta(minutes=30))).is_quiet


async def test_what_others_changed_is_told_and_one_s_own_changes_are_not(
    database: Database, desk: Desk, clock: FrozenClock
) -> None:
    since = clock.now()
    await add_client(desk, ClientSpec("Acme"))
    await add_client(desk_on(database, clock, Operator("ana", "ops2", "")), ClientSpec("Beta"))
    shift = await hand_over(desk, since)
    assert [(each.operator, each.subject_name) for each in shift.changes] == [("ana", "Beta")]


async def test_who_comes_back_is_told_what_changed_since_they_left(
    room: Room, desk: Desk, clock: FrozenClock
) -> None:
    service = await room.service("ping")
    assert await arrive(desk) is None
    clock.advance(600.0)
    await stay(desk)
    left_at = clock.now()
    clock.advance(3600.0)
    await room.see(service, DOWN)
    found = await arrive(desk)
    assert found is not None
    assert found.since == left_at
    assert [line.subject.service for line in found.open] == ["ping"]
    assert await arrive(desk) is None, "they are here now"


async def test_who_was_away_for_long_while_nothing_happened_is_told_nothing(
    desk: Desk, clock: FrozenClock
) -> None:
    await arrive(desk)
    clock.advance(7200.0)
    assert await arrive(desk) is None
