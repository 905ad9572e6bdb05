"""Incidents that are shown as one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.folding import CAUSES, WITHIN, Cause, Fold, fold
from core.domain.incidents import Incident, Subject
from core.domain.observations import ErrorKind, Status

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def subject(number: int, client: str) -> Subject:
    return Subject(number, 1, f"s{number}", client, (), True, True, True, "", None)


def incident(
    number: int,
    seconds: float = 0.0,
    *,
    address: str | None = None,
    certificate: str | None = None,
    error: ErrorKind | None = None,
    over: bool = False,
) -> Incident:
    began = START + timedelta(seconds=seconds)
    return Incident(
        number,
        Status.DOWN,
        Status.DOWN,
        began,
        began,
        began,
        id=number,
        resolved_at=began + timedelta(hours=1) if over else None,
        address=address,
        certificate=certificate,
        error=error,
    )


def folded(*incidents: Incident, clients: str = "") -> list[tuple[list[int], Cause | None]]:
    """Fold incidents of services whose clients are given as letters, by number from 1; else one each."""
    names = {each.service_id: f"own{each.service_id}" for each in incidents}
    names |= dict(enumerate(clients, start=1))
    folds = fold(incidents, {number: subject(number, name) for number, name in names.items()})
    return [([member.id for member in each.members], each.cause) for each in folds]


@pytest.mark.parametrize(
    ("first", "second", "cause"),
    [
        ({"address": "192.0.2.1"}, {"address": "192.0.2.1"}, ("address", "192.0.2.1")),
        ({"certificate": "a.example"}, {"certificate": "a.example"}, ("certificate", "a.example")),
        ({"error": ErrorKind.DNS}, {"error": ErrorKind.DNS}, ("error", "dns")),
        (
            {"address": "192.0.2.1", "error": ErrorKind.DNS},
            {"address": "192.0.2.1", "error": ErrorKind.DNS},
            ("address", "192.0.2.1"),
        ),
        (
            {"address": "192.0.2.1", "certificate": "a.example"},
            {"address": "192.0.2.2", "certificate": "a.example"},
            ("certificate", "a.example"),
        ),
    ],
)
def test_what_shares_a_cause_is_one_by_the_most_telling_of_them(
    first: dict[str, Any], second: dict[str, Any], cause: Cause
) -> None:
    incidents = [replace(incident(1), **first), replace(incident(2, 5), **second)]
    assert folded(*incidents) == [([1, 2], cause)]


def test_services_of_one_client_belong_together() -> None:
    assert folded(incident(1), incident(2), clients="ab") == [([2], None), ([1], None)]
    assert folded(incident(1), incident(2), clients="aa") == [([1, 2], ("client", "a"))]


def test_what_begins_more_than_a_minute_after_the_first_stands_alone() -> None:
    seconds = WITHIN.total_seconds()
    at_the_end, later = incident(2, seconds, address="a"), incident(3, seconds + 1, address="a")
    assert folded(incident(1, address="a"), at_the_end, later) == [([3], None), ([1, 2], ("address", "a"))]


def test_all_members_share_the_cause_that_is_named() -> None:
    first = incident(1, address="a", error=ErrorKind.DNS)
    second = incident(2, 1, address="b", error=ErrorKind.DNS)
    third = incident(3, 2, address="a", error=ErrorKind.TLS)
    assert folded(first, second, third) == [([3], None), ([1, 2], ("error", "dns"))]


def test_open_ones_and_those_that_are_over_are_kept_apart() -> None:
    first, over = incident(1, address="a"), incident(2, 1, address="a", over=True)
    assert folded(first, over, incident(3, 2, address="a"), incident(4, 3, address="a", over=True)) == [
        ([2, 4], ("address", "a")),
        ([1, 3], ("address", "a")),
    ]


def test_folds_are_given_newest_first_and_their_members_oldest_first() -> None:
    late, early = incident(1, 300, address="a"), incident(2, address="b")
    assert folded(late, incident(3, 310, address="a"), early) == [([1, 3], ("address", "a")), ([2], None)]


def test_the_one_that_began_first_leads() -> None:
    assert Fold((incident(1), incident(2, 1)), None).lead.id == 1


def test_a_service_that_nothing_is_known_of_is_folded_by_what_was_seen() -> None:
    pair = [incident(1, address="a"), incident(2, address="a")]
    assert [each.cause for each in fold(pair, {})] == [("address", "a")]
    assert len(fold([incident(1), incident(2)], {})) == 2


def test_nothing_is_folded_into_nothing() -> None:
    assert fold([], {}) == []


_INCIDENTS = st.lists(
    st.builds(
        lambda seconds, address, error, over: (seconds, address, error, over),
        st.integers(0, 200),
        st.sampled_from([None, "a", "b"]),
        st.sampled_from([None, ErrorKind.DNS, ErrorKind.TLS]),
        st.booleans(),
    ),
    max_size=30,
)


@given(_INCIDENTS, st.lists(st.sampled_from("pqrs"), min_size=30, max_size=30))
def test_whatever_is_folded_is_there_once_near_in_time_and_shares_the_cause(
    rows: list[tuple[int, str | None, ErrorKind | None, bool]], clients: list[str]
) -> None:
    incidents = [
        incident(number, seconds, address=address, error=error, over=over)
        for number, (seconds, address, error, over) in enumerate(rows, start=1)
    ]
    subjects = {number: subject(number, name) for number, name in enumerate(clients, start=1)}
    folds = fold(incidents, subjects)
    assert sorted(member.id for each in folds for member in each.members) == list(range(1, len(rows) + 1))
    for each in folds:
        assert each.members[-1].started_at - each.lead.started_at <= WITHIN
        assert len({member.is_open for member in each.members}) == 1
        assert (each.cause is None) == (len(each.members) == 1)
        for member in each.members if each.cause is not None else ():
            assert each.cause in _causes(member, subjects[member.service_id])


def _causes(one: Incident, of: Subject) -> set[tuple[str, str | None]]:
    values = (one.address, one.certificate, of.client, None if one.error is None else one.error.value)
    return set(zip(CAUSES, values, strict=True))


def test_ten_thousand_incidents_of_one_minute_are_folded() -> None:
    incidents = [incident(number, number % 60, address=f"10.0.{number % 50}.1") for number in range(10_000)]
    folds = fold(incidents, {number: subject(number, f"c{number % 500}") for number in range(10_000)})
    assert sum(len(each.members) for each in folds) == 10_000
    assert {each.cause for each in folds} == {("address", f"10.0.{number}.1") for number in range(50)}
