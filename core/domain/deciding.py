"""What one pass over all that may be told decides: pure, from what was read.

Nothing here remembers anything: what is to be told follows from incidents, rules and what was told
already, so that a restart or a change of the lead between two passes loses and repeats nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from core.domain.channels import Channel
from core.domain.dependencies import behind
from core.domain.gates import ENDS, Case, Decision, Gate, NoticeKind, Told, decide, due_kind
from core.domain.incidents import Ending, Incident, Snooze, Subject
from core.domain.notices import Facts, MessageState, Notice, problem_key, recovery_key, reminder_key
from core.domain.observations import Status
from core.domain.occasions import Occasion, OccasionKind
from core.domain.rules import Rule
from core.domain.status import ServiceState

SOON = timedelta(seconds=1)
"""After so long it is looked again: a failure that is being confirmed tells nobody when it is over."""
FORGET_AFTER = timedelta(days=14)
"""After so long what is over is not told any more, whatever held it back."""
_NEVER = ServiceState()
_KINDS = {kind: NoticeKind(kind.value) for kind in OccasionKind}
_SEVERITY = {OccasionKind.CERTIFICATE: Status.DEGRADED}
"""What an occasion counts as in a rule; the others count as down."""
_FINAL = frozenset({Gate.TOLD, Gate.SUBJECT, Gate.SEVERITY})
"""What holds back for good whatever is over or happens once."""

Written = tuple[Notice, MessageState | None]
"""A notice that is stored, with the state of its message if it was let through."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that a pass looks at, as it is in one moment."""

    now: datetime
    channels: Sequence[Channel]
    rules: Sequence[Rule]
    incidents: Sequence[Incident] = ()
    occasions: Sequence[Occasion] = ()
    subjects: Mapping[int, Subject] = field(default_factory=dict)
    """Their services, and everything that those depend on."""
    states: Mapping[int, ServiceState] = field(default_factory=dict)
    maintenance: Mapping[int, datetime] = field(default_factory=dict)
    """By service: when its maintenance ends."""
    snoozes: Mapping[int, Snooze] = field(default_factory=dict)
    blind_since: datetime | None = None
    written: Sequence[Written] = ()
    """What was decided about these incidents and occasions before."""
    beginnings: Mapping[int, Sequence[Written]] = field(default_factory=dict)
    """By occasion that ends something: what was decided about its beginning."""
    parents: Mapping[int, int | None] = field(init=False)
    """What each of the services depends on."""

    def __post_init__(self) -> None:
        """Gather once what is asked of every incident."""
        parents = {number: subject.parent_id for number, subject in self.subjects.items()}
        object.__setattr__(self, "parents", parents)


@dataclass(slots=True)
class Outcome:
    """What a pass came to."""

    let_through: list[Notice] = field(default_factory=list)
    """To be put into messages."""
    held_back: list[Notice] = field(default_factory=list)
    """Held back by something else than before."""
    settled_incidents: list[int] = field(default_factory=list)
    settled_occasions: list[int] = field(default_factory=list)
    next_at: datetime | None = None
    """When something may open by itself; None: nothing does."""

    def add(self, notice: Notice, decision: Decision, before: Notice | None) -> None:
        """Take in what was decided about one thing and one channel."""
        held = decision.held_by
        if held is None:
            self.let_through.append(notice)
            self._look_at(notice.decided_at + SOON)  # at what follows it, such as its reminder
            return
        opens_at = notice.decided_at + SOON if held.reason == "behind_doubtful" else decision.opens_at
        if opens_at is not None:
            self._look_at(opens_at)
        if before is None or before.held_by != held:
            self.held_back.append(notice)

    def _look_at(self, moment: datetime) -> None:
        self.next_at = moment if self.next_at is None else min(self.next_at, moment)


@dataclass(frozen=True, slots=True)
class _Past:
    """What one channel was told, or was not, of one thing."""

    by_key: Mapping[str, Written]
    told: Told

    @property
    def waits(self) -> bool:
        """Whether something of it waits to be delivered."""
        return any(state is MessageState.WAITING for _notice, state in self.by_key.values())

    def was_let_through(self, key: str) -> bool:
        """Whether it was told this; times do not say so, since a check may begin before what is told."""
        return key in self.by_key and self.by_key[key][1] is not None


