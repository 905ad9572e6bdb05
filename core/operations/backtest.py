"""The backtest as a use case: the history of some days, as it is ruled and as it would be."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.calendar import open_stretch
from core.domain.backtest import Replay, Setting, replayed
from core.domain.faults import Fault
from core.domain.flapping import RESULTS
from core.domain.incidents import Subject
from core.domain.maintenance import Window
from core.domain.rules import EVERYTHING, Rule, RuleSpec
from core.domain.services import MOST_RETRIES, Service
from core.domain.status import Policy
from core.operations.desk import Desk
from core.operations.lookup import refuse

DEFAULT_DAYS = 7.0
LONGEST_DAYS = 92.0


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Thresholds that are to hold for every service of the test; None: each one's own."""

    retries: int | None = None
    recoveries: int | None = None

    def policy(self, service: Service) -> Policy:
        """Give the policy of a service under these thresholds."""
        own = Policy.of(service.spec)
        return Policy(
            own.retries if self.retries is None else self.retries,
            own.recoveries if self.recoveries is None else self.recoveries,
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is told as things are, and what would be told."""

    since: datetime
    until: datetime
    results: int
    """Stored results that were played."""
    before: Replay
    after: Replay
    channels: Mapping[int, str]
    """The names of the channels."""


async def replay_rules(
    desk: Desk,
    *,
    days: float = DEFAULT_DAYS,
    thresholds: Thresholds | None = None,
    rule_id: int | None = None,
    spec: RuleSpec | None = None,
    service_ids: Collection[int] | None = None,
) -> Comparison:
    """Play the last days against the rules as they are, and with a change.

    ``spec`` takes the place of the rule ``rule_id``, or is a rule more without one; ``service_ids``
    narrows the test. Nothing is written and nobody is told. ``Refused`` for thresholds out of range.
    """
    thresholds = thresholds or Thresholds()
    refuse(_faults(days, thresholds, spec))
    until = desk.clock.now()
    since = until - timedelta(days=days)
    async with desk.database.unit() as unit:
        pairs = await unit.services.all_living(service_ids)
        most = 1 + max([RESULTS, *(_longest(thresholds.policy(service)) for service, _client in pairs)])
        history = await unit.history.runs(since, until, most, service_ids)
        subjects = await unit.subjects.with_ancestors({service_id for service_id, _seen in history})
        channels, rules = await unit.channels.all(), await unit.rules.all()
        windows = await unit.windows.all(ended=True)
    services = {service.id: service for service, _client in pairs}
    own = Setting(channels, rules, {number: Policy.of(each.spec) for number, each in services.items()})
    policies = {number: thresholds.policy(each) for number, each in services.items()}
    edited = Setting(channels, _with(rules, rule_id, spec, until), policies)

    def play(setting: Setting) -> Replay:
        return replayed(history, until, setting, subjects, _Calendar(windows))

    import asyncio  # a command that replays nothing need not load it

    # Off the loop: a week of many services takes seconds, and the checks go on meanwhile.
    before = await asyncio.to_thread(play, own)
    after = await asyncio.to_thread(play, edited)
    names = {channel.id: channel.spec.name for channel in channels}
    return Comparison(since, until, len(history), before, after, names)


def everything() -> RuleSpec:
    """Give the rule that holds while there is none, to be changed in a test."""
    return replace(EVERYTHING, name="test")


def _longest(policy: Policy) -> int:
    return max(policy.retries + 1, policy.recoveries)


def _with(rules: Sequence[Rule], rule_id: int | None, spec: RuleSpec | None, now: datetime) -> Sequence[Rule]:
    if spec is None:
        return rules
    if rule_id is None:
        return [*rules, Rule(0, spec, 1, now, now)]
    return [replace(rule, spec=spec) if rule.id == rule_id else rule for rule in rules]


class _Calendar:
    """Says until when a service was in maintenance, from the windows that there were."""

    def __init__(self, windows: Sequence[Window]) -> None:
        self._windows = windows

    def __call__(self, subject: Subject, moment: datetime) -> datetime | None:
        """Give the end of the last of the windows that were open then; None: there was none."""
        ends = [
            stretch.ends_at
            for window in self._windows
            if window.spec.concerns(subject.service_id, subject.client_id, subject.tags)
            and (stretch := open_stretch(window, moment)) is not None
        ]
        return max(ends, default=None)


def _faults(days: float, thresholds: Thresholds, spec: RuleSpec | None) -> list[Fault]:
    faults = [] if spec is None else list(spec.faults())
    if not 0.0 < days <= LONGEST_DAYS:
        faults.append(Fault("days", "days_range", {"most": round(LONGEST_DAYS)}))
    for name, least in (("retries", 0), ("recoveries", 1)):
        value = getattr(thresholds, name)
        if value is not None and not least <= value <= MOST_RETRIES:
            faults.append(Fault(name, "count_range", {"least": least, "most": MOST_RETRIES}))
    return faults
