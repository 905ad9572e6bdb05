"""Who is here: the operator is noted as present, and told what changed while they were away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from core.errors import RondaError
from core.operations.handover import HandOver
from tui.reader import Reader

SEEN_SECONDS = 60.0
"""How often it is noted that the operator is still here."""
LEAVING_SECONDS = 2.0
"""How long the last note may hold up the end of the console."""

log = logging.getLogger(__name__)


class Presence:
    """Notes one operator as present for as long as the console is open."""

    def __init__(self, show: Callable[[HandOver], object]) -> None:
        self.left_at: datetime | None = None
        """Since when there was something to tell; None: there was nothing."""
        self._show = show
        self._reader: Reader | None = None
        self._arrived = False

    async def keep(self, reader: Reader) -> None:
        """Note it now and then; what changed since they left is shown once."""
        self._reader = reader
        while True:
            try:
                await self._note(reader)
            except RondaError as error:
                log.info("It could not be noted that the operator is here: %s", error)
            await asyncio.sleep(SEEN_SECONDS)

    async def _note(self, reader: Reader) -> None:
        if self._arrived:
            await reader.stay()
            return
        shift = await reader.arrive()
        self._arrived = True
        if shift is not None:
            self.left_at = shift.since
            self._show(shift)

    async def leave(self) -> None:
        """Note it for the last time; who never arrived has nothing to note."""
        if self._reader is None or not self._arrived:
            return
        try:
            async with asyncio.timeout(LEAVING_SECONDS):
                await self._reader.stay()
        except (RondaError, TimeoutError) as error:
            log.info("It could not be noted that the operator leaves: %s", error)
