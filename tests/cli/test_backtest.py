"""``ronda rule test`` on a real database."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from core.domain.observations import Status
from core.storage.database import Database
from tests.cli.support import Ronda
from tests.clock import FrozenClock
from tests.worker.room import room_in

UP, DOWN = Status.UP, Status.DOWN


@pytest.fixture
def shop(ronda_db: Ronda, database: Database) -> Ronda:
    """Run commands on a database in which a service failed twice within the last days, for a second each."""

    async def fail() -> None:
        now = datetime.now(UTC)
        await database.ensure_partitions(now.date())
        async with room_in(database, FrozenClock(now)) as room:
            room.clock.advance(-60.0)
            service = await room.service("web", "Acme", retries=0)
            await room.see(service, UP, UP, DOWN, UP, UP, UP, DOWN, UP)

    asyncio.run(fail())
    return ronda_db


def test_it_says_how_many_messages_a_change_would_leave(shop: Ronda) -> None:
    tested = shop("rule", "test", "--retries", "1")
    assert (tested.code, tested.err) == (0, "")
    assert tested.lines[1] == "4 notices (2 messages) become 0 notices (0 messages), about 0 incidents."
    assert "  consoles: 2 x problem" in tested.lines
    assert tested.lines[-1] == "  nothing"


def test_a_changed_rule_is_replayed_and_stays_as_it_is(shop: Ronda) -> None:
    shop("rule", "add", "--name", "all")
    before = shop("rule", "list", "--json").document
    tested = shop("rule", "test", "ALL", "--after", "10m", "--json")
    assert (tested.document["before"]["messages"], tested.document["after"]["messages"]) == (2, 0)
    assert len(tested.document["before"]["notices"]) == 4
    assert tested.document["after"]["held"] == {"delay": 2}
    assert {each["kind"] for each in tested.document["before"]["notices"]} == {"problem", "recovery"}
    assert shop("rule", "list", "--json").document == before


def test_a_rule_more_may_tell_more(shop: Ronda) -> None:
    shop("rule", "add", "--name", "nobody", "--after", "1d")
    tested = shop("rule", "test", "--severity", "down", "--json")
    assert (tested.document["before"]["messages"], tested.document["after"]["messages"]) == (0, 2)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--days", "0"), "Days: Give days, more than 0 and at most 92."),
        (("--days", "week"), "Days: week is not a number. Write it like 30 or 0.5."),
        (("--retries", "-1"), "Retries: Give a whole number from 0 to 100."),
        (("--after", "soon"), "After: soon is not a duration. Write it like 90m, 2h, 1h30m or 1d."),
        (("--zone", "Mars"), "Time zone: Mars is not a time zone."),
    ],
)
def test_what_is_wrong_is_named(shop: Ronda, options: tuple[str, ...], sentence: str) -> None:
    refused = shop("rule", "test", *options)
    assert refused.code == 2
    assert sentence in refused.err


def test_a_rule_that_is_not_there_is_named(shop: Ronda) -> None:
    assert "There is no rule nights." in shop("rule", "test", "nights").err
