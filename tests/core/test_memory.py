"""The garbage collector leaves alone what stays."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from core.memory import RARELY, collect_rarely, keep_what_stays


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def test_what_is_there_is_passed_over_from_then_on() -> None:
    class Kept:
        pass

    kept = [Kept() for _number in range(100)]
    before = gc.get_freeze_count()
    keep_what_stays()
    assert gc.get_freeze_count() >= before + len(kept)
    assert not any(isinstance(each, Kept) for each in gc.get_objects())


def test_a_process_without_a_screen_is_collected_rarely() -> None:
    collect_rarely()
    assert gc.get_threshold() == RARELY
