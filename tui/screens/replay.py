"""What would have been sent in the last days, beside what is sent as things are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import ClassVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from core.domain.backtest import Replay
from core.domain.gates import Gate, NoticeKind
from core.errors import RondaError
from core.i18n import _, ngettext
from core.operations.backtest import DEFAULT_DAYS, Comparison, Thresholds
from core.wording import GATE_WORDS, NOTICE_WORDS, error_text
from tui.formatting import fit, fit_right, local_date_time, safe
from tui.widgets.scroll_page import ScrollPage

Again = Callable[[float, Thresholds], Awaitable[Comparison]]
"""Plays so many days once more, with these thresholds."""
DAYS = (DEFAULT_DAYS, 30.0, 1.0)
MOST_RETRIES_TRIED = 9
_CHANNEL, _KIND, _COUNT = 18, 20, 8
"""Cells of the columns."""


class ReplayReport(ModalScreen[None]):
    """Shows a comparison; keys of lists scroll it."""

    DEFAULT_CSS = """
    ReplayReport {
        align: center middle;
        background: $background 60%;
        & > Vertical {
            width: 68;
            max-width: 100%;
            height: auto;
            max-height: 90%;
            padding: 1 1 0 2;
            border: round $line-focus;
            border-title-color: $text-strong;
            border-title-style: bold;
            border-subtitle-color: $text-quiet;
            background: $background;
        }
        ScrollPage { height: auto; max-height: 100%; scrollbar-size-vertical: 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q,f2", "dismiss(None)", _("Close"), show=False),
        Binding("plus,equals_sign", "retries(1)", _("More retries"), show=False),
        Binding("minus", "retries(-1)", _("Fewer retries"), show=False),
        Binding("t", "days", _("Other days"), show=False),
    ]
    AUTO_FOCUS = "ScrollPage"

    box = getters.query_one(Vertical)
    text = getters.query_one("#report", Static)

    def __init__(self, comparison: Comparison, again: Again) -> None:
        super().__init__()
        self._comparison = comparison
        self._again = again
        self.retries: int | None = None
        """Retries of every service in the replay; None: each one's own."""
        self.days = DEFAULT_DAYS

    def compose(self) -> ComposeResult:
        """Draw the sums, then the lines."""
        with Vertical() as box:
            box.border_title = _("what would have been sent")
            with ScrollPage():
                yield Static(report(self._comparison), id="report", markup=False)

    def on_mount(self) -> None:
        """Say what can be tried."""
        self._show_keys()

    def action_retries(self, step: int) -> None:
        """Try more or fewer retries; below none it is each service's own number again."""
        retries = -1 if self.retries is None else self.retries
        retries = min(max(-1, retries + step), MOST_RETRIES_TRIED)
        self.retries = None if retries < 0 else retries
        self._play()

    def action_days(self) -> None:
        """Go back over other days."""
        self.days = DAYS[(DAYS.index(self.days) + 1) % len(DAYS)]
        self._play()

    @work(exclusive=True, group="replay")
    async def _play(self) -> None:
        self._show_keys(_("replaying …"))
        try:
            self._comparison = await self._again(self.days, Thresholds(retries=self.retries))
        except RondaError as error:
            self.text.update(Content.styled(safe(error_text(error)), "$status-down"))
        else:
            self.text.update(report(self._comparison))
        self._show_keys()

    def _show_keys(self, doing: str = "") -> None:
        retries = _("own") if self.retries is None else str(self.retries)
        tried = _("+ - retries: {retries} · t {days:g} days").format(retries=retries, days=self.days)
        self.box.border_subtitle = f"{doing or tried} · Esc"


def report(comparison: Comparison) -> Content:
    """Give the whole report."""
    return Content("\n").join(_lines(comparison))


def _lines(comparison: Comparison) -> Iterator[Content]:
    before, after = comparison.before, comparison.after
    yield Content.styled(_sum_text(before.messages(), after.messages()), "bold $text-strong")
    yield Content.styled(_span_text(comparison), "$text-quiet")
    if before.cut_short or after.cut_short:
        yield Content.styled(
            _("The replay was given up: too much flaps all the time, so that these are too few."),
            "$status-degraded",
        )
    told = list(_told_rows(comparison))
    if told:
        yield from _table(_("told"), told)
    held = list(_held_rows(before, after))
    if held:
        yield from _table(_("held back, since it is not so that:"), held)
    yield Content("")
    note = _("What people did (acknowledging, snoozing) is not replayed.")
    yield Content.styled(note, "$text-faint")


def _sum_text(before: int, after: int) -> str:
    if before == after:
        return ngettext("{before} message stays {after}", "{before} messages stay {after}", before).format(
            before=f"{before:,}", after=f"{after:,}"
        )
    return ngettext("{before} message becomes {after}", "{before} messages become {after}", before).format(
        before=f"{before:,}", after=f"{after:,}"
    )


def _span_text(comparison: Comparison) -> str:
    results, incidents = comparison.results, comparison.after.incidents
    return _("{results} results since {since} · incidents: {incidents}").format(
        results=f"{results:,}", since=local_date_time(comparison.since)[:16], incidents=f"{incidents:,}"
    )


def _told_rows(comparison: Comparison) -> Iterator[tuple[str, int, int]]:
    before, after = _counted(comparison.before), _counted(comparison.after)
    kinds = list(NoticeKind)
    names = comparison.channels
    for number, kind in sorted(
        before | after, key=lambda pair: (names.get(pair[0], "").lower(), pair[0], kinds.index(pair[1]))
    ):
        channel = fit(safe(names.get(number, str(number))), _CHANNEL)
        text = f"{channel}  {fit(NOTICE_WORDS[kind], _KIND)}"
        yield text, before[number, kind], after[number, kind]


def _counted(replay: Replay) -> Counter[tuple[int, NoticeKind]]:
    return Counter((each.channel_id, each.kind) for each in replay.sent)


def _held_rows(before: Replay, after: Replay) -> Iterator[tuple[str, int, int]]:
    for gate in Gate:
        was, will = before.held.get(gate, 0), after.held.get(gate, 0)
        if was or will:
            yield GATE_WORDS[gate], was, will


def _table(title: str, rows: list[tuple[str, int, int]]) -> Iterator[Content]:
    width = _CHANNEL + _KIND + 2
    head = fit(title, width) + fit_right(_("now"), _COUNT) + fit_right(_("then"), _COUNT)
    yield Content("")
    yield Content.styled(head, "$text-quiet")
    for text, was, will in rows:
        colour = "$text-quiet" if was == will else "$text-strong"
        yield Content.assemble(
            fit(text, width),
            (fit_right(f"{was:,}", _COUNT), "$text-quiet"),
            (fit_right(f"{will:,}", _COUNT), colour),
        )
