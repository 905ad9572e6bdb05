"""The backtest: what would have been told, had other thresholds and rules been in force.

Stored results are judged again, one after the other, and every decision is made as the dispatcher makes
it, at the moments at which it would have. What people did (acknowledging, snoozing) is not replayed,
and every message counts as delivered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from core.domain.channels import Channel
from core.domain.deciding import Picture, Written, decided
from core.domain.gates import Gate, NoticeKind
from core.domain.incidents import Incident, Judgement, Subject, track
from core.domain.notices import GROUP_SECONDS, MessageState, Notice
from core.domain.observations import Observation
from core.domain.occasions import Occasion, OccasionKind, flapping_changes
from core.domain.rules import Rule
from core.domain.status import Policy, ServiceState, step

MOST_PASSES = 200_000
"""A bound for histories in which everything flaps all the time."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is in force in a replay."""

    channels: Sequence[Channel]
    rules: Sequence[Rule]
    policies: Mapping[int, Policy]
    """By service."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A notice that would have gone out."""

    at: datetime
    channel_id: int
    kind: NoticeKind
    service_id: int | None
    label: str


@dataclass(slots=True)
class Replay:
    """What would have been told."""

    sent: list[Sent] = field(default_factory=list)
    held: defaultdict[Gate, int] = field(default_factory=lambda: defaultdict(int))
    """Incidents' notices that each gate held back at least once, over all channels."""
    incidents: int = 0
    cut_short: bool = False
    """Whether the replay was given up at ``MOST_PASSES``."""

    def messages(self) -> int:
        """Give the number of messages: what one channel is told within five seconds is one."""
        open_until: dict[int, datetime] = {}
        count = 0
        for each in sorted(self.sent, key=lambda one: one.at):
            if each.channel_id not in open_until or each.at >= open_until[each.channel_id]:
                open_until[each.channel_id] = each.at + timedelta(seconds=GROUP_SECONDS)
                count += 1
        return count


Maintenance = Callable[[Subject, datetime], datetime | None]
"""Until when a service is in maintenance at a moment."""


