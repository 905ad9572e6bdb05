"""The maintenance windows of one term: until when a service is in maintenance.

It is asked after each check, so that what the calendar says is kept until a window opens or closes next:
walking through a cron expression takes longer than judging. Pure of storage: it is handed what was read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from core.calendar import next_stretch, open_stretch
from core.domain.maintenance import Window, WindowSpec

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Looked:
    """What the calendar says of a window between two moments, the latter not included."""

    window: Window
    closes_at: datetime | None
    """None: it is not open."""
    since: datetime
    until: datetime

    @classmethod
    def up(cls, window: Window, now: datetime) -> _Looked:
        """Ask the calendar."""
        stretch, following = open_stretch(window, now), next_stretch(window, now)
        closes_at = None if stretch is None else stretch.ends_at
        opens_at = None if following is None else following.begins_at
        # One that recurs may begin again before it has ended, and ends later then.
        changes = [moment for moment in (closes_at, opens_at) if moment is not None]
        return cls(window, closes_at, now, min(changes, default=_NEVER))

    def holds(self, now: datetime) -> bool:
        """Whether it still says how things are; a clock that was set back makes it too new."""
        return self.since <= now < self.until


class Windows:
    """The windows that are open or may still open."""

    def __init__(self) -> None:
        self._looked: list[_Looked] = []
        self._open: list[tuple[WindowSpec, datetime]] = []
        """Those that are open with the moments at which they close, the latest first."""
        self._since = self._until = _NEVER
        """Between these moments ``_open`` holds."""

    def take(self, windows: Iterable[Window], now: datetime) -> None:
        """Replace the windows by those that are stored now."""
        known = {looked.window.id: looked for looked in self._looked}
        self._looked = []
        for window in windows:
            looked = known.get(window.id)
            if looked is None or looked.window != window:
                looked = _Looked.up(window, now)
            self._looked.append(looked)
        self._look(now)

    def until(self, service_id: int, client_id: int, tags: Collection[str], now: datetime) -> datetime | None:
        """Give when the last of the windows closes that are open for a service; None if none is.

        ``tags`` are those of the service and of its client.
        """
        if not self._looked:
            return None
        if not self._since <= now < self._until:
            self._look(now)
        for spec, closes_at in self._open:
            if spec.concerns(service_id, client_id, tags):
                return closes_at
        return None

    def _look(self, now: datetime) -> None:
        """Ask the calendar about the windows of which it said nothing for this moment."""
        self._looked = [each if each.holds(now) else _Looked.up(each.window, now) for each in self._looked]
        is_open = [(each.window.spec, each.closes_at) for each in self._looked if each.closes_at is not None]
        self._open = sorted(is_open, key=lambda pair: pair[1], reverse=True)
        self._since = max((each.since for each in self._looked), default=_NEVER)
        self._until = min((each.until for each in self._looked), default=_NEVER)
