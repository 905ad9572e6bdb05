"""What happened to an incident, line by line, the oldest first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.cells import cell_len
from textual.strip import Strip

from core.domain.incidents import EventKind, IncidentEvent
from core.domain.text import readable
from core.i18n import _
from core.wording import EVENT_WORDS
from tui.formatting import fit, local_date_time, local_time, safe
from tui.widgets.lines import Line, Lines
from tui.widgets.placard import wrapped

_COLOURS = {
    EventKind.OPENED: "down",
    EventKind.RAISED: "down",
    EventKind.LOWERED: "degraded",
    EventKind.RESOLVED: "up",
    EventKind.ACKNOWLEDGED: "accent",
}
_MOST_WHAT, _MOST_WHO = 22, 14
"""Cells of what happened, and of who did it."""
_LEAST_TEXT = 24
"""With fewer cells to the right of the rest, a text stands below it."""
_INDENT = 3


class Timeline(Lines):
    """Time, what happened, who did it, and a text; a text that is longer than the line goes on below."""

    DEFAULT_CSS = "Timeline { height: auto; }"

    def __init__(self) -> None:
        super().__init__()
        self.events: tuple[IncidentEvent, ...] = ()
        self.now: datetime | None = None

    def show(self, events: tuple[IncidentEvent, ...], now: datetime) -> None:
        """Show these events, oldest first."""
        if events != self.events or self.now is None:
            self.events, self.now = events, now
            self.redraw()
            self.refresh(layout=True)

    def draw(self, width: int, height: int) -> list[Strip]:
        """Draw every event, as many lines as it takes."""
        if self.now is None:
            return []
        today = self.now.astimezone().date()
        dated = any(event.at.astimezone().date() != today for event in self.events)
        what = min(_MOST_WHAT, max((cell_len(EVENT_WORDS[event.kind]) for event in self.events), default=0))
        who = min(_MOST_WHO, max((cell_len(_who(event)) for event in self.events), default=0))
        return [
            line.strip(width)
            for event in self.events
            for line in self._event(event, what, who, width, dated=dated)
        ]

    def _event(self, event: IncidentEvent, what: int, who: int, width: int, *, dated: bool) -> Iterator[Line]:
        palette = self.palette
        time = local_date_time(event.at) if dated else local_time(event.at, seconds=True)
        line = self.line().add(f" {time}  ", palette.quiet)
        colour = getattr(palette, _COLOURS.get(event.kind, "foreground"))
        line.add(fit(EVENT_WORDS[event.kind], what) + "  ", colour)
        line.add(fit(_who(event), who) + "  ", palette.foreground if event.actor else palette.quiet)
        indent, text = line.cells, readable(_text(event))
        if not text:
            yield line
            return
        if width - indent < _LEAST_TEXT:
            yield line
            line, indent = self.line().add(" " * _INDENT), _INDENT
        for part in wrapped(text, max(1, width - indent - 1)):
            yield line.fill_to(indent).add_within(part, width - indent, palette.foreground)
            line = self.line()


def _who(event: IncidentEvent) -> str:
    return safe(event.actor) or _("Ronda")


def _text(event: IncidentEvent) -> str:
    if event.kind is EventKind.ASSIGNED:
        return _("to {name}").format(name=event.text) if event.text else _("to nobody")
    return event.text
