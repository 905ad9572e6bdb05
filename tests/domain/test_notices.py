"""Notices and the messages in which they wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.domain.gates import Gate, NoticeKind, Verdict
from core.domain.notices import (
    GIVE_UP_AFTER,
    MessageState,
    Notice,
    OutboxEntry,
    problem_key,
    recovery_key,
    reminder_key,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def entry(attempts: int = 1) -> OutboxEntry:
    return OutboxEntry(1, "m", 1, MessageState.WAITING, NOW, NOW, attempts)


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(1, 5), (2, 10), (3, 20), (4, 40), (7, 320), (8, 640), (9, 900), (50, 900), (5_000, 900)],
)
def test_the_wait_doubles_up_to_a_quarter_of_an_hour(attempts: int, seconds: float) -> None:
    assert entry(attempts).retry_seconds(0.5) == seconds


def test_the_wait_is_spread_by_a_quarter_to_both_sides() -> None:
    assert (entry().retry_seconds(0.0), entry().retry_seconds(1.0)) == (3.75, 6.25)


@pytest.mark.parametrize(
    ("age", "over"),
    [(timedelta(0), False), (GIVE_UP_AFTER - timedelta(seconds=1), False), (GIVE_UP_AFTER, True)],
)
def test_a_message_is_given_up_after_a_day(age: timedelta, over: bool) -> None:
    assert entry().is_over(NOW + age) is over


def test_the_first_verdict_that_is_shut_says_what_holds_a_notice_back() -> None:
    shut = Verdict(Gate.MAINTENANCE, False, "maintenance")
    verdicts = (Verdict(Gate.CHANNEL, True), shut, Verdict(Gate.HOURS, False, "hours"))
    held = Notice(1, "k", NoticeKind.PROBLEM, NOW, verdicts, {})
    free = Notice(1, "k", NoticeKind.PROBLEM, NOW, verdicts[:1], {})
    assert (held.held_by, held.gate) == (shut, Gate.MAINTENANCE)
    assert (free.held_by, free.gate) == (None, None)


def test_everything_that_is_told_has_a_key_of_its_own() -> None:
    later = NOW + timedelta(seconds=1)
    keys = [
        key
        for number in (1, 11)
        for key in (
            problem_key(number, NOW),
            problem_key(number, later),
            reminder_key(number, 1),
            reminder_key(number, 11),
            recovery_key(number),
        )
    ]
    assert len(set(keys)) == len(keys)
