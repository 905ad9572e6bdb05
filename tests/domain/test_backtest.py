"""Replays: the same history, told under other rules and thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from core.domain import backtest
from core.domain.backtest import Replay, Setting, replayed
from core.domain.channels import Channel, ChannelSpec
from core.domain.gates import Gate, NoticeKind
from core.domain.incidents import Subject
from core.domain.observations import Observation, Status
from core.domain.rules import Rule, RuleSpec
from core.domain.status import Policy
from tests.clock import NOON

UP, DEGRADED, DOWN = Status.UP, Status.DEGRADED, Status.DOWN
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
MAIL = Channel(1, ChannelSpec("mail"), 1, NOON, NOON)
PAGER = Channel(2, ChannelSpec("pager"), 1, NOON, NOON)


def subject(number: int, parent_id: int | None = None) -> Subject:
    return Subject(number, 1, f"s{number}", "acme", (), True, True, True, "", parent_id)


def history(number: int, *statuses: Status, every: timedelta = 30 * SECOND) -> list[tuple[int, Observation]]:
    return [(number, Observation(NOON + place * every, status)) for place, status in enumerate(statuses)]


def replay(
    *histories: list[tuple[int, Observation]],
    retries: int = 0,
    recoveries: int = 1,
    rules: Sequence[RuleSpec] = (),
    channels: Sequence[Channel] = (MAIL,),
    parents: dict[int, int] | None = None,
    maintenance: dict[int, tuple[datetime, datetime]] | None = None,
    until: datetime = NOON + HOUR,
) -> Replay:
    seen = sorted((each for one in histories for each in one), key=lambda pair: pair[1].checked_at)
    numbers = {number for number, _seen in seen}
    stored = [Rule(number, spec, 1, NOON, NOON) for number, spec in enumerate(rules, start=1)]
    policies = dict.fromkeys(numbers, Policy(retries, recoveries))
    subjects = {number: subject(number, (parents or {}).get(number)) for number in numbers}

    def in_maintenance(about: Subject, moment: datetime) -> datetime | None:
        begin, end = (maintenance or {}).get(about.service_id, (NOON, NOON))
        return end if begin <= moment < end else None

    return replayed(seen, until, Setting(channels, stored, policies), subjects, in_maintenance)


def kinds(found: Replay) -> list[NoticeKind]:
    return [each.kind for each in found.sent]


def test_a_failure_and_its_recovery_are_two_notices() -> None:
    found = replay(history(1, UP, DOWN, DOWN, UP))
    assert kinds(found) == [NoticeKind.PROBLEM, NoticeKind.RECOVERY]
    assert [each.at - NOON for each in found.sent] == [30 * SECOND, 90 * SECOND]
    assert (found.incidents, found.messages()) == (1, 2)
    assert [each.label for each in found.sent] == ["acme/s1", "acme/s1"]


@pytest.mark.parametrize(("retries", "notices"), [(0, 4), (1, 2), (2, 0)])
def test_more_retries_make_fewer_notices(retries: int, notices: int) -> None:
    seen = history(1, UP, UP, DOWN, UP, UP, UP, UP, DOWN, DOWN, UP, UP)
    assert len(replay(seen, retries=retries).sent) == notices


def test_what_fails_together_is_one_message() -> None:
    found = replay(history(1, UP, DOWN), history(2, UP, DOWN), channels=(MAIL, PAGER))
    assert (len(found.sent), found.messages()) == (4, 2)


def test_a_rule_decides_which_channel_is_told_and_after_how_long() -> None:
    rules = [RuleSpec("first", (1,)), RuleSpec("second", (2,), after_seconds=600.0)]
    found = replay(history(1, UP, DOWN), rules=rules, channels=(MAIL, PAGER))
    assert [(each.channel_id, each.at - NOON) for each in found.sent] == [
        (1, 30 * SECOND),
        (2, 10 * MINUTE + 30 * SECOND),
    ]


def test_a_delay_that_the_recovery_undercuts_tells_nobody() -> None:
    found = replay(history(1, UP, DOWN, DOWN, UP), rules=[RuleSpec("slow", after_seconds=300.0)])
    assert found.sent == []
    assert found.held[Gate.DELAY] == 1


def test_reminders_come_until_the_end_of_the_replay() -> None:
    found = replay(history(1, UP, DOWN), rules=[RuleSpec("all", reminder_seconds=600.0)])
    assert kinds(found) == [NoticeKind.PROBLEM, *[NoticeKind.REMINDER] * 5]


def test_in_maintenance_nobody_is_told_until_it_ends() -> None:
    window = {1: (NOON, NOON + 20 * MINUTE)}
    found = replay(history(1, UP, DOWN), maintenance=window)
    assert [(each.kind, each.at - NOON) for each in found.sent] == [(NoticeKind.PROBLEM, 20 * MINUTE)]


def test_behind_a_parent_that_is_down_nobody_is_told() -> None:
    found = replay(history(1, UP, DOWN), history(2, UP, UP, DOWN), parents={2: 1})
    assert [each.service_id for each in found.sent] == [1]
    assert found.held[Gate.BEHIND] == 1


def test_flapping_is_told_twice_and_mutes_the_rest() -> None:
    found = replay(history(1, *(UP, DOWN) * 12, *[UP] * 25))
    flapping = [kind for kind in kinds(found) if kind in (NoticeKind.FLAPPING, NoticeKind.FLAPPING_END)]
    assert flapping == [NoticeKind.FLAPPING, NoticeKind.FLAPPING_END]
    assert len(found.sent) < 12


def test_a_replay_that_never_ends_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtest, "MOST_PASSES", 3)
    assert replay(history(1, *(UP, DOWN) * 10)).cut_short
