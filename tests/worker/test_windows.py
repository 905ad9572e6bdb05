"""Until when a service is in maintenance."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.calendar import open_stretch
from core.domain.maintenance import Scope, Stretch, Window, WindowSpec
from core.domain.status import ServiceState
from core.worker.watched import Watched
from core.worker.windows import Windows
from tests.worker.support import START, client, service

TICK, MINUTE, HOUR, DAY = (
    timedelta(microseconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)
ONCE = WindowSpec("new disks", starts_at=START, ends_at=START + HOUR)
DAILY = WindowSpec("backup", cron="0 12 * * *", duration_seconds=3600.0)
"""It begins at ``START`` too."""
OVERLAPPING = WindowSpec("export", cron="0 * * * *", duration_seconds=5400.0)
"""It begins again before it has ended."""


def window(spec: WindowSpec, number: int = 1, ended_at: datetime | None = None) -> Window:
    return Window(number, spec, "olga", START - DAY, ended_at)


def windows_of(*specs: WindowSpec) -> list[Window]:
    return [window(spec, number) for number, spec in enumerate(specs, start=1)]


def watched(service_id: int = 7, client_id: int = 3) -> Watched:
    stored = service(service_id, client_id=client_id, tags=("batch",))
    return Watched.of(client(client_id, tags=("gold",)), stored, ServiceState())


def taken(*specs: WindowSpec, now: datetime = START) -> Windows:
    held = Windows()
    held.take(windows_of(*specs), now)
    return held


def until(windows: Windows, each: Watched, moment: datetime) -> datetime | None:
    return windows.until(each.service.id, each.service.client_id, each.tags, moment)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The windows of which the calendar is asked whether they are open."""
    numbers: list[int] = []

    def counted(window: Window, moment: datetime) -> Stretch | None:
        numbers.append(window.id)
        return open_stretch(window, moment)

    monkeypatch.setattr("core.worker.windows.open_stretch", counted)
    return numbers


@pytest.mark.parametrize("spec", [ONCE, DAILY])
def test_maintenance_lasts_from_the_beginning_to_just_before_the_end(spec: WindowSpec) -> None:
    held = taken(spec, now=START - MINUTE)
    found = [until(held, watched(), START + after) for after in (-TICK, 0 * TICK, HOUR - TICK, HOUR)]
    assert found == [None, START + HOUR, START + HOUR, None]


def test_without_windows_there_is_no_maintenance() -> None:
    assert until(Windows(), watched(), START) is None
    assert until(taken(), watched(), START) is None


@pytest.mark.parametrize(
    ("scope", "subject_id", "tag", "concerned"),
    [
        (Scope.ALL, None, "", True),
        (Scope.SERVICE, 7, "", True),
        (Scope.SERVICE, 3, "", False),
        (Scope.CLIENT, 3, "", True),
        (Scope.CLIENT, 7, "", False),
        (Scope.TAG, None, "batch", True),
        (Scope.TAG, None, "gold", True),
        (Scope.TAG, None, "silver", False),
    ],
)
def test_a_window_is_for_the_services_that_it_names(
    scope: Scope, subject_id: int | None, tag: str, concerned: bool
) -> None:
    held = taken(replace(ONCE, scope=scope, subject_id=subject_id, tag=tag))
    assert (until(held, watched(), START) is not None) == concerned


def test_of_windows_that_overlap_the_one_that_ends_last_counts() -> None:
    longer = replace(ONCE, ends_at=START + 3 * HOUR)
    of_another = replace(ONCE, ends_at=START + 9 * HOUR, scope=Scope.SERVICE, subject_id=1)
    held = taken(ONCE, longer, of_another)
    assert until(held, watched(), START) == START + 3 * HOUR
    assert until(held, watched(), START + 2 * HOUR) == START + 3 * HOUR


def test_a_window_that_begins_again_while_it_is_open_ends_later() -> None:
    held = taken(OVERLAPPING, now=START + 45 * MINUTE)
    assert until(held, watched(), START + 59 * MINUTE) == START + 90 * MINUTE
    assert until(held, watched(), START + HOUR) == START + 150 * MINUTE


def test_a_window_that_recurs_comes_back_day_after_day() -> None:
    held = taken(DAILY)
    for day in range(4):
        assert until(held, watched(), START + day * DAY + MINUTE) == START + day * DAY + HOUR
        assert until(held, watched(), START + day * DAY + 2 * HOUR) is None


def test_a_window_that_was_ended_is_open_no_more() -> None:
    held = taken(ONCE)
    held.take([window(ONCE, ended_at=START + MINUTE)], START + MINUTE)
    assert until(held, watched(), START + MINUTE) is None
    held = taken(ONCE)
    held.take([], START + MINUTE)
    assert until(held, watched(), START + MINUTE) is None


def test_the_calendar_is_asked_anew_only_of_the_window_that_opens_or_closes(asked: list[int]) -> None:
    later = replace(ONCE, starts_at=START + 2 * HOUR, ends_at=START + 3 * HOUR)
    held = taken(ONCE, later)
    for minute in range(60):
        assert until(held, watched(), START + minute * MINUTE) == START + HOUR
    assert asked == [1, 2]
    for minute in range(60, 120):
        assert until(held, watched(), START + minute * MINUTE) is None
    assert asked == [1, 2, 1]
    assert until(held, watched(), START + 2 * HOUR) == START + 3 * HOUR
    assert asked == [1, 2, 1, 2]


def test_windows_that_are_read_again_unchanged_are_not_looked_up_again(asked: list[int]) -> None:
    held = taken(ONCE, DAILY)
    held.take(windows_of(ONCE, DAILY, OVERLAPPING), START + MINUTE)
    assert asked == [1, 2, 3]
    held.take(windows_of(ONCE, replace(DAILY, reason="moved")), START + MINUTE)
    assert asked == [1, 2, 3, 2]


def test_a_clock_that_is_set_back_is_believed() -> None:
    held = taken(ONCE, now=START + MINUTE)
    assert until(held, watched(), START - MINUTE) is None
    assert until(held, watched(), START) == START + HOUR
