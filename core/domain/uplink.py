"""The uplink guard: whether this side's own line is down, so that nothing outside can be observed.

It is *blind* if a majority of the services that were judged, over at least two clients, fail by dns,
connect or timeout, and none of the operator's reference targets outside answers. The first half is
counted here as results come, and makes a suspicion; then the references are asked, and what they say is
handed in. Pure: it asks nobody and has no clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from core.domain.faults import Fault
from core.domain.kinds import Kind
from core.domain.observations import ErrorKind, Observation
from core.domain.targets import address_faults, endpoint_faults

LONGEST_WAIT_SECONDS = 30.0
"""How long failures are kept from being confirmed while it is not known whether the line is down."""
LEAST_CLIENTS = 2
"""One client's servers may all be away; the line is suspected only if others cannot be reached either."""
_OUT_OF_REACH = frozenset({ErrorKind.DNS, ErrorKind.CONNECT, ErrorKind.TIMEOUT})
_NO_ANSWER = _OUT_OF_REACH | {ErrorKind.INTERNAL}


class Outlook(Enum):
    """What is thought of the line at the moment."""

    CLEAR = "clear"
    UNDECIDED = "undecided"
    """It is suspected to be down, and no reference has answered yet."""
    BLIND = "blind"


@dataclass(frozen=True, slots=True)
class BlindInterval:
    """A time in which nothing was observed."""

    id: int
    started_at: datetime
    ended_at: datetime | None
    detail: str


@dataclass(frozen=True, slots=True)
class Turn:
    """Blindness begins, or it ends."""

    blind: bool
    at: datetime
    """Where it begins, the first failing check that the line explains, which is some time ago."""


def is_out_of_reach(seen: Observation) -> bool:
    """Whether a check failed in a way that a line that is down explains."""
    return seen.error in _OUT_OF_REACH


def has_answered(seen: Observation) -> bool:
    """Whether a reference target answered: anything that came from there will do."""
    return seen.error not in _NO_ANSWER


def reference_kind(target: str) -> Kind:
    """Give how a reference target is asked: an http(s) URL by a request, all others by a connection."""
    return Kind.HTTP if target.lower().startswith(("http://", "https://")) else Kind.TCP


def reference_faults(target: str) -> Iterator[Fault]:
    """Give what is wrong with a reference target: ``host:port``, ``tcp://host:port`` or an http(s) URL."""
    if reference_kind(target) is Kind.HTTP:
        return address_faults("endpoint", target)
    return endpoint_faults(Kind.TCP, target)


@dataclass(slots=True)
class _Sight:
    """What is known of one service."""

    client_id: int
    reached_at: datetime | None = None
    """The last check that reached it, whatever it answered."""
    failing_since: datetime | None = None
    """The first of the checks in a row that did not reach it; None if the last one did."""


class Census:
    """Counts the services that were judged, and those out of reach; a few operations for each result."""

    def __init__(self) -> None:
        self._sights: dict[int, _Sight] = {}
        self._clients: dict[int, int] = {}
        """Services out of reach of each client that has any."""
        self.failing = 0
        """Services out of reach."""

    def __len__(self) -> int:
        return len(self._sights)

    def note(self, service_id: int, client_id: int, seen: Observation) -> None:
        """Take in the newest result of a service."""
        sight = self._sights.get(service_id)
        if sight is None:
            sight = self._sights[service_id] = _Sight(client_id)
        if not is_out_of_reach(seen):
            sight.reached_at = seen.checked_at
            self._reach(sight)
        elif sight.failing_since is None:
            sight.failing_since = seen.checked_at
            self.failing += 1
            self._clients[client_id] = self._clients.get(client_id, 0) + 1

    def forget(self, service_id: int) -> None:
        """Leave out a service that is no longer checked; nothing happens if it is not counted."""
        sight = self._sights.pop(service_id, None)
        if sight is not None:
            self._reach(sight)

    def _reach(self, sight: _Sight) -> None:
        """Count a service no longer as out of reach."""
        if sight.failing_since is None:
            return
        sight.failing_since = None
        self.failing -= 1
        left = self._clients[sight.client_id] - 1
        if left:
            self._clients[sight.client_id] = left
        else:
            del self._clients[sight.client_id]

    @property
    def is_alarming(self) -> bool:
        """Whether more than half of the services are out of reach, of two clients at the least."""
        return 2 * self.failing > len(self._sights) and len(self._clients) >= LEAST_CLIENTS

    @property
    def is_calm(self) -> bool:
        """Whether a third of them or fewer are, or one client's only: well below what alarms."""
        return self.is_mostly_reached or len(self._clients) < LEAST_CLIENTS

    @property
    def is_mostly_reached(self) -> bool:
        """Whether no more than a third are out of reach."""
        return 3 * self.failing <= len(self._sights)

    def reached_after(self, moment: datetime) -> int:
        """Count the services that are in reach and were checked since a moment. Looks at every service."""
        return sum(
            sight.failing_since is None and sight.reached_at is not None and sight.reached_at > moment
            for sight in self._sights.values()
        )

    def failing_since(self) -> datetime | None:
        """Give the first failing check after the last one that reached any of those out of reach now.

        What failed before that, failed while others could be reached: that was not the line. Looks at
        every service.
        """
        failing = [sight for sight in self._sights.values() if sight.failing_since is not None]
        reached = max((sight.reached_at for sight in failing if sight.reached_at is not None), default=None)
        begins = (sight.failing_since for sight in failing if sight.failing_since is not None)
        return min((at for at in begins if reached is None or at > reached), default=None)


