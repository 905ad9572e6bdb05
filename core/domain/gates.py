"""Gates: whether one channel is told of one thing now, and if not, what holds it back.

Each gate gives a verdict, in the order below; the first that is shut decides (the order of Nagios'
notification logic, with Ronda's own gates in it). Verdicts are stored beside what they let through or
held back, so that one can always see why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from core.domain.incidents import Acknowledgement, AcknowledgementKind
from core.domain.observations import STATUS_CODES, Status
from core.domain.rules import EVERYTHING, Rule, RuleSpec


class NoticeKind(StrEnum):
    """What a notice tells."""

    PROBLEM = "problem"
    REMINDER = "reminder"
    RECOVERY = "recovery"
    FLAPPING = "flapping"
    FLAPPING_END = "flapping_end"
    CERTIFICATE = "certificate"
    BLIND = "blind"
    BLIND_END = "blind_end"
    TEST = "test"


ENDS = frozenset({NoticeKind.RECOVERY, NoticeKind.FLAPPING_END, NoticeKind.BLIND_END})
"""What only those are told who were told of the beginning."""
ABOUT_INCIDENTS = frozenset({NoticeKind.PROBLEM, NoticeKind.REMINDER, NoticeKind.RECOVERY})
_PROBLEMS = frozenset({NoticeKind.PROBLEM, NoticeKind.REMINDER})
_UNRULED = frozenset({NoticeKind.BLIND, NoticeKind.TEST})
"""What everybody is told of: it is about no client."""


class Gate(StrEnum):
    """What can hold a notice back, in the order in which it is asked."""

    CHANNEL = "channel"
    BLIND = "blind"
    ACTIVE = "active"
    BEHIND = "behind"
    MAINTENANCE = "maintenance"
    SNOOZED = "snoozed"
    ACKNOWLEDGED = "acknowledged"
    FLAPPING = "flapping"
    RULE = "rule"
    SEVERITY = "severity"
    SUBJECT = "subject"
    HOURS = "hours"
    DELAY = "delay"
    TOLD = "told"
    REMINDER = "reminder"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate says."""

    gate: Gate
    passed: bool
    reason: str = ""
    """Code of the reason for which it is shut."""
    parameters: Mapping[str, str | int | float] = field(default_factory=dict)
    until: datetime | None = None
    """When it opens by itself, if that is known."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one channel was told of one incident, or of the beginning of what has ended."""

    last_at: datetime | None = None
    """When the last notice was let through; None: never."""
    reminders: int = 0
    undelivered: bool = False
    """Whether every notice that was let through was given up in the end."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is to be told, with all that the gates ask about."""

    kind: NoticeKind
    severity: Status = Status.DOWN
    since: datetime | None = None
    """Since when it is to be told: the start of the first delay."""
    service_active: bool = True
    client_active: bool = True
    client_id: int = 0
    tags: tuple[str, ...] = ()
    behind: str = ""
    """Whoever it depends on that is down."""
    behind_doubtful: str = ""
    """Whoever it depends on that is failing and not confirmed yet."""
    maintenance_until: datetime | None = None
    snoozed_until: datetime | None = None
    snoozed_by: str = ""
    acknowledgement: Acknowledgement | None = None
    flapping: bool = False
    blind_since: datetime | None = None
    told: Told = Told()


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a channel is told, and every verdict on the way."""

    verdicts: tuple[Verdict, ...]
    rule: Rule | None = None
    """The rule that let it through, or came furthest; None: the one that holds where there is none."""
    other_opens_at: datetime | None = None
    """When the first of all its rules opens by itself, if that is known."""

    @property
    def passes(self) -> bool:
        """Whether nothing holds it back."""
        return all(verdict.passed for verdict in self.verdicts)

    @property
    def held_by(self) -> Verdict | None:
        """Give what holds it back; None: nothing."""
        return next((verdict for verdict in self.verdicts if not verdict.passed), None)

    @property
    def opens_at(self) -> datetime | None:
        """Give when it may come out otherwise by itself, if that is known."""
        held = self.held_by
        moments = (None if held is None else held.until, self.other_opens_at)
        return min((moment for moment in moments if moment is not None), default=None)


def decide(
    case: Case, rules: Sequence[Rule], *, channel_id: int, channel_active: bool, now: datetime
) -> Decision:
    """Say whether a channel is told now.

    ``rules`` are all that live; where there are none everybody is told of everything at once.
    """
    before = _until_shut(gate(case, now) for gate in _gates_before_rules(channel_active))
    if before and not before[-1].passed:
        return Decision(before)
    if case.kind in ENDS:
        return Decision((*before, _told(case)))
    if case.kind in _UNRULED:
        return Decision(before)
    named = [rule for rule in rules if not rule.spec.channel_ids or channel_id in rule.spec.channel_ids]
    if not rules:
        return Decision((*before, *_by_rule(EVERYTHING, case, now)))
    if not named:
        return Decision((*before, Verdict(Gate.RULE, False, "no_rule")))
    decisions = [Decision((*before, *_by_rule(rule.spec, case, now)), rule) for rule in named]
    opens = (decision.opens_at for decision in decisions)
    soonest = min((moment for moment in opens if moment is not None), default=None)
    return replace(max(decisions, key=_how_far), other_opens_at=soonest)


def _how_far(decision: Decision) -> tuple[bool, int, float]:
    """Rank decisions: one that lets through, else the one that came furthest, else what opens first."""
    opens = decision.opens_at.timestamp() if decision.opens_at is not None else float("inf")
    return decision.passes, len(decision.verdicts), -opens


def _until_shut(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Ask one gate after the other, up to the first that is shut."""
    found: list[Verdict] = []
    for verdict in verdicts:
        found.append(verdict)
        if not verdict.passed:
            break
    return tuple(found)


