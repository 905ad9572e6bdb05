"""How incidents look; each test says what must be visible."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from textual.pilot import Pilot

from core.errors import Unreachable
from tests.tui.forms import on_top, until
from tests.tui.incident_world import RACK, Answers, IncidentApp, at_incidents, at_ledger
from tui.screens.acknowledging import AcknowledgePrompt

SnapCompare = Callable[..., bool]
SMALL, MIDDLE, LARGE = (80, 24), (120, 40), (160, 45)
SIZES = pytest.mark.parametrize("size", [SMALL, MIDDLE, LARGE], ids=["80x24", "120x40", "160x45"])


@pytest.fixture(autouse=True)
def greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def listed(app: IncidentApp, *keys: str) -> Callable[[Pilot[Any]], Any]:
    """Give a scene: the list, then some keys."""

    async def play(pilot: Pilot[Any]) -> None:
        await at_incidents(app, pilot)
        await pilot.press(*keys)
        await pilot.pause()

    return play


@SIZES
def test_list(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """Open ones first, three of one address as one row; who knows of them; two that are over, quiet."""
    app = IncidentApp()
    assert snap_compare(app, terminal_size=size, run_before=listed(app))


@pytest.mark.parametrize("theme", ["ronda-day", "ronda-cvd"])
def test_list_in_other_colours(snap_compare: SnapCompare, theme: str) -> None:
    """The same on white, and without red and green."""
    app = IncidentApp(theme=theme)
    assert snap_compare(app, terminal_size=MIDDLE, run_before=listed(app))


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=["80x24", "120x40"])
def test_unfolded_list(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """The three services of the rack indented below their row."""
    app = IncidentApp()
    assert snap_compare(app, terminal_size=size, run_before=listed(app, "space", "j"))


def test_filtered_list(snap_compare: SnapCompare) -> None:
    """The filter is typed above the titles; two incidents of Northwind are left."""
    app = IncidentApp()
    assert snap_compare(app, terminal_size=SMALL, run_before=listed(app, "slash", *"north"))


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=["80x24", "120x40"])
def test_list_where_nothing_is_wrong(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """Calm words in the middle."""
    app = IncidentApp(Answers(lines=()))
    assert snap_compare(app, terminal_size=size, run_before=listed(app))


def test_list_that_cannot_be_read(snap_compare: SnapCompare) -> None:
    """What failed, in words."""
    app = IncidentApp(Answers(error=Unreachable("The server at db.example:5432 does not answer.")))
    assert snap_compare(app, terminal_size=SMALL, run_before=listed(app))


@SIZES
@pytest.mark.parametrize("theme", ["ronda-night", "ronda-day"])
def test_page(snap_compare: SnapCompare, size: tuple[int, int], theme: str) -> None:
    """Facts and timeline side by side or below each other, then channels, then what the checks met."""
    app = IncidentApp(theme=theme)

    async def play(pilot: Pilot[Any]) -> None:
        await at_ledger(app, pilot)

    assert snap_compare(app, terminal_size=size, run_before=play)


def test_end_of_the_page(snap_compare: SnapCompare) -> None:
    """Where the page is longer than the screen: channels with sentences of two lines, and evidence."""
    app = IncidentApp()

    async def play(pilot: Pilot[Any]) -> None:
        await at_ledger(app, pilot)
        await pilot.press("G")
        await pilot.pause()

    assert snap_compare(app, terminal_size=SMALL, run_before=play)


def test_question_how_to_acknowledge(snap_compare: SnapCompare) -> None:
    """Three services at once; a reason, how long it holds, and a time because it is to hold until one."""
    app = IncidentApp(Answers(lines=RACK))

    async def play(pilot: Pilot[Any]) -> None:
        await listed(app, "a")(pilot)
        await until(pilot, lambda: on_top(app, AcknowledgePrompt))
        await pilot.press(*"racks move", "tab", "left")
        await pilot.pause()

    assert snap_compare(app, terminal_size=SMALL, run_before=play)


def test_question_for_how_long_to_snooze(snap_compare: SnapCompare) -> None:
    """Four spans, one hour chosen, and waking."""
    app = IncidentApp()
    assert snap_compare(app, terminal_size=SMALL, run_before=listed(app, "j", "z"))
