"""The watchlist: what operators decide, in the rota at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core.domain.kinds import Kind
from core.domain.observations import ErrorKind, Status
from core.domain.status import ServiceState
from core.domain.uplink import Uplink
from core.worker.rota import Rota
from core.worker.watchlist import Watchlist
from tests.clock import FrozenClock
from tests.worker.support import START, client, seen, service

NEW = ServiceState()
CHECKED = ServiceState(Status.UP, START, observation=seen(at=START - timedelta(seconds=10)))


class Desk:
    """A watchlist on a rota and a clock."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.rota = Rota()
        self.uplink = Uplink()
        self.list = Watchlist(self.clock, self.rota, self.uplink)

    def due(self) -> list[int]:
        return [service_id for service_id, _late in self.rota.pop_due(self.clock.monotonic())]

    def settle(self) -> None:
        """Have everything that is due checked."""
        for service_id in self.due():
            self.rota.finish(service_id, self.clock.monotonic())


def test_a_service_goes_on_where_the_last_process_stopped() -> None:
    desk = Desk()
    desk.list.put(client(), service(1), CHECKED, at_once=False)
    assert desk.rota.next_due() == desk.clock.monotonic() + 20.0


def test_a_new_service_is_due_at_once() -> None:
    desk = Desk()
    desk.list.put(client(), service(1), NEW, at_once=True)
    assert desk.due() == [1]


def test_overdue_services_form_a_crowd_that_is_spread() -> None:
    desk = Desk()
    desk.list.begin_pass()
    for service_id in range(1000):
        desk.list.put(client(), service(service_id), NEW, at_once=False)
    assert len(desk.due()) == 1
    desk.clock.advance(1.0)
    assert 150 < len(desk.due()) < 300


def test_an_edited_service_is_due_at_once_and_keeps_its_state() -> None:
    desk = Desk()
    desk.list.put(client(), service(1), CHECKED, at_once=False)
    desk.list.put(client(), service(1, endpoint="https://new.example", version=2), NEW, at_once=True)
    assert desk.due() == [1]
    assert desk.list.services[1].state == CHECKED
    assert desk.list.services[1].request.url == "https://new.example"


def test_reading_again_what_has_not_changed_moves_nothing() -> None:
    desk = Desk()
    desk.list.put(client(), service(1), CHECKED, at_once=False)
    due, request = desk.rota.next_due(), desk.list.services[1].request
    desk.list.put(client(), service(1), CHECKED, at_once=True)
    assert desk.rota.next_due() == due
    assert desk.list.services[1].request is request


def test_a_client_whose_base_url_changes_has_its_services_checked_at_once() -> None:
    desk = Desk()
    below = service(1, endpoint="/health")
    desk.list.put(client(), below, CHECKED, at_once=False)
    desk.list.put(client(dns="https://moved.example"), below, CHECKED, at_once=False)
    assert desk.due() == [1]


def test_a_paused_service_leaves_at_once_and_comes_back_with_its_state() -> None:
    desk = Desk()
    desk.list.put(client(), service(1), NEW, at_once=True)
    desk.list.services[1].judge(seen())
    judged = desk.list.services[1].state
    desk.list.put(client(), service(1, active=False, version=2), NEW, at_once=True)
    assert 1 not in desk.list.services
    assert desk.due() == []
    desk.list.begin_pass()
    desk.list.put(client(), service(1, version=3), NEW, at_once=True)
    assert desk.list.services[1].state == judged
    assert desk.due() == [1]


def test_a_paused_or_deleted_client_takes_its_services_out() -> None:
    for gone in (client(active=False), replace(client(), deleted_at=START)):
        desk = Desk()
        desk.list.put(client(), service(1), NEW, at_once=True)
        desk.list.put(gone, service(1), NEW, at_once=True)
        assert desk.due() == []


def test_a_deleted_service_is_taken_out() -> None:
    desk = Desk()
    desk.list.put(client(), service(1), NEW, at_once=True)
    desk.list.put(client(), replace(service(1), deleted_at=START), NEW, at_once=True)
    assert len(desk.rota) == 0


