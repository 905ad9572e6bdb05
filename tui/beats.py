"""The last results of one service, as the heartbeat bar and the small chart need them."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from statistics import median

from core.domain.observations import STATUS_CODES, STATUS_OF_CODE, Beats, Observation, Status
from core.operations.board import BEATS

NO_LATENCY = -1
"""Stands in a ring where a check gave no latency."""
CALMEST_NORMAL_US = 5_000.0
"""Below 5 ms a latency's ups and downs say nothing; the bar stays flat."""
_UP, _DEGRADED = STATUS_CODES[Status.UP], STATUS_CODES[Status.DEGRADED]
_STEPS = ((1.35, 2), (1.9, 3), (2.8, 4))
"""Times the normal latency below which a bar has that many eighths; above, five."""


class BeatRing:
    """Up to ``BEATS`` results, oldest first."""

    __slots__ = ("codes", "latencies_us")

    def __init__(self, codes: bytes = b"", latencies_us: Sequence[int] = ()) -> None:
        self.codes = bytearray(codes[-BEATS:])
        self.latencies_us = array("i", latencies_us[-BEATS:])

    @classmethod
    def of(cls, beats: Beats) -> BeatRing:
        """Take over what was stored."""
        return cls(beats.codes, beats.latencies_us)

    def add(self, observation: Observation) -> None:
        """Take one more result; the oldest falls out."""
        self.codes.append(STATUS_CODES[observation.status])
        milliseconds = observation.latency_ms
        self.latencies_us.append(NO_LATENCY if milliseconds is None else round(milliseconds * 1000))
        if len(self.codes) > BEATS:
            del self.codes[0]
            del self.latencies_us[0]

    def __len__(self) -> int:
        return len(self.codes)

    def normal_us(self) -> float:
        """Give the service's own normal: the median of its good latencies, 5 ms at least."""
        good = [us for code, us in zip(self.codes, self.latencies_us, strict=True) if code == _UP and us >= 0]
        return max(CALMEST_NORMAL_US, median(good)) if good else CALMEST_NORMAL_US

    def levels(self) -> list[int]:
        """Give the height of each result in eighths of a cell, relative to the service's own normal.

        A steady service gives a flat line whatever its latency is; degraded results stand out.
        """
        normal = self.normal_us()
        return [_level(code, us, normal) for code, us in zip(self.codes, self.latencies_us, strict=True)]

    def statuses(self) -> list[Status]:
        """Give the status of each result."""
        return [STATUS_OF_CODE[code] for code in self.codes]

    def latencies_ms(self) -> list[float | None]:
        """Give the latency of each result; None where the check failed."""
        return [
            us / 1000 if us >= 0 and code in (_UP, _DEGRADED) else None
            for code, us in zip(self.codes, self.latencies_us, strict=True)
        ]

    def good_ms(self) -> list[float]:
        """Give the latencies of the results that were right, in milliseconds, in ascending order."""
        return sorted(value for value in self.latencies_ms() if value is not None)


def _level(code: int, latency_us: int, normal_us: float) -> int:
    if code == _DEGRADED:
        return 6 if latency_us < 3 * normal_us else 7
    ratio = latency_us / normal_us
    return next((eighths for limit, eighths in _STEPS if ratio < limit), 5)


def quantile(ascending: Sequence[float], share: float) -> float | None:
    """Give a quantile of values in ascending order; None of nothing."""
    if not ascending:
        return None
    return ascending[min(len(ascending) - 1, int(len(ascending) * share))]
