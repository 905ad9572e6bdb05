from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from textual.pilot import Pilot

from core.domain.events import InventoryChanged, ServiceJudged
from core.domain.observations import LatencyPoint, Status
from core.errors import Unreachable
from tests.tui.canned import NOW, CannedApp, Fleet, judged_up
from tests.tui.forms import on_top, screen_text, until
from tui.screens.board import BoardScreen
from tui.screens.clients import ClientsScreen
from tui.screens.confirm import Confirm
from tui.screens.service import ServiceScreen
from tui.screens.service_form import ServiceForm
from tui.stages import Stage
from tui.widgets.service_page import DAY, HOUR


@asynccontextmanager
async def opened(
    status: Status = Status.UP, size: tuple[int, int] = (160, 45)
) -> AsyncIterator[tuple[Pilot[None], CannedApp, ServiceScreen]]:
    app = CannedApp(Fleet(1200 if status is Status.UNKNOWN else 300))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.stage is Stage.READY)
        line = next(line for line in app.fleet.lines if line.status(NOW) is status)
        app.open_service(line.service.id)
        await until(pilot, lambda: on_top(app, ServiceScreen))
        screen = app.screen
        assert isinstance(screen, ServiceScreen)
        await until(pilot, lambda: status is Status.UNKNOWN or bool(screen.checks))
        await pilot.pause()
        yield pilot, app, screen


async def delete_elsewhere(pilot: Pilot[None], app: CannedApp, screen: ServiceScreen) -> None:
    """Have somebody else delete the service, and the page hear of it."""
    app.fleet.lines = [line for line in app.fleet.lines if line.service.id != screen.service_id]
    app.bus.publish(InventoryChanged(service_ids=frozenset({screen.service_id})))
    await until(pilot, lambda: screen.entry is None)
    await pilot.pause()


async def test_the_page_shows_settings_last_check_certificate_and_uptime() -> None:
    async with opened() as (_pilot, app, screen):
        text = screen_text(app)
        assert screen.entry is not None
        assert screen.entry.line.target in text
        for words in (
            "● up", "GET, expects 200", "every 30s, within 10s", "down after 3 failures", "above 800 ms",
            "192.0.2.7:443", "ends in 43 days", "of the 100% that was", "latency, last hour", "last checks",
        ):  # fmt: skip
            assert words in text, words


async def test_the_page_of_a_service_that_is_down_says_why() -> None:
    async with opened(Status.DOWN) as (_pilot, app, screen):
        assert screen.entry is not None
        assert screen.entry.observation is not None
        assert f"{screen.entry.observation.detail}" in screen_text(app)
        assert "✗ down" in screen_text(app)


async def test_a_service_that_was_never_checked_says_so() -> None:
    async with opened(Status.UNKNOWN) as (_pilot, app, _screen):
        assert "none yet" in screen_text(app)


async def test_a_new_result_appears_at_the_top_of_the_list() -> None:
    async with opened() as (pilot, app, screen):
        assert screen.entry is not None
        count = len(screen.checks)
        state = judged_up(screen.entry.line, NOW + timedelta(seconds=30), 4_321.0)
        assert state.observation is not None
        app.frozen.advance(31)
        app.bus.publish(ServiceJudged(screen.service_id, state.observation, state))
        await until(pilot, lambda: len(screen.checks) == count + 1)
        assert screen.checks[0] == state.observation
        await until(pilot, lambda: "4321ms" in screen_text(app))


async def test_results_of_others_leave_the_page_alone() -> None:
    async with opened() as (pilot, app, screen):
        other = next(line for line in app.fleet.lines if line.service.id != screen.service_id)
        count = len(screen.checks)
        state = judged_up(other, NOW + timedelta(seconds=30))
        assert state.observation is not None
        app.bus.publish(ServiceJudged(other.service.id, state.observation, state))
        app.bridge._tell_board()
        await pilot.pause()
        assert len(screen.checks) == count


