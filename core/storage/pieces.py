"""Many rows, taken piece by piece, so that the event loop gets its turn in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Executable, Row
from sqlalchemy.ext.asyncio import AsyncSession

ROWS_AT_ONCE = 500
"""Rows that are turned into values before the event loop gets its turn: about 10 ms."""

Item = TypeVar("Item")


async def in_pieces(rows: Sequence[Item]) -> AsyncIterator[Sequence[Item]]:
    """Give the rows of a sequence a few at a time."""
    for first in range(0, len(rows), ROWS_AT_ONCE):
        yield rows[first : first + ROWS_AT_ONCE]
        await asyncio.sleep(0)


async def streamed(
    session: AsyncSession, statement: Executable, values: Mapping[str, Any] | None = None
) -> AsyncIterator[Sequence[Row[Any]]]:
    """Give the rows of a statement as the server sends them, some at a time."""
    result = await session.stream(statement, values)
    try:
        async for rows in result.partitions(ROWS_AT_ONCE):
            yield rows
            await asyncio.sleep(0)
    finally:
        await result.close()  # whoever is cancelled in between leaves no cursor behind