@dataclass(slots=True)
class _Suspicion:
    """The line is suspected to be down."""

    began_at: datetime
    began_seconds: float
    """The same by the monotonic clock."""
    refuted: bool = False
    """Whether a reference has answered since."""


class Uplink:
    """What results and references say of the line, kept up as they come.

    The suspicion begins with more than half of the services and passes with a third of them, so that
    one service that comes and goes does not make it begin anew.
    """

    def __init__(self, *, guarded: bool = True) -> None:
        self.guarded = guarded
        """Without reference targets nothing is counted, and the line is never suspected."""
        self.census = Census()
        self.blind_since: datetime | None = None
        self._suspicion: _Suspicion | None = None
        self._answered_at: datetime | None = None
        """When a reference answered last."""

    @property
    def is_doubtful(self) -> bool:
        """Whether the references are to be asked."""
        return self._suspicion is not None or self.blind_since is not None

    def note(self, service_id: int, client_id: int, seen: Observation, now_seconds: float) -> None:
        """Take in the newest result of a service; the monotonic clock is at ``now_seconds``."""
        if not self.guarded:
            return
        self.census.note(service_id, client_id, seen)
        if self._suspicion is None:
            if self.census.is_alarming:
                self._suspicion = _Suspicion(seen.checked_at, now_seconds)
        elif self.census.is_calm:
            self._suspicion = None

    def forget(self, service_id: int) -> None:
        """Leave out a service that is no longer checked."""
        self.census.forget(service_id)
        if self._suspicion is not None and self.census.is_calm:
            self._suspicion = None

    def resume(self, blind_since: datetime) -> None:
        """Go on blind, as the process was that led before."""
        self.blind_since = blind_since

    def outlook(self, now_seconds: float) -> Outlook:
        """Give what a check that was out of reach says now."""
        if self.blind_since is not None:
            return Outlook.BLIND
        suspicion = self._suspicion
        if suspicion is None or suspicion.refuted:
            return Outlook.CLEAR
        waited = now_seconds - suspicion.began_seconds
        return Outlook.UNDECIDED if waited < LONGEST_WAIT_SECONDS else Outlook.CLEAR

    def hear(self, answered: bool, at: datetime) -> Turn | None:
        """Take in what the references said: whether any answered. Gives what that changes, if anything."""
        if answered:
            self._answered_at = at
            if self._suspicion is not None:
                self._suspicion.refuted = True
        if self.blind_since is None:
            return None if answered else self._begin()
        if answered or self._is_refuted_by_services():
            self.blind_since = None
            return Turn(False, at)
        return None

    def _begin(self) -> Turn | None:
        if self._suspicion is None or not self.census.is_alarming:
            return None
        began_at = self._suspicion.began_at
        first = self.census.failing_since()
        began_at = began_at if first is None else min(first, began_at)
        if self._answered_at is not None:  # until then the line was up
            began_at = max(began_at, self._answered_at)
        self.blind_since = began_at
        return Turn(True, began_at)

    def _is_refuted_by_services(self) -> bool:
        """Whether so many services were reached meanwhile that it is the references that are away.

        What was reached before says nothing: a process that takes over knows of it only.
        """
        if self.blind_since is None or not self.census.is_mostly_reached:
            return False
        return 0 < 2 * len(self.census) <= 3 * self.census.reached_after(self.blind_since)