def _gates_before_rules(channel_active: bool) -> Iterator[Callable[[Case, datetime], Verdict]]:
    yield lambda _case, _now: _verdict(Gate.CHANNEL, channel_active, "channel_off")
    yield _not_blind
    yield _active
    yield _not_behind
    yield _not_in_maintenance
    yield _not_snoozed
    yield _not_acknowledged
    yield _not_flapping


def _by_rule(spec: RuleSpec, case: Case, now: datetime) -> tuple[Verdict, ...]:
    return _until_shut(_rule_verdicts(spec, case, now))


def _rule_verdicts(spec: RuleSpec, case: Case, now: datetime) -> Iterator[Verdict]:
    named = {"rule": spec.name}
    yield _verdict(Gate.RULE, spec.active, "rule_off", named)
    severe = STATUS_CODES[case.severity] >= STATUS_CODES[spec.severity]
    yield _verdict(Gate.SEVERITY, severe, "severity", named)
    yield _verdict(Gate.SUBJECT, spec.concerns(case.client_id, case.tags), "subject", named)
    if spec.speaks_at(now):
        yield Verdict(Gate.HOURS, True)
    else:
        yield Verdict(Gate.HOURS, False, "hours", named, spec.speaks_next(now))
    yield _after(spec, case, now)
    yield _reminder_due(spec, case, now)


def _verdict(
    gate: Gate, passed: bool, reason: str, parameters: Mapping[str, str | int | float] | None = None
) -> Verdict:
    return Verdict(gate, True) if passed else Verdict(gate, False, reason, parameters or {})


def _not_blind(case: Case, _now: datetime) -> Verdict:
    about_itself = case.kind in (NoticeKind.BLIND, NoticeKind.BLIND_END)
    return _verdict(Gate.BLIND, about_itself or case.blind_since is None, "blind")


def _active(case: Case, _now: datetime) -> Verdict:
    if not case.client_active:
        return Verdict(Gate.ACTIVE, False, "client_paused")
    return _verdict(Gate.ACTIVE, case.service_active, "service_paused")


def _not_behind(case: Case, _now: datetime) -> Verdict:
    if case.kind not in _PROBLEMS:
        return Verdict(Gate.BEHIND, True)
    if case.behind:
        return Verdict(Gate.BEHIND, False, "behind", {"service": case.behind})
    return _verdict(
        Gate.BEHIND, not case.behind_doubtful, "behind_doubtful", {"service": case.behind_doubtful}
    )


def _not_in_maintenance(case: Case, now: datetime) -> Verdict:
    until = case.maintenance_until
    if case.kind in ENDS or until is None or until <= now:
        return Verdict(Gate.MAINTENANCE, True)
    return Verdict(Gate.MAINTENANCE, False, "maintenance", until=until)


def _not_snoozed(case: Case, now: datetime) -> Verdict:
    until = case.snoozed_until
    if case.kind in ENDS or until is None or until <= now:
        return Verdict(Gate.SNOOZED, True)
    return Verdict(Gate.SNOOZED, False, "snoozed", {"operator": case.snoozed_by}, until)


def _not_acknowledged(case: Case, _now: datetime) -> Verdict:
    given = case.acknowledgement
    if case.kind not in _PROBLEMS or given is None:
        return Verdict(Gate.ACKNOWLEDGED, True)
    until = given.until if given.kind is AcknowledgementKind.UNTIL else None
    return Verdict(Gate.ACKNOWLEDGED, False, "acknowledged", {"operator": given.by}, until)


def _not_flapping(case: Case, _now: datetime) -> Verdict:
    return _verdict(Gate.FLAPPING, case.kind not in ABOUT_INCIDENTS or not case.flapping, "flapping")


def _after(spec: RuleSpec, case: Case, now: datetime) -> Verdict:
    """Ask if the incident is old enough; what was told already is only reminded of."""
    if case.kind is NoticeKind.REMINDER or case.since is None or not spec.after_seconds:
        return Verdict(Gate.DELAY, True)
    opens_at = case.since + timedelta(seconds=spec.after_seconds)
    if now >= opens_at:
        return Verdict(Gate.DELAY, True)
    return Verdict(Gate.DELAY, False, "delay", {"rule": spec.name}, opens_at)


def _told(case: Case) -> Verdict:
    if case.kind in ENDS and case.told.last_at is None:
        return Verdict(Gate.TOLD, False, "not_told")
    return _verdict(Gate.TOLD, case.kind not in ENDS or not case.told.undelivered, "undelivered")


def _reminder_due(spec: RuleSpec, case: Case, now: datetime) -> Verdict:
    if case.kind is not NoticeKind.REMINDER or case.told.last_at is None:
        return Verdict(Gate.REMINDER, True)
    if not spec.reminder_seconds:
        return Verdict(Gate.REMINDER, False, "no_reminders", {"rule": spec.name})
    due_at = case.told.last_at + timedelta(seconds=spec.reminder_seconds)
    if now >= due_at:
        return Verdict(Gate.REMINDER, True)
    return Verdict(Gate.REMINDER, False, "reminder", {"rule": spec.name}, due_at)


def due_kind(*, problem_told: bool, resolved: bool) -> NoticeKind:
    """Give what an incident is to be told as: as a problem if it was not since it got so, else again."""
    if resolved:
        return NoticeKind.RECOVERY
    return NoticeKind.REMINDER if problem_told else NoticeKind.PROBLEM