class _Player:
    """The state of a replay."""

    def __init__(self, setting: Setting, subjects: Mapping[int, Subject], maintenance: Maintenance) -> None:
        self.replay = Replay()
        self._setting = setting
        self._subjects = subjects
        self._maintenance = maintenance
        self._states: dict[int, ServiceState] = {}
        self._incidents: dict[int, Incident] = {}
        """Those of which something may still be told, by number."""
        self._open: dict[int, int] = {}
        """The number of the open incident, by service."""
        self._occasions: dict[int, Occasion] = {}
        self._written: dict[tuple[int, str], Written] = {}
        self._flapping: dict[int, Sequence[Written]] = {}
        """What was decided about the last beginning of flapping, by service."""
        self._numbers = 0
        self._passes = 0
        self._next_at: datetime | None = None

    def see(self, service_id: int, seen: Observation) -> None:
        """Judge one result, and decide if it changed anything."""
        self.wait_until(seen.checked_at)
        policy = self._setting.policies.get(service_id)
        if policy is None:
            return
        before = self._states.get(service_id, ServiceState())
        judged = step(before, seen, policy)
        self._states[service_id] = judged.state
        flapping = list(flapping_changes(before, judged.state))
        for kind in flapping:
            self._note(kind, service_id, seen.checked_at)
        judgement = Judgement(seen, judged.state, judged.transition, bool(flapping))
        if judged.transition is not None:
            self._track(service_id, judgement)
        if judged.transition is not None or flapping:
            self._decide(seen.checked_at)

    def wait_until(self, moment: datetime) -> None:
        """Decide at every moment before this one at which something opens by itself."""
        while self._next_at is not None and self._next_at < moment and not self.replay.cut_short:
            self._decide(self._next_at)

    def _track(self, service_id: int, judgement: Judgement) -> None:
        number = self._open.pop(service_id, None)
        incident = None if number is None else self._incidents.get(number)
        for tracked in track(incident, service_id, [judgement]):
            changed = tracked.incident
            if not changed.id:
                self._numbers += 1
                self.replay.incidents += 1
                changed = replace(changed, id=self._numbers)
            self._incidents[changed.id] = changed
            if changed.is_open:
                self._open[service_id] = changed.id

    def _note(self, kind: OccasionKind, service_id: int, at: datetime) -> None:
        self._numbers += 1
        key = f"{kind}:{service_id}:{at.isoformat()}"
        self._occasions[self._numbers] = Occasion(key, at, kind, service_id, "", self._numbers)

    def _decide(self, now: datetime) -> None:
        self._passes += 1
        if self._passes > MOST_PASSES:
            self.replay.cut_short = True
            self._next_at = None
            return
        outcome = decided(self._picture(now))
        for notice in outcome.held_back:
            self._write(notice, None)
        for notice in outcome.let_through:
            self._write(notice, MessageState.SENT)
            self._send(notice)
        for number in outcome.settled_incidents:
            self._forget_incident(self._incidents.pop(number))
        for number in outcome.settled_occasions:
            self._forget_occasion(self._occasions.pop(number))
        later = outcome.next_at
        self._next_at = None if later is None else max(later, now + timedelta(seconds=1))

    def _picture(self, now: datetime) -> Picture:
        involved = {incident.service_id for incident in self._incidents.values()}
        involved |= {each.service_id for each in self._occasions.values() if each.service_id is not None}
        found = {number: self._maintenance(self._subjects[number], now) for number in involved}
        return Picture(
            now=now,
            channels=self._setting.channels,
            rules=self._setting.rules,
            incidents=tuple(self._incidents.values()),
            occasions=tuple(self._occasions.values()),
            subjects=self._subjects,
            states=self._states,
            maintenance={number: until for number, until in found.items() if until is not None},
            written=tuple(self._written.values()),
            beginnings={
                each.id: self._flapping.get(each.service_id or 0, ())
                for each in self._occasions.values()
                if each.kind is OccasionKind.FLAPPING_END
            },
        )

    def _write(self, notice: Notice, state: MessageState | None) -> None:
        first = (notice.channel_id, notice.key) not in self._written
        if first and notice.gate is not None and notice.kind is NoticeKind.PROBLEM:
            self.replay.held[notice.gate] += 1
        self._written[notice.channel_id, notice.key] = (notice, state)

    def _send(self, notice: Notice) -> None:
        incident = self._incidents.get(notice.incident_id or 0)
        occasion = self._occasions.get(notice.occasion_id or 0)
        about = incident or occasion
        service_id = None if about is None else about.service_id
        label = "" if service_id is None else self._subjects[service_id].label
        self.replay.sent.append(Sent(notice.decided_at, notice.channel_id, notice.kind, service_id, label))

    def _forget_incident(self, incident: Incident) -> None:
        mine = [each for each in self._written.values() if each[0].incident_id == incident.id]
        for notice, _state in mine:
            del self._written[notice.channel_id, notice.key]

    def _forget_occasion(self, occasion: Occasion) -> None:
        mine = [each for each in self._written.values() if each[0].occasion_id == occasion.id]
        if occasion.kind is OccasionKind.FLAPPING and occasion.service_id is not None:
            self._flapping[occasion.service_id] = mine
        for notice, _state in mine:
            del self._written[notice.channel_id, notice.key]


def replayed(
    history: Iterable[tuple[int, Observation]],
    until: datetime,
    setting: Setting,
    subjects: Mapping[int, Subject],
    maintenance: Maintenance,
) -> Replay:
    """Play stored results, in the order of time, against a setting; ``until`` is when the replay ends.

    ``subjects`` are all services of the history and everything that they depend on.
    """
    player = _Player(setting, subjects, maintenance)
    for service_id, seen in history:
        if player.replay.cut_short:
            break
        player.see(service_id, seen)
    player.wait_until(until)
    return player.replay
