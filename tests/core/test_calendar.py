"""When windows are open, on ordinary days and on those on which clocks change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import example, given
from hypothesis import strategies as st

from core.calendar import cron_faults, next_stretch, open_stretch
from core.domain.maintenance import Stretch, Window, WindowSpec
from tests.clock import NOON

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LISBON, SAO_PAULO, LORD_HOWE = "Europe/Lisbon", "America/Sao_Paulo", "Australia/Lord_Howe"


def recurring(cron: str, zone: str, length: timedelta = HOUR) -> Window:
    spec = WindowSpec("r", cron=cron, duration_seconds=length.total_seconds(), zone=zone)
    return Window(1, spec, "olga", NOON)


def once(starts_at: datetime, ends_at: datetime) -> Window:
    return Window(1, WindowSpec("r", starts_at=starts_at, ends_at=ends_at), "olga", NOON)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def beginnings(window: Window, after: str, count: int) -> list[str]:
    """Give the next beginnings in UTC, each of which must be open at once and not a moment before."""
    moment, found = utc(after), []
    for _each in range(count):
        stretch = next_stretch(window, moment)
        assert stretch is not None
        assert open_stretch(window, stretch.begins_at) == stretch
        moment = stretch.begins_at
        found.append(moment.strftime("%m-%d %H:%M"))
    return found


CHANGES = [
    # Midnight of 4 November 2018 did not exist: 00:00 -03 became 01:00 -02.
    ("0 0 * * *", SAO_PAULO, "2018-11-03 00:00", ["11-03 03:00", "11-04 03:00", "11-05 02:00"]),
    ("30 0 * * *", SAO_PAULO, "2018-11-03 12:00", ["11-04 03:00", "11-05 02:30"]),
    ("30 1 * * *", SAO_PAULO, "2018-11-03 12:00", ["11-04 03:30", "11-05 03:30"]),
    ("30 * 4 11 *", SAO_PAULO, "2018-11-03 12:00", ["11-04 03:30", "11-04 04:30"]),
    # 23:00 to midnight of 16 February 2019 came twice: midnight -02 became 23:00 -03.
    ("30 23 * * *", SAO_PAULO, "2019-02-16 12:00", ["02-17 01:30", "02-18 02:30"]),
    ("0 0 * * *", SAO_PAULO, "2019-02-16 12:00", ["02-17 03:00", "02-18 03:00"]),
    ("30 * * * SAT", SAO_PAULO, "2019-02-17 00:00", ["02-17 00:30", "02-17 01:30", "02-17 02:30"]),
    # 29 March 2026, 01:00 WET became 02:00 WEST; 25 October, 02:00 WEST became 01:00 WET.
    ("30 1 * * *", LISBON, "2026-03-28 12:00", ["03-29 01:00", "03-30 00:30"]),
    ("0,30 1 * * SUN", LISBON, "2026-03-28 12:00", ["03-29 01:00", "04-05 00:00", "04-05 00:30"]),
    ("30 1 * * *", LISBON, "2026-10-24 12:00", ["10-25 00:30", "10-26 01:30"]),
    ("30 * * * *", LISBON, "2026-10-24 23:00", ["10-24 23:30", "10-25 00:30", "10-25 01:30", "10-25 02:30"]),
    ("30 * * * *", LISBON, "2026-03-29 00:00", ["03-29 00:30", "03-29 01:30", "03-29 02:30"]),
    # Half an hour: 4 October 2026, 02:00 +10:30 became 02:30 +11; 5 April, 02:00 +11 became 01:30 +10:30.
    ("15 2 * * *", LORD_HOWE, "2026-10-03 00:00", ["10-03 15:30", "10-04 15:15"]),
    ("45 1 * * *", LORD_HOWE, "2026-04-04 00:00", ["04-04 14:45", "04-05 15:15"]),
    ("*/30 5 * * *", LORD_HOWE, "2026-04-04 12:00", ["04-04 18:30", "04-04 19:00"]),
    ("0 */2 * * *", LORD_HOWE, "2026-04-04 12:30", ["04-04 13:00", "04-04 15:30", "04-04 17:30"]),
    ("0 2 * * SUN", "UTC", "2026-03-01 02:00", ["03-08 02:00", "03-15 02:00"]),
]  # fmt: skip


@pytest.mark.parametrize(("cron", "zone", "after", "begun"), CHANGES)
def test_a_recurring_window_begins_by_the_clocks_of_its_zone(
    cron: str, zone: str, after: str, begun: list[str]
) -> None:
    assert beginnings(recurring(cron, zone), after, len(begun)) == begun


@pytest.mark.parametrize(
    ("zone", "begins"),
    [
        (SAO_PAULO, "2018-11-04 02:30"),
        (SAO_PAULO, "2019-02-17 01:30"),
        (LISBON, "2026-03-29 00:30"),
        (LISBON, "2026-10-25 00:30"),
        (LORD_HOWE, "2026-10-03 15:15"),
        (LORD_HOWE, "2026-04-04 14:45"),
    ],
)
def test_a_window_over_a_change_lasts_its_duration_as_clocks_tick(zone: str, begins: str) -> None:
    moment = utc(begins)
    local = moment.astimezone(ZoneInfo(zone))
    window = recurring(f"{local.minute} {local.hour} {local.day} {local.month} *", zone, 3 * HOUR)
    stretch = Stretch(moment, moment + 3 * HOUR)
    instants = [moment + minutes * MINUTE for minutes in range(-1, 181)]
    expected = [None, *[stretch] * 180, None]
    assert [open_stretch(window, instant) for instant in instants] == expected
    assert local.utcoffset() != stretch.ends_at.astimezone(ZoneInfo(zone)).utcoffset()


def test_in_an_hour_that_comes_again_what_has_begun_before_is_still_open() -> None:
    window = recurring("45 1 * * *", LISBON, 2 * HOUR)
    begun = utc("2026-10-25 00:45")
    again = utc("2026-10-25 01:30")  # 01:30 for the second time
    assert open_stretch(window, again) == Stretch(begun, begun + 2 * HOUR)
    following = next_stretch(window, again)
    assert following is not None
    assert following.begins_at == utc("2026-10-26 01:45")


def test_a_window_that_overlaps_itself_is_open_for_what_began_last() -> None:
    window = recurring("*/20 * * * *", "UTC")
    assert open_stretch(window, NOON + 25 * MINUTE) == Stretch(NOON + 20 * MINUTE, NOON + 80 * MINUTE)


def test_a_recurring_window_is_closed_in_between() -> None:
    window = recurring("0 2 * * *", "UTC")
    assert open_stretch(window, NOON) is None


@pytest.mark.parametrize(
    ("at", "is_open", "comes"),
    [(NOON - MINUTE, False, True), (NOON, True, False), (NOON + HOUR, False, False)],
)
def test_a_window_that_is_once_opens_once(at: datetime, is_open: bool, comes: bool) -> None:
    window, stretch = once(NOON, NOON + HOUR), Stretch(NOON, NOON + HOUR)
    assert open_stretch(window, at) == (stretch if is_open else None)
    assert next_stretch(window, at) == (stretch if comes else None)


@pytest.mark.parametrize("window", [once(NOON, NOON + HOUR), recurring("0 12 * * *", "UTC")])
def test_a_window_that_was_ended_early_is_open_until_then_and_never_again(window: Window) -> None:
    ended = replace(window, ended_at=NOON + 10 * MINUTE)
    assert open_stretch(ended, NOON + 5 * MINUTE) == Stretch(NOON, NOON + 10 * MINUTE)
    assert open_stretch(ended, NOON + 10 * MINUTE) is None
    assert open_stretch(ended, NOON + DAY) is None
    assert next_stretch(ended, NOON - DAY) is None


def test_an_end_after_the_window_does_not_lengthen_it() -> None:
    ended = replace(once(NOON, NOON + HOUR), ended_at=NOON + DAY)
    assert open_stretch(ended, NOON) == Stretch(NOON, NOON + HOUR)


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("", "cron_fields"),
        (" ", "cron_fields"),
        ("0 2 * *", "cron_fields"),
        ("0 0 2 * * *", "cron_fields"),
        ("@daily", "cron_fields"),
        ("60 2 * * *", "cron_form"),
        ("0 2 * 13 *", "cron_form"),
        ("0 2 32 * *", "cron_form"),
        ("0 2 32 2 *", "cron_form"),
        ("0 2 30 13 *", "cron_form"),
        ("a\x1b b c d e", "cron_form"),
        ("0 2 30 2 *", "cron_never"),
        ("0 2 31 4,6,9,11 *", "cron_never"),
    ],
)
def test_an_expression_that_is_wrong_says_how(expression: str, code: str) -> None:
    (fault,) = cron_faults("cron", expression)
    assert (fault.field, fault.code) == ("cron", code)
    assert all(str(value).isprintable() for value in fault.parameters.values())


@pytest.mark.parametrize(
    "expression", ["0 2 * * SUN", "*/5 * * * *", "0 0 29 2 *", "0 3 L * *", "0 3 * * 1#2"]
)
def test_an_expression_that_fires_some_day_has_no_faults(expression: str) -> None:
    assert list(cron_faults("cron", expression)) == []


@given(st.one_of(st.text(max_size=60), st.text("0123456789*/,-#LWSUNMO ", max_size=40)))
def test_no_text_makes_the_reader_of_expressions_fail(expression: str) -> None:
    assert all(fault.code.startswith("cron_") for fault in cron_faults("cron", expression))


FIXED = ("30 1 * * *", "0 0 * * *", "0,30 0,1,2 * * *", "*/30 1,5 * * *", "45 23 * * SAT", "15 2 1-31/2 * *")
HOURLY = ("30 * * * *", "*/20 * * * *", "10,50 * * * SAT,SUN")
AROUND = [
    (SAO_PAULO, utc("2018-11-04 03:00")),
    (SAO_PAULO, utc("2019-02-17 02:00")),
    (LISBON, utc("2026-03-29 01:00")),
    (LISBON, utc("2026-10-25 01:00")),
    (LORD_HOWE, utc("2026-10-03 15:30")),
    (LORD_HOWE, utc("2026-04-04 15:00")),
]
"""Zones and the moments at which their clocks changed."""


def occurrences(cron: str, zone: str, first: datetime, last: datetime) -> Iterator[datetime]:
    """Look at every minute: what clocks have come to show since the last one begins, if it is new."""
    shown_until = first.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    moment = first
    while moment <= last:
        local = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        if cron.split()[1] == "*":
            if fires(cron, local - MINUTE, local):
                yield moment
        elif local > shown_until and fires(cron, shown_until, local):
            yield moment
        shown_until = max(shown_until, local)
        moment += MINUTE


def fires(cron: str, after: datetime, until: datetime) -> bool:
    return next(CronSim(cron, after)) <= until


@given(
    cron=st.sampled_from(FIXED + HOURLY),
    change=st.sampled_from(AROUND),
    minutes=st.integers(-300, 300),
    seconds=st.floats(0, 59.9),
    length=st.integers(1, 400),
)
@example(cron="10,50 * * * SAT,SUN", change=AROUND[1], minutes=30, seconds=0.0, length=60)
@example(cron="45 23 * * SAT", change=AROUND[1], minutes=30, seconds=1.0, length=120)
def test_what_is_open_and_what_comes_is_what_looking_at_every_minute_gives(
    cron: str, change: tuple[str, datetime], minutes: int, seconds: float, length: int
) -> None:
    zone, changed_at = change
    moment = changed_at + minutes * MINUTE + timedelta(seconds=seconds)
    window = recurring(cron, zone, length * MINUTE)
    found = list(occurrences(cron, zone, changed_at - 14 * HOUR, changed_at + 7 * HOUR))
    begun = [begins_at for begins_at in found if begins_at <= moment < begins_at + length * MINUTE]
    stretch = open_stretch(window, moment)
    assert stretch == (Stretch(begun[-1], begun[-1] + length * MINUTE) if begun else None)
    assert stretch is None or stretch.holds(moment)
    later = [begins_at for begins_at in found if begins_at > moment]
    following = next_stretch(window, moment)
    assert following is not None
    assert following.begins_at > moment
    if later:
        assert following == Stretch(later[0], later[0] + length * MINUTE)
