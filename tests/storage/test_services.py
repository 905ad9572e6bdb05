"""Services in the database."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace

import pytest

from core.domain.clients import ClientSpec
from core.domain.faults import Fault
from core.domain.secret import Secret
from core.domain.services import Header, ServiceSpec
from core.domain.status import ServiceState
from core.errors import EditConflict, KeyMismatch, NotFound, Refused, StorageError
from core.storage import pieces
from core.storage.database import Database
from tests.clock import NOON, FrozenClock
from tests.conftest import SHARED, ServerForTests
from tests.storage.support import added_client, added_service, cipher_of, rows_of

FULL = ServiceSpec(
    "ledger.prod",
    "/healthz?deep=1",
    method="POST",
    expected_status="200-299,301",
    timeout_seconds=2.5,
    interval_seconds=15.5,
    headers=(Header("Authorization", Secret("Bearer {api_key}")), Header("X-Key", Secret("ü"))),
    body='{"a": 1}',
    contains="ok",
    not_contains="error",
    retries=4,
    retry_interval_seconds=3.5,
    recoveries=2,
    degraded_above_ms=800,
    follow_redirects=False,
    verify_tls=False,
    tags=("prod", "eu"),
    active=False,
    runbook_url="https://wiki.example/ledger",
    notes="line\nline",
)
PLAIN = ServiceSpec("web", "https://acme.example/")


async def test_a_service_is_given_back_as_it_was_saved(database: Database) -> None:
    client = await added_client(database)
    async with database.unit() as unit:
        added = await unit.services.add(client.id, FULL, NOON)
    async with database.unit() as unit:
        assert await unit.services.get(added.id) == added
    assert (added.client_id, added.spec, added.version, added.created_at) == (client.id, FULL, 1, NOON)


async def test_header_values_lie_sealed_in_the_database(database: Database) -> None:
    await added_service(database, headers=FULL.headers)
    [(sealed,)] = await rows_of(database, "SELECT headers FROM ronda.services")
    assert b"Bearer" not in sealed
    assert b"Authorization" not in sealed


async def test_a_new_service_has_an_empty_state(database: Database) -> None:
    service = await added_service(database)
    async with database.unit() as unit:
        assert await unit.states.all() == {service.id: ServiceState()}


async def test_a_client_that_is_gone_gets_no_service(database: Database) -> None:
    client = await added_client(database)
    async with database.unit() as unit:
        await unit.clients.bin(client.id, NOON)
    for client_id in (client.id, 4711):
        with pytest.raises(NotFound, match=f"number {client_id}"):
            async with database.unit() as unit:
                await unit.services.add(client_id, PLAIN, NOON)


async def test_a_client_cannot_go_while_a_service_is_being_added(database: Database) -> None:
    client = await added_client(database)

    async def remove() -> None:
        async with database.unit() as unit:
            await unit.clients.bin(client.id, NOON)

    async with database.unit() as unit:
        await unit.services.add(client.id, PLAIN, NOON)
        removing = asyncio.create_task(remove())
        async with asyncio.timeout(20):
            while not await rows_of(database, "SELECT FROM pg_locks WHERE NOT granted"):
                assert not removing.done()
    await removing


async def test_names_are_unique_within_a_client_only(database: Database) -> None:
    acme, globex = await added_client(database, "Acme"), await added_client(database, "Globex")
    await added_service(database, acme, "web")
    await added_service(database, globex, "web")
    with pytest.raises(Refused) as refusal:
        await added_service(database, acme, "WEB")
    assert refusal.value.faults == (Fault("name", "taken", {"name": "WEB"}),)


async def test_the_living_are_listed_by_client_and_service(database: Database) -> None:
    beta, alpha = await added_client(database, "beta"), await added_client(database, "Alpha")
    gone = await added_client(database, "aardvark")
    for client, name in [(beta, "b"), (alpha, "z"), (alpha, "Y"), (gone, "x"), (beta, "A")]:
        await added_service(database, client, name)
    binned = await added_service(database, alpha, "a")
    async with database.unit() as unit:
        await unit.services.bin(binned.id, NOON)
        await unit.clients.bin(gone.id, NOON)
        pairs = await unit.services.all_living()
        below_alpha = await unit.services.of_client(alpha.id)
    assert [(client.spec.name, service.spec.name) for service, client in pairs] == [
        ("Alpha", "Y"),
        ("Alpha", "z"),
        ("beta", "A"),
        ("beta", "b"),
    ]
    assert [service.spec.name for service in below_alpha] == ["Y", "z"]


async def test_some_of_the_living_can_be_asked_for(database: Database) -> None:
    client = await added_client(database)
    services = [await added_service(database, client, f"s{number}") for number in range(4)]
    async with database.unit() as unit:
        await unit.services.bin(services[2].id, NOON)
        some = await unit.services.all_living([services[1].id, services[2].id, 4711])
        none = await unit.services.all_living([])
    assert some == [(services[1], client)]
    assert none == []


async def test_more_rows_than_are_read_at_once_all_come(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "ROWS_AT_ONCE", 2)
    client = await added_client(database)
    services = [await added_service(database, client, f"s{number}") for number in range(5)]
    async with database.unit() as unit:
        assert await unit.services.of_client(client.id) == services


async def test_the_bin_is_listed_with_the_clients(database: Database) -> None:
    living, gone = await added_client(database, "Acme"), await added_client(database, "Globex")
    first, second = await added_service(database, living), await added_service(database, gone)
    await added_service(database, living, "stays")
    async with database.unit() as unit:
        for service in (first, second):
            await unit.services.bin(service.id, NOON)
        binned_client = await unit.clients.bin(gone.id, NOON)
        pairs = await unit.services.all_binned()
    assert [(service.id, client) for service, client in pairs] == [
        (first.id, living),
        (second.id, binned_client),
    ]
    assert all(service.deleted_at == NOON for service, _client in pairs)


async def test_a_save_counts_the_version_up(database: Database, clock: FrozenClock) -> None:
    service = await added_service(database)
    later = clock.advance(60)
    async with database.unit() as unit:
        saved = await unit.services.save(service.id, 1, FULL, later)
        assert await unit.services.get(service.id) == saved
    assert (saved.spec, saved.version, saved.created_at, saved.updated_at) == (FULL, 2, NOON, later)


async def test_of_two_editors_at_once_exactly_one_saves(database: Database) -> None:
    service = await added_service(database)

    async def edit(notes: str) -> None:
        async with database.unit() as unit:
            await unit.services.save(service.id, 1, replace(service.spec, notes=notes), NOON)

    results = await asyncio.gather(edit("one"), edit("two"), return_exceptions=True)
    [conflict] = [result for result in results if result is not None]
    assert isinstance(conflict, EditConflict)
    assert "web was changed by somebody else" in str(conflict)


async def test_a_save_onto_another_s_name_is_refused(database: Database) -> None:
    client = await added_client(database)
    await added_service(database, client, "web")
    other = await added_service(database, client, "api")
    with pytest.raises(Refused):
        async with database.unit() as unit:
            await unit.services.save(other.id, 1, replace(other.spec, name="Web"), NOON)


async def test_what_went_into_the_bin_meanwhile_cannot_be_saved(database: Database) -> None:
    service = await added_service(database)
    async with database.unit() as unit:
        await unit.services.bin(service.id, NOON)
    with pytest.raises(NotFound):
        async with database.unit() as unit:
            await unit.services.save(service.id, service.version, FULL, NOON)


async def test_there_is_nothing_under_a_number_that_was_never_given(database: Database) -> None:
    async with database.unit() as unit:
        with pytest.raises(NotFound, match="no service with the number 4711"):
            await unit.services.get(4711)
        with pytest.raises(NotFound):
            await unit.services.save(4711, 1, PLAIN, NOON)
        with pytest.raises(NotFound):
            await unit.services.bin(4711, NOON)
        with pytest.raises(NotFound):
            await unit.services.restore(4711, NOON)


async def test_the_bin_gives_back_what_it_took(database: Database, clock: FrozenClock) -> None:
    client = await added_client(database)
    service = await added_service(database, client, "web", headers=FULL.headers)
    later = clock.advance(60)
    async with database.unit() as unit:
        binned = await unit.services.bin(service.id, later)
        assert binned.deleted_at == later
        with pytest.raises(NotFound):
            await unit.services.bin(service.id, later)
    async with database.unit() as unit:
        restored = await unit.services.restore(service.id, later)
        assert await unit.services.all_living() == [(restored, client)]
        assert await unit.services.restore(service.id, later) == restored
    assert (restored.spec, restored.deleted_at) == (service.spec, None)
    assert restored.version > service.version


async def test_a_clash_is_refused_until_another_name_is_given(database: Database) -> None:
    client = await added_client(database)
    binned = await added_service(database, client, "web")
    async with database.unit() as unit:
        await unit.services.bin(binned.id, NOON)
    await added_service(database, client, "WEB")
    with pytest.raises(Refused) as refusal:
        async with database.unit() as unit:
            await unit.services.restore(binned.id, NOON)
    assert refusal.value.faults == (Fault("name", "taken", {"name": "web"}),)
    async with database.unit() as unit:
        version = (await unit.services.get(binned.id)).version
        await unit.services.save(binned.id, version, replace(binned.spec, name="web 2"), NOON)
        assert (await unit.services.restore(binned.id, NOON)).spec.name == "web 2"


async def test_nothing_is_restored_below_a_client_in_the_bin(database: Database) -> None:
    client = await added_client(database)
    service = await added_service(database, client)
    async with database.unit() as unit:
        await unit.services.bin(service.id, NOON)
        await unit.clients.bin(client.id, NOON)
    with pytest.raises(NotFound):
        async with database.unit() as unit:
            await unit.services.restore(service.id, NOON)


async def test_another_key_shows_services_but_never_destroys_their_headers(
    database: Database, migrated: ServerForTests, clock: FrozenClock
) -> None:
    service = await added_service(database, headers=FULL.headers)
    other = Database(migrated.url_of(SHARED), cipher_of(b"x"), clock)
    await other.open()
    async with other.unit() as unit:
        [(shown, client)] = await unit.services.all_living()
        assert shown.spec == replace(service.spec, headers=())
        with pytest.raises(KeyMismatch):
            await unit.services.save(service.id, 1, replace(shown.spec, active=False), NOON)
        with pytest.raises(KeyMismatch):
            await unit.services.add(client.id, replace(shown.spec, name="copy"), NOON)
    await other.close()
    async with database.unit() as unit:
        assert await unit.services.get(service.id) == service


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 81},
        {"endpoint": ""},
        {"method": "get"},
        {"expected_status": ""},
        {"interval_seconds": 0.5},
        {"interval_seconds": math.nan},
        {"interval_seconds": 86_401.0},
        {"timeout_seconds": 0.0},
        {"timeout_seconds": 31.0},
        {"timeout_seconds": math.nan},
        {"body": "x" * 65_537},
        {"retries": -1},
        {"retries": 101},
        {"recoveries": 0},
        {"retry_interval_seconds": 0.5},
        {"degraded_above_ms": 0},
        {"degraded_above_ms": 10_000},
    ],
    ids=str,
)
async def test_the_database_refuses_what_the_domain_refuses(
    database: Database, wrong: dict[str, object]
) -> None:
    spec = replace(PLAIN, **wrong)  # type: ignore[arg-type]  # fields by name
    client = await added_client(database)
    assert spec.faults(ClientSpec("Acme")), "the domain takes it"
    with pytest.raises(StorageError, match="violates check constraint"):
        async with database.unit() as unit:
            await unit.services.add(client.id, spec, NOON)


@pytest.mark.parametrize(
    "limit",
    [
        {"name": "x" * 80},
        {"interval_seconds": 1.0, "timeout_seconds": 0.1, "retry_interval_seconds": 1.0},
        {"interval_seconds": 86_400.0, "timeout_seconds": 86_400.0, "degraded_above_ms": 86_399_999},
        {"retries": 100, "recoveries": 100, "body": "ü" * 65_536},
        {"retries": 0, "recoveries": 1, "degraded_above_ms": 1},
    ],
    ids=["name", "shortest", "longest", "most", "least"],
)
async def test_the_database_takes_what_the_domain_takes(database: Database, limit: dict[str, object]) -> None:
    spec = replace(PLAIN, **limit)  # type: ignore[arg-type]  # fields by name
    client = await added_client(database)
    assert not spec.faults(ClientSpec("Acme"))
    async with database.unit() as unit:
        assert (await unit.services.add(client.id, spec, NOON)).spec == spec
