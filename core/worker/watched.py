"""What the round knows of one service that it watches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.checks.request import CheckRequest
from core.domain.clients import Client
from core.domain.events import ServiceJudged
from core.domain.heartbeats import expected_by, is_news, seconds_to_next_look
from core.domain.kinds import Kind
from core.domain.observations import Certificate, ErrorKind, Observation, Status
from core.domain.occasions import (
    Occasion,
    OccasionKind,
    certificate_key,
    crossed_threshold,
    flapping_changes,
)
from core.domain.services import Service
from core.domain.status import Policy, ServiceState, Step, next_check_after, step, unseen
from core.domain.uplink import Outlook
from core.i18n import _, ngettext

CLOSE = timedelta(seconds=1)
"""Checks of one service are never so close that two would begin within it, save by a bent clock."""
REMEASURE_SECONDS = 1.0
"""How long after its end a check is made again whose latency the loop's lag made doubtful."""
TICK = timedelta(microseconds=1)
"""The resolution of stored times."""

_AUTHORITY = re.compile(r"^[^:/]*://([^/?#]*)")


def host_of(url: str) -> str:
    """Give host and port of a URL, for telling hosts apart only: it never fails."""
    match = _AUTHORITY.match(url)
    return match[1].lower() if match else url


@dataclass(slots=True)
class Watched:
    """A living, active service with all that its next check needs."""

    service: Service
    request: CheckRequest
    host: str
    """Where its checks go: host and port of the first hop, the unit of the limit per host."""
    state: ServiceState
    tags: tuple[str, ...] = ()
    """Those of the service and of its client."""
    beat_at: datetime | None = None
    """When the job of a heartbeat reported in last."""
    doubtful: bool = False
    """Whether the last check is to be made again soon, since a lag overlapped it."""

    @classmethod
    def of(cls, client: Client, service: Service, state: ServiceState) -> Watched:
        """Make one from what is stored."""
        request = CheckRequest.of(client.spec, service.spec)
        tags = service.spec.tags + client.spec.tags
        return cls(service, request, host_of(request.url), state, tags)

    def judge(
        self,
        observation: Observation,
        maintenance_until: datetime | None = None,
        outlook: Outlook = Outlook.CLEAR,
    ) -> ServiceJudged:
        """Take in what a check saw, and give what it means; None: it was made in no maintenance.

        ``outlook`` says what the state of the line makes of it. Evidence is told once, with the event:
        what is held of thousands of services goes without it.
        """
        observation = self._with_moment_of_its_own(observation)
        if maintenance_until is not None:
            observation = replace(observation, in_maintenance=True)
        self.doubtful = self._is_to_repeat(observation)
        if outlook is Outlook.BLIND:
            observation = replace(observation, status=Status.BLIND, evidence=None)
        held = observation if observation.evidence is None else replace(observation, evidence=None)
        judged = self._step(held, maintenance_until, outlook)
        occasions = tuple(self._occasions(judged.state))
        self.state = judged.state
        return ServiceJudged(self.service.id, observation, judged.state, judged.transition, occasions)

    def _occasions(self, state: ServiceState) -> Iterator[Occasion]:
        """Give what the last check brought that is to be told of beside an incident."""
        seen, service_id = state.observation, self.service.id
        assert seen is not None
        for kind in flapping_changes(self.state, state):
            key = f"{kind}:{service_id}:{seen.checked_at.isoformat()}"
            yield Occasion(key, seen.checked_at, kind, service_id, _flapping_text(kind, state))
        threshold = crossed_threshold(self.state, state, self.service.spec.tls_warn_days)
        if threshold is not None and (certificate := seen.certificate) is not None:
            key = certificate_key(service_id, certificate, threshold)
            text = _certificate_text(certificate, seen.checked_at)
            yield Occasion(key, seen.checked_at, OccasionKind.CERTIFICATE, service_id, text)

    def _step(self, held: Observation, maintenance_until: datetime | None, outlook: Outlook) -> Step:
        if outlook is Outlook.BLIND:
            return Step(unseen(self.state, held, maintenance_until), None)
        policy = Policy.of(self.service.spec)
        return step(self.state, held, policy, maintenance_until, deferred=outlook is Outlook.UNDECIDED)

    @property
    def reports_in(self) -> bool:
        """Whether it is a heartbeat: nothing is asked, its job tells."""
        return self.service.spec.kind is Kind.HEARTBEAT

    def hear(self, beat_at: datetime | None) -> bool:
        """Take notice of a report of its job; whether it is a new one."""
        if beat_at is None or (self.beat_at is not None and beat_at <= self.beat_at):
            return False
        self.beat_at = beat_at
        return True

    def listen(self, now: datetime) -> Observation | None:
        """Give what its job's report or silence means; None while there is nothing new to say."""
        if is_news(self.service, self.beat_at, self.state.observation):
            assert self.beat_at is not None
            return Observation(self.beat_at, Status.UP)
        if now < expected_by(self.service, self.beat_at):
            return None
        return Observation(now, Status.DOWN, error=ErrorKind.TIMEOUT, detail=self._silence(now))

    def _silence(self, now: datetime) -> str:
        if self.beat_at is None:
            return _("the job has not reported in yet")
        return _silence_text((now - self.beat_at).total_seconds())

    def wait_seconds(self, now: datetime) -> float | None:
        """Give the wait for the next check; None: the regular one.

        It comes sooner while a failure is being confirmed, and where the last check is doubtful.
        """
        if self.reports_in:
            return seconds_to_next_look(self.service, self.beat_at, self.state.observation, now)
        retry_seconds = next_check_after(self.state, self.service.spec)
        if not self.doubtful:
            return retry_seconds
        return REMEASURE_SECONDS if retry_seconds is None else min(retry_seconds, REMEASURE_SECONDS)

    def wait_after_start(self, now: datetime) -> float:
        """Give the seconds until its first check by this process; not above 0 if it is overdue.

        It goes on where the last process stopped: at last check + interval, or the retry that is due.
        """
        last = self.state.observation
        if last is None or is_news(self.service, self.beat_at, last):
            return 0.0
        interval = self.service.spec.interval_seconds
        wait = self.wait_seconds(last.checked_at)
        wait = interval if wait is None else wait
        return min(interval, wait - (now - last.checked_at).total_seconds())

    def _is_to_repeat(self, observation: Observation) -> bool:
        """Whether a check is to be made again: never after one that lagged too, nor where it failed.

        A process that is overloaded for long would else check twice as much. What a failure says does
        not hang on the latency, and it has its retries.
        """
        last = self.state.observation
        if not observation.lagged or observation.status is Status.DOWN:
            return False
        return last is None or not last.lagged

    def _with_moment_of_its_own(self, observation: Observation) -> Observation:
        """Give the observation with a time that no other of the service has: it is part of the key."""
        last = self.state.observation
        if last is None or not timedelta(0) <= last.checked_at - observation.checked_at < CLOSE:
            return observation
        return replace(observation, checked_at=last.checked_at + TICK)


