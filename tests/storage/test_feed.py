"""The feed: what other processes tell becomes events of this one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from core.bus import Bus
from core.domain.clients import ClientSpec
from core.domain.events import (
    CheckWanted,
    InventoryChanged,
    LeadChanged,
    ServiceJudged,
    StorageChanged,
    WindowsChanged,
)
from core.domain.observations import Observation, Status
from core.domain.services import ServiceSpec
from core.domain.status import Policy, ServiceState, step
from core.storage.database import Database
from core.storage.feed import Feed, Notices
from core.storage.lead import Lead, Term
from core.storage.recording import Judged, Recording
from tests.conftest import ServerForTests
from tests.storage.outages import end_backends, fetch, outage

KINDS = (CheckWanted, InventoryChanged, LeadChanged, ServiceJudged, StorageChanged, WindowsChanged)


class Ear:
    """A bus whose events are kept and can be waited for."""

    def __init__(self) -> None:
        self.bus = Bus()
        self.heard: asyncio.Queue[object] = asyncio.Queue()
        for kind in KINDS:
            self.bus.subscribe(kind, self.heard.put_nowait)

    async def next(self) -> object:
        async with asyncio.timeout(20):
            return await self.heard.get()


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
async def feed(database: Database, ear: Ear) -> AsyncIterator[Feed]:
    feed = Feed(database, ear.bus, "me")
    await feed.start()
    yield feed
    await feed.stop()


async def announce(database: Database, *payloads: dict[str, Any]) -> None:
    async with database.unit() as unit:
        for payload in payloads:
            await unit.announce(payload)


async def flush(database: Database, judged: list[Judged], *, leader: str = "other") -> None:
    """Write as a process that leads."""
    lead = Lead(database, leader, lease_seconds=60.0)
    term = await lead.try_take()
    assert isinstance(term, Term)
    recording = Recording(database)
    await recording.flush(judged, term.epoch, term.flush + 1)
    await recording.close()
    await lead.release()


async def some_judged(database: Database, count: int) -> list[Judged]:
    """Make services and a first check of each."""
    (row,) = await fetch(database, "SELECT now()")
    now = row[0]
    assert isinstance(now, datetime)
    await database.ensure_partitions(now.astimezone(UTC).date())
    observation = Observation(now, Status.UP, latency_ms=1.0)
    state = step(ServiceState(), observation, Policy(0, 1)).state
    async with database.unit() as unit:
        client = await unit.clients.add(ClientSpec("acme"), now)
        specs = [ServiceSpec(f"service {number}", "https://acme.example") for number in range(count)]
        ids = [(await unit.services.add(client.id, spec, now)).id for spec in specs]
    return [Judged(service_id, observation, state) for service_id in ids]


async def test_a_change_of_the_inventory_is_heard(database: Database, feed: Feed, ear: Ear) -> None:
    await announce(database, {"clients": [1], "services": [5, 6]})
    assert await ear.next() == InventoryChanged(frozenset({1}), frozenset({5, 6}))


@pytest.mark.parametrize("payload", [{"services": []}, {"clients": [], "services": []}])
async def test_a_change_too_large_to_name_means_that_anything_may_have_changed(
    database: Database, feed: Feed, ear: Ear, payload: dict[str, Any]
) -> None:
    await announce(database, payload, {"clients": [4], "services": []})
    assert await ear.next() == InventoryChanged()


async def test_a_wish_for_a_check_is_heard(database: Database, feed: Feed, ear: Ear) -> None:
    await announce(database, {"check": 7})
    assert await ear.next() == CheckWanted(7)


async def test_a_maintenance_window_is_heard_of(database: Database, feed: Feed, ear: Ear) -> None:
    await announce(database, {"maintenance": 3})
    assert await ear.next() == WindowsChanged()


async def test_a_change_of_the_lead_is_heard_but_for_the_own(
    database: Database, feed: Feed, ear: Ear
) -> None:
    await announce(database, {"lead": "me"}, {"lead": "somebody"})
    assert await ear.next() == LeadChanged("somebody")


async def test_checks_of_the_leader_are_heard_with_their_states(
    database: Database, feed: Feed, ear: Ear
) -> None:
    batch = await some_judged(database, 2)
    await flush(database, batch)
    assert await ear.next() == LeadChanged("other")
    heard = [await ear.next() for _ in batch]
    assert sorted(heard, key=str) == sorted(
        (
            ServiceJudged(each.service_id, each.observation, each.state, None)
            for each in batch
            if each.state is not None
        ),
        key=str,
    )


async def test_a_flush_too_large_to_name_its_services_is_looked_up(
    database: Database, feed: Feed, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.storage.recording.NOTICE_BYTES", 20)
    batch = await some_judged(database, 3)
    await flush(database, batch[:2])
    assert await ear.next() == LeadChanged("other")
    heard = {(await ear.next()).service_id for _ in range(2)}  # type: ignore[attr-defined]  # checks
    assert heard == {each.service_id for each in batch[:2]}


async def test_a_process_that_leads_does_not_hear_of_its_own_checks(
    database: Database, feed: Feed, ear: Ear
) -> None:
    ear.bus.publish(LeadChanged("me"))
    assert await ear.next() == LeadChanged("me")
    batch = await some_judged(database, 1)
    await flush(database, batch, leader="me")
    await announce(database, {"check": 1})
    assert await ear.next() == CheckWanted(1)


async def test_a_check_that_was_told_already_is_not_told_again(
    database: Database, feed: Feed, ear: Ear
) -> None:
    """The last flush of a process that has just given the lead back comes to it over the feed."""
    (told,) = await some_judged(database, 1)
    assert told.state is not None
    event = ServiceJudged(told.service_id, told.observation, told.state)
    ear.bus.publish(event)
    assert await ear.next() == event
    await flush(database, [told])
    await announce(database, {"check": 1})
    assert [await ear.next(), await ear.next()] == [LeadChanged("other"), CheckWanted(1)]


async def test_a_process_that_leads_no_more_hears_of_checks_again(
    database: Database, feed: Feed, ear: Ear
) -> None:
    ear.bus.publish(LeadChanged("me"))
    ear.bus.publish(LeadChanged(None))
    batch = await some_judged(database, 1)
    await flush(database, batch)
    heard = [await ear.next() for _ in range(4)]
    assert isinstance(heard[-1], ServiceJudged)


async def test_after_a_cut_everything_counts_as_changed(
    database: Database, feed: Feed, ear: Ear, server: ServerForTests
) -> None:
    assert await end_backends(server, database, "ronda feed") == 1
    away = await ear.next()
    assert isinstance(away, StorageChanged)
    assert not away.online
    assert away.detail
    assert await ear.next() == StorageChanged(online=True)
    assert await ear.next() == InventoryChanged()
    await announce(database, {"check": 7})
    assert await ear.next() == CheckWanted(7)


async def test_the_feed_comes_back_with_the_database(
    database: Database, feed: Feed, ear: Ear, server: ServerForTests
) -> None:
    async with outage(server, database):
        while not isinstance(await ear.next(), StorageChanged):
            pass
    async with asyncio.timeout(20):
        await feed.listening.wait()
    while await ear.next() != InventoryChanged():
        pass


def test_notices_in_a_bundle_count_once() -> None:
    notices = Notices.of(
        ['{"flush": 1, "ids": [1, 2]}', '{"flush": 2, "ids": [2]}', '{"flush": 3}', '{"services": [9]}']
    )
    assert notices.judged_ids == {1, 2}
    assert notices.flushes == {3}
    assert notices.service_ids == {9}


NOT_OURS = [
    "",
    "nonsense",
    "[1]",
    "7",
    "null",
    '{"services": 3}',
    '{"services": [99999999999]}',
    '{"clients": [0]}',
    '{"check": "x"}',
    '{"maintenance": "x"}',
    '{"check": 1e999}',
    pytest.param("[" * 7_000, id="deep"),
]


@pytest.mark.parametrize("payload", NOT_OURS)
def test_a_notice_that_is_not_ours_is_left_out(payload: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert Notices.of([payload, '{"check": 3}']).wanted == [3]
    assert len(caplog.records) == 1
