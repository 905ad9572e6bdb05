"""What a pass decides of occasions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.domain.deciding import FORGET_AFTER, SOON
from core.domain.flapping import Flapping
from core.domain.gates import Gate
from core.domain.notices import MessageState
from core.domain.observations import Status
from core.domain.occasions import Occasion, OccasionKind
from core.domain.status import ServiceState
from tests.domain.test_deciding import (
    FAILED,
    HOUR,
    MINUTE,
    NOW,
    SENT,
    channel,
    held,
    memory,
    rule,
    subject,
    told,
)

FLAPS = {1: ServiceState(Status.UP, flapping=Flapping(active=True))}


def occasion(kind: OccasionKind = OccasionKind.CERTIFICATE, **changes: Any) -> Occasion:
    return replace(Occasion(f"{kind}:1", NOW, kind, 1, "it ends in 7 days", 9), **changes)


@pytest.mark.parametrize("kind", [OccasionKind.CERTIFICATE, OccasionKind.FLAPPING, OccasionKind.BLIND])
def test_an_occasion_is_told_once_by_every_channel_and_settled(kind: OccasionKind) -> None:
    world = memory(channels=2, occasions=[occasion(kind)], states=FLAPS)
    outcome = world.decide()
    assert told(outcome) == [(1, f"{kind}:1"), (2, f"{kind}:1")]
    assert outcome.settled_occasions == [9]
    assert {notice.occasion_id for notice in outcome.let_through} == {9}
    again = world.decide(NOW + MINUTE)
    assert (told(again), again.settled_occasions) == ([], [9])


def test_an_occasion_says_what_it_is_about() -> None:
    (notice,) = memory(occasions=[occasion()]).decide().let_through
    assert notice.facts == {
        "started_at": NOW.isoformat(),
        "detail": "it ends in 7 days",
        "client": "acme",
        "service": "s1",
        "service_id": 1,
        "runbook_url": "",
    }


def test_a_certificate_counts_as_degraded_in_a_rule_and_flapping_as_down() -> None:
    occasions = [occasion(), occasion(OccasionKind.FLAPPING, id=10)]
    outcome = memory(occasions=occasions, states=FLAPS, rules=[rule(severity=Status.DOWN)]).decide()
    assert told(outcome) == [(1, "flapping:1")]
    assert held(outcome) == [Gate.SEVERITY]
    assert outcome.settled_occasions == [9, 10], "no later pass comes to anything else"


def test_an_occasion_waits_for_the_end_of_a_maintenance() -> None:
    world = memory(occasions=[occasion()], maintenance={1: NOW + HOUR})
    waits = world.decide()
    assert (held(waits), waits.settled_occasions, waits.next_at) == ([Gate.MAINTENANCE], [], NOW + HOUR)
    assert told(world.decide(NOW + HOUR)) == [(1, "certificate:1")]


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (OccasionKind.FLAPPING, {}),
        (OccasionKind.FLAPPING, {"states": {1: ServiceState(Status.UP)}}),
        (OccasionKind.CERTIFICATE, {"subjects": {1: subject(living=False)}}),
        (OccasionKind.CERTIFICATE, {"subjects": {}}),
    ],
)
def test_what_has_passed_is_told_no_more(kind: OccasionKind, changes: dict[str, Any]) -> None:
    outcome = memory(occasions=[occasion(kind)], **changes).decide()
    assert (told(outcome), held(outcome), outcome.settled_occasions) == ([], [], [9])


def test_an_occasion_that_is_held_back_for_a_day_is_forgotten() -> None:
    world = memory(occasions=[occasion()], channels=0)
    world.picture = replace(world.picture, channels=[channel(1, active=False)])
    assert world.decide(NOW + FORGET_AFTER).settled_occasions == []
    assert world.decide(NOW + FORGET_AFTER + SOON).settled_occasions == [9]


@pytest.mark.parametrize(("state", "ends"), [(SENT, True), (FAILED, False), (None, False)])
def test_the_end_of_flapping_is_told_to_those_who_were_told_that_it_began(
    state: MessageState | None, ends: bool
) -> None:
    (began,) = memory(occasions=[occasion(OccasionKind.FLAPPING)], states=FLAPS).decide().let_through
    world = memory(channels=2, occasions=[occasion(OccasionKind.FLAPPING_END, id=10)])
    outcome = world.decide(beginnings={10: [(began, state)]})
    assert told(outcome) == ([(1, "flapping_end:1")] if ends else [])
    assert held(outcome) == [Gate.TOLD] * (1 if ends else 2)
    assert outcome.settled_occasions == [10]