def _silence_text(seconds: float) -> str:
    """Say how long a job has been silent, in a unit of which there are two at least."""
    if seconds >= 2 * 86_400:
        count = round(seconds / 86_400)
        words = ngettext("no report for {count} day", "no report for {count} days", count)
    elif seconds >= 2 * 3600:
        count = round(seconds / 3600)
        words = ngettext("no report for {count} hour", "no report for {count} hours", count)
    elif seconds >= 2 * 60:
        count = round(seconds / 60)
        words = ngettext("no report for {count} minute", "no report for {count} minutes", count)
    else:
        count = round(seconds)
        words = ngettext("no report for {count} second", "no report for {count} seconds", count)
    return words.format(count=count)


def _flapping_text(kind: OccasionKind, state: ServiceState) -> str:
    if kind is OccasionKind.FLAPPING:
        text = _("flapping: {percent:.0f} % of the last results are changes")
    else:
        text = _("no longer flapping: {percent:.0f} % of the last results are changes")
    return text.format(percent=state.flapping.percent)


def _certificate_text(certificate: Certificate, now: datetime) -> str:
    days = certificate.days_left(now)
    words = ngettext("its certificate ends in {count} day", "its certificate ends in {count} days", days)
    return words.format(count=days) if days else _("its certificate ends within a day")
