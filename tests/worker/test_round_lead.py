"""The round of several processes: who checks, and what becomes of it when something fails."""

from __future__ import annotations

import asyncio

import pytest

from core.domain.events import (
    InventoryChanged,
    LeadChanged,
)
from core.errors import Unreachable
from core.storage.database import Database
from core.storage.lead import Lead
from tests.conftest import ServerForTests
from tests.storage.outages import end_holder, fetch, outage
from tests.worker.office import HOUR, Office
from tests.worker.support import PATIENCE_SECONDS, until


async def test_of_two_processes_one_checks_and_the_other_hears_of_it(office: Office) -> None:
    leader = await office.open()
    await leader.leading()
    follower = await office.open()
    service = await office.add("web")
    await follower.checked(service.id)
    assert follower.judged[0].state == leader.judged[0].state
    assert not follower.checks.urls
    assert not follower.round.leads
    assert leader.count(service.id) == 1


async def test_when_the_leader_stops_the_other_goes_on_within_a_second(office: Office) -> None:
    leader = await office.open()
    await leader.leading()
    follower = await office.open()
    service = await office.add("web", interval=1.0)
    await follower.checked(service.id)
    began = asyncio.get_running_loop().time()
    await leader.stop()
    await follower.leading()
    assert asyncio.get_running_loop().time() - began < 5.0
    await until(lambda: bool(follower.checks.urls))
    assert leader.count(service.id) >= 1


async def test_a_process_that_may_not_lead_only_follows(office: Office) -> None:
    reader = await office.open(may_lead=False)
    service = await office.add("web")
    leader = await office.open()
    await reader.checked(service.id)
    await leader.stop()
    await until(lambda: any(len(each.workers) == 1 for each in reader.reports[-1:]))
    assert not reader.round.leads
    assert not reader.checks.urls


async def test_a_process_with_another_key_does_not_lead(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database, "key_matches", False)
    assert not (await office.open()).round.may_lead


async def test_the_lead_can_be_handed_over(office: Office) -> None:
    leader = await office.open()
    await leader.leading()
    follower = await office.open()
    await leader.round.hand_over(leave_seconds=HOUR)
    assert not leader.round.leads
    await follower.leading()
    await until(lambda: leader.leads[-2:] == [LeadChanged(None), LeadChanged("process 2")])


async def test_a_lead_handed_over_with_nobody_there_is_taken_again(office: Office) -> None:
    leader = await office.open()
    await leader.leading()
    await leader.round.hand_over(leave_seconds=0.0)
    await leader.leading()


async def test_an_outage_stops_no_checks_and_loses_none(office: Office, server: ServerForTests) -> None:
    process = await office.open()
    service = await office.add("web", interval=1.0)
    await process.checked(service.id)
    async with outage(server, office.database):
        before = process.count(service.id)
        await process.checked(service.id, before + 2)
        await until(lambda: any(not each.online for each in process.storage))
        assert process.round.leads
    await until(lambda: process.round.health().waiting == 0 and process.storage[-1].online)
    await process.stop()
    await office.stored(process.count(service.id))
    assert process.leads == [LeadChanged("process 1"), LeadChanged(None)]


async def test_a_lock_that_is_lost_and_taken_again_changes_nothing(
    office: Office, server: ServerForTests
) -> None:
    process = await office.open()
    service = await office.add("web", interval=1.0)
    await process.checked(service.id)
    assert await end_holder(server, office.database) == 1
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await fetch(office.database, "SELECT epoch FROM ronda.lead") != [(2,)]:  # noqa: ASYNC110 - asked
            await asyncio.sleep(0.02)
    await process.checked(service.id, process.count(service.id) + 2)
    await process.stop()
    await office.stored(process.count(service.id))
    assert process.leads == [LeadChanged("process 1"), LeadChanged(None)]


async def test_a_leader_that_was_overtaken_stops_checking_and_its_results_are_kept(
    office: Office, server: ServerForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old leader's session is ended, and it is slower than the other to try again."""
    old = await office.open()
    service = await office.add("web", interval=1.0)
    await old.checked(service.id)
    new = await office.open()

    async def cut_off(_lead: Lead) -> None:
        raise Unreachable("cut off")

    with monkeypatch.context() as patched:
        patched.setattr(old.round._lead, "try_take", lambda: cut_off(old.round._lead))
        assert await end_holder(server, office.database) == 1
        await new.leading()
    await until(lambda: LeadChanged(None) in old.leads)
    checks_of_old = len(old.checks.urls)
    await new.checked(service.id, new.count(service.id) + 2)
    assert len(old.checks.urls) == checks_of_old
    assert InventoryChanged() in old.changes
    assert old.leads[:2] == [LeadChanged("process 1"), LeadChanged("process 2")]
    await old.stop()
    await new.stop()
    await office.stored(checks_of_old + len(new.checks.urls))


async def test_a_fenced_leader_begins_anew(office: Office) -> None:
    """Somebody counted the epoch on behind its back: what it holds in memory may be old."""
    process = await office.open()
    service = await office.add("web", interval=1.0)
    await process.checked(service.id)
    await fetch(office.database, "UPDATE ronda.lead SET epoch = epoch + 1 RETURNING 1")
    await until(lambda: len(process.leads) == 3)
    assert process.leads == [LeadChanged("process 1"), LeadChanged(None), LeadChanged("process 1")]
    await process.checked(service.id, process.count(service.id) + 1)
    await process.stop()
    await office.stored(len(process.checks.urls))


async def test_every_process_reports_and_hears_of_all(office: Office) -> None:
    leader = await office.open()
    await leader.leading()
    await office.add("web")
    follower = await office.open()

    def as_expected() -> bool:
        if not follower.reports:
            return False
        event = follower.reports[-1]
        workers = {each.id: each for each in event.workers}
        return (
            event.own_id == "process 2"
            and workers.keys() == {"process 1", "process 2"}
            and workers["process 1"].leading
            and workers["process 1"].health.services == 1
            and not workers["process 2"].leading
        )

    await until(as_expected)


async def test_a_process_that_leaves_is_off_the_list(office: Office) -> None:
    first, second = await office.open(), await office.open()
    await until(lambda: bool(second.reports) and len(second.reports[-1].workers) == 2)
    await first.stop()
    await until(lambda: len(second.reports[-1].workers) == 1)


async def test_with_the_database_away_a_process_still_hears_of_itself(
    office: Office, server: ServerForTests
) -> None:
    process = await office.open()
    await process.leading()
    async with outage(server, office.database):
        count = len(process.reports)
        await until(lambda: len(process.reports) > count)
        assert [each.id for each in process.reports[-1].workers] == ["process 1"]