def test_removing_a_client_leaves_the_others() -> None:
    desk = Desk()
    desk.list.put(client(1), service(1, client_id=1), NEW, at_once=True)
    desk.list.put(client(2), service(2, client_id=2), NEW, at_once=True)
    assert desk.list.ids_of_client(1) == {1}
    desk.list.remove_client(1)
    assert set(desk.list.services) == {2}


def test_an_edit_that_shortens_the_interval_counts_from_now() -> None:
    desk = Desk()
    desk.list.put(client(), service(1, interval=3600.0), CHECKED, at_once=False)
    desk.list.put(client(), service(1, interval=5.0, version=2), CHECKED, at_once=True)
    desk.settle()
    due = desk.rota.next_due()
    assert due is not None
    assert due <= desk.clock.monotonic() + 5.0


def test_the_load_is_the_sum_of_what_the_watched_services_ask_for() -> None:
    desk = Desk()
    desk.list.put(client(), service(1, interval=2.0), NEW, at_once=False)
    desk.list.put(client(), service(2, interval=4.0), NEW, at_once=False)
    desk.list.put(client(), service(3, interval=1.0, active=False), NEW, at_once=False)
    assert desk.list.asked_per_second() == 0.75
    desk.list.remove(1)
    assert desk.list.asked_per_second() == 0.25


def test_a_report_that_comes_while_its_service_is_read_is_not_lost() -> None:
    desk = Desk()
    assert not desk.list.hear(1, START + timedelta(seconds=1))
    job = replace(service(1).spec, kind=Kind.HEARTBEAT, endpoint="")
    desk.list.put(client(), replace(service(1), spec=job), CHECKED, at_once=False, beat_at=START)
    assert desk.list.services[1].beat_at == START + timedelta(seconds=1)


def unreached(seconds_ago: float = 10.0, status: Status = Status.DOWN) -> ServiceState:
    at = START - timedelta(seconds=seconds_ago)
    return ServiceState(Status.UP, START, observation=seen(status, at, error=ErrorKind.CONNECT))


def test_what_the_last_process_saw_counts_for_the_line_unless_it_is_too_old() -> None:
    desk = Desk()
    desk.list.put(client(1), service(1, client_id=1), unreached(), at_once=False)
    desk.list.put(client(1), service(2, client_id=1), CHECKED, at_once=False)
    desk.list.put(client(1), service(3, client_id=1), unreached(3_600), at_once=False)
    desk.list.put(client(1), service(4, client_id=1), NEW, at_once=False)
    assert (desk.uplink.census.failing, len(desk.uplink.census)) == (1, 2)
    desk.list.put(client(2), service(5, client_id=2), unreached(status=Status.BLIND), at_once=False)
    assert desk.uplink.is_doubtful


def test_what_leaves_or_reports_in_by_itself_counts_no_more_for_the_line() -> None:
    desk = Desk()
    for service_id in (1, 2):
        desk.list.put(client(), service(service_id), unreached(), at_once=False)
    desk.list.remove(1)
    job = service(2, version=2)
    job = replace(job, spec=replace(job.spec, kind=Kind.HEARTBEAT, endpoint=""))
    desk.list.put(client(), job, NEW, at_once=True)
    beating = replace(job, id=3)
    desk.list.put(client(), beating, unreached(), at_once=True)
    assert len(desk.uplink.census) == 0


def test_when_sight_is_back_only_what_was_not_observed_is_due_as_a_crowd() -> None:
    desk = Desk()
    desk.list.put(client(), service(1), CHECKED, at_once=False)
    for service_id in range(2, 1002):
        desk.list.put(client(), service(service_id), unreached(status=Status.BLIND), at_once=False)
    desk.list.look_again()
    assert desk.due() == [2]
    desk.clock.advance(6.0)
    assert 1 not in desk.due()
