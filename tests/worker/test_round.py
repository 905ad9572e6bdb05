"""The round, end to end on a real database: what is checked, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

import core.worker.watch
from core.domain.events import (
    CheckWanted,
)
from core.domain.maintenance import Scope, Window, WindowSpec
from core.domain.observations import Status
from core.domain.services import ServiceSpec
from tests.conftest import ServerForTests
from tests.storage.outages import end_backends
from tests.worker.office import HOUR, Office, now
from tests.worker.support import until


async def test_a_new_service_is_checked_at_once_and_its_check_is_stored(office: Office) -> None:
    process = await office.open()
    await process.leading()
    service = await office.add("web")
    await process.checked(service.id)
    await office.stored(1)
    async with office.database.unit() as unit:
        states = await unit.states.of([service.id])
    assert states[service.id] == process.judged[0].state
    assert states[service.id].status is Status.UP


async def test_services_that_are_there_are_checked_again_and_again(office: Office) -> None:
    service = await office.add("web", interval=1.0)
    process = await office.open()
    await process.checked(service.id, 3)


async def test_an_edit_takes_effect_at_once(office: Office) -> None:
    process = await office.open()
    service = await office.add("web")
    await process.checked(service.id)
    await office.save(service, replace(service.spec, endpoint="https://moved.example/"))
    await process.checked(service.id, 2)
    assert process.checks.urls == ["https://web.example/", "https://moved.example/"]


async def test_a_client_that_moves_has_its_services_checked_at_once(office: Office) -> None:
    process = await office.open()
    service = await office.add("web")
    await process.checked(service.id)
    await office.save(service, replace(service.spec, endpoint="/health"))
    await process.checked(service.id, 2)
    await office.save_client(replace(office.client.spec, dns="https://moved.example"))
    await process.checked(service.id, 3)
    assert process.checks.urls[-1] == "https://moved.example/health"


async def test_a_paused_service_is_checked_no_more_until_it_is_resumed(office: Office) -> None:
    process = await office.open()
    service = await office.add("web", interval=1.0)
    await process.checked(service.id)
    paused = await office.save(service, replace(service.spec, active=False))
    other = await office.add("other", interval=1.0)
    await process.checked(other.id)
    before = process.count(service.id)
    await process.checked(other.id, 4)
    assert process.count(service.id) == before
    await office.save(paused, service.spec)
    await process.checked(service.id, before + 1)


async def test_a_deleted_service_and_a_paused_client_are_checked_no_more(office: Office) -> None:
    process = await office.open()
    gone, kept = await office.add("gone"), await office.add("kept")
    await process.checked(gone.id)
    await process.checked(kept.id)
    await office.bin(gone)
    await until(lambda: process.round.health().services == 1)
    await office.save_client(replace(office.client.spec, active=False))
    await until(lambda: process.round.health().services == 0)


async def test_results_that_a_lag_overlapped_are_counted(office: Office) -> None:
    process = await office.open()
    process.checks.lagged = True
    service = await office.add("web")
    await process.checked(service.id)
    assert process.round.health().lagged == process.count(service.id)


async def test_a_change_of_something_that_is_gone_is_survived(office: Office) -> None:
    process = await office.open()
    async with office.database.unit() as unit:
        await unit.announce({"clients": [999], "services": [998]})
    service = await office.add("web")
    await process.checked(service.id)


@pytest.mark.parametrize("many", [0, 200])
async def test_many_services_at_once_are_taken_in(
    office: Office, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(core.worker.watch, "MANY", many)
    process = await office.open()
    kept = await office.add("kept")
    await process.checked(kept.id)
    specs = [ServiceSpec(f"service {number}", "/x", interval_seconds=HOUR) for number in range(20)]
    async with office.database.unit() as unit:
        ids = [(await unit.services.add(office.client.id, spec, now())).id for spec in specs]
        await unit.services.bin(kept.id, now())
        await unit.announce({"services": [*ids, kept.id]})
    for service_id in ids:
        await process.checked(service_id)
    assert process.round.health().services == 20


async def added_window(office: Office, *, announced: bool = True) -> Window:
    """Save a window of the office's client that is open now."""
    began = now() - timedelta(minutes=1)
    spec = WindowSpec(
        "new disks", Scope.CLIENT, office.client.id, starts_at=began, ends_at=began + timedelta(hours=1)
    )
    async with office.database.unit() as unit:
        window = await unit.windows.add(spec, "olga", began)
        if announced:
            await unit.announce({"maintenance": window.id})
    return window


async def test_a_window_that_is_announced_tags_checks_until_it_is_ended(office: Office) -> None:
    process = await office.open()
    service = await office.add("web", interval=1.0)
    await process.checked(service.id)
    window = await added_window(office)
    await until(lambda: process.judged[-1].observation.in_maintenance)
    assert process.judged[-1].state.maintenance_until == window.spec.ends_at
    assert not process.judged[0].observation.in_maintenance
    async with office.database.unit() as unit:
        await unit.windows.end(window.id, now())
        await unit.announce({"maintenance": window.id})
    await until(lambda: not process.judged[-1].observation.in_maintenance)
    assert process.judged[-1].state.maintenance_until is None
    await process.round.stop(5.0)
    async with office.database.unit() as unit:
        stored = await unit.history.recent(service.id, 100, before=now() + timedelta(hours=1))
    told = {each.observation.checked_at: each.observation.in_maintenance for each in process.judged}
    assert {check.checked_at: check.in_maintenance for check in stored} == told


async def test_a_window_that_is_there_tags_the_first_check(office: Office) -> None:
    window = await added_window(office, announced=False)
    service = await office.add("web")
    process = await office.open()
    await process.checked(service.id)
    assert process.judged[0].state.maintenance_until == window.spec.ends_at
    await office.stored(1)
    async with office.database.unit() as unit:
        assert await unit.states.of([service.id]) == {service.id: process.judged[0].state}


async def test_a_window_that_the_feed_missed_is_caught_up_with(
    office: Office, server: ServerForTests
) -> None:
    process = await office.open()
    service = await office.add("web", interval=1.0)
    await process.checked(service.id)
    await added_window(office, announced=False)
    await end_backends(server, office.database, "ronda feed")
    await until(lambda: process.judged[-1].observation.in_maintenance)


async def test_windows_are_read_again_with_the_upkeep(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.worker.watch, "UPKEEP_SECONDS", 0.05)
    process = await office.open()
    service = await office.add("web", interval=1.0)
    await process.checked(service.id)
    await added_window(office, announced=False)
    await until(lambda: process.judged[-1].observation.in_maintenance)


async def test_an_edit_that_the_feed_missed_is_caught_up_with(office: Office, server: ServerForTests) -> None:
    process = await office.open()
    service = await office.add("web")
    await process.checked(service.id)
    moved = replace(service.spec, endpoint="https://moved.example/")
    async with office.database.unit() as unit:
        await unit.services.save(service.id, service.version, moved, now())
    await end_backends(server, office.database, "ronda feed")
    await process.checked(service.id, 2)
    assert process.checks.urls[-1] == "https://moved.example/"


async def test_a_check_that_is_wanted_is_made_now(office: Office) -> None:
    process = await office.open()
    service = await office.add("web")
    await process.checked(service.id)
    async with office.database.unit() as unit:
        await unit.announce({"check": service.id})
    await process.checked(service.id, 2)
    process.bus.publish(CheckWanted(service.id))
    await process.checked(service.id, 3)
