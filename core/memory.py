"""The garbage collector of a process that stays.

Ten thousand services are half a million objects that live as long as the process. A full pass over them
takes longer than the lag that a check bears, and finds nothing: checks leave no cycles behind.
"""

from __future__ import annotations

import gc

RARELY = (5_000, 50, 1_000)
"""Thresholds of the three generations where nearly nothing is left for the collector."""


def keep_what_stays() -> None:
    """Have the collector leave alone everything that there is now; call it when much was loaded."""
    gc.freeze()


def collect_rarely() -> None:
    """Have full passes come once in hours: for a process without a screen, whose checks leave no cycles."""
    gc.set_threshold(*RARELY)
