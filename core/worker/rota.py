"""The rota: which service is due when.

Pure: it knows numbers only. Moments are seconds of the monotonic clock, so that a step of the wall
clock moves nothing. Each service has regular moments ``phase + k x interval``; the phase comes from a
stable hash of its id, so that services with one interval are spread evenly over it and ten thousand
never fire at once.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

STARTS_PER_SECOND = 200.0
"""How fast services that are all due at once are started one after the other."""
_GOLDEN = 0x9E3779B1
"""Multiplying by the golden ratio spreads ids that follow each other most evenly (Knuth, TAOCP 6.4)."""
_STALE_ENTRIES = 64
"""Entries of the heap that may be out of date before it is built again."""


def fraction(service_id: int) -> float:
    """Give a stable number from 0 to 1 for a service, spread evenly over ids in a row."""
    return (service_id * _GOLDEN & 0xFFFF_FFFF) / 2**32


def regular_moment_after(service_id: int, interval_seconds: float, after: float) -> float:
    """Give the first regular moment of a service that is later than ``after``."""
    phase = fraction(service_id) * interval_seconds
    turn = math.floor((after - phase) / interval_seconds) + 1
    moment = phase + turn * interval_seconds
    return moment if moment > after else phase + (turn + 1) * interval_seconds


def crowded_moment(service_id: int, interval_seconds: float, now: float, place: int) -> float:
    """Give the moment at which a service that is due now should start, as one of a crowd.

    ``place`` is its place in the crowd, from 0. The first starts at once, a large crowd takes one
    interval at most.
    """
    return now + min(place / STARTS_PER_SECOND, fraction(service_id) * interval_seconds)


@dataclass(slots=True)
class _Slot:
    """A service's place in the rota."""

    interval_seconds: float
    due: float
    serial: int = 0
    """Names the slot's valid entry in the heap; every other one is out of date."""
    in_flight: bool = False
    wanted_at: float | None = None
    """When it is due again because it was put in anew while a check of it was running."""
    gone: bool = False
    """Removed while a check of it was running."""


class Rota:
    """A heap of services by their next moment; never two checks of one service at once.

    A service that is popped is in flight until ``finish``: it is on no heap meanwhile.
    """

    def __init__(self) -> None:
        self._slots: dict[int, _Slot] = {}
        self._heap: list[tuple[float, int, int]] = []
        self._serial = 0
        self._gone = 0
        self.missed = 0
        """How often a service was started a whole interval late or more."""

    def __len__(self) -> int:
        return len(self._slots) - self._gone

    def __contains__(self, service_id: int) -> bool:
        slot = self._slots.get(service_id)
        return slot is not None and not slot.gone

    def put(self, service_id: int, interval_seconds: float, due: float) -> None:
        """Enter a service, or enter it anew with another interval, to be checked at ``due``.

        While a check of it is running, ``due`` holds from the end of that check.
        """
        slot = self._slots.get(service_id)
        if slot is None:
            slot = self._slots[service_id] = _Slot(interval_seconds, due)
        if slot.gone:
            slot.gone = False
            self._gone -= 1
        slot.interval_seconds = interval_seconds
        if slot.in_flight:
            slot.wanted_at = due
        else:
            self._enqueue(service_id, slot, due)

    def remove(self, service_id: int) -> None:
        """Take a service out; nothing happens if it is not there."""
        slot = self._slots.get(service_id)
        if slot is None or slot.gone:
            return
        if slot.in_flight:
            slot.gone = True
            slot.wanted_at = None
            self._gone += 1
        else:
            del self._slots[service_id]

    def retime(self, service_id: int, due: float) -> bool:
        """Move the next moment of a service; False if it is not there or is being checked already."""
        slot = self._slots.get(service_id)
        if slot is None or slot.in_flight:
            return False
        self._enqueue(service_id, slot, due)
        return True

    def next_due(self) -> float | None:
        """Give the earliest moment of all; None if nothing waits."""
        self._drop_stale()
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: float) -> list[tuple[int, float]]:
        """Take out what is due, as (service id, seconds late), earliest first; all of it is in flight."""
        due = []
        while (moment := self.next_due()) is not None and moment <= now:
            service_id = heapq.heappop(self._heap)[2]
            self._slots[service_id].in_flight = True
            due.append((service_id, now - moment))
        return due

    def begin(self, service_id: int, now: float) -> float:
        """Say that a check has started after waiting for a place; give how many seconds late it is."""
        slot = self._slots[service_id]
        late = max(0.0, now - slot.due)
        if late >= slot.interval_seconds:
            self.missed += 1
        return late

    def finish(self, service_id: int, now: float, retry_seconds: float | None = None) -> None:
        """Say that a check has ended: the next is a retry, or at the next regular moment."""
        slot = self._slots[service_id]
        slot.in_flight = False
        if slot.gone:
            del self._slots[service_id]
            self._gone -= 1
            return
        due = regular_moment_after(service_id, slot.interval_seconds, now)
        if retry_seconds is not None:
            due = now + retry_seconds
        if slot.wanted_at is not None:
            due, slot.wanted_at = max(slot.wanted_at, now), None
        self._enqueue(service_id, slot, due)

    def _enqueue(self, service_id: int, slot: _Slot, due: float) -> None:
        self._serial += 1
        slot.due, slot.serial = due, self._serial
        heapq.heappush(self._heap, (due, self._serial, service_id))
        if len(self._heap) > 2 * len(self._slots) + _STALE_ENTRIES:
            self._heap = [entry for entry in self._heap if self._is_valid(entry)]
            heapq.heapify(self._heap)

    def _drop_stale(self) -> None:
        while self._heap and not self._is_valid(self._heap[0]):
            heapq.heappop(self._heap)

    def _is_valid(self, entry: tuple[float, int, int]) -> bool:
        _, serial, service_id = entry
        slot = self._slots.get(service_id)
        return slot is not None and slot.serial == serial and not slot.in_flight
