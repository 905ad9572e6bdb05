from __future__ import annotations

from array import array
from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.observations import STATUS_CODES, Beats, Observation, Status
from core.domain.status import Run, ServiceState
from core.domain.uptime import Uptime
from core.operations.board import BoardLine, status_totals
from tests.tui.canned import NOW, Fleet, answer, judged_up
from tui.board_model import BoardModel

LATER = NOW + timedelta(seconds=30)


@pytest.fixture
def fleet() -> Fleet:
    return Fleet(200)


@pytest.fixture
def model(fleet: Fleet) -> BoardModel:
    board = BoardModel()
    board.replace_all(fleet.lines, NOW)
    board.put_beats(fleet.beats)
    return board


def line_with(fleet: Fleet, status: Status) -> BoardLine:
    return next(line for line in fleet.lines if line.status(NOW) is status)


def test_services_stand_by_client_and_name(model: BoardModel, fleet: Fleet) -> None:
    assert model.order == [line.service.id for line in fleet.lines]
    assert model.loaded


def test_counts_agree_with_the_operations(model: BoardModel, fleet: Fleet) -> None:
    assert {status: model.totals[status] for status in Status} == status_totals(fleet.lines, NOW)
    summed = sum((counts for counts in model.client_totals.values()), start=type(model.totals)())
    assert summed == model.totals


def test_a_result_moves_counts_of_all_and_of_the_client(model: BoardModel, fleet: Fleet) -> None:
    line = line_with(fleet, Status.DOWN)
    before = model.totals[Status.UP]
    assert model.judge(line.service.id, judged_up(line, LATER), LATER)
    entry = model.entries[line.service.id]
    assert entry.shown is Status.UP
    assert model.totals[Status.UP] == before + 1
    assert model.client_totals[line.client.id][Status.DOWN] == sum(
        entry.shown is Status.DOWN for entry in model.of_client(line.client.id)
    )
    assert entry.beats.latencies_ms()[-1] == 10.0


def test_a_result_that_is_known_already_is_not_taken_twice(model: BoardModel, fleet: Fleet) -> None:
    line = line_with(fleet, Status.UP)
    state = judged_up(line, LATER)
    assert model.judge(line.service.id, state, LATER)
    beats = bytes(model.entries[line.service.id].beats.codes)
    assert not model.judge(line.service.id, state, LATER)
    assert bytes(model.entries[line.service.id].beats.codes) == beats


def test_a_result_of_a_stranger_is_left_alone(model: BoardModel, fleet: Fleet) -> None:
    assert not model.judge(999_999, judged_up(fleet.lines[0], LATER), LATER)


def test_a_status_that_is_too_old_becomes_unknown_and_is_known_again(fleet: Fleet, model: BoardModel) -> None:
    line = line_with(fleet, Status.UP)
    seen = line.state.observation
    assert seen is not None
    limit = timedelta(seconds=2 * line.service.spec.interval_seconds + line.service.spec.timeout_seconds)
    just_in_time = seen.checked_at + limit
    assert line.service.id not in model.sweep(just_in_time)
    too_late = just_in_time + timedelta(milliseconds=1)
    assert line.service.id in model.sweep(too_late)
    assert model.entries[line.service.id].shown is Status.UNKNOWN
    assert model.entries[line.service.id].line.status(too_late) is Status.UNKNOWN
    assert model.sweep(too_late) == []
    assert model.judge(line.service.id, judged_up(line, too_late), too_late)
    assert model.entries[line.service.id].shown is Status.UP


def test_a_service_in_maintenance_is_no_problem_until_the_maintenance_ends(fleet: Fleet) -> None:
    line = line_with(fleet, Status.DOWN)
    ends_at = NOW + timedelta(seconds=10)
    model = BoardModel()
    model.replace_all([replace(line, state=replace(line.state, maintenance_until=ends_at))], NOW)
    entry = model.entries[line.service.id]
    assert model.totals == {Status.MAINTENANCE: 1}
    assert not entry.failing
    assert model.problems() == []
    assert model.sweep(ends_at - timedelta(seconds=1)) == []
    over = ends_at + timedelta(milliseconds=1)
    assert model.sweep(over) == [entry.id]
    assert model.entries[entry.id].failing
    assert (model.totals[Status.MAINTENANCE], model.totals[Status.DOWN]) == (0, 1)
    assert model.problems() == [entry]


