"""What is held of each service, as the recorder wrote it last."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.domain.status import ServiceState
from core.storage.mapping import state_of
from core.storage.pieces import in_pieces
from core.storage.rows import STATES, among


class States:
    """Reads states; ``core.storage.recording`` writes them."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def all(self) -> dict[int, ServiceState]:
        """Give every state by the number of its service, those in the bin too."""
        return await self._states(select(STATES))

    async def of(self, service_ids: Collection[int]) -> dict[int, ServiceState]:
        """Give the states of some services; one that is gone is left out."""
        return await self._states(select(STATES).where(among(STATES.c.service_id, service_ids)))

    async def flapping(self) -> list[int]:
        """Give the services that flap, by number."""
        statement = select(STATES.c.service_id).where(STATES.c.flapping).order_by(STATES.c.service_id)
        return list((await self._session.execute(statement)).scalars())

    async def _states(self, statement: Select[Any]) -> dict[int, ServiceState]:
        rows = (await self._session.execute(statement)).all()
        states: dict[int, ServiceState] = {}
        async for piece in in_pieces(rows):
            states |= {row.service_id: state_of(row) for row in piece}
        return states
