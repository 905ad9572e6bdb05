from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core.domain.clients import Client
from core.domain.observations import STATUS_CODES, ErrorKind, Observation, Status
from core.domain.services import Service, ServiceSpec
from core.domain.status import Policy, ServiceState, step
from core.operations.board import BoardLine, load_beats, load_board, load_lines, load_uptimes, status_totals
from core.operations.clients import remove_client, set_client_active
from core.operations.desk import Desk
from core.operations.services import remove_service
from tests.clock import NOON, FrozenClock
from tests.operations.support import ACME, PING, acme_with, record

LATER = timedelta(seconds=2 * PING.interval_seconds + PING.timeout_seconds)
"""How long an observation says how PING is."""


def line(*, seen: Status | None = None, active: bool = True, client_active: bool = True) -> BoardLine:
    state = ServiceState()
    if seen is not None:
        state = step(state, Observation(NOON, seen), Policy(0, 1)).state
    client = Client(1, replace(ACME, active=client_active), 1, NOON, NOON)
    return BoardLine(Service(1, 1, replace(PING, active=active), 1, NOON, NOON), client, state)


def test_the_target_is_the_path_below_the_address_of_the_client() -> None:
    assert line().target == "https://acme.example/health"


def test_a_fresh_status_is_the_one_that_is_held() -> None:
    assert line(seen=Status.DOWN).status(NOON + LATER) is Status.DOWN


def test_an_old_status_is_not_known() -> None:
    old = line(seen=Status.UP)
    assert old.stale(NOON + LATER + timedelta(seconds=1))
    assert old.status(NOON + LATER + timedelta(seconds=1)) is Status.UNKNOWN


def test_a_service_that_was_never_heard_of_since_its_last_edit_is_stale_after_the_same_time() -> None:
    assert not line().stale(NOON + LATER)
    assert line().stale(NOON + LATER + timedelta(seconds=1))
    assert line().status(NOON) is Status.UNKNOWN


def test_pause_lies_over_everything_and_is_never_stale() -> None:
    for paused in (line(seen=Status.DOWN, active=False), line(seen=Status.DOWN, client_active=False)):
        assert paused.status(NOON) is Status.PAUSED
        assert not paused.stale(NOON + timedelta(days=9))


def test_maintenance_hides_what_is_down_until_it_ends() -> None:
    held = line(seen=Status.DOWN)
    ends_at = NOON + timedelta(seconds=10)
    held = replace(held, state=replace(held.state, maintenance_until=ends_at))
    assert (held.status(NOON), held.maintenance_until(NOON)) == (Status.MAINTENANCE, ends_at)
    assert status_totals([held], NOON)[Status.DOWN] == 0
    assert (held.status(ends_at), held.maintenance_until(ends_at)) == (Status.DOWN, None)
    paused = replace(held, client=replace(held.client, spec=replace(ACME, active=False)))
    assert paused.maintenance_until(NOON) is None


def test_totals_count_what_is_shown_and_name_every_status() -> None:
    lines = [line(seen=Status.UP), line(seen=Status.UP), line(active=False), line(seen=Status.DOWN)]
    totals = status_totals(lines, NOON)
    assert list(totals) == list(Status)
    assert {status: count for status, count in totals.items() if count} == {
        Status.UP: 2,
        Status.PAUSED: 1,
        Status.DOWN: 1,
    }


async def test_the_board_has_every_living_service_with_what_is_held_of_it(
    desk: Desk, clock: FrozenClock
) -> None:
    _client, (ping, pong) = await acme_with(desk, PING, ServiceSpec("a pong", "/pong"))
    seen = Observation(
        clock.now(), Status.DOWN, latency_ms=12.0, status_code=500, error=ErrorKind.STATUS, detail="got 500"
    )
    await record(desk.database, {ping.id: [seen]})
    first, second = await load_board(desk)
    assert (first.service, first.state) == (pong, ServiceState())
    assert (second.service, second.state.observation) == (ping, seen)
    assert second.status(clock.now()) is Status.DOWN
    assert await load_lines(desk, [ping.id]) == (second,)
    assert await load_lines(desk, []) == ()


async def test_what_lies_in_the_bin_is_not_on_the_board(desk: Desk) -> None:
    client, (ping, _pong) = await acme_with(desk, PING, ServiceSpec("pong", "/pong"))
    await remove_service(desk, ping.id)
    assert [each.service.spec.name for each in await load_board(desk)] == ["pong"]
    assert await load_lines(desk, [ping.id]) == ()
    await remove_client(desk, client.id)
    assert await load_board(desk) == ()


async def test_a_paused_client_pauses_its_services_on_the_board(desk: Desk, clock: FrozenClock) -> None:
    client, _services = await acme_with(desk, PING)
    await set_client_active(desk, client.id, False)
    (paused,) = await load_board(desk)
    assert paused.status(clock.now()) is Status.PAUSED


async def test_beats_and_uptime_are_of_what_was_seen(desk: Desk, clock: FrozenClock) -> None:
    _client, (ping, pong) = await acme_with(desk, PING, ServiceSpec("pong", "/pong"))
    start = clock.now()
    seen = [
        Observation(start, Status.UP, latency_ms=10.0),
        Observation(start + timedelta(seconds=30), Status.DOWN),
        Observation(start + timedelta(seconds=60), Status.UP, latency_ms=20.0),
    ]
    await record(desk.database, {ping.id: seen})
    clock.advance(90)
    beats = await load_beats(desk)
    assert list(beats) == [ping.id]
    assert list(beats[ping.id].codes) == [STATUS_CODES[each.status] for each in seen]
    assert list(beats[ping.id].latencies_us) == [10_000, -1, 20_000]
    uptime = (await load_uptimes(desk, 90.0, [ping.id, pong.id]))[ping.id]
    assert (uptime.observed_seconds, uptime.good_seconds) == (90.0, 60.0)
