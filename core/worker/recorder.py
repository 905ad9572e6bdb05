"""The recorder: writes what was judged, a batch every half second.

It keeps the order, has one flush under way, and gives nothing up while the database is away: the batch
is tried again until it is known to be written. While this process leads, a flush holds states too and
is fenced; what a former leader still holds goes into the history as late observations.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from core.background import ended, in_background
from core.bus import Bus
from core.domain.events import StorageChanged
from core.errors import Fenced, StorageError
from core.i18n import ngettext
from core.storage.lead import Term
from core.storage.recording import Judged
from core.worker.backlog import Backlog

PACE_SECONDS = 0.5
"""From one flush to the next: the fewer flushes, the less a result costs; it is written within a second."""
MOST_ROWS = 10_000
"""Results in one flush."""
FIRST_WAIT_SECONDS = 0.25
LONGEST_WAIT_SECONDS = 2.0
"""The waits between attempts double from the first to the longest."""

log = logging.getLogger(__name__)


class Store(Protocol):
    """Where results go; ``core.storage.recording`` says what each call means."""

    async def flush(self, batch: Sequence[Judged], epoch: int, number: int) -> None:
        """Write a batch with its states, fenced; the same call again is safe."""
        ...

    async def append(self, batch: Sequence[Judged]) -> None:
        """Add late observations."""
        ...

    async def close(self) -> None:
        """Close the connection."""
        ...


class Recorder:
    """Takes results at once and writes them in the background."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        *,
        fenced: Callable[[], None],  # is to call ``follow`` or ``lead``; until then the batch waits
        backlog: Backlog | None = None,
        pace_seconds: float = PACE_SECONDS,
    ) -> None:
        self._store = store
        self._bus = bus
        self._fenced = fenced
        self._backlog = Backlog() if backlog is None else backlog
        self._pace_seconds = pace_seconds
        self._term: Term | None = None
        self._number = 0
        """The last flush known to be written in this term."""
        self._something = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._wait_seconds = 0.0

    @property
    def waiting(self) -> int:
        """Give the number of results that are not known to be written."""
        return len(self._backlog)

    @property
    def dropped(self) -> int:
        """Give the number of results given up because too many waited."""
        return self._backlog.dropped

    @property
    def keeps_up(self) -> bool:
        """Whether the last flush did not fail, and the next one takes all that waits."""
        return self._wait_seconds == 0.0 and self.waiting <= MOST_ROWS

    def start(self) -> None:
        """Begin to write."""
        self._task = in_background(self._run(), "recorder")

    def take(self, judged: Judged) -> None:
        """Take a result; it is written within a second if the database is there."""
        self._backlog.add(judged)
        self._something.set()
        self._empty.clear()

    def lead(self, term: Term) -> None:
        """Write as the leader of a term from now on.

        If nobody led since this process's last term, a batch whose flush was in doubt is now known to
        be written or not.
        """
        before = self._term
        if before is not None and term.epoch == before.epoch + 1 and term.flush > self._number:
            self._written()
        self._term, self._number = term, term.flush

    def follow(self) -> None:
        """Write as one that leads no more: observations only."""
        self._term = None
        self._backlog.forget_states()

    async def drain(self, deadline_seconds: float) -> None:
        """Wait until everything is written, without pauses; at most so long."""
        self._hurry.set()
        try:
            async with asyncio.timeout(deadline_seconds):
                await self._empty.wait()
        except TimeoutError:
            log.warning("%d results wait for the database", self.waiting)
        finally:
            self._hurry.clear()

    async def stop(self, deadline_seconds: float) -> None:
        """Write what waits, at most so long, and end; what is lost then is logged."""
        if self._task is None:
            return
        await self.drain(deadline_seconds)
        await ended(self._task)
        self._task = None
        if self.waiting:
            words = ngettext(
                "{count} result could not be written and is lost.",
                "{count} results could not be written and are lost.",
                self.waiting,
            )
            log.error(words.format(count=self.waiting))
        await self._store.close()

    async def _run(self) -> None:
        while True:
            await self._something.wait()
            await self._pause(self._pace_seconds)
            try:
                await self._write()
            except StorageError as error:
                await self._wait_for_storage(error)
            else:
                self._storage_is_there()

    async def _write(self) -> None:
        """Write one batch; the term may change meanwhile."""
        term, batch = self._term, self._backlog.batch(MOST_ROWS)
        if not batch:
            return
        if term is None:
            await self._store.append(batch)
            self._written()
            return
        try:
            await self._store.flush(batch, term.epoch, self._number + 1)
        except Fenced:
            if self._term is term:  # else the term has changed while the flush was under way
                self._fenced()
            return
        if self._term is term:
            self._number += 1
            self._written()

    def _written(self) -> None:
        self._backlog.discard()
        if not self._backlog:
            self._something.clear()
            self._empty.set()

    async def _wait_for_storage(self, error: StorageError) -> None:
        if self._wait_seconds == 0.0:
            log.warning("Results wait for the database: %s", error)
            self._bus.publish(StorageChanged(online=False, detail=str(error)))
        self._wait_seconds = min(max(2 * self._wait_seconds, FIRST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)
        await asyncio.sleep(self._wait_seconds)

    def _storage_is_there(self) -> None:
        if self._wait_seconds:
            self._wait_seconds = 0.0
            log.info("The database is back; %d results wait", self.waiting)
            self._bus.publish(StorageChanged(online=True))

    async def _pause(self, seconds: float) -> None:
        """Let results gather, unless somebody waits for all of them."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
