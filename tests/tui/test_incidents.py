"""The place of incidents and the page of one, over incidents that were made up."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from core.domain.events import AlertingChanged, IncidentsChanged
from core.domain.operators import Role
from core.errors import Unreachable
from tests.tui.forms import on_top, screen_text, shows, until
from tests.tui.incident_world import (
    BEHIND,
    EVERYTHING,
    LEDGER,
    PAGE,
    RACK,
    Answers,
    IncidentApp,
    at_incidents,
    at_ledger,
)
from tui.screens.acknowledging import AcknowledgePrompt
from tui.screens.board import BoardScreen
from tui.screens.incident import IncidentScreen
from tui.screens.incidents import IncidentsScreen
from tui.screens.service import ServiceScreen

FOLD = -RACK[0].incident.id
"""The row of the three services in one rack."""


def ids(screen: IncidentsScreen) -> list[int]:
    return [row.id for row in screen.table.rows]


def line_with(app: IncidentApp, text: str) -> str:
    return next(" ".join(line.split()) for line in screen_text(app).splitlines() if text in line)


def move_to(screen: IncidentsScreen, number: int) -> None:
    assert screen.table.move_to_id(number)


async def test_what_is_open_comes_first_the_worst_and_newest_on_top() -> None:
    app = IncidentApp()
    async with app.run_test(size=(160, 45)) as pilot:
        screen = await at_incidents(app, pilot)
        assert ids(screen) == [FOLD, 6, 1, 5, 7, 8]
        assert screen.panel.border_subtitle == "6 open · 2 over since yesterday"


async def test_a_row_says_who_knows_who_looks_after_it_and_what_holds_notices_back() -> None:
    app = IncidentApp()
    async with app.run_test(size=(160, 45)) as pilot:
        await at_incidents(app, pilot)
        assert "12m ledger.prod · Northwind Bank 502 instead of 200 tom tom" in line_with(app, "ledger.prod")
        assert "nobody behind Northwind" in line_with(app, "reports.prod")
        assert "snoozed until" in line_with(app, "search.prod")
        assert "ana until" in line_with(app, "search.prod")
        assert "● recovered" in line_with(app, "vpn.us")
        assert "48m" in line_with(app, "vpn.us")
        assert "‖ paused" in line_with(app, "cache.stage")
        assert "[red]Quayside" in line_with(app, "cache.stage")


async def test_incidents_with_one_cause_are_one_row_until_they_are_unfolded() -> None:
    app = IncidentApp()
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await at_incidents(app, pilot)
        assert "3 services address 10.0.0.7" in line_with(app, "3 services")
        assert not shows(app, "web.eu")
        await pilot.press("g", "space")
        assert ids(screen)[:5] == [FOLD, 2, 3, 4, 6]
        await pilot.press("j", "j", "space")
        assert ids(screen)[:2] == [FOLD, 6]
        assert screen.table.row_id == FOLD
        await pilot.press("enter")
        assert ids(screen)[:2] == [FOLD, 2]


async def test_the_filter_narrows_by_what_a_row_says() -> None:
    app = IncidentApp()
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await at_incidents(app, pilot)
        await pilot.press("slash", *"north")
        assert ids(screen) == [6, 1]
        await pilot.press("escape", "slash", *"tom", "enter")
        assert ids(screen) == [1]
        assert shows(app, "tom")
        await pilot.press("slash", *"zebra")
        assert shows(app, "nothing matches tomzebra")
        await pilot.press("escape")
        assert len(ids(screen)) == 6


async def test_where_nothing_is_wrong_the_place_says_so() -> None:
    app = IncidentApp(Answers(lines=()))
    async with app.run_test(size=(80, 24)) as pilot:
        await at_incidents(app, pilot)
        assert shows(app, "nothing is wrong")
        app.answers.lines = [LEDGER]
        app.bus.publish(IncidentsChanged(frozenset({1})))
        await until(pilot, lambda: shows(app, "ledger.prod"))
        await pilot.press("enter")
        await until(pilot, lambda: on_top(app, IncidentScreen))


async def test_a_failed_read_is_told_and_tried_again() -> None:
    app = IncidentApp(Answers(error=Unreachable("No server answers at db.example.")))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await at_incidents(app, pilot)
        assert shows(app, "No server answers at db.example.")
        app.answers.error = None
        await until(pilot, lambda: shows(app, "ledger.prod"))
        app.answers.error = Unreachable("gone")
        screen.reread()
        await until(pilot, lambda: shows(app, "as of"))
        assert shows(app, "ledger.prod")


async def test_a_burst_of_changes_is_read_together_and_nothing_while_the_place_is_hidden() -> None:
    app = IncidentApp()
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await at_incidents(app, pilot)
        await until(pilot, lambda: not screen._reading)
        before = app.answers.reads
        for number in range(200):
            app.bus.publish(IncidentsChanged(frozenset({number})))
            app.bus.publish(AlertingChanged())
        app.bridge._tell_alerts()
        await until(pilot, lambda: not screen._reading and app.answers.reads > before)
        assert app.answers.reads == before + 1
        await pilot.press("1")
        await until(pilot, lambda: on_top(app, BoardScreen))
        before = app.answers.reads
        app.answers.lines = [BEHIND]
        app.bus.publish(IncidentsChanged())
        app.bridge._tell_alerts()
        await pilot.pause()
        assert app.answers.reads == before
        await pilot.press("3")
        await until(pilot, lambda: ids(screen) == [6])


async def test_changes_during_a_read_are_read_once_after_it() -> None:
    app = IncidentApp()
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await at_incidents(app, pilot)
        await until(pilot, lambda: not screen._reading)
        before = app.answers.reads
        for _number in range(5):
            screen.reread()
        await until(pilot, lambda: not screen._reading)
        assert app.answers.reads - before in (1, 2)


async def test_the_cursor_stays_on_its_incident_when_others_come() -> None:
    app = IncidentApp(Answers(lines=(LEDGER,)))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await at_incidents(app, pilot)
        app.answers.lines = EVERYTHING
        app.bus.publish(IncidentsChanged())
        await until(pilot, lambda: len(ids(screen)) == 6)
        assert screen.table.row_id == LEDGER.incident.id


async def test_enter_opens_the_page_and_escape_goes_back() -> None:
    app = IncidentApp()
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await at_ledger(app, pilot)
        for text in (
            "incident 1 · ledger.prod", "✗ down", "https://wiki.example/northwi", "by tom at",
            "the bank moves its racks", "[bold]do not restart[/]", "to tom", "34 %", "502 Bad Gateway",
        ):  # fmt: skip
            assert shows(app, text), text
        assert screen.line == LEDGER
        await pilot.press("escape")
        await until(pilot, lambda: on_top(app, IncidentsScreen))


async def test_the_page_says_channel_by_channel_what_was_told_and_why_not() -> None:
    app = IncidentApp()
    async with app.run_test(size=(160, 45)) as pilot:
        await at_ledger(app, pilot)
        for text in (
            "chat problem failed", "41 attempts, last error: the token was revoked",
            "mail problem sent", "reminder not sent: acknowledged by tom",
            "night watch problem not sent: outside the hours of the rule nights, until",
            "pager problem waiting, 3 attempts, next", "last error: 503 from events.pager.example",
        ):  # fmt: skip
            assert any(text in " ".join(line.split()) for line in screen_text(app).splitlines()), text


async def test_the_page_is_read_again_when_something_was_told() -> None:
    app = IncidentApp()
    async with app.run_test(size=(160, 45)) as pilot:
        await at_ledger(app, pilot)
        app.answers.page = replace(PAGE, reasons=())
        app.bus.publish(AlertingChanged())
        await until(pilot, lambda: shows(app, "nothing was to be told yet"))


async def test_keys_of_lists_scroll_the_page() -> None:
    app = IncidentApp()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await at_ledger(app, pilot)
        assert not shows(app, "502 Bad Gateway")
        await pilot.press("G")
        assert shows(app, "502 Bad Gateway")
        await pilot.press("g", "j")
        assert screen.page_body.scroll_y == 1


async def test_the_page_of_the_service_opens_from_its_incident() -> None:
    app = IncidentApp()
    async with app.run_test(size=(120, 40)) as pilot:
        await at_ledger(app, pilot)
        await pilot.press("S")
        await until(pilot, lambda: on_top(app, ServiceScreen))
        assert cast(ServiceScreen, app.screen).service_id == LEDGER.subject.service_id


async def test_a_service_that_is_gone_has_no_page() -> None:
    gone = replace(LEDGER, subject=replace(LEDGER.subject, service_id=9_999))
    app = IncidentApp(Answers(lines=(gone,)))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await at_incidents(app, pilot)
        await pilot.press("S")
        await until(pilot, lambda: shows(app, "not on the board any more"))


async def test_what_somebody_knows_of_is_not_acknowledged_again() -> None:
    app = IncidentApp(Answers(lines=(LEDGER,)))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await at_incidents(app, pilot)
        await pilot.press("a")
        await until(pilot, lambda: shows(app, "acknowledged already: tom"))
        assert on_top(app, IncidentsScreen)


async def test_a_viewer_is_offered_nothing_that_changes() -> None:
    app = IncidentApp(role=Role.VIEWER)
    async with app.run_test(size=(160, 45)) as pilot:
        await at_incidents(app, pilot)
        await pilot.press("j")
        for key in ("a", "A", "w", "N", "z"):
            await pilot.press(key)
            assert on_top(app, IncidentsScreen)
        assert not shows(app, "snooze ")


async def test_what_is_over_cannot_be_acknowledged() -> None:
    app = IncidentApp()
    async with app.run_test(size=(160, 45)) as pilot:
        screen = await at_incidents(app, pilot)
        move_to(screen, 7)
        await pilot.press("a", "w")
        assert on_top(app, IncidentsScreen)
        move_to(screen, 6)
        await pilot.press("a")
        await until(pilot, lambda: on_top(app, AcknowledgePrompt))
        assert shows(app, "reports.prod · Northwind Bank")
