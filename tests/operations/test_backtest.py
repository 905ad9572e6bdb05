"""The backtest over a stored history."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.domain.observations import Status
from core.domain.rules import RuleSpec
from core.errors import Refused
from core.operations.backtest import Thresholds, everything, replay_rules
from core.operations.desk import Desk
from core.storage.database import Database
from tests.clock import FrozenClock
from tests.storage.outages import fetch
from tests.worker.room import Room, room_in

UP, DOWN = Status.UP, Status.DOWN
BLIP = (UP, UP, DOWN, UP, UP, UP, UP)


@pytest.fixture
async def room(database: Database, clock: FrozenClock) -> AsyncIterator[Room]:
    async with room_in(database, clock) as room:
        await fetch(database, "DELETE FROM ronda.channels RETURNING id")
        yield room


async def test_notices_become_fewer_with_more_retries(room: Room, desk: Desk) -> None:
    service = await room.service("ping", retries=0)
    await room.channel()
    await room.see(service, *BLIP, *BLIP, *[UP] * 30)
    found = await replay_rules(desk, thresholds=Thresholds(retries=1))
    assert (len(found.before.sent), len(found.after.sent)) == (4, 0)
    assert list(found.channels.values()) == ["mail"]


async def test_the_replay_says_what_was_really_sent(room: Room, desk: Desk) -> None:
    service = await room.service("ping", retries=0)
    await room.channel()
    for status in (UP, DOWN, DOWN, UP, UP):
        await room.see(service, status)
        await room.round()
    found = await replay_rules(desk)
    assert len(room.post.titles()) == len(found.before.sent) == found.before.messages() == 2


async def test_a_changed_rule_is_tried_and_not_written(room: Room, desk: Desk) -> None:
    service = await room.service("ping", retries=0)
    mail = await room.channel()
    await room.see(service, *BLIP)
    async with room.database.unit() as unit:
        rule = await unit.rules.add(RuleSpec("all", (mail.id,)), room.clock.now())
    found = await replay_rules(desk, rule_id=rule.id, spec=RuleSpec("all", (mail.id,), after_seconds=60.0))
    assert (len(found.before.sent), len(found.after.sent)) == (2, 0)
    async with room.database.unit() as unit:
        assert [each.spec for each in await unit.rules.all()] == [rule.spec]


async def test_without_a_rule_a_change_is_one_of_the_rule_that_holds_then(room: Room, desk: Desk) -> None:
    service = await room.service("ping", retries=0)
    await room.channel()
    await room.see(service, *BLIP)
    assert everything().reminder_seconds == RuleSpec("").reminder_seconds
    found = await replay_rules(desk, spec=RuleSpec("slow", after_seconds=60.0))
    assert (len(found.before.sent), len(found.after.sent)) == (2, 0)


async def test_long_runs_of_equal_results_are_not_read(room: Room, desk: Desk) -> None:
    service = await room.service("ping", retries=0)
    await room.see(service, *[UP] * 300, DOWN, *[UP] * 300)
    found = await replay_rules(desk)
    assert found.results == 21 + 1 + 21
    assert found.before.incidents == 1


async def test_services_that_never_failed_are_left_out(room: Room, desk: Desk) -> None:
    well, ill = await room.service("well"), await room.service("ill", retries=0)
    await room.see(well, UP, UP)
    await room.see(ill, UP, DOWN)
    assert (await replay_rules(desk)).results == 2
    assert (await replay_rules(desk, service_ids=[well.id])).results == 0


@pytest.mark.parametrize(
    ("days", "thresholds", "field"),
    [(0.0, Thresholds(), "days"), (93.0, Thresholds(), "days"), (1.0, Thresholds(retries=-1), "retries"),
     (1.0, Thresholds(recoveries=0), "recoveries")],
)  # fmt: skip
async def test_what_is_out_of_range_is_refused(
    desk: Desk, days: float, thresholds: Thresholds, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        await replay_rules(desk, days=days, thresholds=thresholds)
    assert [fault.field for fault in refused.value.faults] == [field]
