"""What a pass decides, from what is there and what was told already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.domain.channels import Channel, ChannelKind, ChannelSpec
from core.domain.deciding import FORGET_AFTER, SOON, Outcome, Picture, Written, decided
from core.domain.flapping import Flapping
from core.domain.gates import Gate, NoticeKind
from core.domain.incidents import (
    Acknowledgement,
    AcknowledgementKind,
    Ending,
    Incident,
    Snooze,
    Subject,
    expired,
)
from core.domain.notices import MessageState, problem_key, recovery_key, reminder_key
from core.domain.observations import Status
from core.domain.occasions import Occasion, OccasionKind
from core.domain.rules import Rule, RuleSpec
from core.domain.status import Run, ServiceState

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SENT, FAILED = MessageState.SENT, MessageState.FAILED


def channel(number: int, active: bool = True) -> Channel:
    return Channel(number, ChannelSpec(f"c{number}", ChannelKind.TERMINAL, active=active), 1, NOW, NOW)


def rule(number: int = 1, **changes: Any) -> Rule:
    return Rule(number, replace(RuleSpec(f"rule {number}"), **changes), 1, NOW, NOW)


def subject(number: int = 1, **changes: Any) -> Subject:
    return replace(Subject(number, 5, f"s{number}", "acme", (), True, True, True, "", None), **changes)


def incident(number: int = 1, **changes: Any) -> Incident:
    began = NOW - 2 * MINUTE
    opened = Incident(1, Status.DOWN, Status.DOWN, began, NOW - MINUTE, NOW - MINUTE, id=number)
    return replace(opened, **changes)


def over(number: int = 1, at: datetime = NOW) -> Incident:
    return incident(number, resolved_at=at, ending=Ending.RECOVERED, status=Status.UP)


@dataclass
class Memory:
    """Passes one after the other, with what they wrote in between."""

    picture: Picture
    written: dict[tuple[int, str], Written] = field(default_factory=dict)

    def decide(self, now: datetime = NOW, **changes: Any) -> Outcome:
        self.picture = replace(self.picture, now=now, written=tuple(self.written.values()), **changes)
        outcome = decided(self.picture)
        for notice in outcome.held_back:
            self.written[notice.channel_id, notice.key] = (notice, None)
        for notice in outcome.let_through:
            self.written[notice.channel_id, notice.key] = (notice, SENT)
        return outcome

    def deliver(self, state: MessageState) -> None:
        """Say what became of everything that was let through."""
        self.written = {
            key: (notice, None if before is None else state) for key, (notice, before) in self.written.items()
        }


def memory(*incidents: Incident, channels: int = 1, **changes: Any) -> Memory:
    found = [channel(number) for number in range(1, channels + 1)]
    picture = Picture(NOW, found, (), incidents, subjects={1: subject()})
    return Memory(replace(picture, **changes))


def told(outcome: Outcome) -> list[tuple[int, str]]:
    return [(notice.channel_id, notice.key) for notice in outcome.let_through]


def held(outcome: Outcome) -> list[Gate | None]:
    return [notice.gate for notice in outcome.held_back]


PROBLEM = problem_key(1, NOW - MINUTE)


def test_a_problem_is_told_once_by_every_channel() -> None:
    world = memory(incident(), channels=2)
    first = world.decide()
    assert told(first) == [(1, PROBLEM), (2, PROBLEM)]
    assert all(notice.verdicts and notice.kind is NoticeKind.PROBLEM for notice in first.let_through)
    again = world.decide(NOW + MINUTE)
    assert told(again) == []
    assert again.settled_incidents == []


def test_what_is_told_says_what_there_is() -> None:
    (notice,) = memory(incident(detail="no answer")).decide().let_through
    assert notice.incident_id == 1
    assert notice.facts == {
        "client": "acme",
        "service": "s1",
        "service_id": 1,
        "incident_id": 1,
        "status": "down",
        "severity": "down",
        "started_at": (NOW - 2 * MINUTE).isoformat(),
        "resolved_at": None,
        "error": None,
        "detail": "no answer",
        "address": None,
        "runbook_url": "",
    }


def test_what_is_held_back_is_written_once_and_again_when_something_else_holds_it() -> None:
    world = memory(incident(), maintenance={1: NOW + HOUR})
    assert held(world.decide()) == [Gate.MAINTENANCE]
    assert held(world.decide(NOW + MINUTE)) == []
    assert held(world.decide(NOW + MINUTE, maintenance={1: NOW + 2 * HOUR})) == [Gate.MAINTENANCE]
    snoozes = {1: Snooze(1, NOW + HOUR, "ann")}
    assert held(world.decide(NOW + 2 * MINUTE, maintenance={}, snoozes=snoozes)) == [Gate.SNOOZED]
    assert told(world.decide(NOW + HOUR)) == [(1, PROBLEM)]


def test_reminders_are_counted_and_each_is_told_once() -> None:
    world = memory(incident(), rules=[rule(reminder_seconds=600.0)])
    at = [NOW + timedelta(seconds=seconds) for seconds in (0, 599, 600, 601, 1199, 1200, 9000)]
    keys = [[key for _channel, key in told(world.decide(now))] for now in at]
    assert keys == [[PROBLEM], [], [reminder_key(1, 1)], [], [], [reminder_key(1, 2)], [reminder_key(1, 3)]]


def test_without_reminders_a_problem_is_told_once_and_for_all() -> None:
    world = memory(incident(), rules=[rule(reminder_seconds=0.0)])
    world.decide()
    later = world.decide(NOW + 100 * HOUR)
    assert (told(later), later.next_at) == ([], None)


def test_what_got_worse_is_told_anew() -> None:
    world = memory(incident(severity=Status.DEGRADED, status=Status.DEGRADED))
    world.decide()
    raised = incident(telling_since=NOW + MINUTE)
    assert told(world.decide(NOW + 2 * MINUTE, incidents=[raised])) == [(1, problem_key(1, NOW + MINUTE))]


def test_what_got_worse_by_a_check_that_began_before_it_was_told_is_told_anew() -> None:
    world = memory(incident(severity=Status.DEGRADED, status=Status.DEGRADED))
    world.decide(NOW)
    raised = incident(telling_since=NOW - timedelta(seconds=5))
    assert [notice.kind for notice in world.decide(NOW + MINUTE, incidents=[raised]).let_through] == [
        NoticeKind.PROBLEM
    ]


def test_what_is_acknowledged_is_told_anew_when_that_runs_out() -> None:
    world = memory(incident())
    world.decide()
    given = Acknowledgement(AcknowledgementKind.UNTIL, "ann", NOW, "", NOW + HOUR)
    quiet = world.decide(NOW + MINUTE, incidents=[incident(acknowledgement=given)])
    assert (told(quiet), held(quiet), quiet.next_at) == ([], [Gate.ACKNOWLEDGED], NOW + HOUR)
    ended = expired(incident(acknowledgement=given), NOW + HOUR)
    assert ended is not None
    assert told(world.decide(NOW + HOUR, incidents=[ended.incident])) == [(1, problem_key(1, NOW + HOUR))]


def test_an_acknowledged_incident_is_not_reminded_of() -> None:
    world = memory(incident(), rules=[rule(reminder_seconds=60.0)])
    world.decide()
    given = Acknowledgement(AcknowledgementKind.STICKY, "ann", NOW)
    assert told(world.decide(NOW + HOUR, incidents=[incident(acknowledgement=given)])) == []


def test_the_second_line_is_told_when_the_incident_is_old_enough() -> None:
    rules = [rule(1, channel_ids=(1,)), rule(2, channel_ids=(2,), after_seconds=900.0)]
    world = memory(incident(), channels=2, rules=rules)
    first = world.decide()
    assert (told(first), held(first)) == ([(1, PROBLEM)], [Gate.DELAY])
    assert told(world.decide(NOW - MINUTE + timedelta(seconds=899))) == []
    assert told(world.decide(NOW - MINUTE + timedelta(seconds=900))) == [(2, PROBLEM)]


def test_a_recovery_is_told_to_those_who_were_told_of_the_problem() -> None:
    world = memory(incident(), channels=2, rules=[rule(channel_ids=(2,))])
    world.decide()
    outcome = world.decide(NOW + MINUTE, incidents=[over()])
    assert told(outcome) == [(2, recovery_key(1))]
    assert [(notice.channel_id, notice.gate) for notice in outcome.held_back] == [(1, Gate.TOLD)]
    assert outcome.settled_incidents == [1]


def test_a_recovery_is_told_in_a_maintenance_though_the_problem_came_before() -> None:
    world = memory(incident())
    world.decide()
    changes = {"maintenance": {1: NOW + HOUR}, "snoozes": {1: Snooze(1, NOW + HOUR, "ann")}}
    assert told(world.decide(NOW + MINUTE, incidents=[over()], **changes)) == [(1, recovery_key(1))]


def test_what_was_over_before_it_was_told_is_not_told_at_all() -> None:
    world = memory(incident(), maintenance={1: NOW + HOUR})
    world.decide()
    outcome = world.decide(NOW + 2 * HOUR, incidents=[over()], maintenance={})
    assert (told(outcome), outcome.settled_incidents) == ([], [1])


def test_a_recovery_is_not_told_to_whom_the_problem_could_not_be_delivered() -> None:
    world = memory(incident())
    world.decide()
    world.deliver(FAILED)
    outcome = world.decide(NOW + MINUTE, incidents=[over()])
    assert [notice.held_by.reason for notice in outcome.held_back if notice.held_by] == ["undelivered"]
    assert outcome.settled_incidents == [1]


def test_a_problem_that_could_not_be_delivered_is_followed_by_reminders_not_by_itself() -> None:
    world = memory(incident(), rules=[rule(reminder_seconds=600.0)])
    world.decide()
    world.deliver(FAILED)
    assert told(world.decide(NOW + MINUTE)) == []
    assert told(world.decide(NOW + timedelta(seconds=600))) == [(1, reminder_key(1, 1))]
    assert told(world.decide(NOW + HOUR, incidents=[over()])) == [(1, recovery_key(1))], "the reminder came"


def test_a_recovery_waits_for_the_end_of_flapping_and_is_settled_then() -> None:
    world = memory(incident())
    world.decide()
    flapping = {1: ServiceState(Status.UP, flapping=Flapping(active=True))}
    waits = world.decide(NOW + MINUTE, incidents=[over()], states=flapping)
    assert (held(waits), waits.settled_incidents) == ([Gate.FLAPPING], [])
    calm = world.decide(NOW + HOUR, states={})
    assert (told(calm), calm.settled_incidents) == ([(1, recovery_key(1))], [1])


def test_what_is_long_over_is_settled_whatever_holds_it_back() -> None:
    world = memory(incident())
    world.decide()
    off = {"channels": [channel(1, active=False)], "incidents": [over()]}
    assert world.decide(NOW + FORGET_AFTER, **off).settled_incidents == []
    assert world.decide(NOW + FORGET_AFTER + SOON, **off).settled_incidents == [1]


def test_an_open_incident_is_never_settled() -> None:
    world = memory(incident(), channels=0)
    assert world.decide(NOW + 100 * FORGET_AFTER).settled_incidents == []


@pytest.mark.parametrize(
    ("kind", "passes"),
    [({"service_active": False}, False), ({"client_active": False}, False), ({"living": False}, False)],
)
def test_of_a_service_that_nobody_watches_no_problem_is_told(kind: dict[str, bool], passes: bool) -> None:
    outcome = memory(incident(), subjects={1: subject(**kind)}).decide()
    assert bool(outcome.let_through) is passes
    assert held(outcome) == [Gate.ACTIVE]


def test_an_incident_of_an_unknown_service_is_left_alone() -> None:
    outcome = memory(incident(), subjects={}).decide()
    assert (told(outcome), held(outcome), outcome.settled_incidents) == ([], [], [])


DOWN = ServiceState(Status.DOWN)
DOUBTFUL = ServiceState(Status.UP, down_run=Run(True, 1, NOW))


def above(states: Mapping[int, ServiceState], **changes: Any) -> Memory:
    """Give a service that depends on 2, which depends on 3; ``changes`` are those of 2."""
    subjects = {1: subject(parent_id=2), 2: subject(2, parent_id=3, **changes), 3: subject(3)}
    return memory(incident(), subjects=subjects, states=states)


@pytest.mark.parametrize(
    ("states", "reason"),
    [
        ({}, None),
        ({2: ServiceState(Status.UP), 3: ServiceState(Status.DEGRADED)}, None),
        ({2: DOWN}, ("behind", "acme/s2")),
        ({3: DOWN}, ("behind", "acme/s3")),
        ({2: DOWN, 3: DOWN}, ("behind", "acme/s2")),
        ({2: DOUBTFUL}, ("behind_doubtful", "acme/s2")),
        ({2: DOUBTFUL, 3: DOUBTFUL}, ("behind_doubtful", "acme/s2")),
        ({2: DOUBTFUL, 3: DOWN}, ("behind", "acme/s3")),
        ({1: DOWN}, None),
    ],
)
def test_what_is_down_behind_another_that_is_down_is_not_told(
    states: dict[int, ServiceState], reason: tuple[str, str] | None
) -> None:
    outcome = above(states).decide()
    reasons = [
        (notice.held_by.reason, notice.held_by.parameters["service"])
        for notice in outcome.held_back
        if notice.held_by is not None
    ]
    assert reasons == ([] if reason is None else [reason])
    assert bool(outcome.let_through) is (reason is None)


@pytest.mark.parametrize("changes", [{"service_active": False}, {"client_active": False}, {"living": False}])
def test_nothing_is_behind_a_service_that_nobody_watches(changes: dict[str, bool]) -> None:
    assert told(above({2: DOWN}, **changes).decide()) == [(1, PROBLEM)]


def test_while_it_is_doubtful_it_is_looked_again_soon_and_told_when_it_came_to_nothing() -> None:
    world = above({2: DOUBTFUL})
    assert world.decide().next_at == NOW + SOON
    assert world.decide(NOW + SOON).next_at == NOW + 2 * SOON
    assert told(world.decide(NOW + MINUTE, states={2: ServiceState(Status.UP)})) == [(1, PROBLEM)]


def test_what_is_behind_waits_for_no_time() -> None:
    assert above({2: DOWN}).decide().next_at is None


def test_it_is_looked_next_when_the_first_of_all_may_open() -> None:
    incidents = [incident(), incident(2, service_id=2)]
    subjects = {1: subject(), 2: subject(2)}
    world = memory(*incidents, subjects=subjects, maintenance={1: NOW + HOUR, 2: NOW + MINUTE})
    assert world.decide().next_at == NOW + MINUTE


def test_it_is_looked_next_when_any_rule_opens_though_another_came_further() -> None:
    rules = [rule(1, hours=("12:10-13:00",)), rule(2, after_seconds=3600.0)]
    assert memory(incident(), rules=rules).decide().next_at == NOW + 10 * MINUTE


def test_after_something_was_told_it_is_looked_soon_at_what_follows() -> None:
    world = memory(incident(), rules=[rule(reminder_seconds=600.0)])
    assert world.decide().next_at == NOW + SOON
    assert world.decide(NOW + SOON).next_at == NOW + timedelta(seconds=600)


def test_while_it_is_blind_nothing_is_told_but_that() -> None:
    occasion = Occasion("blind:1", NOW, OccasionKind.BLIND, None, "nobody answers", 9)
    world = memory(incident(), occasions=[occasion], blind_since=NOW)
    outcome = world.decide()
    assert (told(outcome), held(outcome)) == ([(1, "blind:1")], [Gate.BLIND])
    assert outcome.settled_occasions == [9]
