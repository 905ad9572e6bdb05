"""The uplink guard: who is counted, when the line is suspected, and what the references decide."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.domain.observations import ErrorKind, Observation, Status
from core.domain.uplink import (
    LONGEST_WAIT_SECONDS,
    Outlook,
    Turn,
    Uplink,
    has_answered,
    is_out_of_reach,
    reference_faults,
)
from tests.clock import NOON

GOOD = ""
UNREACHED = {ErrorKind.DNS, ErrorKind.CONNECT, ErrorKind.TIMEOUT}


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def seen(seconds: float, error: ErrorKind | None = None) -> Observation:
    return Observation(after(seconds), Status.DOWN if error else Status.UP, error=error)


class Line:
    """An uplink, to which results are told by service, client and second."""

    def __init__(self) -> None:
        self.uplink = Uplink()

    def fail(self, seconds: float, *services: str, error: ErrorKind = ErrorKind.CONNECT) -> None:
        self._note(seconds, services, error)

    def answer(self, seconds: float, *services: str) -> None:
        self._note(seconds, services, None)

    def _note(self, seconds: float, services: tuple[str, ...], error: ErrorKind | None) -> None:
        for name in services:  # "a1" is the first service of the client a
            client_id = ord(name[0])
            self.uplink.note(100 * client_id + int(name[1:]), client_id, seen(seconds, error), seconds)

    def outlook(self, seconds: float) -> Outlook:
        return self.uplink.outlook(seconds)

    def hear(self, seconds: float, *, answered: bool) -> Turn | None:
        return self.uplink.hear(answered, after(seconds))


@pytest.fixture
def line() -> Line:
    """Give one over which four services of two clients were reached."""
    line = Line()
    line.answer(0, "a1", "a2", "b1", "b2")
    return line


@pytest.mark.parametrize(
    ("failing", "suspected"),
    [
        (["a1"], False),
        (["a1", "b1"], False),
        (["a1", "a2", "b1"], True),
        (["a1", "a2", "b1", "b2"], True),
    ],
)
def test_more_than_half_of_the_services_make_a_suspicion(
    line: Line, failing: list[str], suspected: bool
) -> None:
    line.fail(10, *failing)
    assert line.uplink.is_doubtful is suspected
    assert line.outlook(10) is (Outlook.UNDECIDED if suspected else Outlook.CLEAR)


def test_one_client_alone_makes_none() -> None:
    line = Line()
    line.answer(0, "b1")
    line.fail(1, "a1", "a2", "a3", "a4")
    assert not line.uplink.is_doubtful
    line.fail(2, "b1")
    assert line.uplink.is_doubtful


def test_services_that_were_never_judged_are_not_counted() -> None:
    line = Line()
    line.fail(0, "a1", "b1")
    assert line.uplink.is_doubtful


@pytest.mark.parametrize("error", ErrorKind)
def test_only_what_a_line_that_is_down_explains_is_counted(line: Line, error: ErrorKind) -> None:
    line.fail(10, "a1", "a2", "b1", error=error)
    assert line.uplink.is_doubtful is (error in UNREACHED)
    assert is_out_of_reach(seen(10, error)) is (error in UNREACHED)


@pytest.mark.parametrize("error", [None, *ErrorKind])
def test_whatever_comes_from_a_reference_is_an_answer(error: ErrorKind | None) -> None:
    assert has_answered(seen(0, error)) is (error not in UNREACHED | {ErrorKind.INTERNAL})


def test_a_service_is_counted_once_however_often_it_fails(line: Line) -> None:
    for second in range(10):
        line.fail(second, "a1", "b1")
    assert (line.uplink.census.failing, len(line.uplink.census)) == (2, 4)
    assert not line.uplink.is_doubtful


def test_what_is_no_longer_checked_is_not_counted(line: Line) -> None:
    line.fail(10, "a1", "b1")
    line.uplink.forget(100 * ord("a") + 2)
    line.uplink.forget(4711)
    assert (line.uplink.census.failing, len(line.uplink.census)) == (2, 3)
    line.fail(11, "a1")
    assert line.uplink.is_doubtful
    line.uplink.forget(100 * ord("b") + 1)
    assert not line.uplink.is_doubtful


def test_the_suspicion_passes_at_a_third_and_not_before(line: Line) -> None:
    line.answer(0, "b3", "b4")
    line.fail(10, "a1", "a2", "b1", "b2")
    line.answer(11, "b2")
    assert line.uplink.is_doubtful, "half of them"
    line.answer(12, "a2")
    assert not line.uplink.is_doubtful, "two of six"


def test_coming_and_going_around_the_half_does_not_lengthen_the_wait(line: Line) -> None:
    line.fail(10, "a1", "a2", "b1")
    for second in range(11, 40, 2):
        line.answer(second, "a2")
        line.fail(second + 1, "a2")
        assert line.outlook(second + 1) is (Outlook.UNDECIDED if second + 1 < 40 else Outlook.CLEAR)


def test_hardening_waits_thirty_seconds_at_most(line: Line) -> None:
    line.fail(10, "a1", "a2", "b1")
    assert line.outlook(10 + LONGEST_WAIT_SECONDS - 0.001) is Outlook.UNDECIDED
    assert line.outlook(10 + LONGEST_WAIT_SECONDS) is Outlook.CLEAR
    assert line.uplink.is_doubtful, "the references are asked on"


def test_blind_if_no_reference_answers(line: Line) -> None:
    line.fail(10, "a1", "a2", "b1")
    assert line.hear(13, answered=False) == Turn(True, after(10))
    assert line.outlook(13) is Outlook.BLIND
    assert line.outlook(1_000) is Outlook.BLIND
    assert line.uplink.blind_since == after(10)
    assert line.hear(18, answered=False) is None


def test_one_reference_that_answers_means_not_blind(line: Line) -> None:
    line.fail(10, "a1", "a2", "b1")
    assert line.hear(11, answered=True) is None
    assert line.outlook(11) is Outlook.CLEAR
    assert line.uplink.is_doubtful


def test_the_line_may_go_down_while_half_the_world_is_away(line: Line) -> None:
    line.fail(10, "a1", "a2", "b1")
    line.hear(11, answered=True)
    assert line.hear(16, answered=False) == Turn(True, after(11)), "until then the line was up"


def test_references_that_are_away_alone_mean_nothing(line: Line) -> None:
    assert line.hear(11, answered=False) is None
    assert line.outlook(11) is Outlook.CLEAR


def test_less_than_a_majority_is_not_blind_though_it_is_still_suspected(line: Line) -> None:
    line.fail(10, "a1", "a2", "b1")
    line.answer(11, "a2")
    assert line.hear(13, answered=False) is None
    assert line.outlook(13) is Outlook.UNDECIDED


def test_sight_comes_back_with_a_reference_and_nothing_waits_then(line: Line) -> None:
    line.fail(10, "a1", "a2", "b1")
    line.hear(13, answered=False)
    assert line.hear(70, answered=True) == Turn(False, after(70))
    assert line.uplink.blind_since is None
    assert line.outlook(70) is Outlook.CLEAR
    assert line.hear(75, answered=False) == Turn(True, after(70)), "the two do not overlap"


def test_sight_comes_back_with_the_services_though_no_reference_answers(line: Line) -> None:
    line.fail(10, "a1", "a2", "b1")
    line.hear(13, answered=False)
    line.answer(14, "a1")
    assert line.hear(18, answered=False) is None, "half of them"
    line.answer(19, "a2")
    assert line.hear(20, answered=False) is None, "b2 was reached before, which says nothing"
    line.answer(21, "b2")
    assert line.hear(23, answered=False) == Turn(False, after(23))
    assert not line.uplink.is_doubtful


def test_blindness_begins_after_the_last_check_that_reached_what_is_away_now(line: Line) -> None:
    line.fail(3, "a1")
    line.answer(5, "a2")
    line.answer(6, "b2")
    line.fail(7, "b2")
    line.fail(9, "a2")
    line.fail(12, "b1")
    assert line.hear(14, answered=False) == Turn(True, after(7)), "a1 was down before for its own reasons"


def test_blindness_is_gone_on_with_after_a_change_of_the_leader() -> None:
    line = Line()
    line.uplink.resume(after(-600))
    line.fail(0, "a1")
    assert line.hear(1, answered=False) is None
    assert line.outlook(1) is Outlook.BLIND
    assert line.hear(6, answered=True) == Turn(False, after(6))


def test_without_references_nothing_is_counted_or_suspected() -> None:
    uplink = Uplink(guarded=False)
    for service_id in range(10):
        uplink.note(service_id, service_id, seen(0, ErrorKind.CONNECT), 0.0)
    assert len(uplink.census) == 0
    assert uplink.outlook(1) is Outlook.CLEAR


@pytest.mark.parametrize(
    "target",
    ["192.0.2.1:53", "tcp://one.example:443", "[2001:db8::1]:53", "https://one.example/", "HTTP://h/"],
)
def test_a_reference_is_a_host_with_a_port_or_a_url(target: str) -> None:
    assert not list(reference_faults(target))


@pytest.mark.parametrize(
    "target", ["one.example", "one.example:0x", "udp://h:53", "https://", "https://u:p@h/", "a b:1", ":53"]
)
def test_anything_else_is_none(target: str) -> None:
    assert list(reference_faults(target))


def test_what_was_reached_before_this_process_took_over_ends_no_blindness(line: Line) -> None:
    line.uplink.resume(after(5))
    assert line.hear(6, answered=False) is None
    line.answer(7, "a1", "a2", "b1")
    assert line.hear(8, answered=False) == Turn(False, after(8))
