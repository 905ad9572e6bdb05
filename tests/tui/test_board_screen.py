from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot

from core.domain.operators import Role
from core.domain.workers import WorkerKind
from core.errors import Unreachable
from core.operations.desk import Desk
from tests.tui.canned import OWN_ID, CannedApp, Fleet, worker
from tests.tui.forms import on_top, screen_text, until
from tui.app import RondaApp
from tui.arrangement import Sort
from tui.screens.board import BoardScreen
from tui.screens.client_form import ClientForm
from tui.screens.clients import ClientsScreen
from tui.screens.confirm import Confirm
from tui.screens.help import HelpScreen
from tui.screens.service import ServiceScreen
from tui.screens.service_form import ServiceForm
from tui.screens.system import SystemScreen
from tui.session import OpenDesk
from tui.stages import Stage


@asynccontextmanager
async def running(app: CannedApp, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Pilot[None]]:
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.stage is Stage.READY)
        await pilot.pause()
        yield pilot


def board_of(app: RondaApp) -> BoardScreen:
    screen = app.screen_stack[0]
    assert isinstance(screen, BoardScreen)
    return screen


def opener(app: CannedApp, gate: asyncio.Event, failures: list[Exception]) -> OpenDesk:
    """Give what opens the desk of an app once the gate is open, after it failed so many times."""
    opened = app.session._open_desk

    @asynccontextmanager
    async def open_desk() -> AsyncIterator[Desk]:
        await gate.wait()
        if failures:
            raise failures.pop()
        async with opened() as desk:
            yield desk

    return open_desk


async def test_the_board_is_there_before_the_database() -> None:
    app, gate = CannedApp(Fleet(20)), asyncio.Event()
    app.session._open_desk = opener(app, gate, [])
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "starting the database" in screen_text(app))
        await pilot.press("n", "j", "slash", "e", "c", "d", "s", "x", "4", "6", "1", "enter")
        assert on_top(app, BoardScreen)
        gate.set()
        await until(pilot, lambda: app.stage is Stage.READY)
        await until(pilot, lambda: "api" in screen_text(app))


async def test_a_database_that_cannot_be_opened_is_explained_and_tried_again_on_r() -> None:
    app, gate = CannedApp(Fleet(20)), asyncio.Event()
    gate.set()
    app.session._open_desk = opener(app, gate, [Unreachable("No server answers at db.example.")])
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "No server answers at db.example." in screen_text(app))
        assert app.stage is Stage.FAILED
        await pilot.press("r")
        await until(pilot, lambda: app.stage is Stage.READY)


async def test_a_newcomer_is_told_to_press_n_and_gets_the_form_of_a_client() -> None:
    app = CannedApp(Fleet(0))
    async with running(app, (80, 24)) as pilot:
        text = screen_text(app)
        assert "nothing is being watched yet" in text
        assert "add the first client" in text
        await pilot.press("n")
        await until(pilot, lambda: on_top(app, ClientForm))


async def test_a_viewer_is_not_offered_what_a_viewer_may_not() -> None:
    app = CannedApp(Fleet(0), role=Role.VIEWER)
    async with running(app, (80, 24)) as pilot:
        assert "read-only" in screen_text(app)
        await pilot.press("n")
        assert on_top(app, BoardScreen)


async def test_a_filter_narrows_as_it_is_typed_and_esc_clears_it() -> None:
    app = CannedApp(Fleet(200))
    async with running(app) as pilot:
        board = board_of(app)
        everything = board.grid.service_count
        await pilot.press("slash", *"ledger")
        await until(pilot, lambda: board.grid.service_count < everything)
        assert all(
            "ledger" in app.board.entries[row.id].haystack for row in board.grid.rows if not row.heading
        )
        await pilot.press("enter")
        await until(pilot, lambda: "/ledger" in screen_text(app))
        assert board.focused is board.grid
        await pilot.press("escape")
        await until(pilot, lambda: board.grid.service_count == everything)


async def test_letters_of_a_filter_are_not_commands() -> None:
    app = CannedApp(Fleet(50))
    async with running(app) as pilot:
        await pilot.press("slash", *"nedcpxsqu146")
        await pilot.pause()
        assert on_top(app, BoardScreen)
        assert board_of(app).grid.view.filter == "nedcpxsqu146"
        assert "nothing matches nedcpxsqu146" in screen_text(app)


async def test_x_shows_only_what_is_not_well_and_s_goes_through_the_orders() -> None:
    app = CannedApp(Fleet(200))
    async with running(app) as pilot:
        grid = board_of(app).grid
        await pilot.press("x")
        assert 0 < grid.service_count == sum(entry.failing for entry in app.board.entries.values())
        assert "only problems" in screen_text(app)
        await pilot.press("escape")
        assert grid.service_count == len(app.board.entries)
        for expected in (Sort.PROBLEMS, Sort.LATENCY, Sort.CHANGE, Sort.CLIENT):
            await pilot.press("s")
            assert grid.view.sort is expected
            assert grid.scroll_offset.y == 0


async def test_the_chosen_service_and_the_problems_stand_beside_the_board() -> None:
    app = CannedApp(Fleet(200))
    async with running(app, (160, 45)) as pilot:
        await pilot.press("right_square_bracket")
        await pilot.pause()
        entry = board_of(app).chosen_entry
        assert entry is not None
        text = screen_text(app)
        assert f"{entry.line.service.spec.name} · {entry.line.client.spec.name}" in text
        assert entry.line.target in text
        assert "p95" in text
        assert "problems" in text


