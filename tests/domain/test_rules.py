"""Rules: their hours, and what is wrong with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.observations import Status
from core.domain.rules import EVERYTHING, MOST_HOURS, Hours, RuleSpec

WEEK = (0, 1, 2, 3, 4, 5, 6)
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
SAO_PAULO, LISBON, LORD_HOWE = "America/Sao_Paulo", "Europe/Lisbon", "Australia/Lord_Howe"


def rule(*hours: str, zone: str = "UTC") -> RuleSpec:
    return RuleSpec("office", hours=hours, zone=zone)


def moment(day: int, clock: str) -> datetime:
    """Give a time of the week that begins with ``MONDAY``."""
    hour, minute = map(int, clock.split(":"))
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


@pytest.mark.parametrize(
    ("text", "days", "begin", "end"),
    [
        ("08:00-18:00", WEEK, time(8), time(18)),
        ("8:00-18:00", WEEK, time(8), time(18)),
        ("Mon-Fri 08:00-18:00", (0, 1, 2, 3, 4), time(8), time(18)),
        ("  mon-FRI   08:00-18:00 ", (0, 1, 2, 3, 4), time(8), time(18)),
        ("Sat,Sun 22:00-06:00", (5, 6), time(22), time(6)),
        ("Fri-Mon 00:00-24:00", (0, 4, 5, 6), time(0), time(0)),
        ("Sun-Mon 08:00-09:00", (0, 6), time(8), time(9)),
        ("Mon,Wed-Fri,Sun 08:00-09:00", (0, 2, 3, 4, 6), time(8), time(9)),
        ("Wed-Wed 08:00-09:00", (2,), time(8), time(9)),
        ("18:00-24:00", WEEK, time(18), time(0)),
        ("18:00-00:00", WEEK, time(18), time(0)),
    ],
)
def test_hours_are_read_as_people_write_them(
    text: str, days: tuple[int, ...], begin: time, end: time
) -> None:
    assert Hours.read(text) == Hours(frozenset(days), begin, end)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Mon-Fri",
        "08:00",
        "08:00-",
        "8-18",
        "08:00-08:00",
        "8:00-08:00",
        "00:00-00:00",
        "24:00-06:00",
        "24:00-24:00",
        "25:00-26:00",
        "08:60-09:00",
        "08:00-24:01",
        "Mo 08:00-09:00",
        "Xyz 08:00-09:00",
        "Mon-Tue-Wed 08:00-09:00",
        "Mon, Tue 08:00-09:00",
        "Mon08:00-09:00",
        "08:00-09:00 Mon",
        "08:00-09:00,10:00-11:00",
        "٠٨:٠٠-٠٩:٠٠",
        "08:00-09:00\x00",
    ],
)
def test_what_is_no_span_of_hours_is_not_read(text: str) -> None:
    assert Hours.read(text) is None


@pytest.mark.parametrize(
    ("hours", "day", "clock", "speaks"),
    [
        ("Mon-Fri 08:00-18:00", 0, "07:59", False),
        ("Mon-Fri 08:00-18:00", 0, "08:00", True),
        ("Mon-Fri 08:00-18:00", 4, "17:59", True),
        ("Mon-Fri 08:00-18:00", 4, "18:00", False),
        ("Mon-Fri 08:00-18:00", 5, "12:00", False),
        ("Fri 22:00-06:00", 4, "21:59", False),
        ("Fri 22:00-06:00", 4, "23:00", True),
        ("Fri 22:00-06:00", 5, "05:59", True),
        ("Fri 22:00-06:00", 5, "06:00", False),
        ("Fri 22:00-06:00", 5, "23:00", False),
        ("Fri 22:00-06:00", 4, "05:00", False),
        ("Sun 22:00-06:00", 0, "05:00", True),
        ("Fri 18:00-24:00", 4, "23:59", True),
        ("Fri 18:00-24:00", 5, "00:00", False),
        ("Fri 00:00-24:00", 4, "00:00", True),
        ("Fri 00:00-24:00", 3, "23:59", False),
        ("Fri-Mon 08:00-18:00", 6, "12:00", True),
        ("Fri-Mon 08:00-18:00", 1, "12:00", False),
    ],
)
def test_a_rule_speaks_from_the_first_minute_of_its_hours_to_the_last(
    hours: str, day: int, clock: str, speaks: bool
) -> None:
    assert rule(hours).speaks_at(moment(day, clock)) is speaks


def test_a_rule_without_hours_speaks_always_and_never_begins() -> None:
    assert rule().speaks_at(MONDAY)
    assert rule().speaks_next(MONDAY) is None


def test_one_of_several_spans_is_enough() -> None:
    spec = rule("Mon 08:00-09:00", "Tue 10:00-11:00")
    assert spec.speaks_at(moment(1, "10:30"))
    assert not spec.speaks_at(moment(1, "08:30"))
    assert spec.speaks_next(moment(0, "08:30")) == moment(1, "10:00")


@pytest.mark.parametrize(
    ("hours", "now", "begins"),
    [
        ("08:00-18:00", moment(0, "07:00"), moment(0, "08:00")),
        ("08:00-18:00", moment(0, "18:00"), moment(1, "08:00")),
        ("Mon 08:00-18:00", moment(0, "08:00"), moment(7, "08:00")),
        ("Sun 22:00-06:00", moment(0, "12:00"), moment(6, "22:00")),
    ],
)
def test_the_next_hours_begin_on_the_next_of_their_days(hours: str, now: datetime, begins: datetime) -> None:
    assert rule(hours).speaks_next(now) == begins


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "hours", "now", "speaks"),
    [
        # São Paulo, 2018-11-04: after 23:59 comes 01:00, at 03:00 UTC.
        (SAO_PAULO, "Sun 00:00-06:00", "2018-11-04T02:59", False),
        (SAO_PAULO, "Sun 00:00-06:00", "2018-11-04T03:00", True),
        (SAO_PAULO, "08:00-18:00", "2018-11-03T10:59", False),
        (SAO_PAULO, "08:00-18:00", "2018-11-03T11:00", True),
        (SAO_PAULO, "08:00-18:00", "2018-11-04T09:59", False),
        (SAO_PAULO, "08:00-18:00", "2018-11-04T10:00", True),
        # São Paulo, 2019-02-17: after Saturday's 23:59 comes 23:00 once more, at 02:00 UTC.
        (SAO_PAULO, "Sat 23:00-24:00", "2019-02-17T01:00", True),
        (SAO_PAULO, "Sat 23:00-24:00", "2019-02-17T02:59", True),
        (SAO_PAULO, "Sat 23:00-24:00", "2019-02-17T03:00", False),
        (SAO_PAULO, "Sun 00:00-06:00", "2019-02-17T02:59", False),
        (SAO_PAULO, "Sun 00:00-06:00", "2019-02-17T03:00", True),
        # Lisbon, 2026: forward at 01:00 UTC on 29 March, back at 01:00 UTC on 25 October.
        (LISBON, "08:00-18:00", "2026-03-28T07:59", False),
        (LISBON, "08:00-18:00", "2026-03-29T07:00", True),
        (LISBON, "01:00-02:00", "2026-10-25T00:30", True),
        (LISBON, "01:00-02:00", "2026-10-25T01:30", True),
        (LISBON, "01:00-02:00", "2026-10-25T02:00", False),
        # Lord Howe, 2026: half an hour back at 15:00 UTC on 4 April, forward at 15:30 UTC on 3 October.
        (LORD_HOWE, "Sun 01:30-02:00", "2026-04-04T14:30", True),
        (LORD_HOWE, "Sun 01:30-02:00", "2026-04-04T15:29", True),
        (LORD_HOWE, "Sun 01:30-02:00", "2026-04-04T15:30", False),
        (LORD_HOWE, "Sun 02:30-03:00", "2026-10-03T15:29", False),
        (LORD_HOWE, "Sun 02:30-03:00", "2026-10-03T15:30", True),
    ],
)
def test_hours_are_those_that_the_clocks_of_the_zone_show(
    zone: str, hours: str, now: str, speaks: bool
) -> None:
    assert rule(hours, zone=zone).speaks_at(utc(now)) is speaks


@pytest.mark.parametrize(
    ("zone", "hours", "now", "begins"),
    [
        (SAO_PAULO, "Sun 00:00-06:00", "2018-11-04T01:00", "2018-11-04T03:00"),
        (SAO_PAULO, "08:00-18:00", "2018-11-03T22:00", "2018-11-04T10:00"),
        (SAO_PAULO, "Sun 00:00-06:00", "2019-02-17T02:30", "2019-02-17T03:00"),
        (SAO_PAULO, "Sat 23:30-23:45", "2019-02-17T01:50", "2019-02-17T02:30"),
        (SAO_PAULO, "08:00-18:00", "2019-02-16T22:00", "2019-02-17T11:00"),
        (LISBON, "08:00-18:00", "2026-03-28T20:00", "2026-03-29T07:00"),
        (LISBON, "01:30-03:00", "2026-03-29T00:00", "2026-03-29T01:30"),
        (LISBON, "01:30-01:40", "2026-10-25T00:45", "2026-10-25T01:30"),
        (LORD_HOWE, "Sun 02:30-03:00", "2026-10-03T12:00", "2026-10-03T15:30"),
        (LORD_HOWE, "Sun 08:00-18:00", "2026-04-04T12:00", "2026-04-04T21:30"),
    ],
)
def test_the_next_hours_are_found_where_clocks_are_put_forward_or_back(
    zone: str, hours: str, now: str, begins: str
) -> None:
    assert rule(hours, zone=zone).speaks_next(utc(now)) == utc(begins)


_TIMES = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
_CHANGES = [
    "2018-11-03T00:00",
    "2019-02-16T00:00",
    "2026-03-28T00:00",
    "2026-10-24T00:00",
    "2026-04-04T00:00",
]


@given(
    zone=st.sampled_from([SAO_PAULO, LISBON, LORD_HOWE, "UTC"]),
    begin=_TIMES,
    end=_TIMES,
    day=st.sampled_from(["", "Sat ", "Sun ", "Fri-Mon "]),
    start=st.sampled_from(_CHANGES),
    minutes=st.integers(0, 3 * 24 * 60),
)
def test_the_next_beginning_is_ahead_within_its_hours_and_what_lies_before_it_is_quiet(
    zone: str, begin: str, end: str, day: str, start: str, minutes: int
) -> None:
    if begin == end:
        return
    spec = rule(f"{day}{begin}-{end}", zone=zone)
    now = utc(start) + timedelta(minutes=minutes)
    begins = spec.speaks_next(now)
    assert begins is not None
    assert begins > now
    assert spec.speaks_at(begins)
    shown = begins.astimezone(ZoneInfo(zone))
    assert spec.spans()[0].holds(shown.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({}, []),
        ({"name": ""}, [("name", "required")]),
        ({"tags": ("two words",)}, [("tags", "tag_form")]),
        ({"severity": Status.UP}, [("severity", "rule_severity")]),
        ({"severity": Status.DOWN}, []),
        ({"hours": ("Mon-Fri 08:00-18:00", "Sat 10:00-12:00")}, []),
        (
            {"hours": ("noon", "08:00-18:00", "25:00-26:00")},
            [("hours", "rule_hours"), ("hours", "rule_hours")],
        ),
        ({"hours": ("08:00-18:00",) * (MOST_HOURS + 1)}, [("hours", "too_many")]),
        ({"hours": ("08:00-18:00",) * MOST_HOURS}, []),
        ({"zone": ""}, [("zone", "required")]),
        ({"zone": "Europe/Nowhere"}, [("zone", "zone")]),
        ({"zone": "../../etc/passwd"}, [("zone", "zone")]),
        ({"after_seconds": -1.0}, [("after_seconds", "rule_after")]),
        ({"after_seconds": 7 * 86_400.0}, []),
        ({"after_seconds": 7 * 86_400.0 + 1}, [("after_seconds", "rule_after")]),
        ({"after_seconds": float("nan")}, [("after_seconds", "rule_after")]),
        ({"reminder_seconds": 0.0}, []),
        ({"reminder_seconds": 59.0}, [("reminder_seconds", "rule_reminder")]),
        ({"reminder_seconds": 60.0}, []),
        ({"reminder_seconds": -60.0}, [("reminder_seconds", "rule_reminder")]),
        ({"reminder_seconds": 32 * 86_400.0}, [("reminder_seconds", "rule_reminder")]),
        (
            {"name": "", "zone": "", "after_seconds": -1.0},
            [
                ("name", "required"),
                ("zone", "required"),
                ("after_seconds", "rule_after"),
            ],
        ),
    ],
)
def test_everything_that_is_wrong_with_a_rule_is_said_at_once(
    changes: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    found = replace(RuleSpec("office"), **changes).faults()
    assert [(fault.field, fault.code) for fault in found] == faults


def test_what_was_typed_is_made_printable_before_it_is_shown() -> None:
    (fault,) = replace(RuleSpec("office"), hours=("\x1b[2J",)).faults()
    assert fault.parameters == {"text": "�[2J"}


def test_hours_that_cannot_be_read_are_left_out() -> None:
    assert [span.begin for span in rule("noon", "08:00-09:00").spans()] == [time(8)]


def test_where_there_is_no_rule_everything_is_told_at_once() -> None:
    assert EVERYTHING.active
    assert EVERYTHING.after_seconds == 0
    assert EVERYTHING.concerns(1, ())
    assert EVERYTHING.speaks_at(MONDAY)
    assert EVERYTHING.severity is Status.DEGRADED
