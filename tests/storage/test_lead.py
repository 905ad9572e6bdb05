"""The lead: one holder, a lease, terms that count on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.errors import StorageError
from core.storage.database import Database
from core.storage.lead import Lead, Term
from core.storage.recording import RECORDER
from tests.conftest import ServerForTests
from tests.storage.outages import end_holder, fetch, outage

PATIENCE_SECONDS = 20.0


@pytest.fixture
async def leads(database: Database) -> AsyncIterator[tuple[Lead, Lead]]:
    """Give two processes' leads with short leases."""
    pair = (Lead(database, "first", lease_seconds=1.0), Lead(database, "second", lease_seconds=1.0))
    yield pair
    for lead in pair:
        lead.drop()


async def taken(lead: Lead) -> Term:
    """Try until the lead is taken."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (term := await lead.try_take()) is None:  # noqa: ASYNC110 - the other process is asked
            await asyncio.sleep(0.02)
        return term


async def test_of_two_processes_one_leads(leads: tuple[Lead, Lead]) -> None:
    first, second = leads
    assert await first.try_take() == Term(epoch=1, flush=0)
    assert await second.try_take() is None
    assert await second.epoch() == 1


async def test_a_lead_given_back_is_taken_in_the_next_term(leads: tuple[Lead, Lead]) -> None:
    first, second = leads
    await first.try_take()
    await first.release()
    assert await second.try_take() == Term(epoch=2, flush=0)


async def test_the_table_names_who_leads(leads: tuple[Lead, Lead], database: Database) -> None:
    first, _second = leads
    await first.try_take()
    assert await fetch(database, "SELECT holder, backend_pid FROM ronda.lead") == [("first", None)]
    await first.release()
    assert await fetch(database, "SELECT holder FROM ronda.lead") == [(None,)]


async def test_flush_numbers_go_on_from_term_to_term(leads: tuple[Lead, Lead], database: Database) -> None:
    await fetch(database, "UPDATE ronda.lead SET flush = 41 RETURNING 1")
    assert await leads[0].try_take() == Term(epoch=1, flush=41)


async def test_a_leader_that_falls_silent_loses_its_lease(leads: tuple[Lead, Lead]) -> None:
    """Nobody calls ``hold`` of the first: it is as good as frozen."""
    first, second = leads
    await first.try_take()
    term = await taken(second)
    assert term.epoch == 2
    with pytest.raises(StorageError):
        await first.hold()


async def test_a_heartbeat_keeps_the_lease(leads: tuple[Lead, Lead]) -> None:
    first, second = leads
    await first.try_take()
    holding = asyncio.create_task(first.hold())
    for _ in range(8):
        assert await second.try_take() is None
        await asyncio.wait({holding}, timeout=0.2)
    assert not holding.done()
    holding.cancel()
    await asyncio.wait({holding})


async def test_a_leader_whose_backend_is_ended_knows_it_within_a_beat(
    leads: tuple[Lead, Lead], server: ServerForTests, database: Database
) -> None:
    first, second = leads
    await first.try_take()
    holding = asyncio.create_task(first.hold())
    assert await end_holder(server, database) == 1
    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(StorageError):
            await holding
    assert (await taken(second)).epoch == 2


async def test_the_last_leaders_recorder_is_ended_if_it_hangs_in_a_flush(
    leads: tuple[Lead, Lead], database: Database
) -> None:
    """A recorder frozen inside a transaction holds the row of ``lead`` for ever."""
    first, second = leads
    await first.try_take()
    frozen = await database.dedicated_connection()
    await frozen.execute("SELECT set_config('application_name', %s, false)", [RECORDER])
    await frozen.execute("UPDATE ronda.lead SET backend_pid = pg_backend_pid()")
    await frozen.execute("BEGIN")
    await frozen.execute("UPDATE ronda.lead SET flush = flush + 1")
    first.drop()
    assert await taken(second) == Term(epoch=2, flush=0)
    await frozen.close()


async def test_a_backend_that_only_shares_the_number_is_left_alone(
    leads: tuple[Lead, Lead], database: Database
) -> None:
    async with await database.dedicated_connection() as somebody:
        await somebody.execute("UPDATE ronda.lead SET backend_pid = pg_backend_pid()")
        await leads[0].try_take()
        await somebody.execute("SELECT 1")


async def test_a_taking_that_fails_half_way_lets_go_of_the_lock(
    leads: tuple[Lead, Lead], database: Database
) -> None:
    first, second = leads
    blocker = await database.dedicated_connection()
    async with blocker:
        await blocker.execute("BEGIN")
        await blocker.execute("SELECT * FROM ronda.lead FOR UPDATE")
        with pytest.raises(StorageError):
            await first.try_take()
        await blocker.execute("ROLLBACK")
    assert (await taken(second)).epoch == 1


async def test_a_database_that_is_away_is_said_and_not_taken_for_a_loss(
    leads: tuple[Lead, Lead], server: ServerForTests, database: Database
) -> None:
    first, _second = leads
    async with outage(server, database):
        with pytest.raises(StorageError):
            await first.try_take()
    assert (await taken(first)).epoch == 1


async def test_giving_back_what_is_not_held_does_nothing(leads: tuple[Lead, Lead]) -> None:
    first, second = leads
    await first.release()
    assert (await taken(second)).epoch == 1
