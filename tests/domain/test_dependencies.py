"""Dependencies: circles are found before they are made, and never trap a walk where they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.dependencies import MOST_DEEP, ancestors, behind, cycle_through, is_too_deep

SERVICES = st.integers(1, 12)
ANY_PARENTS = st.dictionaries(SERVICES, st.none() | SERVICES)


def chain(length: int) -> dict[int, int]:
    """Give 1 -> 2 -> ... with so many services."""
    return {number: number + 1 for number in range(1, length)}


@pytest.mark.parametrize(
    ("service_id", "parent_id", "parents", "cycle"),
    [
        (1, None, {}, ()),
        (1, 2, {}, ()),
        (1, 2, {2: None}, ()),
        (1, 1, {}, (1,)),
        (1, 2, {2: 1}, (1, 2)),
        (1, 2, {2: 3, 3: 4, 4: 5, 5: 1}, (1, 2, 3, 4, 5)),
        (1, 2, {1: 3, 3: 4, 2: 4}, ()),  # two ways up to the same one are no circle
        (1, 4, {1: 2, 4: 1, 2: 3}, (1, 4)),
        (1, 2, {2: 3, 3: 2}, ()),  # a circle that is there already, without it
        (5, 1, chain(5), (5, 1, 2, 3, 4)),
    ],
)
def test_a_parent_closes_a_circle_where_the_way_up_leads_back(
    service_id: int, parent_id: int | None, parents: dict[int, int | None], cycle: tuple[int, ...]
) -> None:
    assert cycle_through(service_id, parent_id, parents) == cycle


@pytest.mark.parametrize(
    ("parents", "down", "found"),
    [
        ({}, {1}, None),
        ({1: 2}, {1}, None),
        ({1: 2}, {1, 2}, 2),
        ({1: 2, 2: 3}, {2, 3}, 2),
        ({1: 2, 2: 3}, {3}, 3),
        ({1: 2, 2: 1}, {1}, None),
        ({1: 1}, {1}, None),
        ({1: 2, 2: 3, 3: 2}, {4}, None),
    ],
)
def test_a_service_is_behind_the_nearest_above_it_that_is_down(
    parents: dict[int, int], down: set[int], found: int | None
) -> None:
    assert behind(1, parents, down.__contains__) == found


def test_a_walk_goes_up_256_services_and_no_further() -> None:
    parents = chain(1_000)
    assert list(ancestors(1, parents)) == list(range(2, MOST_DEEP + 2))
    assert behind(1, parents, {MOST_DEEP + 1}.__contains__) == MOST_DEEP + 1
    assert behind(1, parents, {MOST_DEEP + 2}.__contains__) is None


def test_no_more_than_256_services_may_stand_above_another_however_they_were_joined() -> None:
    parents = chain(MOST_DEEP)
    assert not is_too_deep(None, 1, parents)
    assert is_too_deep(None, 1, chain(MOST_DEEP + 1))
    below = {-number: -(number + 1) for number in range(5, 0, -1)} | {-1: -2}
    assert not is_too_deep(-6, 6, parents | below)
    assert is_too_deep(-6, 5, parents | below)


@given(parents=ANY_PARENTS, service_id=SERVICES, parent_id=SERVICES)
def test_a_circle_is_closed_exactly_where_a_naive_walk_comes_back(
    parents: dict[int, int | None], service_id: int, parent_id: int
) -> None:
    at, comes_back = parent_id, False
    for _step in range(13):
        if at == service_id:
            comes_back = True
        at = parents.get(at) or 0
    cycle = cycle_through(service_id, parent_id, parents)
    assert bool(cycle) is comes_back
    joined = {**parents, service_id: parent_id}
    for each, above in zip(cycle, (*cycle[1:], *cycle[:1]), strict=True):
        assert joined[each] == above


@given(parents=ANY_PARENTS, service_id=SERVICES, down=st.sets(SERVICES))
def test_a_walk_over_any_data_ends_and_agrees_with_a_naive_one(
    parents: dict[int, int | None], service_id: int, down: set[int]
) -> None:
    naive: list[int] = []
    at = parents.get(service_id)
    for _step in range(12):
        if at is not None and at != service_id and at not in naive:
            naive.append(at)
        at = parents.get(at) if at is not None else None
    assert list(ancestors(service_id, parents)) == naive
    expected = next((each for each in naive if each in down), None)
    assert behind(service_id, parents, down.__contains__) == expected
    is_too_deep(service_id, 1, parents)  # ends
