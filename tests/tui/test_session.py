from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from core.domain.operators import Role
from core.errors import StorageError, Unreachable
from core.operations.desk import Desk
from tests.clock import FrozenClock
from tests.tui.canned import desk
from tui.session import DeskSession


class Opening:
    """Opens a desk, or fails to; keeps what happened."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.log: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = asyncio.Event()
        self.parting: Exception | None = None
        self.desk = desk(FrozenClock(), role=Role.ADMIN)

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Desk]:
        self.log.append("opening")
        self.begun.set()
        try:
            await self.gate.wait()
            if self.failures:
                raise self.failures.pop(0)
            yield self.desk
            if self.parting is not None:
                raise self.parting
        finally:
            self.log.append("closed")


async def test_the_desk_stays_open_until_the_console_leaves() -> None:
    opening = Opening()
    session = DeskSession(opening)
    assert await session.open() is opening.desk
    await asyncio.sleep(0)
    assert opening.log == ["opening"]
    await session.close()
    assert opening.log == ["opening", "closed"]


async def test_a_failed_opening_is_raised_and_can_be_tried_again() -> None:
    opening = Opening(Unreachable("no answer"))
    session = DeskSession(opening)
    with pytest.raises(Unreachable, match="no answer"):
        await session.open()
    assert await session.open() is opening.desk
    await session.close()
    assert opening.log == ["opening", "closed", "opening", "closed"]


async def test_leaving_while_the_desk_opens_gives_it_up() -> None:
    opening = Opening()
    opening.gate.clear()
    session = DeskSession(opening)
    waiting = asyncio.create_task(session.open())
    await opening.begun.wait()
    await session.close()
    assert opening.log == ["opening", "closed"]
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_what_goes_wrong_while_closing_is_raised() -> None:
    opening = Opening()
    opening.parting = StorageError("12 results could not be stored")
    session = DeskSession(opening)
    await session.open()
    with pytest.raises(StorageError, match="12 results"):
        await session.close()


async def test_closing_what_was_never_opened_is_nothing() -> None:
    session = DeskSession(Opening())
    await session.close()
    await session.close()
