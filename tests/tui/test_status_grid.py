from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from textual.pilot import Pilot
from textual.screen import ModalScreen

from core.domain.events import ServiceJudged
from core.domain.observations import Observation, Status
from core.domain.status import Run, ServiceState
from tests.tui.canned import NOW, CannedApp, Fleet, judged_up
from tests.tui.forms import screen_text, until
from tui.arrangement import Sort
from tui.screens.board import BoardScreen
from tui.stages import Stage
from tui.widgets.status_grid import REARRANGE_SECONDS, StatusGrid

LATER = NOW + timedelta(seconds=30)


@asynccontextmanager
async def board(fleet: Fleet | None = None, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Pilot[None]]:
    app = CannedApp(fleet or Fleet(300))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.stage is Stage.READY and bool(grid_of(pilot).rows))
        await pilot.pause()
        yield pilot


def app_of(pilot: Pilot[None]) -> CannedApp:
    assert isinstance(pilot.app, CannedApp)
    return pilot.app


def grid_of(pilot: Pilot[None]) -> StatusGrid:
    screen = pilot.app.screen_stack[0]
    assert isinstance(screen, BoardScreen)
    return screen.grid


def visible_services(grid: StatusGrid) -> list[int]:
    top = grid.scroll_offset.y
    return [row.id for row in grid.rows[top : top + grid.size.height] if not row.heading]


def judge(pilot: Pilot[None], service_id: int, state: ServiceState) -> None:
    app = app_of(pilot)
    assert state.observation is not None
    app.bus.publish(ServiceJudged(service_id, state.observation, state))


def good_again(pilot: Pilot[None], service_id: int, ms: float) -> None:
    judge(pilot, service_id, judged_up(app_of(pilot).board.entries[service_id].line, LATER, ms))


async def test_a_row_is_drawn_once_however_often_it_is_shown() -> None:
    async with board() as pilot:
        grid = grid_of(pilot)
        for y in range(grid.size.height):
            grid.render_line(y)
        grid.cache.hits = grid.cache.misses = 0
        for y in range(grid.size.height):
            grid.render_line(y)
        assert grid.cache.misses == 0
        assert grid.cache.hits == grid.size.height


async def test_a_result_draws_its_own_row_and_no_other() -> None:
    async with board() as pilot:
        grid = grid_of(pilot)
        wanted = visible_services(grid)[5]
        grid.cache.hits = grid.cache.misses = 0
        good_again(pilot, wanted, 4_321.0)
        grid.flush()
        await until(pilot, lambda: "4321ms" in screen_text(pilot.app))
        assert grid.cache.misses == 1


async def test_a_result_that_cannot_be_seen_draws_nothing() -> None:
    async with board() as pilot:
        grid = grid_of(pilot)
        hidden = next(row.id for row in reversed(grid.rows) if not row.heading)
        grid.cache.hits = grid.cache.misses = 0
        good_again(pilot, hidden, 4_321.0)
        grid.flush()
        await pilot.pause()
        assert grid.cache.misses == 0


async def test_a_new_status_draws_the_heading_of_the_client_too() -> None:
    async with board() as pilot:
        grid = grid_of(pilot)
        wanted = visible_services(grid)[2]
        line = app_of(pilot).board.entries[wanted].line
        run = Run(True, 3, LATER)
        seen = Observation(LATER, Status.DOWN, detail="connection refused")
        judge(pilot, wanted, ServiceState(Status.DOWN, LATER, run, run, observation=seen))
        name = f"▾ {line.client.spec.name}"

        def heading() -> str:
            return next(text for text in screen_text(pilot.app).splitlines() if name in text)

        await until(pilot, lambda: "✗ 1" in heading())


async def test_results_are_held_back_under_another_screen_and_shown_after() -> None:
    async with board() as pilot:
        grid = grid_of(pilot)
        wanted = visible_services(grid)[3]
        await pilot.app.push_screen(ModalScreen[None]())
        grid.cache.hits = grid.cache.misses = 0
        good_again(pilot, wanted, 4_321.0)
        grid.flush()
        assert (grid.cache.hits, grid.cache.misses) == (0, 0)
        await pilot.app.pop_screen()
        grid.flush()
        await until(pilot, lambda: "4321ms" in screen_text(pilot.app))


