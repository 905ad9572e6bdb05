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
