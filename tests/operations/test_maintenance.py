"""Use cases around maintenance windows."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.maintenance import Scope, Stretch, WindowSpec
from core.errors import Forbidden, InputError, NotFound, Refused
from core.operations.clients import remove_client
from core.operations.desk import Desk
from core.operations.history import latest_changes
from core.operations.maintenance import add_window, end_window, list_windows
from core.operations.services import remove_service
from tests.clock import NOON, FrozenClock
from tests.operations.support import PING, acme_with

HOUR = timedelta(hours=1)
ONCE = WindowSpec("new disks", starts_at=NOON, ends_at=NOON + HOUR)
DAILY = WindowSpec("backup", cron="0 2 * * *", duration_seconds=3_600.0, zone="Europe/Lisbon")


async def test_a_window_is_saved_in_the_name_of_the_operator_and_listed_with_its_times(desk: Desk) -> None:
    now, nightly = await add_window(desk, ONCE), await add_window(desk, DAILY)
    assert await list_windows(desk) == [now, nightly]
    assert (now.window.spec, now.window.created_by) == (ONCE, "olga")
    assert (now.open, now.next) == (Stretch(NOON, NOON + HOUR), None)
    assert (nightly.open, nightly.next) == (None, Stretch(NOON + 14 * HOUR, NOON + 15 * HOUR))


async def test_a_window_names_its_client_or_service_even_from_the_bin(desk: Desk) -> None:
    client, (ping,) = await acme_with(desk, PING)
    await add_window(desk, replace(ONCE, scope=Scope.CLIENT, subject_id=client.id))
    await add_window(desk, replace(ONCE, scope=Scope.SERVICE, subject_id=ping.id))
    await remove_client(desk, client.id)
    assert [line.subject for line in await list_windows(desk)] == ["Acme", "Acme/ping"]


async def test_every_fault_is_named_at_once_and_nothing_is_written(desk: Desk) -> None:
    with pytest.raises(Refused) as refused:
        await add_window(desk, replace(DAILY, reason="", cron="0 2 30 2 *", zone="nowhere"))
    assert [(fault.field, fault.code) for fault in refused.value.faults] == [
        ("reason", "required"),
        ("zone", "zone"),
        ("cron", "cron_never"),
    ]
    assert await list_windows(desk, ended=True) == []
    assert await latest_changes(desk) == []


async def test_a_window_for_what_is_gone_is_refused(desk: Desk) -> None:
    client, (ping,) = await acme_with(desk, PING)
    await remove_service(desk, ping.id)
    for scope, subject_id in ((Scope.SERVICE, ping.id), (Scope.SERVICE, 4711), (Scope.CLIENT, 4711)):
        with pytest.raises(NotFound):
            await add_window(desk, replace(ONCE, scope=scope, subject_id=subject_id))
    await remove_client(desk, client.id)
    with pytest.raises(NotFound):
        await add_window(desk, replace(ONCE, scope=Scope.CLIENT, subject_id=client.id))
    assert await list_windows(desk, ended=True) == []


async def test_an_end_closes_a_window_for_good_and_the_second_is_told(desk: Desk, clock: FrozenClock) -> None:
    line = await add_window(desk, DAILY)
    later = clock.advance(60)
    ended = await end_window(desk, line.window.id)
    assert (ended.window.ended_at, ended.open, ended.next) == (later, None, None)
    with pytest.raises(InputError, match="over already"):
        await end_window(desk, line.window.id)
    with pytest.raises(NotFound):
        await end_window(desk, 4711)
    assert await list_windows(desk) == []
    assert await list_windows(desk, ended=True) == [ended]


async def test_who_added_and_who_ended_a_window_is_in_the_audit_log(desk: Desk, clock: FrozenClock) -> None:
    line = await add_window(desk, ONCE)
    later = clock.advance(60)
    await end_window(desk, line.window.id)
    end, add = await latest_changes(desk)
    for entry in (add, end):
        assert (entry.subject, entry.subject_id, entry.subject_name) == (
            "maintenance",
            line.window.id,
            "new disks",
        )
        assert entry.operator == "olga"
    assert (add.action, add.before) == ("add", None)
    assert add.after is not None
    assert (add.after["scope"], add.after["starts_at"]) == ("all", NOON.isoformat())
    assert (end.action, end.before, end.after) == (
        "end",
        {"ended_at": None},
        {"ended_at": later.isoformat()},
    )


async def test_other_processes_are_told_of_both(desk: Desk) -> None:
    async with await desk.database.dedicated_connection() as connection:
        await connection.execute("LISTEN ronda_feed")
        line = await add_window(desk, ONCE)
        await end_window(desk, line.window.id)
        notices = [notice async for notice in connection.notifies(timeout=20, stop_after=2)]
    assert [json.loads(notice.payload) for notice in notices] == [{"maintenance": line.window.id}] * 2


async def test_somebody_who_may_only_look_may_look(desk: Desk, viewer_desk: Desk) -> None:
    line = await add_window(desk, ONCE)
    assert await list_windows(viewer_desk) == [line]
    with pytest.raises(Forbidden):
        await add_window(viewer_desk, ONCE)
    with pytest.raises(Forbidden):
        await end_window(viewer_desk, line.window.id)
    assert await list_windows(desk) == [line]