def decided(picture: Picture) -> Outcome:
    """Decide about every incident, every occasion and every channel."""
    outcome = Outcome()
    pasts = _pasts(picture.written)
    for incident in picture.incidents:
        _decide_incident(picture, incident, pasts, outcome)
    for occasion in picture.occasions:
        _decide_occasion(picture, occasion, pasts, outcome)
    return outcome


_Pasts = Mapping[tuple[str, int, int], Sequence[Written]]


def _pasts(written: Iterable[Written]) -> _Pasts:
    """Give what was written by kind of thing, its number and channel."""
    pasts: defaultdict[tuple[str, int, int], list[Written]] = defaultdict(list)
    for notice, state in written:
        if notice.incident_id is not None:
            pasts["incident", notice.incident_id, notice.channel_id].append((notice, state))
        elif notice.occasion_id is not None:
            pasts["occasion", notice.occasion_id, notice.channel_id].append((notice, state))
    return pasts


def _past(written: Sequence[Written]) -> _Past:
    let_through = [each for each in written if each[1] is not None]
    told = Told(
        last_at=max((notice.decided_at for notice, _state in let_through), default=None),
        reminders=sum(notice.kind is NoticeKind.REMINDER for notice, _state in let_through),
        undelivered=all(state is MessageState.FAILED for _notice, state in let_through),
    )
    return _Past({notice.key: (notice, state) for notice, state in written}, told)


def _decide_incident(picture: Picture, incident: Incident, pasts: _Pasts, outcome: Outcome) -> None:
    subject = picture.subjects.get(incident.service_id)
    if subject is None:
        return
    settled, facts = not incident.is_open, incident_facts(incident, subject)
    # It ended because nobody looks any more: that is no recovery, and never will be one.
    unlooked = incident.ending not in (None, Ending.RECOVERED)
    for channel in picture.channels:
        past = _past(pasts.get(("incident", incident.id, channel.id), ()))
        problem_told = past.was_let_through(problem_key(incident.id, incident.telling_since))
        kind = due_kind(problem_told=problem_told, resolved=not incident.is_open)
        notice = _notice_of(picture, incident, facts, channel.id, kind, past.told)
        before, state = past.by_key.get(notice.key, (None, None))
        if state is not None:  # it was let through; of a problem that could not be told reminders follow
            continue
        if kind is NoticeKind.REMINDER and past.waits:
            continue  # nobody is to get a heap of them when a channel is back
        case = _case(picture, kind, incident.severity, subject, past.told)
        case = replace(case, since=incident.opened_at, acknowledgement=incident.acknowledgement)
        if not incident.is_open:  # a pause that came later takes no recovery back
            case = replace(case, service_active=not unlooked, client_active=True)
        settled &= _take(picture, outcome, channel, notice, case, before)
    if settled or unlooked or _is_long_over(incident.resolved_at, picture.now):
        outcome.settled_incidents.append(incident.id)


def _is_long_over(ended_at: datetime | None, now: datetime) -> bool:
    return ended_at is not None and now - ended_at > FORGET_AFTER


def _take(
    picture: Picture, outcome: Outcome, channel: Channel, notice: Notice, case: Case, before: Notice | None
) -> bool:
    """Decide about one thing and one channel; whether no later pass could come to anything else."""
    now = picture.now
    active = channel.spec.active
    decision = decide(case, picture.rules, channel_id=channel.id, channel_active=active, now=now)
    outcome.add(replace(notice, verdicts=decision.verdicts), decision, before)
    held = decision.held_by
    never_told = case.kind in ENDS and case.told.last_at is None
    return held is None or held.gate in _FINAL or never_told


def _notice_of(
    picture: Picture, incident: Incident, facts: Facts, channel_id: int, kind: NoticeKind, told: Told
) -> Notice:
    if kind is NoticeKind.RECOVERY:
        key = recovery_key(incident.id)
    elif kind is NoticeKind.REMINDER:
        key = reminder_key(incident.id, told.reminders + 1)
    else:
        key = problem_key(incident.id, incident.telling_since)
    return Notice(channel_id, key, kind, picture.now, (), facts, incident_id=incident.id)


