from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from core.domain.clients import ClientSpec
from core.domain.kinds import Kind
from core.domain.observations import Observation, Status
from core.domain.secret import Secret
from core.domain.services import ServiceSpec
from core.domain.workers import WorkerReport
from core.errors import InputError, KeyMismatch, Refused
from core.operations import observing
from core.operations.clients import add_client, edit_client
from core.operations.desk import Desk
from core.operations.services import remove_service, set_service_active
from core.secrets import Cipher
from core.storage.database import Database
from core.storage.session import Connection
from tests.clock import NOON, FrozenClock
from tests.conftest import SHARED, ServerForTests
from tests.operations.support import ACME, PING, FakeProber, acme_with, desk_on, report, worker

OTHER_KEY = Secret(base64.b64encode(b"o" * 32).decode())
SEEN = Observation(NOON, Status.DEGRADED, latency_ms=900.0)


@pytest.fixture
def prober() -> FakeProber:
    return FakeProber(SEEN)


@pytest.fixture
def probing_desk(database: Database, clock: FrozenClock, prober: FakeProber) -> Desk:
    return desk_on(database, clock, prober=prober)


@pytest.fixture
async def listener(database: Database) -> AsyncIterator[Connection]:
    """Give a connection that hears what is announced."""
    async with await database.dedicated_connection() as connection:
        await connection.execute("LISTEN ronda_feed")
        yield connection


async def heard(listener: Connection) -> list[Any]:
    """Give what was announced so far: a notice to oneself marks the end."""
    await listener.execute("NOTIFY ronda_feed, 'end'")
    payloads = []
    async for notice in listener.notifies(timeout=20.0):
        if notice.payload == "end":
            break
        payloads.append(json.loads(notice.payload))
    return payloads


async def test_a_check_as_typed_is_made_with_the_key_put_in(probing_desk: Desk, prober: FakeProber) -> None:
    assert await observing.test_check(probing_desk, ACME, PING) == SEEN
    (request,) = prober.requests
    assert request.url == "https://acme.example/health"
    assert request.headers == (("Authorization", "Bearer k3y-of-acme"),)


async def test_a_check_as_typed_with_faults_is_refused_and_not_made(
    probing_desk: Desk, prober: FakeProber
) -> None:
    with pytest.raises(Refused):
        await observing.test_check(probing_desk, ClientSpec("Bare"), PING)
    assert prober.requests == []


async def test_with_a_leader_it_is_asked(
    probing_desk: Desk, prober: FakeProber, listener: Connection
) -> None:
    _client, (service,) = await acme_with(probing_desk, PING)
    await report(probing_desk.database, worker("leader", leading=True))
    assert await observing.check_now(probing_desk, service.id) is None
    assert (await heard(listener))[-1] == {"check": service.id}
    assert prober.requests == []


@pytest.mark.parametrize("leaders", [[], [worker("leader", leading=True)]])
async def test_a_heartbeat_is_neither_checked_nor_asked_for(
    probing_desk: Desk, prober: FakeProber, listener: Connection, leaders: list[WorkerReport]
) -> None:
    beat = ServiceSpec("backup", "", Kind.HEARTBEAT)
    _client, (service,) = await acme_with(probing_desk, beat)
    await report(probing_desk.database, *leaders)
    with pytest.raises(InputError, match="ronda beat"):
        await observing.check_now(probing_desk, service.id)
    with pytest.raises(InputError, match="ronda beat"):
        await observing.test_check(probing_desk, ACME, beat)
    assert prober.requests == []
    assert {"check": service.id} not in await heard(listener)


async def test_expectations_that_cannot_be_read_are_refused_before_the_check(
    probing_desk: Desk, prober: FakeProber
) -> None:
    with pytest.raises(Refused) as refused:
        await observing.test_check(probing_desk, ACME, replace(PING, matches="("))
    assert [fault.code for fault in refused.value.faults] == ["pattern_form"]
    assert prober.requests == []


async def test_with_nobody_who_leads_the_check_is_made_here(
    probing_desk: Desk, prober: FakeProber, listener: Connection
) -> None:
    _client, (service,) = await acme_with(probing_desk, PING)
    await report(probing_desk.database, worker("follower"))
    assert await observing.check_now(probing_desk, service.id) == SEEN
    assert len(prober.requests) == 1
    assert {"check": service.id} not in await heard(listener)


async def test_a_paused_service_is_checked_here_since_the_leader_does_not_know_it(
    probing_desk: Desk, prober: FakeProber
) -> None:
    _client, (service,) = await acme_with(probing_desk, PING)
    await set_service_active(probing_desk, service.id, False)
    await report(probing_desk.database, worker("leader", leading=True))
    assert await observing.check_now(probing_desk, service.id) == SEEN


async def test_a_process_that_cannot_read_the_secrets_does_not_check_without_them(
    probing_desk: Desk, migrated: ServerForTests, clock: FrozenClock, prober: FakeProber
) -> None:
    _client, (service,) = await acme_with(probing_desk, PING)
    stranger = Database(migrated.url_of(SHARED), Cipher(OTHER_KEY), clock)
    await stranger.open()
    with pytest.raises(KeyMismatch, match="RONDA_SECRET_KEY"):
        await observing.check_now(desk_on(stranger, clock, prober=prober), service.id)
    await stranger.close()
    assert prober.requests == []


async def test_every_change_is_announced_once_it_is_written(desk: Desk, listener: Connection) -> None:
    client, (service,) = await acme_with(desk, PING)
    await edit_client(desk, client.id, client.version, replace(ACME, notes="new"))
    await edit_client(desk, client.id, client.version + 1, replace(ACME, notes="new"))
    await remove_service(desk, service.id)
    assert await heard(listener) == [
        {"clients": [client.id]},
        {"services": [service.id]},
        {"clients": [client.id]},
        {"services": [service.id]},
    ]


async def test_what_is_refused_is_not_announced(desk: Desk, listener: Connection) -> None:
    await add_client(desk, ACME)
    with pytest.raises(Refused):
        await add_client(desk, ACME)
    assert len(await heard(listener)) == 1
