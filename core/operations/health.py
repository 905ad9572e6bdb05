"""Ronda's own health: who watches, who leads."""

from __future__ import annotations

from collections.abc import Iterable

from core.domain.workers import WorkerReport
from core.operations.desk import Desk


async def watchers(desk: Desk) -> tuple[WorkerReport, ...]:
    """Give every process on this database that was heard of within the last seconds."""
    async with desk.database.unit() as unit:
        return await unit.workers.live()


def leader_of(workers: Iterable[WorkerReport]) -> WorkerReport | None:
    """Give the process that runs the round, if one does."""
    return next((worker for worker in workers if worker.leading), None)


async def is_last_watcher(desk: Desk) -> bool:
    """Whether checks stop when this process leaves: nobody else here could lead, its own agent aside."""
    others = (each for each in await watchers(desk) if desk.own_id not in (each.id, each.ends_with))
    return not any(worker.can_lead for worker in others)


async def stored_checks(desk: Desk) -> int:
    """Count the checks of the whole history."""
    async with desk.database.unit() as unit:
        return await unit.history.stored()
