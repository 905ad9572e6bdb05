"""How the places look; each test says what must be visible."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from core.domain.events import StorageChanged, WorkersReported
from core.domain.flapping import Flapping
from core.errors import Unreachable
from tests.tui.canned import NOW, OWN_ID, CannedApp, Fleet, worker
from tests.tui.forms import until
from tests.tui.test_board_screen import opener
from tui.stages import Stage

SnapCompare = Callable[..., bool]
Scene = Callable[[Pilot[Any]], Any]
SMALL, MIDDLE, LARGE = (80, 24), (120, 40), (160, 45)
SIZES = pytest.mark.parametrize("size", [SMALL, MIDDLE, LARGE], ids=["80x24", "120x40", "160x45"])


@pytest.fixture(autouse=True)
def greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def compared(
    snap_compare: SnapCompare, app: CannedApp, size: tuple[int, int], *keys: str, then: Scene | None = None
) -> bool:
    """Whether an app with its board read looks as it did, after keys and a scene."""

    async def play(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.stage is Stage.READY and app.bridge.watch.heard)
        await pilot.pause()
        await pilot.press(*keys)
        if then is not None:
            await then(pilot)
        await pilot.pause()

    return snap_compare(app, terminal_size=size, run_before=play)


@SIZES
@pytest.mark.parametrize("theme", ["ronda-night", "ronda-day", "ronda-cvd"])
def test_board(snap_compare: SnapCompare, size: tuple[int, int], theme: str) -> None:
    """The cursor on a service that is down: its error in its row, figures and chart beside or below."""
    assert compared(snap_compare, CannedApp(theme=theme), size, "right_square_bracket")


def test_board_in_ascii(snap_compare: SnapCompare) -> None:
    """The same without a single character beyond ASCII, borders and chart included."""
    assert compared(snap_compare, CannedApp(ascii_only=True), MIDDLE, "right_square_bracket")


def test_board_in_sixteen_colours(snap_compare: SnapCompare) -> None:
    """Green, yellow and red of the terminal itself, no invented hue."""
    assert compared(snap_compare, CannedApp(theme="ansi-dark"), MIDDLE, "right_square_bracket")


@SIZES
def test_filtered_board(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """The filter is typed above the titles; only ledgers are left, under their clients."""
    assert compared(snap_compare, CannedApp(), size, "slash", *"ledger")


def test_filter_without_a_match(snap_compare: SnapCompare) -> None:
    """Nothing matches, and Esc clears the filter."""
    assert compared(snap_compare, CannedApp(), SMALL, "slash", *"zebra")


@pytest.mark.parametrize("presses", [1, 2, 3], ids=["problems", "latency", "change"])
def test_sorted_board(snap_compare: SnapCompare, presses: int) -> None:
    """Problems first keeps clients together; the other orders tell the client behind the name."""
    assert compared(snap_compare, CannedApp(), MIDDLE, *["s"] * presses)


def test_only_problems(snap_compare: SnapCompare) -> None:
    """Down, degraded and half-failed services only; the title says so."""
    assert compared(snap_compare, CannedApp(), MIDDLE, "x")


def test_board_in_maintenance(snap_compare: SnapCompare) -> None:
    """A client in maintenance: its rows say until when, and none is a problem; its first service flaps."""
    fleet = Fleet()
    mine = fleet.lines[0].client.id
    until_one = NOW + timedelta(hours=1)
    for index, line in enumerate(fleet.lines):
        if line.client.id == mine:
            changed = replace(line.state, maintenance_until=until_one if index else None)
            flapping = Flapping() if index else Flapping(0b111111, active=True)
            fleet.lines[index] = replace(line, state=replace(changed, flapping=flapping))
    assert compared(snap_compare, CannedApp(fleet), LARGE, "down")


def test_folded_clients(snap_compare: SnapCompare) -> None:
    """The first client is one line with its counts; the cursor is on it."""
    assert compared(snap_compare, CannedApp(), SMALL, "space")


@SIZES
def test_empty_board(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """A newcomer reads what a client is, and to press n."""
    assert compared(snap_compare, CannedApp(Fleet(0)), size)


def test_board_where_all_is_well(snap_compare: SnapCompare) -> None:
    """No problems pane content but a calm sentence."""
    assert compared(snap_compare, CannedApp(Fleet(6, seed=1, per_client=3)), MIDDLE)


def test_starting_board(snap_compare: SnapCompare) -> None:
    """The frame is there, and says that the database is starting."""
    app = CannedApp()
    app.session._open_desk = opener(app, asyncio.Event(), [])

    async def wait(pilot: Pilot[Any]) -> None:
        await pilot.pause()

    assert snap_compare(app, terminal_size=SMALL, run_before=wait)


@SIZES
def test_failed_board(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """What failed in words, and that r tries again."""
    app, gate = CannedApp(), asyncio.Event()
    gate.set()
    sentence = "The server at db.example:5432 does not answer (connection refused). Is it running?"
    app.session._open_desk = opener(app, gate, [Unreachable(sentence)])

    async def wait(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.stage is Stage.FAILED)
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=wait)


def away(app: CannedApp) -> Scene:
    async def play(pilot: Pilot[Any]) -> None:
        report = replace(worker(), health=replace(worker().health, waiting=1_284))
        app.bus.publish(WorkersReported((report,), OWN_ID))
        app.bus.publish(StorageChanged(False, "the connection was refused"))
        await pilot.pause()

    return play


@SIZES
def test_board_without_its_database(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """A banner: away since when, how many results wait; the board goes on."""
    app = CannedApp()
    assert compared(snap_compare, app, size, then=away(app))


@SIZES
def test_board_that_nobody_checks(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """A banner: nothing is being checked."""
    assert compared(snap_compare, CannedApp(workers=(worker("other", leading=False),)), size)


def test_board_that_has_grown_old(snap_compare: SnapCompare) -> None:
    """Every status is unknown, each row says for how long there was no result."""
    app = CannedApp(Fleet(40))

    async def grow_old(pilot: Pilot[Any]) -> None:
        app.frozen.advance(400)
        app.bridge.sweep()
        app.bridge._tell_board()
        await pilot.pause(0.3)

    assert compared(snap_compare, app, LARGE, then=grow_old)


@SIZES
def test_help(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """Every key of the board by group, and what the signs mean."""
    assert compared(snap_compare, CannedApp(Fleet(40)), size, "question_mark")


@SIZES
@pytest.mark.parametrize("theme", ["ronda-night", "ronda-day"])
def test_service(snap_compare: SnapCompare, size: tuple[int, int], theme: str) -> None:
    """State and error on top, then chart, settings and checks."""
    app = CannedApp(theme=theme)

    async def read(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: bool(getattr(app.screen, "checks", ())))
        await pilot.pause()

    assert compared(snap_compare, app, size, "right_square_bracket", "enter", then=read)


def test_why_a_service_failed(snap_compare: SnapCompare) -> None:
    """The latest failure in all the room there is: when, why, how far, status line, headers, body."""
    app = CannedApp()

    async def read(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: bool(getattr(app.screen, "failures", ())))
        await pilot.press("v")
        await pilot.pause()

    assert compared(snap_compare, app, SMALL, "right_square_bracket", "enter", then=read)


@SIZES
def test_system(snap_compare: SnapCompare, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """The round at the left, the database at the right, processes and changes below."""
    monkeypatch.setattr("tui.screens.system.os.getpid", lambda: 4242)
    monkeypatch.setattr("tui.screens.system.platform.python_version", lambda: "3.11")
    monkeypatch.setattr("tui.screens.system.version", lambda _name: "1.0")
    assert compared(snap_compare, CannedApp(Fleet(40)), size, "6")


def test_question_before_checks_stop(snap_compare: SnapCompare) -> None:
    """Quitting says that checks stop and how they go on; Stay has the focus."""
    assert compared(snap_compare, CannedApp(Fleet(40)), SMALL, "q")
