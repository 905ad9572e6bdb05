from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from textual.pilot import Pilot

from core.domain.events import InventoryChanged, ServiceJudged
from core.domain.evidence import Evidence, FailureEvidence
from core.domain.flapping import Flapping
from core.domain.observations import ErrorKind, LatencyPoint, Observation, Status
from core.domain.status import Policy, step
from core.errors import Unreachable
from tests.tui.canned import NOW, CannedApp, Fleet, judged_up
from tests.tui.forms import on_top, screen_text, until
from tui.screens.board import BoardScreen
from tui.screens.clients import ClientsScreen
from tui.screens.confirm import Confirm
from tui.screens.service import ServiceScreen
from tui.screens.service_form import ServiceForm
from tui.stages import Stage
from tui.widgets.lines import Line
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


async def test_the_page_says_until_when_maintenance_lasts_and_that_the_service_flaps() -> None:
    async with opened(Status.DOWN) as (pilot, app, screen):
        assert screen.entry is not None
        state, at = screen.entry.line.state, NOW + timedelta(seconds=30)
        assert state.observation is not None
        seen = replace(state.observation, checked_at=at)
        flapping = Flapping(0b111111, active=True)
        ends_at = NOW + timedelta(minutes=10)
        state = replace(state, observation=seen, flapping=flapping, maintenance_until=ends_at)
        app.frozen.advance(31)
        app.bus.publish(ServiceJudged(screen.service_id, seen, state))
        told = f"in maintenance until {ends_at.astimezone():%H:%M} · {seen.detail}"
        await until(pilot, lambda: told in screen_text(app))
        assert "◆ maintenance" in screen_text(app)
        assert "flapping 34 %" in screen_text(app)


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


# Why it failed


def failing(screen: ServiceScreen, seconds: int, body: str | None) -> ServiceJudged:
    """Give one more failure of the service on the page; without a body the process that leads is another."""
    assert screen.entry is not None
    evidence = Evidence("body", "192.0.2.7", "HTTP/1.1 500 Oops", body) if body is not None else None
    at = NOW + timedelta(seconds=seconds)
    seen = Observation(at, Status.DOWN, error=ErrorKind.STATUS, detail="got 500", evidence=evidence)
    state = step(screen.entry.line.state, replace(seen, evidence=None), Policy(2, 1)).state
    return ServiceJudged(screen.service_id, seen, state)


@pytest.mark.parametrize("size", [(120, 40), (160, 45)])
async def test_the_page_says_why_the_service_failed_where_there_is_room(size: tuple[int, int]) -> None:
    async with opened(Status.DOWN, size) as (_pilot, app, _screen):
        text = screen_text(app)
        for words in ("last failure", "latest  2026", "came as far as the body; address 192.0.2.7",
                      "HTTP/1.1 502 Bad Gateway", "Server: nginx"):  # fmt: skip
            assert words in text, words


async def test_v_shows_first_and_latest_in_a_small_terminal_and_esc_goes_back() -> None:
    async with opened(Status.DOWN, (80, 24)) as (pilot, app, screen):
        assert "last failure" not in screen_text(app)
        await pilot.press("v")
        await until(pilot, lambda: "<h1>502 Bad Gateway</h1>" in screen_text(app))
        assert "[bold]upstream[/] prematurely" in screen_text(app)
        assert "first  2026" not in screen_text(app)
        await pilot.press("G")
        await until(pilot, lambda: "came as far as the connection" in screen_text(app))
        assert "first  2026" in screen_text(app)
        assert "… and more that is not kept" in screen_text(app)
        await pilot.press("g", "j", "ctrl+d", "pagedown", "k")
        assert screen.evidence.scroll_y > 0
        await pilot.press("escape")
        await until(pilot, lambda: "last checks" in screen_text(app))
        assert on_top(app, ServiceScreen)
        assert screen.table.has_focus
        await pilot.press("escape")
        await until(pilot, lambda: on_top(app, BoardScreen))


async def test_v_fills_a_large_terminal_too() -> None:
    async with opened(Status.DOWN, (120, 40)) as (pilot, app, screen):
        before = screen.evidence.size
        await pilot.press("v")
        await until(pilot, lambda: screen.evidence.size.width > before.width)
        assert screen.evidence.outer_size == screen.query_one("#body").size
        assert "last checks" not in screen_text(app)


async def test_the_sentence_of_a_failure_is_broken_at_its_spaces() -> None:
    detail = "the header Content-Type is “application/octet-stream”, expected “text/html” in it"
    async with opened(size=(80, 24)) as (pilot, app, screen):
        event = failing(screen, 1, "all healthy")
        app.bus.publish(replace(event, observation=replace(event.observation, detail=detail)))
        await pilot.press("v")
        await until(pilot, lambda: "all healthy" in screen_text(app))
        lines = [line.strip("│ ") for line in screen_text(app).splitlines()]
        assert "the header Content-Type is “application/octet-stream”, expected “text/html”" in lines
        assert "in it" in lines


async def test_a_page_without_a_failure_has_no_pane_and_v_says_that_there_is_none() -> None:
    async with opened() as (pilot, app, _screen):
        assert "last failure" not in screen_text(app)
        await pilot.press("v")
        await until(pilot, lambda: "No failure is on record." in screen_text(app))