def test_a_result_in_maintenance_that_grows_old_is_unknown_once_the_maintenance_ends(fleet: Fleet) -> None:
    line = line_with(fleet, Status.UP)
    ends_at = NOW + timedelta(hours=3)
    model = BoardModel()
    model.replace_all([replace(line, state=replace(line.state, maintenance_until=ends_at))], NOW)
    assert model.sweep(ends_at - timedelta(seconds=1)) == []
    assert model.sweep(ends_at + timedelta(seconds=1)) == [line.service.id]
    assert model.entries[line.service.id].shown is Status.UNKNOWN


def test_an_unconfirmed_failure_in_maintenance_is_not_failing(fleet: Fleet, model: BoardModel) -> None:
    line = line_with(fleet, Status.UP)
    soft = ServiceState(
        Status.UP,
        NOW,
        Run(True, 1, LATER),
        Run(True, 1, LATER),
        observation=Observation(LATER, Status.DOWN),
        maintenance_until=LATER + timedelta(hours=1),
    )
    assert model.judge(line.service.id, soft, LATER)
    assert not model.entries[line.service.id].failing


def test_what_is_paused_or_was_never_checked_does_not_grow_old(fleet: Fleet, model: BoardModel) -> None:
    paused = line_with(fleet, Status.PAUSED)
    model.sweep(NOW + timedelta(days=3))
    assert model.entries[paused.service.id].shown is Status.PAUSED


def test_reading_again_keeps_what_was_seen_meanwhile(fleet: Fleet, model: BoardModel) -> None:
    line = line_with(fleet, Status.UP)
    model.judge(line.service.id, judged_up(line, LATER), LATER)
    model.put_uptimes({line.service.id: Uptime(1.0, 1.0, 1.0)})
    model.replace_all(fleet.lines, LATER)
    entry = model.entries[line.service.id]
    assert entry.observation is not None
    assert entry.observation.checked_at == LATER
    assert len(entry.beats) == 60
    assert entry.uptime is not None


def test_services_that_are_asked_for_and_do_not_come_are_gone(fleet: Fleet, model: BoardModel) -> None:
    gone, edited = fleet.lines[0], fleet.lines[1]
    renamed = replace(
        edited, service=replace(edited.service, spec=replace(edited.service.spec, name="zzz.prod"))
    )
    model.replace_some([renamed], {gone.service.id, edited.service.id}, NOW)
    assert gone.service.id not in model.entries
    assert gone.service.id not in model.order
    mine = [id for id in model.order if model.entries[id].line.client.id == edited.client.id]
    assert mine[-1] == edited.service.id
    assert "zzz.prod" in model.entries[edited.service.id].haystack


def test_a_new_service_needs_its_results_read(fleet: Fleet, model: BoardModel) -> None:
    known = fleet.lines[0]
    added = replace(known, service=replace(known.service, id=5_000))
    model.replace_some([added], {5_000}, NOW)
    assert model.without_beats() == [5_000]
    model.put_beats({5_000: Beats(bytes([STATUS_CODES[Status.UP]]), array("i", [4_000])), 7: fleet.beats[7]})
    assert model.without_beats() == []


def test_problems_begin_with_what_is_down_and_changed_last(model: BoardModel) -> None:
    problems = model.problems()
    assert {entry.shown for entry in problems} == {Status.DOWN, Status.DEGRADED}
    ranks = [(entry.shown is Status.DEGRADED, NOW - (entry.line.state.since or NOW)) for entry in problems]
    assert ranks == sorted(ranks)


def test_an_unconfirmed_failure_is_failing_though_its_status_is_up(fleet: Fleet, model: BoardModel) -> None:
    line = line_with(fleet, Status.UP)
    soft = ServiceState(
        Status.UP, NOW, Run(True, 1, LATER), Run(True, 1, LATER), observation=Observation(LATER, Status.DOWN)
    )
    assert not model.entries[line.service.id].failing
    model.judge(line.service.id, soft, LATER)
    entry = model.entries[line.service.id]
    assert entry.shown is Status.UP
    assert entry.failing


def test_a_service_that_was_never_checked_is_unknown_and_not_failing(fleet: Fleet) -> None:
    line = replace(fleet.lines[0], state=ServiceState())
    model = BoardModel()
    model.replace_all([line], NOW)
    entry = model.entries[line.service.id]
    assert entry.shown is Status.UNKNOWN
    assert not entry.failing
    assert model.judge(entry.id, ServiceState(Status.UP, LATER, observation=answer(LATER, 4.0)), LATER)
