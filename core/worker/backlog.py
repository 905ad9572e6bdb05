"""The backlog: what was judged and is not written yet.

It is bounded. Beyond the bound the oldest result of the same service is given up, so that one busy
service pushes out nobody else's history.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from core.storage.recording import Judged

MOST_WAITING = 200_000
"""Results that may wait: ten minutes of an outage at ten thousand services every 30 seconds."""


class Backlog:
    """Results in their order; the batch at its head is pinned until it is known to be written."""

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._most = most
        self._waiting: dict[int, Judged] = {}
        """By number, in order."""
        self._numbers: defaultdict[int, deque[int]] = defaultdict(deque)
        """Numbers by service, in order."""
        self._next = 0
        self._pinned: list[int] = []
        self.dropped = 0
        """Results given up since the start."""

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, judged: Judged) -> None:
        """Put a result at the end."""
        if len(self._waiting) >= self._most:
            self._give_up_for(judged.service_id)
        self._waiting[self._next] = judged
        self._numbers[judged.service_id].append(self._next)
        self._next += 1

    def batch(self, most: int) -> Sequence[Judged]:
        """Give the head, the same one until ``discard``: a retry must write exactly what was tried."""
        if not self._pinned:
            self._pinned = list(islice(self._waiting, most))
        return [self._waiting[number] for number in self._pinned]

    def discard(self) -> None:
        """Forget the batch: it is written."""
        for number in self._pinned:
            self._remove(number)
        self._pinned = []

    def forget_states(self) -> None:
        """Keep observations only: another process leads and decides what the states are."""
        for number, judged in self._waiting.items():
            self._waiting[number] = replace(judged, state=None)

    def _give_up_for(self, service_id: int) -> None:
        """Make room for a result of a service; the pinned batch, which may be written, is left alone."""
        first_free = self._pinned[-1] + 1 if self._pinned else 0
        own = (number for number in self._numbers[service_id] if number >= first_free)
        anybodys = (number for number in self._waiting if number >= first_free)
        number = next(own, None)
        if number is None:
            number = next(anybodys, None)
        if number is not None:
            self._remove(number)
            self.dropped += 1

    def _remove(self, number: int) -> None:
        service_id = self._waiting.pop(number).service_id
        numbers = self._numbers[service_id]
        numbers.remove(number)  # at or near the head
        if not numbers:
            del self._numbers[service_id]
