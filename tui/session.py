"""Holds the desk open from the first frame until the console has left.

One task enters and leaves the desk's context; it is not a Textual worker, since those are cancelled
when the application exits, and closing takes the time that it takes: results are still being written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from core.operations.desk import Desk

OpenDesk = Callable[[], AbstractAsyncContextManager[Desk]]


class DeskSession:
    """A desk that is opened, opened again after a failure, and closed once."""

    def __init__(self, open_desk: OpenDesk) -> None:
        self._open_desk = open_desk
        self._task: asyncio.Task[None] | None = None
        self._leaving = asyncio.Event()
        self._opened: asyncio.Future[Desk] | None = None

    async def open(self) -> Desk:
        """Open the desk; whatever its opening raises is raised here."""
        opened: asyncio.Future[Desk] = asyncio.get_running_loop().create_future()
        self._opened = opened
        task = self._task = asyncio.create_task(self._hold(opened), name="desk")
        await asyncio.wait((task, opened), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        return opened.result()

    async def _hold(self, opened: asyncio.Future[Desk]) -> None:
        async with self._open_desk() as desk:
            opened.set_result(desk)
            await self._leaving.wait()

    async def close(self) -> None:
        """Close the desk and wait until everything is put away; an opening under way is given up."""
        self._leaving.set()
        task, self._task = self._task, None
        if task is None:
            return
        if self._opened is not None and not self._opened.done():
            task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            task.result()
