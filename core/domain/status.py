"""The judge: what observations in a row mean.

Two levels are judged alike: "at least degraded" and "down". A level is confirmed by ``retries + 1``
observations in a row that reach it, and given up after ``recoveries`` in a row that do not: the soft
and hard states of Nagios and Icinga. The hard status is the highest confirmed level.
Everything here is pure: a state survives a restart or a change of worker in the middle of a retry.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.domain.flapping import CALM, Flapping
from core.domain.kinds import Kind
from core.domain.observations import Observation, Status
from core.domain.services import ServiceSpec


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient the judge is with a service."""

    retries: int
    recoveries: int

    @classmethod
    def of(cls, spec: ServiceSpec) -> Policy:
        """Give the policy that the operator decided; the grace of a heartbeat is all its patience."""
        if spec.kind is Kind.HEARTBEAT:
            return cls(retries=0, recoveries=1)
        return cls(spec.retries, spec.recoveries)


@dataclass(frozen=True, slots=True)
class Run:
    """Observations in a row that agree about a level."""

    reached: bool = False
    """Whether they reach the level."""
    length: int = 0
    since: datetime | None = None
    """When the first of them began."""

    def extended(self, reached: bool, at: datetime) -> Run:
        """Give the run after one more observation."""
        if self.length and self.reached == reached:
            return replace(self, length=self.length + 1)
        return Run(reached, 1, at)


