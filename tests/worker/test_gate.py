"""The gate: places in all, places per host, half of them for slow hosts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.worker.gate import SLOW_SECONDS, Admission, Gate, Limits


def admitted(gate: Gate) -> list[Admission]:
    inside = []
    while (admission := gate.admit()) is not None:
        inside.append(admission)
    return inside


def made_slow(gate: Gate, *hosts: str) -> None:
    """Have one slow check of each host behind us."""
    for number, host in enumerate(hosts):
        gate.join(10_000 + number, host)
    for admission in admitted(gate):
        gate.leave(admission, SLOW_SECONDS + 1)


def test_checks_are_let_in_first_come_first() -> None:
    gate = Gate(Limits(max_checks=3, max_checks_per_host=3))
    for service_id, host in enumerate(["a", "b", "c", "d"]):
        gate.join(service_id, host)
    assert [admission.service_id for admission in admitted(gate)] == [0, 1, 2]


def test_a_host_with_many_services_does_not_hold_the_others() -> None:
    gate = Gate(Limits(max_checks=10, max_checks_per_host=2))
    for service_id in range(50):
        gate.join(service_id, "crowded")
    gate.join(99, "quiet")
    assert [admission.service_id for admission in admitted(gate)] == [0, 99, 1]


def test_a_place_that_is_given_back_goes_to_the_next() -> None:
    gate = Gate(Limits(max_checks=1, max_checks_per_host=1))
    gate.join(1, "a")
    gate.join(2, "a")
    (first,) = admitted(gate)
    gate.leave(first, 0.1)
    assert [admission.service_id for admission in admitted(gate)] == [2]


def test_slow_hosts_take_half_of_the_places_at_most() -> None:
    gate = Gate(Limits(max_checks=4, max_checks_per_host=1))
    slow_hosts = [f"slow{number}" for number in range(4)]
    made_slow(gate, *slow_hosts)
    for number, host in enumerate(slow_hosts):
        gate.join(number, host)
    gate.join(50, "fast")
    inside = admitted(gate)
    assert [admission.service_id for admission in inside] == [0, 1, 50]
    gate.leave(inside[0], 5.0)
    assert [admission.service_id for admission in admitted(gate)] == [2]


def test_a_host_that_answers_fast_again_is_slow_no_more() -> None:
    gate = Gate(Limits(max_checks=2, max_checks_per_host=1))
    made_slow(gate, "a", "b")
    for service_id, host in ((1, "a"), (2, "b")):
        gate.join(service_id, host)
    (first,) = admitted(gate)
    gate.leave(first, 0.1)
    gate.join(3, "a")
    assert {admission.service_id for admission in admitted(gate)} == {2, 3}


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0, 3), st.booleans()), min_size=1, max_size=60),
    st.integers(1, 6),
    st.integers(1, 4),
)
def test_no_limit_is_ever_passed_and_everybody_gets_in(
    visits: list[tuple[str, float, bool]], most: int, most_per_host: int
) -> None:
    gate = Gate(Limits(most, most_per_host))
    inside: list[Admission] = []
    seen: list[int] = []

    def let_in() -> None:
        for admission in admitted(gate):
            inside.append(admission)
            seen.append(admission.service_id)
        assert len(inside) == gate.running <= most
        assert all(sum(one.host == host for one in inside) <= most_per_host for host in "abcd")
        assert sum(one.slow for one in inside) <= max(1, most // 2)

    for service_id, (host, seconds, one_leaves) in enumerate(visits):
        gate.join(service_id, host)
        let_in()
        if one_leaves and inside:
            gate.leave(inside.pop(0), seconds)
            let_in()
    while inside:
        gate.leave(inside.pop(), 0.1)
        let_in()
    assert sorted(seen) == list(range(len(visits)))