async def test_a_failure_is_explained_as_soon_as_it_is_told() -> None:
    async with opened() as (pilot, app, screen):
        app.bus.publish(failing(screen, 1, "the very first"))
        await until(pilot, lambda: "the very first" in screen_text(app))
        assert " failed  2026" in screen_text(app)
        app.bus.publish(failing(screen, 2, "and once more"))
        await until(pilot, lambda: "and once more" in screen_text(app))
        assert [failure.is_first for failure in screen.failures] == [True, False]
        assert screen.entry is not None
        assert screen.entry.observation is not None
        assert screen.entry.observation.evidence is None
        assert screen.checks[0].evidence is None


async def test_evidence_of_another_service_leaves_the_page_alone() -> None:
    async with opened() as (pilot, app, screen):
        app.bus.publish(replace(failing(screen, 1, "not ours"), service_id=screen.service_id + 1))
        await pilot.pause()
        assert screen.failures == ()


async def test_a_failure_that_another_process_saw_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened() as (pilot, app, screen):
        event = failing(screen, 1, None)
        evidence = Evidence("answer", None, "", "read from the database")
        at = event.observation.checked_at

        async def failures(_id: int) -> tuple[FailureEvidence, ...]:
            return (FailureEvidence(at, at, ErrorKind.TIMEOUT, "no answer", evidence, is_first=True),)

        monkeypatch.setattr(app.reader, "failures", failures)
        app.bus.publish(event)
        await until(pilot, lambda: "read from the database" in screen_text(app))
        assert "came as far as the answer" in screen_text(app)


async def test_what_was_told_while_it_was_read_is_newer(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(Status.DOWN) as (pilot, app, screen):
        stored = screen.failures
        app.bus.publish(failing(screen, 30, "told a moment ago"))
        screen._add_failures(stored)
        assert [failure.evidence.body for failure in screen.failures] == ["", "told a moment ago"]
        await until(pilot, lambda: "told a moment ago" in screen_text(app))


async def test_failures_that_cannot_be_read_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened() as (pilot, app, screen):

        async def fails(_id: int) -> tuple[FailureEvidence, ...]:
            raise Unreachable("The database does not answer.")

        monkeypatch.setattr(app.reader, "failures", fails)
        app.bus.publish(failing(screen, 1, None))
        await until(
            pilot, lambda: "The database does not answer." in [told.message for told in app._notifications]
        )


async def test_once_the_service_is_up_again_its_failure_is_quiet_and_grows_old() -> None:
    async with opened(Status.DOWN, (120, 40)) as (pilot, app, screen):
        assert screen.entry is not None
        assert not screen.evidence.view.is_over
        state = judged_up(screen.entry.line, NOW + timedelta(seconds=30))
        assert state.observation is not None
        app.bus.publish(ServiceJudged(screen.service_id, state.observation, state))
        await until(pilot, lambda: screen.evidence.view.is_over)
        app.frozen.advance(3 * 3600)
        screen.ticked()
        await until(pilot, lambda: "3h 00m ago" in screen_text(app))
        assert "HTTP/1.1 502 Bad Gateway" in screen_text(app)


async def test_failures_that_are_all_the_same_are_shown_once() -> None:
    async with opened() as (pilot, app, screen):
        for second in (1, 2):
            app.bus.publish(failing(screen, second, "no luck"))
        await until(pilot, lambda: "first, just the same" in screen_text(app))
        assert screen_text(app).count("no luck") == 1


async def test_of_a_body_of_nothing_but_line_ends_a_part_is_drawn() -> None:
    async with opened(size=(80, 24)) as (pilot, app, screen):
        app.bus.publish(failing(screen, 1, "\n" * 4095 + "x"))
        await pilot.press("v")
        await until(pilot, lambda: screen.evidence.virtual_size.height > 300)
        await pilot.press("G")
        await until(pilot, lambda: "… and 3796 more lines" in screen_text(app))


async def test_while_a_failure_grows_old_its_texts_are_not_drawn_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with opened() as (pilot, app, screen):
        app.bus.publish(failing(screen, 1, "no luck"))
        await until(pilot, lambda: "no luck" in screen_text(app))
        drawn: list[str] = []
        wrapped = screen.evidence.view._wrapped

        def counted(text: str, cells: int, colour: str) -> Iterator[Line]:
            drawn.append(text)
            return wrapped(text, cells, colour)

        monkeypatch.setattr(screen.evidence.view, "_wrapped", counted)
        app.frozen.advance(90)
        screen.ticked()
        await until(pilot, lambda: "1m ago" in screen_text(app))
        assert drawn == []
        app.bus.publish(failing(screen, 91, "once more"))
        await until(pilot, lambda: "once more" in screen_text(app))
        assert "once more" in drawn


async def test_what_a_peer_sent_neither_steers_nor_overflows_the_terminal() -> None:
    async with opened(size=(80, 24)) as (pilot, app, screen):
        app.bus.publish(failing(screen, 1, "\x1b[31mred\ttab\r\x07 " + "ストリーム" * 40))
        await pilot.press("v")
        await until(pilot, lambda: "red" in screen_text(app))
        lines = screen_text(app).splitlines()
        (first,) = [line for line in lines if "red" in line]
        assert "�[31mred" in first
        assert not any(ord(char) < 32 for line in lines for char in line)
        assert sum("ストリーム" in line for line in lines) >= 5
