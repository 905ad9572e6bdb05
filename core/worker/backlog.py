"""The backlog: what was judged and is not written yet.

It is bounded. Beyond the bound the oldest result of the same service is given up, so that one busy
service pushes out nobody else's history. Evidence has a bound of its own, in bytes: beyond it the oldest
evidence is given up, and its result stays.
"""

from __future__ import annotations

import logging
from collections import OrderedDict, defaultdict, deque
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from core.domain.evidence import Evidence
from core.storage.recording import Judged

MOST_WAITING = 200_000
"""Results that may wait: ten minutes of an outage at ten thousand services every 30 seconds."""
EVIDENCE_BYTES = 32 * 1024 * 1024
"""Memory that the texts of evidence may take while they wait."""

log = logging.getLogger(__name__)


class Backlog:
    """Results in their order; the batch at its head is pinned until it is known to be written."""

    def __init__(self, most: int = MOST_WAITING, evidence_bytes: int = EVIDENCE_BYTES) -> None:
        self._most = most
        self._most_evidence = evidence_bytes
        self._waiting: dict[int, Judged] = {}
        """By number, in order."""
        self._numbers: defaultdict[int, deque[int]] = defaultdict(deque)
        """Numbers by service, in order."""
        self._next = 0
        self._pinned: list[int] = []
        self.dropped = 0
        """Results given up since the start."""
        self._evidence: OrderedDict[int, int] = OrderedDict()
        """Bytes of the evidence of results that have some, by number, in order."""
        self._evidence_bytes = 0
        self.evidence_dropped = 0
        """Pieces of evidence given up since the start; the first one is logged."""

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, judged: Judged) -> None:
        """Put a result at the end."""
        given_up = self._give_up_for(judged.service_id) if len(self._waiting) >= self._most else None
        self._waiting[self._next] = judged
        self._numbers[judged.service_id].append(self._next)
        if judged.observation.evidence is not None:
            self._make_room_for(judged.observation.evidence)
        self._next += 1
        if given_up is not None:
            self._hand_on(given_up)

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
            self._waiting[number] = replace(_without_evidence(judged), state=None)
        self._evidence.clear()
        self._evidence_bytes = 0

    def _give_up_for(self, service_id: int) -> Judged | None:
        """Make room for a result of a service; give what goes for it.

        The pinned batch, which may be written, is left alone.
        """
        first_free = self._pinned[-1] + 1 if self._pinned else 0
        own = (number for number in self._numbers[service_id] if number >= first_free)
        anybodys = (number for number in self._waiting if number >= first_free)
        number = next(own, None)
        if number is None:
            number = next(anybodys, None)
        if number is None:
            return None
        given_up = self._waiting[number]
        self._remove(number)
        self.dropped += 1
        return given_up

    def _hand_on(self, given_up: Judged) -> None:
        """Have the next result of a service tell of what the one brought that is given up."""
        first_free = self._pinned[-1] + 1 if self._pinned else 0
        later_ones = self._numbers.get(given_up.service_id, ())
        number = next((number for number in later_ones if number >= first_free), None)
        if number is None:
            return
        later = self._waiting[number]
        self._waiting[number] = replace(
            later,
            transition=given_up.transition if later.transition is None else later.transition,
            occasions=given_up.occasions + later.occasions,
        )

    def _make_room_for(self, evidence: Evidence) -> None:
        """Count the evidence of the result that is added, and give up the oldest beyond the bound.

        That of a pinned batch too: if the batch is written already nothing is missing, if not it is
        written without.
        """
        self._evidence[self._next] = evidence.memory_bytes
        self._evidence_bytes += evidence.memory_bytes
        while self._evidence_bytes > self._most_evidence:
            number, freed = self._evidence.popitem(last=False)
            self._evidence_bytes -= freed
            self._waiting[number] = _without_evidence(self._waiting[number])
            if not self.evidence_dropped:
                log.warning("Too much evidence waits for the database; the oldest is given up")
            self.evidence_dropped += 1

    def _remove(self, number: int) -> None:
        service_id = self._waiting.pop(number).service_id
        self._evidence_bytes -= self._evidence.pop(number, 0)
        numbers = self._numbers[service_id]
        numbers.remove(number)  # at or near the head
        if not numbers:
            del self._numbers[service_id]


def _without_evidence(judged: Judged) -> Judged:
    if judged.observation.evidence is None:
        return judged
    return replace(judged, observation=replace(judged.observation, evidence=None))
