"""What draws its own lines leaves no cell to the terminal's own colours."""

from __future__ import annotations

import pytest

from tests.tui.canned import CannedApp, Fleet
from tests.tui.forms import until
from tui.stages import Stage
from tui.themes import ink


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_every_cell_of_the_board_has_a_ground_of_the_theme(size: tuple[int, int]) -> None:
    """On a dark terminal a cell without one is a black hole in a light theme."""
    app = CannedApp(Fleet(60), theme="ronda-day")
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.stage is Stage.READY)
        await pilot.press("right_square_bracket")
        await pilot.pause()
        strips = app.screen._compositor.render_strips(app.size)  # what was drawn, cell by cell
        bare = [
            (y, segment.text)
            for y, strip in enumerate(strips)
            for segment in strip
            if segment.style is None or segment.style.bgcolor is None or segment.style.bgcolor.is_default
        ]
        assert bare == []


async def test_a_line_that_is_too_short_is_filled_in_the_colours_of_the_theme() -> None:
    app = CannedApp(Fleet(6))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.stage is Stage.READY)
        summary = app.screen.query_one("Summary")
        strip = summary.render_line(summary.size.height + 5)
        ground = ink(app.palette.foreground, app.palette.background)
        assert [segment.style for segment in strip] == [ground]