async def test_keys_move_the_cursor_as_the_help_says() -> None:
    async with board() as pilot:
        grid = grid_of(pilot)
        start = grid.cursor
        for keys, expected in (
            (("j", "j", "k"), start + 1),
            (("down", "up"), start + 1),
            (("g",), 0),
            (("G",), len(grid.rows) - 1),
            (("home",), 0),
            (("ctrl+d",), grid.size.height // 2),
            (("ctrl+u",), 0),
            (("pagedown",), grid.size.height - 2),
            (("pageup", "end"), len(grid.rows) - 1),
        ):
            await pilot.press(*keys)
            assert grid.cursor == expected, keys
            top = grid.scroll_offset.y
            assert top <= grid.cursor < top + grid.size.height


async def test_the_cursor_stops_at_both_ends() -> None:
    async with board() as pilot:
        grid = grid_of(pilot)
        grid.move_to(0)
        await pilot.press("k")
        assert grid.cursor == 0
        grid.move_to(len(grid.rows) - 1)
        await pilot.press("j")
        assert grid.cursor == len(grid.rows) - 1


async def test_brackets_go_to_what_is_not_well() -> None:
    async with board() as pilot:
        grid, model = grid_of(pilot), app_of(pilot).board
        await pilot.press("right_square_bracket")
        first = grid.cursor
        assert model.entries[grid.rows[first].id].failing
        await pilot.press("right_square_bracket")
        assert grid.cursor > first
        await pilot.press("left_square_bracket")
        assert grid.cursor == first


async def test_space_folds_a_client_and_unfolds_it() -> None:
    async with board() as pilot:
        grid = grid_of(pilot)
        rows = list(grid.rows)
        await pilot.press("space")
        assert grid.rows[grid.cursor].heading
        assert grid.cursor == 0
        assert len(grid.rows) < len(rows)
        assert "▸" in screen_text(pilot.app)
        await pilot.press("space")
        assert grid.rows == rows


async def test_the_cursor_stays_on_its_service_when_rows_move() -> None:
    async with board() as pilot:
        grid = grid_of(pilot)
        grid.move_to(20)
        kept, line = grid.row, grid.cursor - grid.scroll_offset.y
        grid.show(replace(grid.view, sort=Sort.LATENCY))
        assert grid.row == kept
        top = grid.scroll_offset.y
        assert top <= grid.cursor < top + grid.size.height
        assert line >= 0


async def test_rows_that_follow_statuses_move_by_themselves_but_not_at_once() -> None:
    async with board() as pilot:
        app, grid = app_of(pilot), grid_of(pilot)
        grid.show(replace(grid.view, only_problems=True))
        wanted = next(row.id for row in grid.rows if not row.heading)
        good_again(pilot, wanted, 5.0)
        grid.flush()
        assert wanted in [row.id for row in grid.rows if not row.heading]
        app.frozen.advance(REARRANGE_SECONDS)
        grid.mark(wanted)
        grid.flush()
        assert wanted not in [row.id for row in grid.rows if not row.heading]


async def test_ages_on_screen_grow_without_results() -> None:
    async with board() as pilot:
        app, grid = app_of(pilot), grid_of(pilot)
        app.frozen.advance(20)
        grid.refresh_ages()
        grid.flush()
        await until(pilot, lambda: " 40s" in screen_text(pilot.app))


async def test_another_theme_draws_every_row_anew() -> None:
    async with board() as pilot:
        grid = grid_of(pilot)
        before = grid.render_line(2)
        pilot.app.theme = "ronda-day"
        await pilot.pause()
        assert grid.render_line(2).text == before.text
        assert grid.render_line(2) != before


@pytest.mark.parametrize("count", [0, 1, 2, 10_000])
async def test_no_service_one_and_very_many(count: int) -> None:
    app = CannedApp(Fleet(count))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.stage is Stage.READY)
        await pilot.pause()
        grid = grid_of(pilot)
        assert grid.service_count == count
        await pilot.press("G", "g", "right_square_bracket", "space")


async def test_every_line_fills_its_width_in_every_size() -> None:
    async with board(size=(160, 45)) as pilot:
        for size in ((80, 24), (40, 10), (100, 30), (121, 24), (160, 45)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            grid = grid_of(pilot)
            widths = {grid.render_line(y).cell_length for y in range(grid.size.height)}
            assert widths == {grid.columns.width}, size
            assert grid.scroll_offset.y <= grid.cursor < grid.scroll_offset.y + grid.size.height
