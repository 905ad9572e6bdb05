"""The hand-over in the console: told to who comes back, and asked for at any time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from textual.pilot import Pilot

from core.domain.clients import ClientSpec
from core.domain.operators import Operator, Role
from core.errors import RondaError, Unreachable
from core.operations.clients import add_client
from core.operations.desk import Desk
from core.operations.handover import MOST_LISTED, HandOver, hand_over_lines
from core.storage.database import Database
from tests.tui.canned import CHANGES, NOW, CannedApp, CannedReader, Fleet
from tests.tui.forms import desk_on, on_top, screen_text, shows, until
from tests.tui.incident_world import BEHIND, LEDGER, OVER, PAUSED, RACK, SEARCH, TIMELINE, ago, entry
from tui.app import RondaApp
from tui.screens.board import BoardScreen
from tui.screens.client_form import ClientForm
from tui.screens.handover import HandOverScreen
from tui.screens.service import ServiceScreen
from tui.stages import Stage

LEFT_AT = ago(hours=9, minutes=20)
SHIFT = HandOver(
    since=LEFT_AT,
    until=NOW,
    open=(*RACK, BEHIND),
    acknowledged=(LEDGER, SEARCH),
    resolved=(OVER, PAUSED),
    flapping=(BEHIND.subject,),
    sent=14,
    waiting=1,
    failed=(replace(entry(5, "failed", 41, "554 [bold]no such mailbox"), channel_id=4),),  # type: ignore[arg-type] # the state is not shown
    channels={4: "chat"},
    notes=((1, TIMELINE[3]),),
    changes=CHANGES,
)


@dataclass
class Shifts:
    """What the reader answers, and what it was asked."""

    arrivals: deque[HandOver | RondaError | None] = field(default_factory=deque)
    """What each arrival gives; None once there are no more."""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    shift: HandOver = SHIFT
    errors: deque[RondaError] = field(default_factory=deque)
    """Raised by the next readings, one each."""
    asked: list[datetime] = field(default_factory=list)
    arrived: int = 0
    stayed: int = 0


class ShiftReader(CannedReader):
    """Answers from what a test made up."""

    def __init__(self, desk: Desk, fleet: Fleet, shifts: Shifts) -> None:
        super().__init__(desk, fleet)
        self.shifts = shifts

    async def hand_over(self, since: datetime) -> HandOver:
        self.shifts.asked.append(since)
        if self.shifts.errors:
            raise self.shifts.errors.popleft()
        return replace(self.shifts.shift, since=since)

    async def arrive(self) -> HandOver | None:
        self.shifts.arrived += 1
        await self.shifts.gate.wait()
        answer = self.shifts.arrivals.popleft() if self.shifts.arrivals else None
        if isinstance(answer, RondaError):
            raise answer
        return answer

    async def stay(self) -> None:
        self.shifts.stayed += 1
        if self.shifts.errors:
            raise self.shifts.errors.popleft()


class ShiftApp(CannedApp):
    """The console over a small fleet, with a shift to tell."""

    def __init__(
        self, *arrivals: HandOver | RondaError | None, role: Role = Role.ADMIN, ascii_only: bool = False
    ) -> None:
        super().__init__(Fleet(40), role=role, ascii_only=ascii_only)
        self.shifts = Shifts(deque(arrivals))
        self.shifts.gate.set()
        self._read = lambda desk: ShiftReader(desk, self.fleet, self.shifts)


async def ready(app: ShiftApp, pilot: Pilot[None]) -> None:
    """Wait until the board is there and the arrival has been noted, where there is one."""
    arrives = app.shifts.gate.is_set() and app.operator is not None
    await until(pilot, lambda: app.stage is Stage.READY and app.bridge.watch.heard)
    if arrives:
        await until(pilot, lambda: bool(app.shifts.arrived))
    await pilot.pause()


async def asked_for(app: ShiftApp, pilot: Pilot[None]) -> HandOverScreen:
    """Ask for the hand-over and wait until it is shown."""
    await pilot.press("H")
    await until(pilot, lambda: on_top(app, HandOverScreen))
    screen = app.screen
    assert isinstance(screen, HandOverScreen)
    await until(pilot, lambda: screen.shift is not None)
    await pilot.pause()
    return screen


def told(app: ShiftApp) -> str:
    """Give what the box says, as one line."""
    screen = app.screen
    assert isinstance(screen, HandOverScreen)
    view = screen.view
    return " ".join(" ".join(strip.text for strip in view.draw(view.size.width, 0)).split())


def title(app: ShiftApp) -> str:
    screen = app.screen
    assert isinstance(screen, HandOverScreen)
    return str(screen.box.border_title)


@pytest.mark.parametrize("key", ["escape", "enter", "H", "q"])
async def test_who_comes_back_reads_what_has_changed_and_closes_it(key: str) -> None:
    app = ShiftApp(SHIFT)
    async with app.run_test(size=(120, 60)) as pilot:
        await until(pilot, lambda: on_top(app, HandOverScreen))
        await pilot.pause()
        assert title(app) == f"since you left ({LEFT_AT.astimezone():%Y-%m-%d %H:%M})"
        said = told(app)
        for text in (
            "4 open · 2 acknowledged · 2 resolved · 1 flapping",
            "messages: 14 sent · 1 waiting · 1 failed",
            "web.eu · Acme Retail down for",
            "known to tom (the bank moves its racks), assigned to tom",
            "cache.stage · [red]Quayside[/]",
            "#1 ana",
            "[bold]do not restart[/]",
            "chat 554 [bold]no such mailbox",
            "tom added client Acme Retail",
        ):
            assert text in said, text
        await pilot.press(key)
        await until(pilot, lambda: on_top(app, BoardScreen))
        assert app.shifts.asked == []


async def test_who_was_away_for_a_moment_or_missed_nothing_is_told_nothing() -> None:
    app = ShiftApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(app, pilot)
        assert on_top(app, BoardScreen)


async def test_a_read_only_console_notes_nobody_and_is_told_nothing_by_itself() -> None:
    app = ShiftApp(SHIFT, role=Role.VIEWER)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.stage is Stage.READY and app.bridge.watch.heard)
        screen = await asked_for(app, pilot)
        assert screen.hours == 8
    assert (app.shifts.arrived, app.shifts.stayed) == (0, 0)


async def test_what_has_changed_never_covers_a_form() -> None:
    app = ShiftApp(SHIFT)
    app.shifts.gate.clear()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda: app.stage is Stage.READY)
        await pilot.press("4", "n")
        await until(pilot, lambda: on_top(app, ClientForm))
        app.shifts.gate.set()
        await until(pilot, lambda: shows(app, "changed since you left: H tells"))
        assert on_top(app, ClientForm)
        await pilot.press("escape")
        await until(pilot, lambda: not on_top(app, ClientForm))
        await asked_for(app, pilot)
        assert title(app).startswith("since you left (")
        assert app.shifts.asked == []


async def test_what_has_changed_takes_no_keys_from_who_types_a_filter() -> None:
    app = ShiftApp(SHIFT)
    app.shifts.gate.clear()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda: app.stage is Stage.READY)
        await pilot.press("slash", "H")
        app.shifts.gate.set()
        await until(pilot, lambda: shows(app, "changed since you left: H tells"))
        assert on_top(app, BoardScreen)


async def test_t_goes_from_8_hours_to_24_to_what_changed_since_they_left() -> None:
    app = ShiftApp(SHIFT)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: on_top(app, HandOverScreen))
        titles = []
        for _press in range(4):
            await pilot.press("t")
            await until(pilot, lambda: shows(app, "4 open"))
            titles.append(title(app))
        spans = [NOW - timedelta(hours=8), NOW - timedelta(hours=24), LEFT_AT, NOW - timedelta(hours=8)]
        assert app.shifts.asked == spans
        assert titles[:2] == ["hand-over · the last 8 hours", "hand-over · the last 24 hours"]
        assert titles[2].startswith("since you left (")


async def test_who_missed_nothing_has_two_spans_only() -> None:
    app = ShiftApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(app, pilot)
        screen = await asked_for(app, pilot)
        hours = [screen.hours]
        for _press in range(2):
            await pilot.press("t")
            hours.append(screen.hours)
        assert hours == [8, 24, 8]


async def test_it_is_asked_for_over_any_place_and_goes_back_there() -> None:
    app = ShiftApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(app, pilot)
        await pilot.press("down", "enter")
        await until(pilot, lambda: on_top(app, ServiceScreen))
        await asked_for(app, pilot)
        await pilot.press("escape")
        await until(pilot, lambda: on_top(app, ServiceScreen))


async def test_y_copies_it_as_markdown() -> None:
    app = ShiftApp(SHIFT)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: on_top(app, HandOverScreen))
        await pilot.press("y")
        await until(pilot, lambda: shows(app, "copied as Markdown"))
        assert app.clipboard == "\n".join(hand_over_lines(SHIFT, markdown=True)) + "\n"
        assert "### Open (4)" in app.clipboard


async def test_why_it_cannot_be_read_is_said_in_the_box_and_r_tries_again() -> None:
    app = ShiftApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(app, pilot)
        app.shifts.errors.append(Unreachable("The server at [red]db.example does not answer."))
        await pilot.press("H")
        await until(pilot, lambda: shows(app, "cannot be read"))
        assert "[red]db.example does not answer. Press r" in told(app)
        await pilot.press("y")
        assert app.clipboard == ""
        await pilot.press("r")
        await until(pilot, lambda: shows(app, "4 open"))
        assert not shows(app, "cannot be read")


async def test_before_the_database_is_open_it_says_so() -> None:
    app = ShiftApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(app, pilot)
        app._reader = None
        await pilot.press("H")
        await until(pilot, lambda: shows(app, "not open yet"))


async def test_the_keys_of_lists_scroll_it() -> None:
    app = ShiftApp(replace(SHIFT, resolved=RACK * 20))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: on_top(app, HandOverScreen))
        await pilot.pause()
        assert not shows(app, "Changed by others")
        await pilot.press("G")
        await until(pilot, lambda: shows(app, "Changed by others (2)"))
        await pilot.press("g")
        await until(pilot, lambda: shows(app, "4 open"))
        await pilot.press("j", "j", "j")
        await until(pilot, lambda: not shows(app, "4 open"))


async def test_of_a_long_list_the_rest_is_counted() -> None:
    rows = RACK * 20
    app = ShiftApp(replace(SHIFT, resolved=rows))
    async with app.run_test(size=(120, 240)) as pilot:
        await until(pilot, lambda: on_top(app, HandOverScreen))
        await pilot.pause()
        await until(pilot, lambda: shows(app, f"and {len(rows) - MOST_LISTED} more"))
        assert shows(app, f"Resolved ({len(rows)})")


async def test_a_shift_in_which_nothing_happened_says_so() -> None:
    app = ShiftApp(None)
    app.shifts.shift = HandOver(LEFT_AT, NOW, (), (), (), (), 0, 0, (), {}, (), ())
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(app, pilot)
        await asked_for(app, pilot)
        assert shows(app, "Nothing happened, and nothing goes on.")


@pytest.mark.parametrize("width", [24, 40, 60])
async def test_it_is_whole_on_narrow_screens(width: int) -> None:
    app = ShiftApp(SHIFT)
    async with app.run_test(size=(width, 120)) as pilot:
        await until(pilot, lambda: on_top(app, HandOverScreen))
        await pilot.pause()
        words = told(app).split()
        for word in ("ledger.prod", "Northwind", "mailbox", "added"):
            assert word in words


async def test_presence_is_noted_again_and_again_and_once_more_when_leaving(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tui.presence.SEEN_SECONDS", 0.01)
    app = ShiftApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.shifts.stayed >= 2)
        app.workers.cancel_group(app, "presence")
        await pilot.pause()
        before = app.shifts.stayed
    assert app.shifts.stayed == before + 1
    assert app.shifts.arrived == 1


async def test_a_failed_arrival_is_tried_again_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.presence.SEEN_SECONDS", 0.01)
    app = ShiftApp(Unreachable("No server answers."), SHIFT)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: on_top(app, HandOverScreen))
        assert app.shifts.arrived == 2


async def test_who_never_arrived_does_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    app = ShiftApp(Unreachable("No server answers."))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(app, pilot)
    assert app.shifts.stayed == 0


async def test_a_database_that_is_away_does_not_keep_anybody_from_leaving() -> None:
    app = ShiftApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(app, pilot)
        app.shifts.errors.append(Unreachable("No server answers."))
    assert app.shifts.stayed == 1
    assert app.parting_error is None


async def test_the_scroll_bar_covers_no_text() -> None:
    app = ShiftApp(SHIFT)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: on_top(app, HandOverScreen))
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, HandOverScreen)
        assert screen.box.show_vertical_scrollbar
        edge = screen.view.region.right
        lines = screen_text(app).splitlines()[screen.box.region.y + 2 : screen.box.region.bottom - 2]
        assert {line[edge - 1 : edge] for line in lines} == {" "}


async def test_on_a_real_database_the_next_console_tells_what_was_missed(database: Database) -> None:
    desk = desk_on(database)

    @asynccontextmanager
    async def open_desk() -> AsyncIterator[Desk]:
        yield desk

    first = RondaApp(open_desk)
    async with first.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: first.stage is Stage.READY)
    await add_client(replace(desk, operator=Operator("tom", "ops2")), ClientSpec("Acme"))
    hour_ago = desk.clock.now() - timedelta(hours=1)
    async with database.unit() as unit:
        assert await unit.incidents.seen_at("ana") is not None
        await unit.incidents.see("ana", hour_ago)
    second = RondaApp(open_desk)
    async with second.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: on_top(second, HandOverScreen))
        assert second.presence.left_at == hour_ago
        await pilot.pause()
        assert shows(second, "tom  added client Acme")
    async with database.unit() as unit:
        seen_at = await unit.incidents.seen_at("ana")
    assert seen_at is not None
    assert seen_at > hour_ago
