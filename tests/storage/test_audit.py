"""The audit log."""

from __future__ import annotations

from core.domain.audit import AuditEntry
from core.domain.operators import Operator
from core.storage.database import Database
from tests.clock import FrozenClock

ANA = Operator("ana", "bastion", "/dev/pts/3")


async def test_a_change_is_kept_with_who_made_it_and_from_where(
    database: Database, clock: FrozenClock
) -> None:
    before, after = {"tags": ["gold"], "active": True}, {"tags": [], "active": False}
    async with database.unit() as unit:
        await unit.audit.record(ANA, "edit", "client", 7, "Acme", before, after, clock.now())
    async with database.unit() as unit:
        assert await unit.audit.latest(10) == [
            AuditEntry(
                clock.now(), "ana", "bastion", "/dev/pts/3", "edit", "client", 7, "Acme", before, after
            )
        ]


async def test_nothing_before_or_after_stays_nothing(database: Database, clock: FrozenClock) -> None:
    async with database.unit() as unit:
        await unit.audit.record(ANA, "remove", "service", 1, "web", {"name": "web"}, None, clock.now())
        await unit.audit.record(ANA, "add", "service", 2, "api", None, {"name": "api"}, clock.now())
    async with database.unit() as unit:
        added, removed = await unit.audit.latest(10)
    assert (added.before, removed.after) == (None, None)


async def test_the_latest_come_first_and_no_more_than_asked_for(
    database: Database, clock: FrozenClock
) -> None:
    async with database.unit() as unit:
        for number in range(1, 6):
            await unit.audit.record(ANA, "add", "client", number, f"c{number}", None, {}, clock.now())
    async with database.unit() as unit:
        assert [entry.subject_id for entry in await unit.audit.latest(3)] == [5, 4, 3]