@dataclass(frozen=True, slots=True)
class ServiceState:
    """What is held of a service: its last hard status and how far a change of it has come."""

    status: Status = Status.UNKNOWN
    since: datetime | None = None
    """When the hard status began: the first observation of the run that confirmed it."""
    degraded_run: Run = Run()
    """Observations in a row about "at least degraded"."""
    down_run: Run = Run()
    """Observations in a row about "down"."""
    soft_failures: int = 0
    """Failures that recovered before they were confirmed, since the state was made."""
    observation: Observation | None = None
    """The last one judged."""
    flapping: Flapping = CALM
    """The changes among the last results, soft and hard."""
    maintenance_until: datetime | None = None
    """When the maintenance ends in which the last observation was made; None if it was in none."""

    @property
    def failing_attempt(self) -> int:
        """The count of the failing check that is being confirmed; 0 when none is."""
        if self.down_run.reached and self.status is not Status.DOWN:
            return self.down_run.length
        if self.degraded_run.reached and self.status in (Status.UP, Status.UNKNOWN):
            return self.degraded_run.length
        return 0

    @property
    def soft(self) -> bool:
        """Whether the last observation disagrees with the hard status; a blind one says nothing."""
        if self.observation is None or self.blind:
            return False
        return self.observation.status is not self.status

    @property
    def blind(self) -> bool:
        """Whether the last check told nothing, since this side's own line was down."""
        return self.observation is not None and self.observation.status is Status.BLIND


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of the hard status."""

    before: Status
    after: Status
    started_at: datetime
    """The first observation of the run that confirmed the change."""
    confirmed_at: datetime
    """The observation that confirmed it."""


@dataclass(frozen=True, slots=True)
class Step:
    """The state after an observation, and the change of status that it brought, if any."""

    state: ServiceState
    transition: Transition | None


def step(
    state: ServiceState,
    observation: Observation,
    policy: Policy,
    maintenance_until: datetime | None = None,
    *,
    deferred: bool = False,
) -> Step:
    """Judge one observation, made in a maintenance that ends then if there is one.

    Maintenance changes nothing of what is judged: it decides who is told, and what counts. While it is
    ``deferred`` runs go on, but confirm nothing that is worse than what is held: the next observation
    that is not deferred does.
    """
    at = observation.checked_at
    state = _seeing_again(state)
    degraded_run = state.degraded_run
    if not _says_nothing_of_speed(state, observation):
        degraded_run = degraded_run.extended(observation.status is not Status.UP, at)
    down_run = state.down_run.extended(observation.status is Status.DOWN, at)
    degraded = _confirmed(degraded_run, state.status in (Status.DEGRADED, Status.DOWN), policy, deferred)
    down = _confirmed(down_run, state.status is Status.DOWN, policy, deferred)
    status, run = _hard_status(state.status, degraded_run, down_run, degraded, down)
    recovered_softly = state.failing_attempt > 0 and observation.status is Status.UP
    judged = ServiceState(
        status=status,
        since=run.since if status is not state.status else state.since,
        degraded_run=degraded_run,
        down_run=down_run,
        soft_failures=state.soft_failures + recovered_softly,
        flapping=state.flapping.after(changed=_differs(state, observation)),
        maintenance_until=maintenance_until,
        observation=observation,
    )
    if status is state.status:
        return Step(judged, None)
    return Step(judged, Transition(state.status, status, run.since or at, at))


def unseen(
    state: ServiceState, observation: Observation, maintenance_until: datetime | None = None
) -> ServiceState:
    """Give the state after a blind observation: what is held of the service stays, runs and all."""
    return replace(state, observation=observation, maintenance_until=maintenance_until)


def _seeing_again(state: ServiceState) -> ServiceState:
    """Give the state without failures that were not confirmed when this side went blind.

    They may have been the line's; together with a first stumble after it they would confirm at once
    what nobody saw.
    """
    if not state.blind:
        return state
    if state.down_run.reached and state.status is not Status.DOWN:
        state = replace(state, down_run=Run())
    if state.degraded_run.reached and state.status in (Status.UP, Status.UNKNOWN):
        state = replace(state, degraded_run=Run())
    return state


def _differs(state: ServiceState, observation: Observation) -> bool:
    """Whether a result is another one than that before; a blind one is none."""
    before = _status_of_runs(state) if state.blind else state.observation and state.observation.status
    return before is not None and before is not observation.status


def _status_of_runs(state: ServiceState) -> Status | None:
    """Give the last status that was seen, as far as the runs tell."""
    if state.down_run.length == 0 or state.degraded_run.length == 0:
        return None
    if state.down_run.reached:
        return Status.DOWN
    return Status.DEGRADED if state.degraded_run.reached else Status.UP


def _says_nothing_of_speed(state: ServiceState, observation: Observation) -> bool:
    """Whether a right answer leaves open if a degraded service is quick again: this process was late."""
    is_degraded = state.degraded_run.reached and not state.down_run.reached
    return is_degraded and observation.lagged and observation.status is Status.UP


def _confirmed(run: Run, confirmed_before: bool, policy: Policy, deferred: bool) -> bool:
    """Whether a level holds after this run."""
    if run.reached:
        return confirmed_before or (run.length > policy.retries and not deferred)
    return confirmed_before and run.length < policy.recoveries


def _hard_status(
    before: Status, degraded_run: Run, down_run: Run, degraded: bool, down: bool
) -> tuple[Status, Run]:
    """Give the hard status and the run that stands behind it."""
    if down:
        return Status.DOWN, down_run
    if degraded:
        return Status.DEGRADED, down_run if before is Status.DOWN else degraded_run
    if before is Status.UNKNOWN and degraded_run.reached:
        return Status.UNKNOWN, degraded_run
    return Status.UP, degraded_run


def next_check_after(state: ServiceState, spec: ServiceSpec) -> float | None:
    """Give seconds from the end of the last check to its retry; None: at the next regular moment.

    Nothing is being confirmed while this side is blind.
    """
    return spec.retry_after_seconds() if state.failing_attempt and not state.blind else None


def shown_status(state: ServiceState, now: datetime, *, active: bool, stale: bool) -> Status:
    """Give the status that a screen shows.

    Pause lies over all, then maintenance; an old status is not known. Blind is what this side could not
    observe when it last tried.
    """
    if not active:
        return Status.PAUSED
    if state.maintenance_until is not None and now < state.maintenance_until:
        return Status.MAINTENANCE
    if stale:
        return Status.UNKNOWN
    return Status.BLIND if state.blind else state.status


def stale_after(spec: ServiceSpec) -> timedelta:
    """Give the age at which an observation says no longer how the service is."""
    return timedelta(seconds=2 * spec.interval_seconds + spec.timeout_seconds)


def is_stale(state: ServiceState, spec: ServiceSpec, now: datetime) -> bool:
    """Whether the last observation is too old to say how the service is: 2 x interval + timeout."""
    if state.observation is None:
        return False
    return now - state.observation.checked_at > stale_after(spec)