async def test_narrow_boards_have_the_chosen_service_below() -> None:
    app = CannedApp(Fleet(200))
    async with running(app, (80, 24)) as pilot:
        board = board_of(app)
        assert not board.query_one("#side").display
        assert board.bottom.display
        await pilot.press("j")
        await pilot.pause()
        assert "last 60 checks" in screen_text(app)
        await pilot.resize_terminal(80, 20)
        await pilot.pause()
        assert not board.bottom.display


async def test_enter_opens_the_service_and_esc_comes_back() -> None:
    app = CannedApp(Fleet(50))
    async with running(app) as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: on_top(app, ServiceScreen))
        await pilot.press("escape")
        await until(pilot, lambda: on_top(app, BoardScreen))


async def test_enter_on_a_heading_folds_it() -> None:
    app = CannedApp(Fleet(50))
    async with running(app) as pilot:
        grid = board_of(app).grid
        rows = len(grid.rows)
        await pilot.press("g", "enter")
        assert len(grid.rows) < rows


@pytest.mark.parametrize(
    ("key", "screen"), [("n", ServiceForm), ("e", ServiceForm), ("D", ServiceForm), ("d", Confirm)]
)
async def test_keys_act_on_the_service_under_the_cursor(key: str, screen: type) -> None:
    app = CannedApp(Fleet(50))
    async with running(app) as pilot:
        await pilot.press(key)
        await until(pilot, lambda: on_top(app, screen))


@pytest.mark.parametrize(("key", "screen"), [("e", ClientForm), ("d", Confirm)])
async def test_keys_act_on_the_client_under_the_cursor(key: str, screen: type) -> None:
    app = CannedApp(Fleet(50))
    async with running(app) as pilot:
        await pilot.press("g", key)
        await until(pilot, lambda: on_top(app, screen))


async def test_digits_go_to_places_and_close_what_lies_over_them() -> None:
    app = CannedApp(Fleet(50))
    async with running(app) as pilot:
        for key, screen in (("4", ClientsScreen), ("6", SystemScreen), ("1", BoardScreen)):
            await pilot.press(key)
            await until(pilot, lambda screen=screen: on_top(app, screen))  # type: ignore[misc] # a lambda
        await pilot.press("enter")
        await until(pilot, lambda: on_top(app, ServiceScreen))
        await pilot.press("6")
        await until(pilot, lambda: on_top(app, SystemScreen))
        await pilot.press("escape")
        await until(pilot, lambda: on_top(app, BoardScreen) or on_top(app, ServiceScreen))


async def test_help_shows_the_keys_of_the_place() -> None:
    app = CannedApp(Fleet(50))
    async with running(app, (160, 45)) as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: on_top(app, HelpScreen))
        text = screen_text(app)
        assert "keys · board" in text
        assert "show only what is not well" in text
        await pilot.press("escape", "6", "question_mark")
        await until(pilot, lambda: "keys · system" in screen_text(app))
        assert "show only what is not well" not in screen_text(app)


@pytest.mark.parametrize("key", ["colon", "ctrl+p"])
async def test_the_palette_runs_actions_and_changes_themes(key: str) -> None:
    app = CannedApp(Fleet(50))
    async with running(app) as pilot:
        await pilot.press(key)
        await until(pilot, lambda: on_top(app, CommandPalette))
        await pilot.press(*"only problems")
        await until(pilot, lambda: "Board: only problems" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: board_of(app).grid.view.only_problems)
        await pilot.press(key, *"ronda-day")
        await until(pilot, lambda: "theme: ronda-day" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.theme == "ronda-day")


async def test_the_last_watcher_is_asked_before_checks_stop() -> None:
    app = CannedApp(Fleet(50))
    async with running(app) as pilot:
        await pilot.press("q")
        await until(pilot, lambda: on_top(app, Confirm))
        assert "Checks stop when you leave" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: on_top(app, BoardScreen))
        await pilot.press("ctrl+c")
        await until(pilot, lambda: on_top(app, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: app._exit)


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_who_is_not_the_last_leaves_at_once(key: str) -> None:
    agent = worker("agent", kind=WorkerKind.AGENT, leading=False)
    app = CannedApp(Fleet(50), workers=(worker(), agent))
    async with running(app) as pilot:
        await pilot.press(key)
        await until(pilot, lambda: app._exit)


async def test_that_no_agent_runs_is_said_discreetly() -> None:
    app = CannedApp(Fleet(50))
    async with running(app, (160, 45)):
        assert "no agent runs: checks stop when the last console closes" in screen_text(app)
    app = CannedApp(Fleet(50), workers=(worker(), worker("agent", kind=WorkerKind.AGENT, leading=False)))
    async with running(app, (160, 45)):
        assert "no agent runs" not in screen_text(app)


async def test_an_agent_that_ends_with_its_console_is_not_told_as_none() -> None:
    child = replace(worker("child", kind=WorkerKind.AGENT), ends_with=OWN_ID)
    app = CannedApp(Fleet(50), workers=(worker(leading=False), child))
    async with running(app, (160, 45)):
        assert "no agent that stays: checks stop when the last console closes" in screen_text(app)
        assert "no agent runs" not in screen_text(app)


async def test_another_key_than_the_databases_is_said() -> None:
    app = CannedApp(Fleet(50), key_matches=False)
    async with running(app, (160, 45)):
        assert "RONDA_SECRET_KEY" in screen_text(app)


async def test_the_titles_follow_the_columns_when_only_the_grid_changes_its_width() -> None:
    """As when the first rows bring a scrollbar; a board filled from empty once had no titles."""
    app = CannedApp(Fleet(60))
    async with running(app) as pilot:
        board = board_of(app)
        before = board.grid.columns
        board.query_one("#side").styles.width = 30
        await until(pilot, lambda: board.grid.columns != before)
        await until(pilot, lambda: board.titles.columns == board.grid.columns)
