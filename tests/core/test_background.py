"""Tasks in the background."""

from __future__ import annotations

import asyncio
import logging

import pytest

from core.background import ended, in_background


async def test_a_defect_is_logged_at_once_by_the_name_of_its_task(caplog: pytest.LogCaptureFixture) -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    with caplog.at_level(logging.CRITICAL):
        await asyncio.wait({in_background(broken(), "round")})
    assert [record.getMessage() for record in caplog.records] == ["The round has ended in a defect of Ronda"]


async def test_a_task_that_is_told_to_end_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def waiting() -> None:
        await asyncio.Event().wait()

    task = in_background(waiting(), "feed")
    await asyncio.sleep(0)
    await ended(task)
    assert task.cancelled()
    assert not caplog.records


async def test_a_task_that_tidies_up_for_ever_is_cancelled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one does that has a database cancel a query while no server answers."""
    monkeypatch.setattr("core.background.TIDYING_SECONDS", 0.01)

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.Event().wait()

    task = in_background(stubborn(), "feed")
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await ended(task)
    assert task.cancelled()
