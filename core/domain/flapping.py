"""Flapping: a service whose results change so often that each change says little.

Icinga's method (``lib/icinga/checkable-flapping.cpp``): of the last 20 results each that differs from the
one before counts, the newest 1.18 and the oldest 0.80, in steps of 0.02; soft and hard ones alike. A share
of 20 above 30 % starts the flapping, one of 25 % or less ends it.
"""

from __future__ import annotations

from dataclasses import dataclass

RESULTS = 20
"""Results that are looked at."""
STARTS_ABOVE_PERCENT = 30.0
ENDS_AT_PERCENT = 25.0
_NEWEST_WEIGHT = 1.18
_STEP = 0.02
_MASK = (1 << RESULTS) - 1


@dataclass(frozen=True, slots=True)
class Flapping:
    """The changes among the last results of a service, and whether it flaps."""

    changes: int = 0
    """One bit for each result, the newest lowest: whether it differs from the one before."""
    active: bool = False

    @property
    def percent(self) -> float:
        """Give the weighted share of changes; with 20 of them it is 99."""
        weights = (_NEWEST_WEIGHT - _STEP * age for age in range(RESULTS) if self.changes >> age & 1)
        return sum(weights) / RESULTS * 100

    def after(self, *, changed: bool) -> Flapping:
        """Give it after one more result."""
        changes = (self.changes << 1 | changed) & _MASK
        if not changes:
            return CALM
        percent = Flapping(changes).percent
        active = percent > ENDS_AT_PERCENT if self.active else percent > STARTS_ABOVE_PERCENT
        return Flapping(changes, active)


CALM = Flapping()
"""Nothing has changed among the last results."""
