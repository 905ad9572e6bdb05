from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.observations import Status
from tests.tui.canned import NOW, Fleet
from tui.arrangement import SORT_WORDS, Row, Sort, View, arrange, next_problem
from tui.board_model import BoardModel


@pytest.fixture
def model() -> BoardModel:
    board = BoardModel()
    board.replace_all(Fleet(300).lines, NOW)
    return board


def services(rows: list[Row]) -> list[int]:
    return [row.id for row in rows if not row.heading]


def names(model: BoardModel, rows: list[Row]) -> set[str]:
    return {model.entries[id].line.service.spec.name for id in services(rows)}


def test_each_client_has_one_heading_above_its_services(model: BoardModel) -> None:
    rows = arrange(model, View())
    assert services(rows) == model.order
    client = None
    for row in rows:
        if row.heading:
            client = row.id
        else:
            assert model.entries[row.id].line.client.id == client
    assert sum(row.heading for row in rows) == len(model.client_totals)


def test_a_folded_client_keeps_its_heading_only(model: BoardModel) -> None:
    client_id = next(iter(model.client_totals))
    rows = arrange(model, View().toggled(client_id))
    assert Row(client_id, heading=True) in rows
    assert client_id not in {model.entries[id].line.client.id for id in services(rows)}
    assert arrange(model, View().toggled(client_id).toggled(client_id)) == arrange(model, View())


@pytest.mark.parametrize("text", ["LEDGER", "ledger", "  ledger "])
def test_a_filter_matches_names_in_any_case(model: BoardModel, text: str) -> None:
    found = names(model, arrange(model, View(filter=text)))
    assert found
    assert all("ledger" in name for name in found)


def test_a_filter_matches_clients_and_tags(model: BoardModel) -> None:
    acme = services(arrange(model, View(filter="acme")))
    assert {model.entries[id].line.client.spec.name for id in acme} == {"Acme Retail"}
    gold = services(arrange(model, View(filter="gold")))
    assert gold
    assert all("gold" in model.entries[id].line.client.spec.tags for id in gold)


def test_every_word_of_a_filter_must_match(model: BoardModel) -> None:
    both = services(arrange(model, View(filter="acme down")))
    assert all(model.entries[id].shown is Status.DOWN for id in both)
    assert len(both) < len(services(arrange(model, View(filter="acme"))))


@pytest.mark.parametrize(
    ("word", "status"), [("down", Status.DOWN), ("degr", Status.DEGRADED), ("paus", Status.PAUSED)]
)
def test_a_filter_matches_words_of_status(model: BoardModel, word: str, status: Status) -> None:
    found = services(arrange(model, View(filter=word)))
    assert found
    assert {model.entries[id].shown for id in found} == {status}


def test_a_single_letter_does_not_mean_a_status(model: BoardModel) -> None:
    found = services(arrange(model, View(filter="d")))
    assert all("d" in model.entries[id].haystack for id in found)


def test_only_problems_shows_unconfirmed_failures_too(model: BoardModel) -> None:
    found = services(arrange(model, View(only_problems=True)))
    assert set(found) == {entry.id for entry in model.entries.values() if entry.failing}
    assert any(model.entries[id].shown is Status.UP for id in found)


def test_problems_first_begins_with_clients_that_have_something_down(model: BoardModel) -> None:
    rows = arrange(model, View(sort=Sort.PROBLEMS))
    first = model.client_totals[rows[0].id]
    assert first[Status.DOWN]
    assert model.entries[rows[1].id].shown is Status.DOWN
    worst = [bool(model.client_totals[row.id][Status.DOWN]) for row in rows if row.heading]
    assert worst == sorted(worst, reverse=True)


def test_slowest_first_has_no_headings_and_falls(model: BoardModel) -> None:
    rows = arrange(model, View(sort=Sort.LATENCY))
    assert not any(row.heading for row in rows)
    found = [model.entries[row.id].observation for row in rows]
    latencies = [seen.latency_ms for seen in found if seen and seen.latency_ms is not None]
    assert latencies[:40] == sorted(latencies[:40], reverse=True)


def test_last_change_first(model: BoardModel) -> None:
    rows = arrange(model, View(sort=Sort.CHANGE))
    moments = [since for row in rows if (since := model.entries[row.id].line.state.since)]
    assert moments == sorted(moments, reverse=True)


def test_the_key_goes_through_all_orders_and_round() -> None:
    order = Sort.CLIENT
    seen = [order := order.following for _step in Sort]
    assert set(seen) == set(Sort)
    assert seen[-1] is Sort.CLIENT
    assert set(SORT_WORDS) == set(Sort)


def test_the_next_problem_is_found_in_both_directions_and_round(model: BoardModel) -> None:
    rows = arrange(model, View())
    failing = [index for index, row in enumerate(rows) if not row.heading and model.entries[row.id].failing]
    assert next_problem(rows, model, 0, 1) == failing[0]
    assert next_problem(rows, model, failing[-1], 1) == failing[0]
    assert next_problem(rows, model, failing[1], -1) == failing[0]
    assert next_problem(rows, model, 0, -1) == failing[-1]


def test_where_all_is_well_there_is_no_next_problem(model: BoardModel) -> None:
    well = [row for row in arrange(model, View()) if row.heading or not model.entries[row.id].failing]
    assert next_problem(well, model, 0, 1) is None
    assert next_problem([], model, 0, 1) is None


def test_views_say_whether_a_change_of_status_moves_rows() -> None:
    assert not View().follows_status
    assert View(only_problems=True).follows_status
    assert View(sort=Sort.PROBLEMS).follows_status
    assert replace(View(), filter="down").follows_status
