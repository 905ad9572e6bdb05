from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from textual.pilot import Pilot

from core.domain.events import InventoryChanged, ServiceJudged, StorageChanged, WorkersReported
from core.domain.evidence import Evidence
from core.domain.observations import Beats, Status
from core.errors import Unreachable
from core.operations.board import BoardLine
from tests.tui.canned import NOW, OWN_ID, CannedApp, Fleet, judged_up, worker
from tests.tui.forms import screen_text, until
from tui.bridge import pause_after_counting
from tui.stages import Stage

LATER = NOW + timedelta(seconds=30)


async def ready(pilot: Pilot[None], app: CannedApp) -> None:
    await until(pilot, lambda: app.stage is Stage.READY)
    await pilot.pause()


def judged(line: BoardLine, ms: float = 10.0) -> ServiceJudged:
    state = judged_up(line, LATER, ms)
    assert state.observation is not None
    return ServiceJudged(line.service.id, state.observation, state)


async def test_a_result_reaches_model_listeners_and_summary() -> None:
    app = CannedApp(Fleet(100))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot, app)
        down = next(line for line in app.fleet.lines if line.status(NOW) is Status.DOWN)
        count = app.board.totals[Status.DOWN]
        heard: list[int] = []
        end = app.bridge.listen(heard.append)
        app.bus.publish(judged(down))
        assert app.board.entries[down.service.id].shown is Status.UP
        assert heard == [down.service.id]
        end()
        app.bus.publish(judged(app.fleet.lines[0]))
        assert heard == [down.service.id]
        await until(pilot, lambda: f"✗ {count - 1} down" in screen_text(app))


async def test_evidence_of_a_failure_is_told_and_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    app = CannedApp(Fleet(20))
    line = app.fleet.lines[0]
    event = judged(line)
    evidence = Evidence("connect", "192.0.2.7")
    failed = replace(event, observation=replace(event.observation, evidence=evidence))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        heard: list[ServiceJudged] = []
        end = app.bridge.listen_for_failures(heard.append)
        app.bus.publish(event)
        assert heard == []
        monkeypatch.setattr(app.bridge, "_held_back", [])
        app.bus.publish(failed)
        assert heard == [failed]
        assert app.bridge._held_back == [event]
        monkeypatch.setattr(app.bridge, "_held_back", None)
        end()
        app.bus.publish(failed)
        assert heard == [failed]


async def test_a_result_that_comes_while_the_board_is_read_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = CannedApp(Fleet(20))
    line = app.fleet.lines[0]
    lines = app.fleet.lines
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)

        async def beats_while_a_result_comes(_ids: object = None) -> dict[int, Beats]:
            app.bus.publish(judged(line, 77.0))
            return app.fleet.beats

        monkeypatch.setattr(app.reader, "beats", beats_while_a_result_comes)
        app.board.entries.clear()
        app.bus.publish(InventoryChanged())
        await until(pilot, lambda: len(app.board.entries) == len(lines))
        await until(pilot, lambda: app.board.entries[line.service.id].beats.latencies_ms()[-1] == 77.0)


async def test_a_service_that_was_added_elsewhere_appears_and_one_that_was_deleted_goes() -> None:
    app = CannedApp(Fleet(20))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        known = app.fleet.lines[0]
        added = replace(
            known, service=replace(known.service, id=900, spec=replace(known.service.spec, name="new"))
        )
        gone = app.fleet.lines[1].service.id
        app.fleet.lines = [added, *(line for line in app.fleet.lines if line.service.id != gone)]
        app.bus.publish(InventoryChanged(service_ids=frozenset({900, gone})))
        await until(pilot, lambda: 900 in app.board.entries and gone not in app.board.entries)


async def test_a_client_that_was_renamed_elsewhere_is_read_with_its_services() -> None:
    app = CannedApp(Fleet(20))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        client = app.fleet.lines[0].client
        renamed = replace(client, spec=replace(client.spec, name="Renamed Ltd"))
        app.fleet.lines = [
            replace(line, client=renamed) if line.client.id == client.id else line for line in app.fleet.lines
        ]
        app.bus.publish(InventoryChanged(client_ids=frozenset({client.id})))
        await until(pilot, lambda: "Renamed Ltd" in screen_text(app))


async def test_a_read_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app = CannedApp(Fleet(20))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        read, failures = app.reader.lines, [Unreachable("away"), Unreachable("still away")]

        async def unreliable(service_ids: object = None) -> tuple[BoardLine, ...]:
            if failures:
                raise failures.pop()
            return await read(None)

        monkeypatch.setattr(app.reader, "lines", unreliable)
        app.fleet.lines = app.fleet.lines[:5]
        app.bus.publish(InventoryChanged())
        await until(pilot, lambda: len(app.board.entries) == 5)
        assert failures == []


async def test_who_watches_is_shown_as_soon_as_it_is_reported() -> None:
    app = CannedApp(Fleet(20), workers=None)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot, app)
        assert "nothing is being checked" not in screen_text(app)
        app.bus.publish(WorkersReported((worker("other", leading=False),), OWN_ID))
        await until(pilot, lambda: "nothing is being checked" in screen_text(app))
        app.bus.publish(WorkersReported((worker("other"),), OWN_ID))
        await until(pilot, lambda: "lead ana@ops-2" in screen_text(app))
        assert "nothing is being checked" not in screen_text(app)


async def test_a_database_that_goes_away_and_comes_back_is_told_and_read_again() -> None:
    app = CannedApp(Fleet(20))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot, app)
        app.bus.publish(StorageChanged(False, "connection refused"))
        await until(pilot, lambda: "database away since" in screen_text(app))
        since = app.bridge.watch.offline_since
        app.frozen.advance(5)
        app.bus.publish(StorageChanged(False, "connection refused"))
        assert app.bridge.watch.offline_since == since
        app.fleet.lines = app.fleet.lines[:7]
        app.bus.publish(StorageChanged(True))
        await until(pilot, lambda: len(app.board.entries) == 7)
        assert "database away since" not in screen_text(app)


async def test_statuses_grow_stale_without_any_event() -> None:
    app = CannedApp(Fleet(20))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
        app.frozen.advance(600)
        app.bridge.sweep()
        assert app.board.totals[Status.UP] == 0
        assert app.board.totals[Status.UNKNOWN] > 10
        await until(pilot, lambda: "● 0 up" in screen_text(app))


async def test_nothing_is_heard_after_the_console_has_left() -> None:
    app = CannedApp(Fleet(20))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app)
    line = app.fleet.lines[0]
    app.bus.publish(judged(line))
    seen = app.board.entries[line.service.id].observation
    assert seen != judged(line).observation


@pytest.mark.parametrize(("took", "pause"), [(0.01, 10.0), (1.0, 20.0), (600.0, 60.0)])
def test_one_slow_count_of_uptimes_does_not_put_off_the_next_for_long(took: float, pause: float) -> None:
    assert pause_after_counting(took) == pause
