"""What depends on what: refused where it cannot be, kept where a parent goes, never a circle."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text

from core.domain.clients import ClientSpec
from core.domain.dependencies import MOST_DEEP
from core.domain.observations import Observation, Status
from core.domain.services import Service, ServiceSpec
from core.errors import Refused
from core.operations.board import BoardLine, lines_behind, load_above, load_board
from core.operations.clients import add_client
from core.operations.depending import service_labels
from core.operations.desk import Desk
from core.operations.services import (
    add_service,
    duplicate_service,
    edit_service,
    get_service,
    remove_service,
    restore_service,
    set_service_active,
)
from core.wording import refusal_text
from tests.clock import FrozenClock
from tests.operations.support import acme_with, record
from tests.operations.test_clients import codes


def spec(name: str, parent_id: int | None = None) -> ServiceSpec:
    return ServiceSpec(name, f"/{name}", parent_id=parent_id)


async def depend(desk: Desk, service: Service, parent_id: int | None) -> Service:
    """Have a service depend on another one."""
    now = await get_service(desk, service.id)
    return await edit_service(desk, now.id, now.version, replace(now.spec, parent_id=parent_id))


async def refused_words(desk: Desk, service: Service, parent_id: int) -> str:
    with pytest.raises(Refused) as refused:
        await depend(desk, service, parent_id)
    return refusal_text(refused.value)


async def board_behind(desk: Desk) -> dict[str, str]:
    """Give by name what is behind what on the board."""
    lines = await load_board(desk)
    names = {line.service.id: line.service.spec.name for line in lines}
    found = lines_behind(lines, desk.clock.now())
    return {names[service_id]: line.label for service_id, line in found.items()}


async def all_down(desk: Desk, *services: Service) -> None:
    """Have services be down, confirmed."""
    now = desk.clock.now()
    await record(desk.database, {each.id: [Observation(now, Status.DOWN)] for each in services})


async def test_a_service_may_depend_on_one_of_another_client_and_on_none_again(desk: Desk) -> None:
    _client, (gateway,) = await acme_with(desk, spec("gateway"))
    other = await add_client(desk, ClientSpec("Other", dns="other.example"))
    api = await add_service(desk, other.id, spec("api", gateway.id))
    assert api.spec.parent_id == gateway.id
    assert (await depend(desk, api, None)).spec.parent_id is None


@pytest.mark.parametrize("length", [2, 5])
async def test_a_circle_is_refused_with_the_names_along_it(desk: Desk, length: int) -> None:
    names = [*["api", "b", "c", "d"][: length - 1], "gateway"]
    _client, services = await acme_with(desk, *map(spec, names))
    for service, parent in zip(services[1:], (*services[2:], services[0]), strict=True):
        await depend(desk, service, parent.id)
    told = await refused_words(desk, services[0], services[1].id)
    assert told == (
        f"Depends on: They would wait for each other: {' -> '.join([*names, 'api'])}. "
        "Choose another service, or none."
    )
    assert (await get_service(desk, services[0].id)).spec.parent_id is None


async def test_a_long_circle_is_not_written_out(desk: Desk) -> None:
    _client, services = await acme_with(desk, *(spec(f"s{number}") for number in range(12)))
    for service, parent in zip(services[1:], (*services[2:], services[0]), strict=True):
        await depend(desk, service, parent.id)
    told = await refused_words(desk, services[0], services[1].id)
    assert "s0 -> s1 -> " in told
    assert "s8 -> … -> s0" in told


async def test_a_service_cannot_depend_on_itself(desk: Desk) -> None:
    _client, (api,) = await acme_with(desk, spec("api"))
    assert "cannot depend on itself" in await refused_words(desk, api, api.id)


async def test_a_parent_that_is_not_there_or_in_the_bin_is_refused(desk: Desk) -> None:
    client, (gateway, api) = await acme_with(desk, spec("gateway"), spec("api"))
    assert "999 is not among the services" in await refused_words(desk, api, 999)
    await remove_service(desk, gateway.id)
    assert "gateway is not among the services" in await refused_words(desk, api, gateway.id)
    with pytest.raises(Refused) as refused:
        await add_service(desk, client.id, spec("new", gateway.id))
    assert codes(refused) == [("parent_id", "parent_missing")]


async def test_a_chain_that_grows_too_deep_is_refused(desk: Desk) -> None:
    client, (top,) = await acme_with(desk, spec("top"))
    last = top
    async with desk.database.unit() as unit:
        for number in range(MOST_DEEP):
            last = await unit.services.add(client.id, spec(f"s{number}", last.id), desk.clock.now())
    with pytest.raises(Refused) as refused:
        await add_service(desk, client.id, spec("lowest", last.id))
    assert codes(refused) == [("parent_id", "parent_deep")]


async def test_two_operators_cannot_close_a_circle_together(desk: Desk) -> None:
    _client, (a, b) = await acme_with(desk, spec("a"), spec("b"))
    async with desk.database.unit() as unit:
        await unit.services.parents()  # holds both up until each has read what the other is to change
        both = [asyncio.create_task(depend(desk, a, b.id)), asyncio.create_task(depend(desk, b, a.id))]
        await _waiting_for_the_lock(desk, 2)
    results = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Refused", "Service"]
    parents = [(await get_service(desk, each.id)).spec.parent_id for each in (a, b)]
    assert parents.count(None) == 1


async def _waiting_for_the_lock(desk: Desk, count: int) -> None:
    """Wait until so many sessions wait for an advisory lock."""
    counted = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    async with asyncio.timeout(20):
        while True:
            async with desk.database.unit() as unit:
                waiting = (await unit._session.execute(counted)).scalar_one()
            if waiting >= count:
                return


async def test_children_of_a_binned_service_keep_it_and_may_be_edited(desk: Desk) -> None:
    _client, (gateway,) = await acme_with(desk, spec("gateway"))
    api = await add_service(desk, gateway.client_id, spec("api", gateway.id))
    await remove_service(desk, gateway.id)
    assert await get_service(desk, api.id) == api
    edited = await edit_service(desk, api.id, api.version, replace(api.spec, notes="still here"))
    assert edited.spec.parent_id == gateway.id
    assert not (await set_service_active(desk, api.id, False)).spec.active


async def test_a_copy_depends_on_the_same_service_unless_that_is_in_the_bin(desk: Desk) -> None:
    _client, (gateway,) = await acme_with(desk, spec("gateway"))
    api = await add_service(desk, gateway.client_id, spec("api", gateway.id))
    assert (await duplicate_service(desk, api.id)).spec.parent_id == gateway.id
    await remove_service(desk, gateway.id)
    with pytest.raises(Refused) as refused:
        await duplicate_service(desk, api.id)
    assert codes(refused) == [("parent_id", "parent_missing")]


async def test_of_two_in_the_bin_the_parent_is_restored_first(desk: Desk) -> None:
    _client, (gateway,) = await acme_with(desk, spec("gateway"))
    api = await add_service(desk, gateway.client_id, spec("api", gateway.id))
    for each in (api, gateway):
        await remove_service(desk, each.id)
    with pytest.raises(Refused) as refused:
        await restore_service(desk, api.id)
    assert codes(refused) == [("parent_id", "parent_missing")]
    await restore_service(desk, gateway.id)
    assert (await restore_service(desk, api.id)).spec.parent_id == gateway.id


async def test_no_circle_can_be_closed_by_way_of_the_bin(desk: Desk) -> None:
    _client, (a, b, c) = await acme_with(desk, spec("a"), spec("b"), spec("c"))
    await depend(desk, a, b.id)
    await depend(desk, c, a.id)
    await remove_service(desk, a.id)
    assert "b -> c -> a -> b" in await refused_words(desk, b, c.id)


async def test_labels_are_those_of_living_services_by_client_and_name(desk: Desk) -> None:
    _client, (web, api, old) = await acme_with(desk, spec("web"), spec("api"), spec("old"))
    await remove_service(desk, old.id)
    assert list((await service_labels(desk)).items()) == [(api.id, "Acme/api"), (web.id, "Acme/web")]


async def test_what_is_down_is_behind_the_nearest_above_it_that_is_down(
    desk: Desk, clock: FrozenClock
) -> None:
    client, (top, well) = await acme_with(desk, spec("top"), spec("well"))
    middle = await add_service(desk, client.id, spec("middle", top.id))
    low = await add_service(desk, client.id, spec("low", middle.id))
    await add_service(desk, client.id, spec("fine", top.id))
    await all_down(desk, top, low)
    assert await board_behind(desk) == {"low": "Acme/top"}
    line = next(line for line in await load_board(desk) if line.service.id == low.id)
    assert [above.service.id for above in await load_above(desk, line)] == [middle.id, top.id]
    assert lines_behind([line, *await load_above(desk, line)], clock.now())[low.id].service.id == top.id
    assert well.spec.parent_id is None


async def test_nothing_is_behind_a_service_in_the_bin_until_it_is_back(desk: Desk) -> None:
    _client, (gateway,) = await acme_with(desk, spec("gateway"))
    api = await add_service(desk, gateway.client_id, spec("api", gateway.id))
    await all_down(desk, gateway, api)
    await remove_service(desk, gateway.id)
    assert await board_behind(desk) == {}
    await restore_service(desk, gateway.id)
    assert await board_behind(desk) == {"api": "Acme/gateway"}


async def test_a_parent_that_is_paused_or_stale_is_not_down_and_one_in_maintenance_is(
    desk: Desk, clock: FrozenClock
) -> None:
    _client, (gateway,) = await acme_with(desk, spec("gateway"))
    api = await add_service(desk, gateway.client_id, spec("api", gateway.id))
    await all_down(desk, gateway, api)
    above, below = sorted(await load_board(desk), key=lambda line: line.service.id)
    ends_at = clock.now().replace(year=clock.now().year + 1)
    in_maintenance = replace(above, state=replace(above.state, maintenance_until=ends_at))
    paused = replace(above, client=replace(above.client, spec=replace(above.client.spec, active=False)))

    def is_behind(parent: BoardLine) -> bool:
        return api.id in lines_behind([parent, below], clock.now())

    assert is_behind(above)
    assert is_behind(in_maintenance)
    assert not is_behind(paused)
    stale = replace(
        above, service=replace(above.service, spec=replace(above.service.spec, interval_seconds=1))
    )
    clock.advance(15)
    assert is_behind(above)
    assert not is_behind(stale)