def _case(picture: Picture, kind: NoticeKind, severity: Status, subject: Subject | None, told: Told) -> Case:
    """Give what the gates ask about a service; about none, if the thing is about none."""
    case = Case(kind, severity, blind_since=picture.blind_since, told=told)
    if subject is None:
        return case
    state, snooze = picture.states.get(subject.service_id), picture.snoozes.get(subject.service_id)
    down, doubtful = _above(picture, subject.service_id)
    return replace(
        case,
        service_active=subject.service_active and subject.living,
        client_active=subject.client_active,
        client_id=subject.client_id,
        tags=subject.tags,
        behind=down,
        behind_doubtful=doubtful,
        maintenance_until=picture.maintenance.get(subject.service_id),
        snoozed_until=None if snooze is None else snooze.until,
        snoozed_by="" if snooze is None else snooze.operator,
        flapping=state is not None and state.flapping.active,
    )


def _above(picture: Picture, service_id: int) -> tuple[str, str]:
    """Give the nearest that a service depends on which is down, and the nearest that may be soon."""

    def state_of(number: int) -> ServiceState:
        subject = picture.subjects.get(number)
        watched = subject is not None and subject.is_watched
        return picture.states.get(number, _NEVER) if watched else _NEVER

    def is_down(number: int) -> bool:
        return state_of(number).status is Status.DOWN

    def may_be_soon(number: int) -> bool:
        return state_of(number).down_run.reached and not is_down(number)

    nearest = (behind(service_id, picture.parents, holds) for holds in (is_down, may_be_soon))
    down, doubtful = ("" if number is None else picture.subjects[number].label for number in nearest)
    return down, doubtful


def _decide_occasion(picture: Picture, occasion: Occasion, pasts: _Pasts, outcome: Outcome) -> None:
    subject = None if occasion.service_id is None else picture.subjects.get(occasion.service_id)
    if _has_passed(picture, occasion, subject):
        outcome.settled_occasions.append(occasion.id)
        return
    settled, facts = True, occasion_facts(occasion, subject)
    kind = _KINDS[occasion.kind]
    for channel in picture.channels:
        past = _past(pasts.get(("occasion", occasion.id, channel.id), ()))
        before, state = past.by_key.get(occasion.key, (None, None))
        if state is not None:
            continue
        told = _told_of_beginning(picture, occasion, channel.id) if kind in ENDS else Told()
        case = _case(picture, kind, _SEVERITY.get(occasion.kind, Status.DOWN), subject, told)
        notice = Notice(channel.id, occasion.key, kind, picture.now, (), facts, occasion_id=occasion.id)
        settled &= _take(picture, outcome, channel, notice, case, before)
    if settled or _is_long_over(occasion.at, picture.now):
        outcome.settled_occasions.append(occasion.id)


def _has_passed(picture: Picture, occasion: Occasion, subject: Subject | None) -> bool:
    """Whether there is nothing left to tell: the service is gone, or flaps no more."""
    if occasion.service_id is None:
        return False
    if subject is None or not subject.living:
        return True
    state = picture.states.get(occasion.service_id)
    return occasion.kind is OccasionKind.FLAPPING and (state is None or not state.flapping.active)


def _told_of_beginning(picture: Picture, occasion: Occasion, channel_id: int) -> Told:
    written = picture.beginnings.get(occasion.id, ())
    return _past([each for each in written if each[0].channel_id == channel_id]).told


def incident_facts(incident: Incident, subject: Subject) -> Facts:
    """Give what a message says of an incident, as JSON knows it; no secret is among it."""
    resolved_at = incident.resolved_at
    return {
        "client": subject.client,
        "service": subject.service,
        "service_id": subject.service_id,
        "incident_id": incident.id,
        "status": incident.status.value,
        "severity": incident.severity.value,
        "started_at": incident.started_at.isoformat(),
        "resolved_at": None if resolved_at is None else resolved_at.isoformat(),
        "error": None if incident.error is None else incident.error.value,
        "detail": incident.detail,
        "address": incident.address,
        "runbook_url": subject.runbook_url,
    }


def occasion_facts(occasion: Occasion, subject: Subject | None) -> Facts:
    """Give what a message says of an occasion."""
    facts: dict[str, object] = {"started_at": occasion.at.isoformat(), "detail": occasion.detail}
    if subject is not None:
        facts |= {
            "client": subject.client,
            "service": subject.service,
            "service_id": subject.service_id,
            "runbook_url": subject.runbook_url,
        }
    return facts
