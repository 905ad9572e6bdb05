"""The uplink guard at work: asks the references while the line is in doubt, and keeps what comes of it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from core.background import ended, in_background
from core.checks.request import CheckRequest
from core.clock import Clock
from core.domain.observations import Observation
from core.domain.uplink import BlindInterval, Outlook, Turn, Uplink, has_answered, is_out_of_reach
from core.errors import StorageError
from core.i18n import _, ngettext
from core.worker.outside import Outside
from core.worker.runner import BELT_SECONDS, Checks
from core.worker.watched import Watched

if TYPE_CHECKING:
    from core.storage.database import Database

RETRY_SECONDS = 1.0
"""The wait before the database is tried again."""

log = logging.getLogger(__name__)


class BlindJournal:
    """Writes when this side went blind and when it saw again: in order, and until the database took it.

    ``epoch`` gives the term of this process; what it writes is refused once another one leads.
    """

    def __init__(self, database: Database, epoch: Callable[[], int | None]) -> None:
        self._database = database
        self._epoch = epoch
        self._waiting: deque[tuple[Turn, str]] = deque()
        self._something = asyncio.Event()

    async def open_interval(self) -> BlindInterval | None:
        """Give the interval that a former leader left open; waits until the database answers."""
        while True:
            try:
                async with self._database.unit() as unit:
                    return await unit.blind.open()
            except StorageError as error:
                log.info("Whether this side was blind is not known yet: %s", error)
            await asyncio.sleep(RETRY_SECONDS)

    def add(self, turn: Turn, detail: str) -> None:
        """Have a turn written, with one sentence on it."""
        self._waiting.append((turn, detail))
        self._something.set()

    async def write_on(self) -> None:
        """Write what comes, for ever."""
        while True:
            await self._something.wait()
            try:
                await self._write(*self._waiting[0])
            except StorageError as error:
                log.info("A blind interval waits for the database: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            self._waiting.popleft()
            if not self._waiting:
                self._something.clear()

    async def _write(self, turn: Turn, detail: str) -> None:
        epoch = self._epoch()
        if epoch is None:
            raise StorageError(_("This process does not run the round."))
        async with self._database.unit() as unit:
            write = unit.blind.begin if turn.blind else unit.blind.end
            await write(epoch, turn.at, detail)
            await unit.announce({"alerting": 1})


class UplinkGuard:
    """Says of each check what the line makes of it; without references it says that all is clear."""

    def __init__(
        self,
        clock: Clock,
        checks: Checks,
        outside: Outside,
        journal: BlindJournal,
        sees_again: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._checks = checks
        self._references = outside.references
        self._ask_seconds = outside.ask_seconds
        self._journal = journal
        self._sees_again = sees_again
        self.uplink = Uplink(guarded=bool(outside.references))
        self._doubtful = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to watch the line; where the last leader was blind, this one is until a reference answers."""
        self._tasks = [
            in_background(self._run(), "uplink guard"),
            in_background(self._journal.write_on(), "journal of blind times"),
        ]

    async def stop(self) -> None:
        """End; an interval that is open stays open for the next leader."""
        for task in self._tasks:
            await ended(task)
        self._tasks = []

    def outlook(self, watched: Watched, seen: Observation) -> Outlook:
        """Count what a check saw, and say what it may be taken for."""
        if not self.uplink.guarded or watched.reports_in:
            return Outlook.CLEAR
        now, service = self._clock.monotonic(), watched.service
        self.uplink.note(service.id, service.client_id, seen, now)
        if not self.uplink.is_doubtful:
            return Outlook.CLEAR
        self._doubtful.set()
        return self.uplink.outlook(now) if is_out_of_reach(seen) else Outlook.CLEAR

    async def _run(self) -> None:
        await self._take_over()
        while True:
            await self._doubtful.wait()
            while self.uplink.is_doubtful:
                self._hear(await self._any_answers())
                await asyncio.sleep(self._ask_seconds)
            self._doubtful.clear()

    async def _take_over(self) -> None:
        """Go on with what the last leader left open; without references nobody could ever close it."""
        left = await self._journal.open_interval()
        if left is None:
            return
        if self.uplink.guarded:
            self.uplink.resume(left.started_at)
            self._doubtful.set()
        else:
            detail = _("The uplink guard is off here: nothing tells whether the line is up.")
            self._journal.add(Turn(False, self._clock.now()), detail)

    async def _any_answers(self) -> bool:
        """Ask all references at once; whether one answers."""
        asked = {asyncio.create_task(self._ask(reference)) for reference in self._references}
        try:
            for answer in asyncio.as_completed(asked):
                if await answer:
                    return True
            return False
        finally:
            for task in asked:
                task.cancel()
            await asyncio.wait(asked)

    async def _ask(self, reference: CheckRequest) -> bool:
        try:
            async with asyncio.timeout(reference.timeout_seconds + BELT_SECONDS):
                return has_answered(await self._checks.check(reference))
        except TimeoutError:
            return False

    def _hear(self, answered: bool) -> None:
        turn = self.uplink.hear(answered, self._clock.now())
        if turn is None:
            return
        detail = self._begun() if turn.blind else self._over(answered)
        log.warning("%s", detail)
        self._journal.add(turn, detail)
        if not turn.blind:
            self._sees_again()

    def _begun(self) -> str:
        census = self.uplink.census
        text = ngettext(
            "This side is blind: {failing} of {count} service cannot be reached, and no reference answers.",
            "This side is blind: {failing} of {count} services cannot be reached, and no reference answers.",
            len(census),
        )
        return text.format(failing=census.failing, count=len(census))

    def _over(self, answered: bool) -> str:
        if answered:
            return _("This side sees again: a reference answers.")
        return _("This side sees again: most services can be reached, though no reference answers.")
