"""Telling people, for one term of leading: what is decided, and its delivery."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from core.bus import Bus
from core.clock import Clock
from core.domain.channels import Sender
from core.worker.delivery import Deliverer
from core.worker.dispatcher import Dispatcher

if TYPE_CHECKING:
    from core.storage.database import Database


class Telling:
    """Decides and delivers for as long as this process leads."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        sender: Sender,
        own_id: str,
        epoch: Callable[[], int | None],
    ) -> None:
        self._dispatcher = Dispatcher(database, bus, clock, epoch)
        self.deliverer = Deliverer(database, bus, clock, sender, own_id)

    @property
    def is_well(self) -> bool:
        """Whether deciding and delivering go on, whatever the channels answer."""
        return self._dispatcher.is_well and self.deliverer.is_well

    def start(self) -> None:
        """Begin."""
        self._dispatcher.start()
        self.deliverer.start()

    async def stop(self) -> None:
        """Decide and send nothing more."""
        await self._dispatcher.stop()
        await self.deliverer.stop()
