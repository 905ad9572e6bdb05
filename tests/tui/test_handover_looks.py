"""How the hand-over looks; each test says what must be visible."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from textual.pilot import Pilot

from core.errors import Unreachable
from tests.tui.forms import on_top, shows, until
from tests.tui.test_handover import SHIFT, ShiftApp, asked_for, ready
from tui.screens.handover import HandOverScreen

SnapCompare = Callable[..., bool]
SMALL, MIDDLE = (80, 24), (120, 40)
SIZES = pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=["80x24", "120x40"])


@pytest.fixture(autouse=True)
def greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def coming_back(app: ShiftApp, *keys: str) -> Callable[[Pilot[Any]], Any]:
    """Give a scene: the operator is back, then some keys."""

    async def play(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: on_top(app, HandOverScreen) and app.bridge.watch.heard)
        await pilot.press(*keys)
        await pilot.pause()

    return play


@SIZES
def test_what_changed_since_they_left(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """Figures first, then open incidents with sign and word, over the board."""
    app = ShiftApp(SHIFT)
    assert snap_compare(app, terminal_size=size, run_before=coming_back(app))


@SIZES
def test_its_end(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """Notes, what was not delivered and what others changed."""
    app = ShiftApp(SHIFT)
    assert snap_compare(app, terminal_size=size, run_before=coming_back(app, "G"))


def test_in_ascii(snap_compare: SnapCompare) -> None:
    """The same without a single character beyond ASCII."""
    app = ShiftApp(SHIFT, ascii_only=True)
    assert snap_compare(app, terminal_size=SMALL, run_before=coming_back(app))


def test_a_shift_that_cannot_be_read(snap_compare: SnapCompare) -> None:
    """Why, and that r tries again."""
    app = ShiftApp(None)

    async def play(pilot: Pilot[Any]) -> None:
        await ready(app, pilot)
        app.shifts.errors.append(Unreachable("The server at db.example:5432 does not answer. Is it running?"))
        await pilot.press("H")
        await until(pilot, lambda: shows(app, "cannot be read"))
        await pilot.pause()

    assert snap_compare(app, terminal_size=SMALL, run_before=play)


def test_the_last_hours(snap_compare: SnapCompare) -> None:
    """The title says which."""
    app = ShiftApp(None)

    async def play(pilot: Pilot[Any]) -> None:
        await ready(app, pilot)
        await asked_for(app, pilot)

    assert snap_compare(app, terminal_size=MIDDLE, run_before=play)
