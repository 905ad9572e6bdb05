"""Evidence from the wire to the table: a real probe, a server that tells what it was told, a database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.checks.prober import Prober
from core.clock import SystemClock
from core.domain.clients import ClientSpec
from core.domain.evidence import FailureEvidence
from core.domain.secret import MASK, Secret
from core.domain.services import Header, ServiceSpec
from tests.checks.server import Received, Server, Visitor
from tests.storage.outages import fetch
from tests.storage.support import run
from tests.worker.office import Office, now
from tests.worker.support import PATIENCE_SECONDS

SECRETS = ("t0ken-of-the-header", "k3y-of-the-client")


@pytest.fixture
async def prober() -> AsyncIterator[Prober]:
    prober = Prober(SystemClock())
    yield prober
    await prober.close()


async def echo(visitor: Visitor, received: Received) -> None:
    """Refuse, with all headers of the request in the body and one of them in the head."""
    body = repr(received.headers).encode()
    token = received.headers["x-token"]
    head = f"HTTP/1.1 403 Not With {token}\r\nX-Seen: {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    await visitor.say(head.encode(), body)


async def add_service(office: Office, url: str) -> int:
    headers = (Header("X-Token", Secret(SECRETS[0])), Header("Authorization", Secret("Bearer {api_key}")))
    await office.save_client(ClientSpec("acme", api_key=Secret(SECRETS[1])))
    spec = ServiceSpec("web", url, headers=headers, interval_seconds=1.0, timeout_seconds=1.0)
    async with office.database.unit() as unit:
        service = await unit.services.add(office.client.id, spec, now())
        await unit.announce({"services": [service.id]})
    return service.id


async def stored(office: Office, service_id: int, count: int) -> tuple[FailureEvidence, ...]:
    """Wait until so many pieces of evidence of the newest run are stored, and give them."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            async with office.database.unit() as unit:
                found = await unit.evidence.latest_run(service_id)
            if len(found) == count:
                return found
            await asyncio.sleep(0.02)


async def test_secrets_that_a_server_echoes_are_stored_masked(office: Office, prober: Prober) -> None:
    async with Server(echo) as server:
        service_id = await add_service(office, server.url)
        process = await office.open(checks=prober)
        first, latest = await stored(office, service_id, 2)
        assert server.requests[0].headers["x-token"] == SECRETS[0]
        assert server.requests[0].headers["authorization"] == f"Bearer {SECRETS[1]}"
        await process.stop()
    assert first.began_at == first.checked_at == latest.began_at < latest.checked_at
    for failure in (first, latest):
        assert failure.evidence.head.startswith(f"HTTP/1.1 403 Not With {MASK}\nX-Seen: {MASK}")
        assert f"'x-token': '{MASK}'" in failure.evidence.body
    rows = await fetch(office.database, "SELECT row_to_json(each)::text FROM ronda.check_evidence AS each")
    rows += await fetch(office.database, "SELECT row_to_json(each)::text FROM ronda.service_states AS each")
    assert len(rows) == 3
    assert [secret for secret in SECRETS for (row,) in rows if secret in str(row)] == []


async def test_what_a_process_that_leads_holds_is_without_evidence(office: Office, prober: Prober) -> None:
    async with Server(echo) as server:
        service_id = await add_service(office, server.url)
        process = await office.open(checks=prober)
        await process.checked(service_id)
        event = process.judged[0]
        assert event.observation.evidence is not None
        assert event.state.observation is not None
        assert event.state.observation.evidence is None
        await process.stop()


async def test_a_process_that_leads_clears_old_evidence_away(office: Office) -> None:
    service = await office.add("web")
    await run(
        office.database,
        "INSERT INTO ronda.check_evidence"
        " (service_id, began_at, place, checked_at, phase, head, body, truncated)"
        " VALUES (%s, now() - interval '40 days', 1, now() - interval '40 days', 'body', '', '', false)",
        [service.id],
    )
    process = await office.open()
    await process.leading()
    await stored(office, service.id, 0)
