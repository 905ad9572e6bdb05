"""Places that read incidents: again whenever they have changed, and never while they are hidden."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime

from textual import work

from core.errors import RondaError
from core.i18n import _
from core.operations.incidents import IncidentLine
from core.wording import error_text
from tui.bridge import RELOAD_SECONDS, AlertsChanged, BoardChanged
from tui.formatting import local_time
from tui.incident_words import known_text
from tui.screens.handling import Handling, batch_of
from tui.stages import stage_words
from tui.widgets.placard import Words

AGE_SECONDS = 5
"""How often durations are looked at: two thousand rows take 20 ms."""
RETRY_SECONDS = 3
"""After a failed read."""


class Rereading(Handling):
    """A place that says how to ``load`` and ``show_all``; when it does is decided here."""

    def __init__(self) -> None:
        super().__init__()
        self.read_at: datetime | None = None
        """When it was read last; None: never."""
        self.failure = ""
        """Why the last read failed."""
        self._wanted = False
        self._reading = False
        self._seconds = 0

    @abstractmethod
    async def load(self) -> None:
        """Read what is shown."""

    @abstractmethod
    def show_all(self) -> None:
        """Show what was read, as it is by now."""

    def on_mount(self) -> None:
        """Hear of changes."""
        self.ronda.bridge.alerts_changed.subscribe(self, self.alerts_changed)
        self.show_all()

    def alerts_changed(self, change: AlertsChanged) -> None:
        """Read again what has changed, unless nobody sees it: then when the place is seen again."""
        if self.on_top:
            self.reread()

    def board_changed(self, change: BoardChanged) -> None:
        """Read for the first time, or again: names may have changed, or the place is seen again."""
        if change.inventory and self.is_mounted:
            self.show_all()
            if self.on_top:
                self.reread()

    def handled(self) -> None:
        """Show what was done."""
        self.reread()

    def acknowledge_lines(self, subject: str, lines: Sequence[IncidentLine]) -> None:
        """Acknowledge those of some incidents that are open and that nobody knows of yet."""
        still_open = [line.incident for line in lines if line.incident.is_open]
        unknown = [incident.id for incident in still_open if incident.acknowledgement is None]
        if unknown:
            self.acknowledge(subject, batch_of(unknown))
        elif still_open:
            known = known_text(still_open[0].acknowledgement, self.ronda.clock.now())
            text = _("acknowledged already: {who}; A takes it back").format(who=known)
            self.notify(text, markup=False)

    def open_service_of(self, line: IncidentLine) -> None:
        """Open the page of a service, if it is still there."""
        if line.subject.service_id in self.ronda.board.entries:
            self.ronda.open_service(line.subject.service_id)
        else:
            self.notify(_("The service is not on the board any more."), severity="warning", markup=False)

    def ticked(self) -> None:
        """Let durations grow; try again what failed."""
        self._seconds += 1
        if self._seconds % AGE_SECONDS == 0:
            self.show_all()
        if self.failure and self._seconds % RETRY_SECONDS == 0:
            self.reread()

    def reread(self) -> None:
        """Read now, or once more after the read that is under way."""
        self._wanted = True
        if not self._reading and stage_words(self.ronda.stage, "") is None:
            self._reading = True
            self._read()

    @work(group="incidents", exit_on_error=False)
    async def _read(self) -> None:
        try:
            while self._wanted:
                self._wanted = False
                await self._read_once()
                if self._wanted:
                    await asyncio.sleep(RELOAD_SECONDS)
        finally:
            self._reading = False

    async def _read_once(self) -> None:
        try:
            await self.load()
        except RondaError as error:
            self.failure = error_text(error)
        else:
            self.failure, self.read_at = "", self.ronda.clock.now()
        if self.is_mounted:
            self.show_all()

    def missing_words(self, reading: str) -> Words | None:
        """Say why there is nothing to show yet; None once something was read."""
        words = stage_words(self.ronda.stage, self.ronda.failure)
        if words is not None or self.read_at is not None:
            return words
        if self.failure:
            return Words(_("this cannot be read"), (self.failure,), bad=True)
        return Words(reading)

    @property
    def staleness(self) -> str:
        """How old what is shown is; empty: it is as it should be."""
        if not self.failure or self.read_at is None:
            return ""
        return _("as of {time}").format(time=local_time(self.read_at, seconds=True))
