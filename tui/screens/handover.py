"""The hand-over, over any place: what changed since the operator left, or in the last hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, cast

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.worker import Worker

from core.errors import RondaError
from core.i18n import _
from core.operations.handover import HandOver, hand_over_lines
from core.wording import error_text
from tui.defects import tell_defect
from tui.formatting import safe
from tui.widgets.scroll_page import ScrollPage
from tui.widgets.shift import ShiftView

if TYPE_CHECKING:
    from tui.app import RondaApp

SHIFT_HOURS, DAY_HOURS = 8, 24


class HandOverScreen(ModalScreen[None]):
    """A shift, in a box that scrolls.

    ``left_at`` is when the operator was last here, if that is worth asking for; ``shift`` is what
    changed since then, if it is known already.
    """

    AUTO_FOCUS = "ScrollPage"
    DEFAULT_CSS = """
    HandOverScreen {
        align: center middle;
        & > ScrollPage {
            width: 110;
            max-width: 96%;
            height: auto;
            max-height: 92%;
            padding: 1 2;
            border: round $line-focus;
            border-title-color: $text-strong;
            border-title-style: bold;
            border-subtitle-color: $text-quiet;
            background: $background;
            scrollbar-size-vertical: 1;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q,H", "dismiss", _("close")),
        Binding("t", "span", _("8 h / 24 h / since you left")),
        Binding("y", "copy", _("copy as Markdown")),
        Binding("r", "reread", _("read again")),
    ]

    box = getters.query_one(ScrollPage)
    view = getters.query_one(ShiftView)

    def __init__(self, left_at: datetime | None = None, shift: HandOver | None = None) -> None:
        super().__init__()
        self.left_at = left_at
        self.shift = shift
        self.hours: int | None = SHIFT_HOURS if shift is None else None
        """How far back it looks; None: to when the operator left."""

    @property
    def ronda(self) -> RondaApp:
        """The application, by its own type."""
        return cast("RondaApp", self.app)

    def compose(self) -> ComposeResult:
        """Draw the shift in a box."""
        with ScrollPage() as box:
            box.border_subtitle = _("t span · y copies · Esc closes")
            yield ShiftView()

    def on_mount(self) -> None:
        """Show the shift, or read it first."""
        if self.shift is None:
            self.action_reread()
        else:
            self._show()

    def action_reread(self) -> None:
        """Read the shift, as it is by now."""
        self.shift = None
        self._show(_("reading the shift …"))
        self._read()

    def action_span(self) -> None:
        """Look back over the next span: 8 hours, 24 hours, since the operator left."""
        spans = [SHIFT_HOURS, DAY_HOURS, *([] if self.left_at is None else [None])]
        self.hours = spans[(spans.index(self.hours) + 1) % len(spans)]
        self.action_reread()

    def action_copy(self) -> None:
        """Copy the shift as Markdown to the clipboard of the operator's terminal."""
        if self.shift is not None:
            self.ronda.copy_to_clipboard("\n".join(hand_over_lines(self.shift, markdown=True)) + "\n")
            self.notify(_("The hand-over is copied as Markdown."), markup=False)

    @work(exclusive=True, group="shift", exit_on_error=False)
    async def _read(self) -> None:
        try:
            self.shift = await self.ronda.reader.hand_over(self._since())
        except RondaError as error:
            text = _("The shift cannot be read: {reason} Press r to try again.")
            self._show(text.format(reason=safe(error_text(error))), bad=True)
        else:
            self._show()
            self.box.scroll_home(animate=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Tell a defect."""
        tell_defect(self.app, event)

    def _since(self) -> datetime:
        if self.hours is None and self.left_at is not None:
            return self.left_at
        return self.ronda.clock.now() - timedelta(hours=self.hours or SHIFT_HOURS)

    def _show(self, words: str = "", *, bad: bool = False) -> None:
        self.box.border_title = self._title()
        self.view.show(self.shift, words, bad=bad)

    def _title(self) -> str:
        if self.hours is not None:
            return _("hand-over · the last {hours} hours").format(hours=self.hours)
        time = f"{self._since().astimezone():%Y-%m-%d %H:%M}"
        return _("since you left ({time})").format(time=time)