async def test_t_changes_between_an_hour_and_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened() as (pilot, app, _screen):
        asked: list[tuple[float, int]] = []

        async def latencies(_id: int, span: float, stretches: int) -> list[LatencyPoint]:
            asked.append((span, stretches))
            return []

        monkeypatch.setattr(app.reader, "latencies", latencies)
        await pilot.press("t")
        await until(pilot, lambda: asked == [(DAY, 240)])
        assert "last 24 hours" in screen_text(app)
        await pilot.press("t")
        await until(pilot, lambda: asked[1:] == [(HOUR, 120)])


async def test_the_page_is_left_when_its_service_is_deleted() -> None:
    async with opened() as (pilot, app, screen):
        await delete_elsewhere(pilot, app, screen)
        await until(pilot, lambda: on_top(app, BoardScreen))


async def test_what_is_typed_stays_when_the_service_under_the_form_is_deleted_elsewhere() -> None:
    async with opened() as (pilot, app, screen):
        await pilot.press("e")
        await until(pilot, lambda: on_top(app, ServiceForm))
        form = app.screen
        assert isinstance(form, ServiceForm)
        await pilot.press("end", "Z")
        typed = form.rows["name"].editor.text
        await delete_elsewhere(pilot, app, screen)
        assert on_top(app, ServiceForm)
        assert form.rows["name"].editor.text == typed
        await pilot.press("escape")
        await until(pilot, lambda: on_top(app, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: on_top(app, BoardScreen))


async def test_no_key_that_leaves_ronda_drops_what_is_typed_without_a_question() -> None:
    async with opened() as (pilot, app, _screen):
        await pilot.press("e")
        await until(pilot, lambda: on_top(app, ServiceForm))
        await pilot.press("end", "Z", "ctrl+q")
        await until(pilot, lambda: on_top(app, Confirm))
        assert "Discard the changes?" in screen_text(app)
        await pilot.press("ctrl+q")
        await pilot.press("n")
        await until(pilot, lambda: on_top(app, ServiceForm))
        assert not app._exit


async def test_a_page_in_another_place_is_left_only_when_it_is_seen_again() -> None:
    async with opened() as (pilot, app, screen):
        await pilot.press("4")
        await until(pilot, lambda: on_top(app, ClientsScreen))
        await delete_elsewhere(pilot, app, screen)
        assert on_top(app, ClientsScreen)
        await pilot.press("1")
        await until(pilot, lambda: on_top(app, BoardScreen))


async def test_an_edit_made_elsewhere_is_shown() -> None:
    async with opened() as (pilot, app, screen):
        app.fleet.lines = [
            replace(line, service=replace(line.service, spec=replace(line.service.spec, retries=6)))
            if line.service.id == screen.service_id
            else line
            for line in app.fleet.lines
        ]
        app.bus.publish(InventoryChanged(service_ids=frozenset({screen.service_id})))
        await until(pilot, lambda: "down after 7 failures" in screen_text(app))


async def test_a_read_that_fails_is_told_and_the_page_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened() as (pilot, app, _screen):

        async def fails(_id: int, _span: float, _stretches: int) -> list[LatencyPoint]:
            raise Unreachable("The database does not answer.")

        monkeypatch.setattr(app.reader, "latencies", fails)
        await pilot.press("t")
        await until(
            pilot, lambda: "The database does not answer." in [told.message for told in app._notifications]
        )
        assert on_top(app, ServiceScreen)


@pytest.mark.parametrize(("key", "screen"), [("e", ServiceForm), ("D", ServiceForm), ("d", Confirm)])
async def test_keys_act_on_the_service(key: str, screen: type) -> None:
    async with opened() as (pilot, app, _page):
        await pilot.press(key)
        await until(pilot, lambda: on_top(app, screen))


async def test_the_page_fits_a_small_terminal() -> None:
    async with opened(Status.DOWN, (80, 24)) as (_pilot, app, _screen):
        lines = screen_text(app).splitlines()
        assert "✗ down" in lines[1]
        assert "Esc back" in lines[-1]
        assert sum("✗ down" in line for line in lines) >= 4
