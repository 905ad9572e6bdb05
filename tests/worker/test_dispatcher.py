"""Passes of the dispatcher on a real database: who is told of what, and what is written of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.gates import Gate, NoticeKind
from core.domain.incidents import Acknowledgement, AcknowledgementKind, Ending, Snooze, Tracked
from core.domain.maintenance import WindowSpec
from core.domain.notices import MessageState, Notice
from core.domain.observations import Status
from core.domain.occasions import Occasion, OccasionKind
from core.domain.rules import RuleSpec
from core.errors import StorageError
from core.storage import outbox
from core.storage.database import Database
from core.worker import dispatcher
from tests.clock import FrozenClock
from tests.storage.outages import fetch
from tests.worker.room import Room, room_in
from tests.worker.support import until

UP, DEGRADED, DOWN = Status.UP, Status.DEGRADED, Status.DOWN


@pytest.fixture
async def room(database: Database, clock: FrozenClock) -> AsyncIterator[Room]:
    async with room_in(database, clock) as room:
        yield room


async def written(room: Room, channel_id: int) -> list[tuple[Notice, MessageState | None]]:
    """Give what was decided about the newest incident for a channel."""
    incident = (await room.incidents())[0]
    async with room.database.unit() as unit:
        found = await unit.outbox.notices_of([incident.id])
    return [each for each in found if each[0].channel_id == channel_id]


async def test_a_problem_is_told_once_and_its_recovery_too(room: Room) -> None:
    service, _mail = await room.service("ping"), await room.channel()
    await room.see(service, UP, DOWN)
    for _turn in range(3):
        await room.round()
    assert room.post.titles() == ["DOWN: acme/ping"]
    await room.see(service, UP)
    for _turn in range(3):
        await room.round()
    assert room.post.titles() == ["DOWN: acme/ping", "RECOVERED: acme/ping"]


async def test_without_a_rule_every_channel_is_told(room: Room) -> None:
    service = await room.service("ping")
    await room.channel("mail")
    await room.channel("pager")
    await room.see(service, DEGRADED)
    await room.round()
    assert room.post.titles("mail") == room.post.titles("pager") == ["DEGRADED: acme/ping"]


async def test_what_is_decided_within_five_seconds_goes_out_as_one_message(room: Room) -> None:
    services = [await room.service(name) for name in ("web", "api", "ping")]
    await room.channel()
    for service in services:
        await room.see(service, DEGRADED if service is services[2] else DOWN)
        await room.dispatcher.make_pass()
    await room.round()
    (sent,) = [message for _name, message in room.post.sent]
    assert sent.title == "2 DOWN, 1 DEGRADED"
    listed = [line for line in sent.text.splitlines() if not line.startswith(" ")]
    assert listed == ["DOWN: acme/api", "DOWN: acme/web", "DEGRADED: acme/ping"]


async def test_nothing_is_sent_before_the_five_seconds_are_over(room: Room) -> None:
    service = await room.service("ping")
    await room.channel()
    await room.see(service, DOWN)
    await room.dispatcher.make_pass()
    assert await room.deliverer.send_due() == 0
    room.clock.advance(5.0)
    assert await room.deliverer.send_due() == 2  # the consoles, too


async def test_a_raised_incident_is_told_anew(room: Room) -> None:
    service = await room.service("ping")
    await room.channel()
    await room.see(service, DEGRADED)
    await room.round()
    await room.see(service, DOWN)
    await room.round()
    assert room.post.titles() == ["DEGRADED: acme/ping", "DOWN: acme/ping"]


async def test_in_maintenance_nobody_is_told_and_what_is_wrong_at_its_end_is_told_then(room: Room) -> None:
    service, mail = await room.service("ping"), await room.channel()
    now = room.clock.now()
    window = WindowSpec("disks", starts_at=now, ends_at=now + timedelta(hours=1))
    async with room.database.unit() as unit:
        await unit.windows.add(window, "olga", now)
    await room.see(service, DOWN)
    assert await room.round() == 30.0
    assert room.post.titles() == []
    ((notice, state),) = await written(room, mail.id)
    assert (notice.gate, state) == (Gate.MAINTENANCE, None)
    room.clock.advance(3600.0)
    await room.round()
    assert room.post.titles() == ["DOWN: acme/ping"]
    ((notice, state),) = await written(room, mail.id)
    assert (notice.gate, state) == (None, MessageState.SENT)


async def test_a_problem_told_before_the_maintenance_gets_its_recovery_in_it(room: Room) -> None:
    service = await room.service("ping")
    await room.channel()
    await room.see(service, DOWN)
    await room.round()
    now = room.clock.now()
    async with room.database.unit() as unit:
        await unit.windows.add(WindowSpec("d", starts_at=now, ends_at=now + timedelta(hours=1)), "olga", now)
    await room.see(service, UP)
    await room.round()
    assert room.post.titles()[-1] == "RECOVERED: acme/ping"


async def test_behind_a_service_that_is_down_nobody_is_told(room: Room) -> None:
    gateway = await room.service("gateway")
    shop = await room.service("shop", parent_id=gateway.id)
    mail = await room.channel()
    await room.see(gateway, DOWN)
    await room.see(shop, DOWN)
    await room.round()
    assert room.post.titles() == ["DOWN: acme/gateway"]
    (held,) = [notice for notice, _state in await written(room, mail.id) if notice.gate is Gate.BEHIND]
    assert held.held_by is not None
    assert held.held_by.parameters == {"service": "acme/gateway"}
    await room.see(gateway, UP)
    await room.round()
    assert room.post.titles()[-1] == "1 DOWN, 1 RECOVERED"


async def test_while_what_it_depends_on_is_being_confirmed_it_waits_and_looks_again(room: Room) -> None:
    gateway = await room.service("gateway")
    shop = await room.service("shop", parent_id=gateway.id)
    await room.channel()
    await room.see(gateway, UP, DOWN, retries=2)
    await room.see(shop, DOWN)
    assert await room.round() == 1.0
    assert room.post.titles() == []
    await room.see(gateway, UP, retries=2)
    await room.round()
    assert room.post.titles() == ["DOWN: acme/shop"]


async def test_an_acknowledgement_that_runs_out_is_told_anew(room: Room) -> None:
    service = await room.service("ping")
    await room.channel()
    await room.see(service, DOWN)
    await room.round()
    (incident,) = await room.incidents()
    now = room.clock.now()
    given = Acknowledgement(AcknowledgementKind.UNTIL, "olga", now, until=now + timedelta(minutes=30))
    async with room.database.unit() as unit:
        await unit.incidents.write([Tracked(replace(incident, acknowledgement=given), ())])
    room.clock.advance(1795.0)
    await room.round()
    assert len(room.post.titles()) == 1
    await room.round()
    assert room.post.titles() == ["DOWN: acme/ping"] * 2


async def test_reminders_come_after_the_rule_s_interval_until_somebody_acknowledges(room: Room) -> None:
    service, mail = await room.service("ping"), await room.channel()
    async with room.database.unit() as unit:
        await unit.rules.add(RuleSpec("all", (mail.id,), reminder_seconds=3600.0), room.clock.now())
    await room.see(service, DOWN)
    await room.round()
    for _hour in range(2):
        room.clock.advance(3600.0)
        await room.round()
    assert room.post.titles() == ["DOWN: acme/ping", "STILL DOWN: acme/ping", "STILL DOWN: acme/ping"]


async def test_the_second_line_is_told_when_the_incident_is_old_enough(room: Room) -> None:
    service, mail, pager = await room.service("ping"), await room.channel(), await room.channel("pager")
    async with room.database.unit() as unit:
        await unit.rules.add(RuleSpec("first", (mail.id,)), room.clock.now())
        await unit.rules.add(RuleSpec("second", (pager.id,), after_seconds=900.0), room.clock.now())
    await room.see(service, DOWN)
    await room.round()
    assert (room.post.titles("mail"), room.post.titles("pager")) == (["DOWN: acme/ping"], [])
    room.clock.advance(900.0)
    await room.round()
    assert room.post.titles("pager") == ["DOWN: acme/ping"]


async def test_a_snoozed_service_is_told_of_when_it_wakes(room: Room) -> None:
    service = await room.service("ping")
    await room.channel()
    now = room.clock.now()
    async with room.database.unit() as unit:
        await unit.incidents.snooze(Snooze(service.id, now + timedelta(hours=1), "olga"), now)
    await room.see(service, DOWN)
    await room.round()
    assert room.post.titles() == []
    room.clock.advance(3600.0)
    await room.round()
    assert room.post.titles() == ["DOWN: acme/ping"]


@pytest.mark.parametrize(("action", "ending"), [("pause", Ending.PAUSED), ("bin", Ending.REMOVED)])
async def test_the_incident_of_a_service_that_nobody_checks_any_more_ends(
    room: Room, action: str, ending: Ending
) -> None:
    service = await room.service("ping")
    await room.channel()
    await room.see(service, DOWN)
    async with room.database.unit() as unit:
        if action == "bin":
            await unit.services.bin(service.id, room.clock.now())
        else:
            spec = replace(service.spec, active=False)
            await unit.services.save(service.id, service.version, spec, room.clock.now())
    await room.round()
    (incident,) = await room.incidents()
    assert incident.ending is ending
    assert room.post.titles() == []


async def test_flapping_is_told_at_its_start_and_its_end_and_nothing_between(room: Room) -> None:
    service = await room.service("ping")
    await room.channel()
    await room.see(service, *(UP, DOWN) * 5)
    begin = Occasion("flapping:1", room.clock.now(), OccasionKind.FLAPPING, service.id, "flapping: 50 %")
    await room.see(service, UP, occasions=(begin,))
    assert room._states[service.id].flapping.active
    await room.see(service, DOWN)
    await room.round()
    assert room.post.titles() == ["FLAPPING: acme/ping"]
    end = Occasion("flapping_end:1", room.clock.now(), OccasionKind.FLAPPING_END, service.id, "calm")
    await room.see(service, *[UP] * 20, occasions=(end,))
    await room.round()
    assert room.post.titles()[1:] == ["NO LONGER FLAPPING: acme/ping"]


async def test_a_pass_of_a_term_that_is_over_decides_nothing(room: Room) -> None:
    service = await room.service("ping")
    await room.channel()
    await room.see(service, DOWN)
    await fetch(room.database, "UPDATE ronda.lead SET epoch = epoch + 1 RETURNING epoch")
    await room.round()
    assert room.post.tried == []


async def test_a_passed_pass_writes_nothing_anew(room: Room) -> None:
    service, mail = await room.service("ping"), await room.channel()
    await room.see(service, DOWN)
    await room.round()
    before = await written(room, mail.id)
    assert [notice.kind for notice, _state in before] == [NoticeKind.PROBLEM]
    await room.dispatcher.make_pass()
    first = await fetch(room.database, "SELECT id, decided_at, xmin::text FROM ronda.notices ORDER BY id")
    room.clock.advance(60.0)
    await room.dispatcher.make_pass()
    second = await fetch(room.database, "SELECT id, decided_at, xmin::text FROM ronda.notices ORDER BY id")
    assert first == second
    assert len(first) == 4  # the problem and the reminder to come, for mail and consoles


async def test_a_pause_is_never_told_as_a_recovery_not_even_when_it_ends(room: Room) -> None:
    service, mail = await room.service("ping"), await room.channel()
    await room.see(service, DOWN)
    await room.round()
    async with room.database.unit() as unit:
        paused = await unit.services.save(
            service.id, service.version, replace(service.spec, active=False), room.clock.now()
        )
    await room.round()
    async with room.database.unit() as unit:
        await unit.services.save(service.id, paused.version, service.spec, room.clock.now())
    await room.round()
    assert room.post.titles() == ["DOWN: acme/ping"]
    held = [notice.held_by for notice, _state in await written(room, mail.id) if notice.held_by is not None]
    assert held[-1].reason == "service_paused"


async def test_a_process_that_decides_for_long_is_not_waited_for_longer(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "LOCK_MS", 100)
    async with room.database.unit() as unit:
        assert await unit.outbox.decide_alone(room.term.epoch)
        with pytest.raises(StorageError):
            await room.dispatcher.make_pass()
    assert await room.dispatcher.make_pass() == 30.0


async def test_a_process_that_is_frozen_while_it_decides_is_ended_by_the_server(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "FROZEN_MS", 100)
    with pytest.raises(StorageError):
        await decide_and_freeze(room)


async def test_an_incident_whose_recovery_was_lost_ends_with_the_state(room: Room) -> None:
    service = await room.service("ping")
    await room.channel()
    await room.see(service, DOWN)
    await room.round()
    await fetch(room.database, "UPDATE ronda.service_states SET status = 1, since = now() RETURNING status")
    await room.round()
    assert [incident.ending for incident in await room.incidents()] == [Ending.RECOVERED]
    assert room.post.titles() == ["DOWN: acme/ping", "RECOVERED: acme/ping"]


async def test_a_defect_in_a_pass_ends_no_later_pass_and_is_no_health(
    room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(dispatcher, "POLL_SECONDS", 0.01)
    passes = []

    async def broken() -> float:
        passes.append(1)
        raise ZeroDivisionError

    monkeypatch.setattr(room.dispatcher, "make_pass", broken)
    room.dispatcher.start()
    await until(lambda: len(passes) == 2)
    await room.dispatcher.stop()
    assert not room.dispatcher.is_well
    assert "a defect of Ronda" in caplog.text


async def decide_and_freeze(room: Room) -> None:
    """Hold what only one may hold, be silent until a pass has got it, and go on as if nothing had been."""
    async with room.database.unit() as unit:
        assert await unit.outbox.decide_alone(room.term.epoch)
        assert await room.dispatcher.make_pass() == 30.0
        await unit.outbox.counts(room.clock.now())
