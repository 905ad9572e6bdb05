"""Telling people through anything that can happen: nothing is lost, nothing is told twice.

A small world of three services is observed, paused, put into maintenance, acknowledged and snoozed in
any order. Everything that Ronda knows lies in plain dicts; a restart keeps these and nothing else.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from core.domain.channels import Channel, ChannelKind, ChannelSpec
from core.domain.deciding import FORGET_AFTER, Picture, Written, decided
from core.domain.gates import NoticeKind
from core.domain.incidents import (
    Acknowledgement,
    AcknowledgementKind,
    Ending,
    Incident,
    Judgement,
    Snooze,
    Subject,
    Tracked,
    closed,
    expired,
    track,
)
from core.domain.notices import MessageState, Notice, problem_key, recovery_key
from core.domain.observations import STATUS_CODES, Observation, Status
from core.domain.occasions import Occasion, OccasionKind, flapping_changes
from core.domain.rules import EVERYTHING, Rule, RuleSpec
from core.domain.status import Policy, ServiceState, step

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TICK = timedelta(seconds=30)
INSTANT = timedelta(microseconds=1)
POLICY = Policy(retries=1, recoveries=1)
PARENTS = {1: None, 2: 1, 3: None}
CLIENTS = {1: 1, 2: 1, 3: 2}
CHANNELS = tuple(
    Channel(number, ChannelSpec(f"c{number}", ChannelKind.TERMINAL), 1, START, START) for number in (1, 2)
)
RULES = {
    "none": (),
    "all": (RuleSpec("all", reminder_seconds=600.0),),
    "lines": (
        RuleSpec("first", channel_ids=(1,), reminder_seconds=0.0),
        RuleSpec("second", channel_ids=(2,), after_seconds=300.0, reminder_seconds=900.0),
    ),
    "down": (
        RuleSpec("down", severity=Status.DOWN),
        RuleSpec("one client", client_ids=(2,), channel_ids=(2,), after_seconds=120.0),
    ),
    "other": (RuleSpec("other", channel_ids=(2,)), RuleSpec("off", active=False)),
}
SERVICES = st.sampled_from(sorted(PARENTS))
STATUSES = st.sampled_from([Status.UP, Status.DEGRADED, Status.DOWN])
MINUTES = st.sampled_from([1, 3, 10, 60, 26 * 60])


@dataclass
class Stored:
    """Everything that outlasts a restart."""

    states: dict[int, ServiceState] = field(default_factory=dict)
    incidents: dict[int, Incident] = field(default_factory=dict)
    occasions: dict[int, Occasion] = field(default_factory=dict)
    settled: set[tuple[str, int]] = field(default_factory=set)
    written: dict[tuple[int, str], Written] = field(default_factory=dict)
    maintenance: dict[int, datetime] = field(default_factory=dict)
    snoozes: dict[int, Snooze] = field(default_factory=dict)
    paused: set[int] = field(default_factory=set)
    rules: str = "none"

    def subject(self, number: int) -> Subject:
        client = CLIENTS[number]
        active = number not in self.paused
        return Subject(
            number, client, f"s{number}", f"k{client}", (), active, True, True, "", PARENTS[number]
        )

    def open_of(self, service_id: int) -> Incident | None:
        found = [each for each in self.incidents.values() if each.service_id == service_id and each.is_open]
        assert len(found) <= 1, "two open incidents of one service"
        return found[0] if found else None

    def unsettled(self) -> list[Incident]:
        return [each for each in self.incidents.values() if ("incident", each.id) not in self.settled]

    def let_through(self, channel_id: int, incident_id: int) -> list[Written]:
        return [
            each
            for (channel, _key), each in self.written.items()
            if channel == channel_id and each[0].incident_id == incident_id and each[1] is not None
        ]


class Telling(RuleBasedStateMachine):
    """What happens to the world, and what must hold after each pass."""

    def __init__(self) -> None:
        super().__init__()
        self.stored = Stored()
        self.now = START

    @rule(service=SERVICES, statuses=st.lists(STATUSES, min_size=1, max_size=3))
    def observe(self, service: int, statuses: list[Status]) -> None:
        for status in statuses:
            self._observe(service, status)

    @rule(service=SERVICES, status=STATUSES)
    def confirm(self, service: int, status: Status) -> None:
        self._observe(service, status)
        self._observe(service, status)

    @rule(service=SERVICES, status=STATUSES)
    def waver(self, service: int, status: Status) -> None:
        for _time in range(4):
            self._observe(service, Status.UP)
            self._observe(service, status)

    @rule(service=SERVICES)
    def calm_down(self, service: int) -> None:
        for _time in range(20):
            self._observe(service, Status.UP)

    def _observe(self, service: int, status: Status) -> None:
        self.now += TICK
        if service in self.stored.paused:
            return
        # A check begins a while before its result is there, and before what was told meanwhile.
        observation = Observation(self.now - 1.5 * TICK, status)
        before = self.stored.states.get(service, ServiceState())
        judged = step(before, observation, POLICY)
        self.stored.states[service] = judged.state
        flapping = list(flapping_changes(before, judged.state))
        judgement = Judgement(observation, judged.state, judged.transition, bool(flapping))
        for each in track(self.stored.open_of(service), service, [judgement]):
            number = each.incident.id or len(self.stored.incidents) + 1
            self.stored.incidents[number] = replace(each.incident, id=number)
        for kind in flapping:
            number = len(self.stored.occasions) + 1
            key = f"{kind}:{service}:{number}"
            self.stored.occasions[number] = Occasion(key, self.now, kind, service, "", number)

    @rule(minutes=MINUTES)
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(service=SERVICES, minutes=MINUTES)
    def maintain(self, service: int, minutes: int) -> None:
        self.stored.maintenance[service] = self.now + timedelta(minutes=minutes)

    @rule(service=SERVICES, minutes=MINUTES)
    def snooze(self, service: int, minutes: int) -> None:
        self.stored.snoozes[service] = Snooze(service, self.now + timedelta(minutes=minutes), "ann")

    @rule(service=SERVICES)
    def end_all_that_mutes(self, service: int) -> None:
        self.stored.maintenance.pop(service, None)
        self.stored.snoozes.pop(service, None)

    @rule(service=SERVICES, kind=st.sampled_from(AcknowledgementKind), minutes=MINUTES)
    def acknowledge(self, service: int, kind: AcknowledgementKind, minutes: int) -> None:
        incident = self.stored.open_of(service)
        if incident is not None and incident.acknowledgement is None:
            until = self.now + timedelta(minutes=minutes) if kind is AcknowledgementKind.UNTIL else None
            given = Acknowledgement(kind, "ann", self.now, "", until)
            self.stored.incidents[incident.id] = replace(incident, acknowledgement=given)

    @rule(service=SERVICES)
    def take_the_acknowledgement_back(self, service: int) -> None:
        incident = self.stored.open_of(service)
        if incident is not None and incident.acknowledgement is not None:
            changed = replace(incident, acknowledgement=None, telling_since=self.now)
            self.stored.incidents[incident.id] = changed

    @rule(service=SERVICES)
    def pause_or_resume(self, service: int) -> None:
        self.stored.paused ^= {service}

    @rule(name=st.sampled_from(sorted(RULES)))
    def edit_the_rules(self, name: str) -> None:
        self.stored.rules = name

    @rule(channel=st.sampled_from([1, 2]))
    def give_a_channel_up(self, channel: int) -> None:
        for place, (notice, state) in self.stored.written.items():
            if place[0] == channel and state is not None:
                self.stored.written[place] = (notice, MessageState.FAILED)

    @rule()
    def restart(self) -> None:
        self.stored = copy.deepcopy(self.stored)

    @rule()
    def die_before_what_was_decided_is_stored(self) -> None:
        kept = copy.deepcopy(self.stored)
        self._bring_up_to_date()
        decided(self._picture(self.now))
        self.stored = kept

    @rule()
    def make_a_pass(self) -> None:
        self._bring_up_to_date()
        waiting = self.stored.unsettled()
        outcome = decided(self._picture(self.now))
        for notice in outcome.held_back:
            assert notice.held_by is not None
            assert notice.held_by.reason
            assert not self._was_let_through(notice)
            self.stored.written[notice.channel_id, notice.key] = (notice, None)
        for notice in outcome.let_through:
            self._check_let_through(notice)
            self.stored.written[notice.channel_id, notice.key] = (notice, MessageState.SENT)
        self.stored.settled |= {("incident", number) for number in outcome.settled_incidents}
        self.stored.settled |= {("occasion", number) for number in outcome.settled_occasions}
        for incident in waiting:
            self._check_nothing_is_lost(incident)
        self._check_what_follows()

    def _bring_up_to_date(self) -> None:
        for incident in self.stored.unsettled():
            if not incident.is_open:
                continue
            if incident.service_id in self.stored.paused:
                changed: Tracked | None = closed(incident, Ending.PAUSED, self.now)
            else:
                changed = expired(incident, self.now)
            if changed is not None:
                self.stored.incidents[incident.id] = changed.incident

    def _rules(self) -> tuple[Rule, ...]:
        specs = RULES[self.stored.rules]
        return tuple(Rule(number, spec, 1, START, START) for number, spec in enumerate(specs, start=1))

    def _picture(self, now: datetime) -> Picture:
        stored = self.stored
        occasions = [
            each for each in stored.occasions.values() if ("occasion", each.id) not in stored.settled
        ]
        return Picture(
            now=now,
            channels=CHANNELS,
            rules=self._rules(),
            incidents=stored.unsettled(),
            occasions=occasions,
            subjects={number: stored.subject(number) for number in PARENTS},
            states=stored.states,
            maintenance=stored.maintenance,
            snoozes=stored.snoozes,
            written=list(stored.written.values()),
            beginnings={
                each.id: self._beginning_of(each)
                for each in occasions
                if each.kind is OccasionKind.FLAPPING_END
            },
        )

    def _beginning_of(self, end: Occasion) -> list[Written]:
        """Give what was written of the last flapping of the service before its end."""
        began = max(
            each.id
            for each in self.stored.occasions.values()
            if each.service_id == end.service_id and each.kind is OccasionKind.FLAPPING and each.id < end.id
        )
        return [each for each in self.stored.written.values() if each[0].occasion_id == began]

    def _was_let_through(self, notice: Notice) -> bool:
        before = self.stored.written.get((notice.channel_id, notice.key))
        return before is not None and before[1] is not None

    def _check_let_through(self, notice: Notice) -> None:
        assert not self._was_let_through(notice), "told twice"
        assert notice.verdicts
        assert notice.held_by is None
        if notice.incident_id is None:
            return
        incident = self.stored.incidents[notice.incident_id]
        if notice.kind is NoticeKind.PROBLEM:
            assert self._is_due(incident, notice.channel_id), "told though something hinders it"
        if notice.kind is NoticeKind.RECOVERY:
            before = self.stored.let_through(notice.channel_id, notice.incident_id)
            assert any(each[0].kind is NoticeKind.PROBLEM for each in before), "nobody told of the problem"

    def _check_nothing_is_lost(self, before: Incident) -> None:
        incident = self.stored.incidents[before.id]
        for channel in CHANNELS:
            if incident.is_open:
                key, due = (
                    problem_key(incident.id, incident.telling_since),
                    self._is_due(incident, channel.id),
                )
            else:
                key, due = recovery_key(incident.id), self._is_recovery_due(incident, channel.id)
            written = self.stored.written.get((channel.id, key))
            assert not due or (written is not None and written[1] is not None), "lost"

    def _is_due(self, incident: Incident, channel_id: int) -> bool:
        """Whether nothing hinders that a channel is told of a problem, found in another way."""
        stored, service = self.stored, incident.service_id
        snooze, parent = stored.snoozes.get(service), PARENTS[service]
        above = (
            stored.states.get(parent or 0, ServiceState()) if parent not in stored.paused else ServiceState()
        )
        hindered = (
            service in stored.paused
            or above.status is Status.DOWN
            or above.down_run.reached
            or stored.maintenance.get(service, START) > self.now
            or (snooze is not None and snooze.until > self.now)
            or incident.acknowledgement is not None
            or stored.states[service].flapping.active
        )
        age = (self.now - incident.telling_since).total_seconds()
        specs = RULES[stored.rules] or (EVERYTHING,)
        return not hindered and any(
            spec.active
            and (not spec.channel_ids or channel_id in spec.channel_ids)
            and (not spec.client_ids or CLIENTS[service] in spec.client_ids)
            and STATUS_CODES[incident.severity] >= STATUS_CODES[spec.severity]
            and age >= spec.after_seconds
            for spec in specs
        )

    def _is_recovery_due(self, incident: Incident, channel_id: int) -> bool:
        written = self.stored.let_through(channel_id, incident.id)
        told = any(
            state is not MessageState.FAILED
            for notice, state in written
            if notice.kind is not NoticeKind.RECOVERY
        )
        assert incident.resolved_at is not None
        muted = incident.service_id in self.stored.paused
        flapping = self.stored.states[incident.service_id].flapping.active
        fresh = self.now - incident.resolved_at <= FORGET_AFTER
        return told and fresh and not muted and not flapping

    def _check_what_follows(self) -> None:
        """Nothing is told by a second pass, nor by any before the moment that the pass has named."""
        again = decided(self._picture(self.now))
        assert again.let_through == []
        later = self.now + timedelta(days=9) if again.next_at is None else again.next_at - INSTANT
        if later > self.now:
            assert decided(self._picture(later)).let_through == []

    @invariant()
    def every_service_has_one_open_incident_at_most(self) -> None:
        for service in PARENTS:
            self.stored.open_of(service)

    @invariant()
    def what_is_written_is_told_once_and_has_its_reasons(self) -> None:
        for notice, state in self.stored.written.values():
            assert notice.verdicts
            assert (notice.held_by is None) == (state is not None)

    @invariant()
    def incidents_begin_before_they_open_and_end_after(self) -> None:
        for incident in self.stored.incidents.values():
            assert incident.started_at <= incident.opened_at
            assert incident.resolved_at is None or incident.resolved_at >= incident.opened_at


TestTelling = Telling.TestCase
TestTelling.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
