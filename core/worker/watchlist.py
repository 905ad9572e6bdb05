"""The watchlist: the living, active services, kept equal to what operators decide.

Pure of storage: it is handed what was read. Each change goes into the rota with it: what was paused or
deleted leaves at once, what is new or was edited is due at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from core.clock import Clock
from core.domain.clients import Client
from core.domain.services import Service
from core.domain.status import ServiceState, is_stale
from core.domain.uplink import Uplink
from core.worker.rota import Rota, crowded_moment
from core.worker.watched import Watched


class Watchlist:
    """The services of one term, by id."""

    def __init__(self, clock: Clock, rota: Rota, uplink: Uplink | None = None) -> None:
        self._clock = clock
        self._rota = rota
        self._uplink = Uplink(guarded=False) if uplink is None else uplink
        """Counts what is watched and asked over the line."""
        self.services: dict[int, Watched] = {}
        self._shelf: dict[int, ServiceState] = {}
        """States of services that left: what is stored may be older than what was judged."""
        self._unclaimed: dict[int, datetime] = {}
        """Reports of jobs that nobody watches, or whose service is just being read."""
        self._place = 0

    def asked_per_second(self) -> float:
        """Give how many checks a second the services ask for."""
        return sum(1 / each.service.spec.interval_seconds for each in self.services.values())

    def begin_pass(self) -> None:
        """Begin to hand in services: those that are overdue form one crowd."""
        self._place = 0

    def put(
        self,
        client: Client,
        service: Service,
        stored: ServiceState,
        *,
        at_once: bool,
        beat_at: datetime | None = None,
    ) -> None:
        """Take in a service as it is stored now, with the last report of its job if it is a heartbeat.

        ``at_once``: an operator has just touched it. Else a service that is new here goes on where
        the last process stopped.
        """
        if not is_watched(client, service):
            self.remove(service.id)
            return
        known = self.services.get(service.id)
        if known is None:
            state = self._shelf.pop(service.id, stored)
            entered = Watched.of(client, service, state)
            entered.hear(beat_at)
            entered.hear(self._unclaimed.pop(service.id, None))
            self._enter(entered, at_once=at_once)
            return
        fresh = Watched.of(client, service, known.state)
        fresh.hear(known.beat_at)
        if fresh.request == known.request:
            fresh.request = known.request  # it remembers what was made of it
        edited = fresh.request != known.request or service.version != known.service.version
        reported = fresh.hear(beat_at)  # while this process was cut off from the database
        self.services[service.id] = fresh
        if fresh.reports_in:
            self._uplink.forget(service.id)
        if edited or reported:
            self._schedule(fresh, at_once=True)

    def hear(self, service_id: int, beat_at: datetime) -> bool:
        """Take notice that a job has reported in; False if nobody watches it or it was known."""
        watched = self.services.get(service_id)
        if watched is None:
            self._unclaimed[service_id] = beat_at
            return False
        return watched.hear(beat_at)

    def remove(self, service_id: int) -> None:
        """Take a service out; nothing happens if it is not there."""
        watched = self.services.pop(service_id, None)
        if watched is not None:
            self._shelf[service_id] = watched.state
            self._rota.remove(service_id)
            self._uplink.forget(service_id)

    def remove_client(self, client_id: int) -> None:
        """Take out every service of a client."""
        self.remove_all([each.service.id for each in self._of_client(client_id)])

    def remove_all(self, service_ids: Iterable[int]) -> None:
        """Take services out."""
        for service_id in service_ids:
            self.remove(service_id)

    def ids_of_client(self, client_id: int) -> set[int]:
        """Give the services of a client that are watched."""
        return {each.service.id for each in self._of_client(client_id)}

    def look_again(self) -> None:
        """Have everything checked soon that could not be observed when it last was."""
        self.begin_pass()
        for watched in self.services.values():
            if watched.state.blind:
                self._rota.retime(watched.service.id, self._moment_in_crowd(watched))

    def _of_client(self, client_id: int) -> Iterable[Watched]:
        return (each for each in self.services.values() if each.service.client_id == client_id)

    def _enter(self, watched: Watched, *, at_once: bool) -> None:
        self.services[watched.service.id] = watched
        self._count(watched)
        self._schedule(watched, at_once=at_once)

    def _count(self, watched: Watched) -> None:
        """Have what was last seen count for the line, unless that is too old or has nothing to do with it."""
        state, service = watched.state, watched.service
        if state.observation is None or watched.reports_in:
            return
        if not is_stale(state, service.spec, self._clock.now()):
            now = self._clock.monotonic()
            self._uplink.note(service.id, service.client_id, state.observation, now)

    def _schedule(self, watched: Watched, *, at_once: bool) -> None:
        interval = watched.service.spec.interval_seconds
        wait = 0.0 if at_once else watched.wait_after_start(self._clock.now())
        due = self._clock.monotonic() + wait if wait > 0 else self._moment_in_crowd(watched)
        self._rota.put(watched.service.id, interval, due)

    def _moment_in_crowd(self, watched: Watched) -> float:
        """Give the moment at which a service should start that is due now, with others."""
        service, place = watched.service, self._place
        self._place += 1
        return crowded_moment(service.id, service.spec.interval_seconds, self._clock.monotonic(), place)


def is_watched(client: Client, service: Service) -> bool:
    """Whether a service is to be checked: it and its client are alive and active."""
    return (
        client.deleted_at is None
        and service.deleted_at is None
        and client.spec.active
        and service.spec.active
    )
