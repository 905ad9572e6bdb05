"""Flapping, figure by figure as Icinga computes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.flapping import Flapping


def after(changes: str) -> Flapping:
    """Give it after results that change (x) or do not (.), oldest first."""
    state = Flapping()
    for letter in changes:
        state = state.after(changed=letter == "x")
    return state


@pytest.mark.parametrize(
    ("changes", "percent", "active"),
    [
        ("", 0.0, False),
        ("x", 5.9, False),
        ("xxxxx", 28.5, False),
        ("xxxxxx", 33.9, True),
        ("xxxxxx.", 33.3, True),
        ("x" * 20, 99.0, True),
        ("x" + "." * 19, 4.0, False),
        ("x" + "." * 20, 0.0, False),
        ("x.x.x.x.x.x", 32.4, True),
        ("xxxxx" + "." * 15, 21.0, False),
    ],
)
def test_newer_changes_weigh_more(changes: str, percent: float, active: bool) -> None:
    state = after(changes)
    assert state.percent == pytest.approx(percent)
    assert state.active is active


def test_between_the_limits_it_stays_as_it_was() -> None:
    calm, wild = after("xxxxx"), after("xxxxxx" + "." * 9)
    assert calm.percent == pytest.approx(28.5)
    assert 25.0 < wild.percent < 30.0
    assert (calm.active, wild.active) == (False, True)


def test_it_ends_at_a_quarter() -> None:
    letters = "xxxxxx" + "." * 20
    states = [after(letters[: length + 1]) for length in range(len(letters))]
    ended = next(index for index, state in enumerate(states) if index > 6 and not state.active)
    assert states[ended - 1].percent > 25.0
    assert states[ended].percent <= 25.0


@given(st.lists(st.booleans(), max_size=60))
def test_it_is_a_share_of_the_last_twenty(changes: list[bool]) -> None:
    state, last = Flapping(), Flapping()
    for changed in changes:
        state = state.after(changed=changed)
    for changed in changes[-20:]:
        last = last.after(changed=changed)
    assert state.changes == last.changes
    assert 0.0 <= state.percent <= 99.0 + 1e-9
