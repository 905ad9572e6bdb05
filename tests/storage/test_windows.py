"""Maintenance windows in the database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.maintenance import Scope, Window, WindowSpec
from core.errors import InputError, NotFound
from core.storage.database import Database
from tests.clock import NOON, FrozenClock
from tests.storage.support import added_client, added_service, rows_of

HOUR = timedelta(hours=1)
ONCE = WindowSpec("new disks", starts_at=NOON, ends_at=NOON + HOUR, zone="Europe/Lisbon")
DAILY = WindowSpec("backup", Scope.TAG, tag="batch", cron="0 2 * * *", duration_seconds=5_400.0)


async def added(database: Database, spec: WindowSpec) -> Window:
    async with database.unit() as unit:
        return await unit.windows.add(spec, "olga", NOON)


async def reasons(database: Database, *, ended: bool = False) -> list[str]:
    async with database.unit() as unit:
        return [window.spec.reason for window in await unit.windows.all(ended=ended)]


@pytest.mark.parametrize("spec", [ONCE, DAILY])
async def test_a_window_is_given_back_as_it_was_saved(database: Database, spec: WindowSpec) -> None:
    window = await added(database, spec)
    assert (window.spec, window.created_by, window.created_at, window.ended_at) == (spec, "olga", NOON, None)
    async with database.unit() as unit:
        assert await unit.windows.get(window.id) == window
        assert await unit.windows.all() == [window]


async def test_a_client_and_a_service_are_told_apart(database: Database) -> None:
    client = await added_client(database)
    service = await added_service(database, client)
    of_client = await added(database, replace(ONCE, scope=Scope.CLIENT, subject_id=client.id))
    of_service = await added(database, replace(ONCE, scope=Scope.SERVICE, subject_id=service.id))
    assert (of_client.spec.subject_id, of_service.spec.subject_id) == (client.id, service.id)
    found = await rows_of(database, "SELECT client_id, service_id FROM ronda.maintenance_windows ORDER BY id")
    assert found == [(client.id, None), (None, service.id)]


async def test_what_is_over_is_listed_on_request_only(database: Database, clock: FrozenClock) -> None:
    await added(database, ONCE)
    await added(database, replace(ONCE, reason="later", ends_at=NOON + 2 * HOUR))
    stopped = await added(database, replace(DAILY, reason="stopped"))
    await added(database, DAILY)
    async with database.unit() as unit:
        await unit.windows.end(stopped.id, NOON)
    assert await reasons(database) == ["new disks", "later", "backup"]
    clock.advance(3_600)
    assert await reasons(database) == ["later", "backup"]
    assert await reasons(database, ended=True) == ["new disks", "later", "stopped", "backup"]


async def test_an_end_is_written_once(database: Database, clock: FrozenClock) -> None:
    window = await added(database, DAILY)
    later = clock.advance(60)
    async with database.unit() as unit:
        assert await unit.windows.end(window.id, later) == replace(window, ended_at=later)
    with pytest.raises(InputError, match=f"window {window.id} is over already"):
        async with database.unit() as unit:
            await unit.windows.end(window.id, later + HOUR)
    async with database.unit() as unit:
        assert (await unit.windows.get(window.id)).ended_at == later


async def test_a_window_that_has_not_begun_can_be_ended_and_one_that_has_passed_cannot(
    database: Database,
) -> None:
    coming = await added(database, replace(ONCE, starts_at=NOON + HOUR, ends_at=NOON + 2 * HOUR))
    passed = await added(database, ONCE)
    async with database.unit() as unit:
        assert (await unit.windows.end(coming.id, NOON)).ended_at == NOON
    with pytest.raises(InputError):
        async with database.unit() as unit:
            await unit.windows.end(passed.id, NOON + HOUR)


async def test_there_is_nothing_under_a_number_that_was_never_given(database: Database) -> None:
    async with database.unit() as unit:
        with pytest.raises(NotFound, match="no maintenance window with the number 4711"):
            await unit.windows.get(4711)
        with pytest.raises(NotFound):
            await unit.windows.end(4711, NOON)
