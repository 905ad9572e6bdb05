"""What holds a notice back, gate by gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.domain.gates import (
    ABOUT_INCIDENTS,
    ENDS,
    Case,
    Decision,
    Gate,
    NoticeKind,
    Told,
    decide,
    due_kind,
)
from core.domain.incidents import Acknowledgement, AcknowledgementKind
from core.domain.observations import Status
from core.domain.rules import DEFAULT_REMINDER_SECONDS, Rule, RuleSpec

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)  # a Monday
LATER = NOW + timedelta(hours=1)
MINUTE = timedelta(minutes=1)
CHANNEL = 1
TOLD = Told(last_at=NOW - timedelta(hours=9))
HELD: dict[Gate, dict[str, Any]] = {
    Gate.BLIND: {"blind_since": NOW - MINUTE},
    Gate.ACTIVE: {"service_active": False},
    Gate.BEHIND: {"behind": "acme/router"},
    Gate.MAINTENANCE: {"maintenance_until": LATER},
    Gate.SNOOZED: {"snoozed_until": LATER, "snoozed_by": "ann"},
    Gate.ACKNOWLEDGED: {"acknowledgement": Acknowledgement(AcknowledgementKind.STICKY, "ann", NOW)},
    Gate.FLAPPING: {"flapping": True},
}
"""What shuts each gate that is asked before the rules."""
RULED: dict[Gate, dict[str, Any]] = {
    Gate.RULE: {"active": False},
    Gate.SEVERITY: {"severity": Status.DOWN},
    Gate.SUBJECT: {"client_ids": (99,)},
    Gate.HOURS: {"hours": ("Tue 08:00-18:00",)},
    Gate.DELAY: {"after_seconds": 900.0},
}
"""What shuts each gate of a rule, for a degraded service that is down since a minute."""


def case(kind: NoticeKind = NoticeKind.PROBLEM, **changes: Any) -> Case:
    return replace(
        Case(kind, Status.DEGRADED, NOW - MINUTE, client_id=5, tags=("web",), told=TOLD), **changes
    )


def rule(number: int = 1, **changes: Any) -> Rule:
    return Rule(number, replace(RuleSpec(f"rule {number}"), **changes), 1, NOW, NOW)


def decided(of: Case, *rules: Rule, active: bool = True, now: datetime = NOW) -> Decision:
    return decide(of, rules, channel_id=CHANNEL, channel_active=active, now=now)


def gate(decision: Decision) -> Gate | None:
    return None if decision.held_by is None else decision.held_by.gate


def reason(decision: Decision) -> tuple[str, Mapping[str, object], datetime | None]:
    held = decision.held_by
    assert held is not None
    return held.reason, held.parameters, held.until


def test_a_problem_passes_where_every_gate_is_open() -> None:
    decision = decided(case(), rule())
    assert decision.passes
    assert decision.held_by is None
    assert [verdict.gate for verdict in decision.verdicts] == [each for each in Gate if each is not Gate.TOLD]
    assert decision.rule is not None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"blind_since": NOW}, ("blind", {}, None)),
        ({"client_active": False}, ("client_paused", {}, None)),
        ({"service_active": False}, ("service_paused", {}, None)),
        ({"behind": "acme/router"}, ("behind", {"service": "acme/router"}, None)),
        ({"behind_doubtful": "acme/router"}, ("behind_doubtful", {"service": "acme/router"}, None)),
        ({"behind": "a/b", "behind_doubtful": "a/c"}, ("behind", {"service": "a/b"}, None)),
        ({"maintenance_until": LATER}, ("maintenance", {}, LATER)),
        ({"snoozed_until": LATER, "snoozed_by": "ann"}, ("snoozed", {"operator": "ann"}, LATER)),
        (HELD[Gate.ACKNOWLEDGED], ("acknowledged", {"operator": "ann"}, None)),
        (
            {"acknowledgement": Acknowledgement(AcknowledgementKind.UNTIL, "bob", NOW, "", LATER)},
            ("acknowledged", {"operator": "bob"}, LATER),
        ),
        ({"flapping": True}, ("flapping", {}, None)),
    ],
)
def test_each_gate_alone_holds_a_problem_back_and_says_why_and_until_when(
    changes: dict[str, Any], expected: tuple[str, dict[str, object], datetime | None]
) -> None:
    assert reason(decided(case(**changes), rule())) == expected


def test_a_channel_that_is_off_gets_nothing() -> None:
    decision = decided(case(), rule(), active=False)
    assert reason(decision) == ("channel_off", {}, None)
    assert len(decision.verdicts) == 1


@pytest.mark.parametrize("name", ["maintenance_until", "snoozed_until"])
@pytest.mark.parametrize("over", [NOW, NOW - MINUTE])
def test_a_maintenance_or_snooze_that_has_ended_holds_nothing_back(name: str, over: datetime) -> None:
    changes: dict[str, Any] = {name: over}
    assert decided(case(**changes), rule()).passes


@pytest.mark.parametrize("first", list(HELD))
def test_the_first_gate_that_is_shut_decides_and_later_ones_are_not_asked(first: Gate) -> None:
    order = list(HELD)
    shut = {name: value for each in order[order.index(first) :] for name, value in HELD[each].items()}
    decision = decided(case(**shut), rule(active=False))
    assert gate(decision) is first
    asked = [verdict.gate for verdict in decision.verdicts]
    assert asked == [Gate.CHANNEL, *order[: order.index(first) + 1]]


@pytest.mark.parametrize("first", list(RULED))
def test_the_gates_of_a_rule_come_after_the_others_in_their_order(first: Gate) -> None:
    order = list(RULED)
    shut = {name: value for each in order[order.index(first) :] for name, value in RULED[each].items()}
    decision = decided(case(), rule(**shut))
    assert gate(decision) is first
    assert [each.gate for each in decision.verdicts] == [
        Gate.CHANNEL,
        *HELD,
        *order[: order.index(first) + 1],
    ]


@pytest.mark.parametrize("shut", list(RULED))
def test_each_gate_of_a_rule_alone_holds_back_in_the_name_of_the_rule(shut: Gate) -> None:
    decision = decided(case(), rule(**RULED[shut]))
    assert gate(decision) is shut
    assert reason(decision)[1] == {"rule": "rule 1"}


@pytest.mark.parametrize("kind", sorted(ENDS))
def test_the_end_of_what_was_told_passes_maintenance_snooze_acknowledgement_and_what_is_above(
    kind: NoticeKind,
) -> None:
    passed = (Gate.BEHIND, Gate.MAINTENANCE, Gate.SNOOZED, Gate.ACKNOWLEDGED)
    changes = {name: value for each in passed for name, value in HELD[each].items()}
    assert decided(case(kind, **changes), rule(active=False)).passes, "no rule is asked either"


def test_a_recovery_waits_while_the_service_flaps() -> None:
    assert gate(decided(case(NoticeKind.RECOVERY, flapping=True))) is Gate.FLAPPING


@pytest.mark.parametrize("kind", sorted(ENDS))
@pytest.mark.parametrize(
    ("told", "why"),
    [(Told(), "not_told"), (Told(NOW), None), (Told(NOW, undelivered=True), "undelivered")],
)
def test_only_those_are_told_of_an_end_who_got_to_know_of_the_beginning(
    kind: NoticeKind, told: Told, why: str | None
) -> None:
    decision = decided(case(kind, told=told))
    assert decision.passes == (why is None)
    if why is not None:
        assert reason(decision) == (why, {}, None)
        assert gate(decision) is Gate.TOLD


@pytest.mark.parametrize("kind", [NoticeKind.FLAPPING, NoticeKind.CERTIFICATE, NoticeKind.BLIND])
def test_what_is_about_no_incident_does_not_ask_for_acknowledgement_or_flapping(kind: NoticeKind) -> None:
    changes = HELD[Gate.ACKNOWLEDGED] | HELD[Gate.FLAPPING] | HELD[Gate.BEHIND]
    assert kind not in ABOUT_INCIDENTS
    assert decided(case(kind, **changes), rule()).passes


@pytest.mark.parametrize("kind", [NoticeKind.BLIND, NoticeKind.TEST])
def test_what_is_about_no_client_asks_no_rule(kind: NoticeKind) -> None:
    assert decided(case(kind), rule(active=False)).passes


@pytest.mark.parametrize("kind", [NoticeKind.BLIND, NoticeKind.BLIND_END])
def test_that_it_is_blind_is_told_while_it_is(kind: NoticeKind) -> None:
    assert decided(case(kind, blind_since=NOW)).passes


@pytest.mark.parametrize(
    ("least", "severity", "passes"),
    [
        (Status.DEGRADED, Status.DEGRADED, True),
        (Status.DEGRADED, Status.DOWN, True),
        (Status.DOWN, Status.DEGRADED, False),
        (Status.DOWN, Status.DOWN, True),
    ],
)
def test_a_rule_asks_for_the_least_severity(least: Status, severity: Status, passes: bool) -> None:
    assert decided(case(severity=severity), rule(severity=least)).passes is passes


@pytest.mark.parametrize(
    ("clients", "tags", "passes"),
    [
        ((), (), True),
        ((5, 6), (), True),
        ((6,), (), False),
        ((), ("web", "db"), True),
        ((), ("db",), False),
        ((5,), ("web",), True),
        ((5,), ("db",), False),
        ((6,), ("web",), False),
    ],
)
def test_a_rule_is_for_its_clients_and_for_any_of_its_tags(
    clients: tuple[int, ...], tags: tuple[str, ...], passes: bool
) -> None:
    assert decided(case(), rule(client_ids=clients, tags=tags)).passes is passes


@pytest.mark.parametrize(
    ("hours", "zone", "until"),
    [
        ("Mon 08:00-12:01", "UTC", None),
        ("Mon 08:00-12:00", "UTC", NOW + timedelta(days=7, hours=-4)),
        ("18:00-20:00", "UTC", NOW + timedelta(hours=6)),
        ("09:00-10:00", "America/Sao_Paulo", None),
        ("10:00-11:00", "America/Sao_Paulo", NOW + timedelta(hours=1)),
    ],
)
def test_a_rule_speaks_in_its_hours_by_the_clocks_of_its_zone(
    hours: str, zone: str, until: datetime | None
) -> None:
    decision = decided(case(), rule(hours=(hours,), zone=zone))
    assert decision.passes == (until is None)
    if until is not None:
        assert reason(decision) == ("hours", {"rule": "rule 1"}, until)


@pytest.mark.parametrize(("age", "passes"), [(0, False), (899, False), (900, True), (9_000, True)])
def test_a_rule_with_a_delay_waits_for_the_age_of_the_incident(age: float, passes: bool) -> None:
    since = NOW - timedelta(seconds=age)
    decision = decided(case(since=since), rule(after_seconds=900.0))
    assert decision.passes is passes
    if not passes:
        assert reason(decision) == ("delay", {"rule": "rule 1"}, since + timedelta(seconds=900))


def test_a_reminder_does_not_wait_for_the_first_delay() -> None:
    assert decided(case(NoticeKind.REMINDER), rule(after_seconds=900.0)).passes


@pytest.mark.parametrize(
    ("seconds", "last", "why"),
    [
        (600.0, NOW - timedelta(seconds=599), ("reminder", {"rule": "rule 1"}, NOW + timedelta(seconds=1))),
        (600.0, NOW - timedelta(seconds=600), None),
        (0.0, NOW - timedelta(days=9), ("no_reminders", {"rule": "rule 1"}, None)),
    ],
)
def test_a_reminder_comes_so_long_after_the_last_notice(seconds: float, last: datetime, why: object) -> None:
    decision = decided(case(NoticeKind.REMINDER, told=Told(last)), rule(reminder_seconds=seconds))
    assert decision.passes == (why is None)
    if why is not None:
        assert reason(decision) == why


def test_without_any_rule_everybody_is_told_of_everything_at_once() -> None:
    assert decided(case(since=NOW)).passes
    soon = Told(NOW - timedelta(seconds=DEFAULT_REMINDER_SECONDS - 1))
    reminder = case(NoticeKind.REMINDER, told=soon)
    assert reason(decided(reminder))[2] == NOW + timedelta(seconds=1)
    assert decided(reminder, now=NOW + timedelta(seconds=1)).passes


def test_rules_that_name_other_channels_leave_a_channel_without_one() -> None:
    other = rule(channel_ids=(2, 3))
    assert reason(decided(case(), other)) == ("no_rule", {}, None)
    assert decided(case(), other, rule(2, channel_ids=(3, CHANNEL))).passes
    assert decided(case(), other, rule(2)).passes, "one that names none is for all"


@pytest.mark.parametrize("turned", [False, True])
def test_of_several_rules_one_that_lets_through_is_enough(turned: bool) -> None:
    rules = [rule(1, severity=Status.DOWN), rule(2), rule(3, hours=("Tue 08:00-09:00",))]
    decision = decided(case(), *(reversed(rules) if turned else rules))
    assert decision.passes
    assert decision.rule == rules[1]


@pytest.mark.parametrize("turned", [False, True])
def test_of_rules_that_all_hold_back_the_one_that_came_furthest_is_shown(turned: bool) -> None:
    rules = [rule(1, active=False), rule(2, after_seconds=900.0), rule(3, severity=Status.DOWN)]
    decision = decided(case(), *(reversed(rules) if turned else rules))
    assert reason(decision)[:2] == ("delay", {"rule": "rule 2"})


@pytest.mark.parametrize("turned", [False, True])
def test_of_rules_that_came_as_far_the_one_that_opens_first_is_shown(turned: bool) -> None:
    rules = [rule(1, after_seconds=900.0), rule(2, after_seconds=300.0), rule(3, after_seconds=600.0)]
    decision = decided(case(since=NOW), *(reversed(rules) if turned else rules))
    assert reason(decision) == ("delay", {"rule": "rule 2"}, NOW + timedelta(seconds=300))


def test_it_opens_with_the_first_of_its_rules_though_another_one_is_shown() -> None:
    soon, late = rule(1, hours=("12:01-13:00",)), rule(2, after_seconds=900.0)
    decision = decided(case(since=NOW), soon, late)
    assert gate(decision) is Gate.DELAY
    assert decision.opens_at == NOW + MINUTE
    assert decided(case(since=NOW), soon, late, now=decision.opens_at).passes


@pytest.mark.parametrize(
    ("told", "resolved", "kind"),
    [
        (False, False, NoticeKind.PROBLEM),
        (True, False, NoticeKind.REMINDER),
        (False, True, NoticeKind.RECOVERY),
        (True, True, NoticeKind.RECOVERY),
    ],
)
def test_an_incident_is_told_as_a_problem_then_again_and_at_last_as_over(
    told: bool, resolved: bool, kind: NoticeKind
) -> None:
    assert due_kind(problem_told=told, resolved=resolved) is kind
