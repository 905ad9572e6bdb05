"""Clients in the database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.clients import ClientSpec
from core.domain.faults import Fault
from core.domain.secret import Secret
from core.errors import EditConflict, KeyMismatch, NotFound, Refused
from core.storage.database import Database
from tests.clock import NOON, FrozenClock
from tests.conftest import SHARED, ServerForTests
from tests.storage.support import added_client, added_service, cipher_of, rows_of

FULL = ClientSpec(
    "Northwind Bank",
    dns="api.northwind.example/v2",
    api_key=Secret("k-3141592"),
    description="Payments\nand more",
    tags=("gold", "eu"),
    active=False,
    runbook_url="https://wiki.example/northwind",
    notes="ask Ana",
)


async def test_a_client_is_given_back_as_it_was_saved(database: Database) -> None:
    async with database.unit() as unit:
        added = await unit.clients.add(FULL, NOON)
    async with database.unit() as unit:
        found = await unit.clients.get(added.id)
    assert found == added
    assert (found.spec, found.version, found.created_at, found.updated_at) == (FULL, 1, NOON, NOON)


async def test_an_api_key_lies_sealed_in_the_database(database: Database) -> None:
    async with database.unit() as unit:
        await unit.clients.add(FULL, NOON)
    [(sealed,)] = await rows_of(database, "SELECT api_key FROM ronda.clients")
    assert b"3141592" not in sealed


async def test_a_name_is_found_in_any_case_but_not_in_the_bin(database: Database) -> None:
    client = await added_client(database, "Łódź Energy")
    async with database.unit() as unit:
        assert await unit.clients.find("łódź ENERGY") == client
        assert await unit.clients.find("Łódź") is None
        await unit.clients.bin(client.id, NOON)
        assert await unit.clients.find("Łódź Energy") is None


async def test_clients_are_listed_by_name_and_those_in_the_bin_on_request(database: Database) -> None:
    names = ["delta", "Alpha", "charlie", "Bravo"]
    clients = {name: await added_client(database, name) for name in names}
    async with database.unit() as unit:
        await unit.clients.bin(clients["charlie"].id, NOON)
        living, everyone = await unit.clients.all(), await unit.clients.all(include_deleted=True)
    assert [client.spec.name for client in living] == ["Alpha", "Bravo", "delta"]
    assert [client.spec.name for client in everyone] == ["Alpha", "Bravo", "charlie", "delta"]


async def test_a_name_that_lives_is_refused_in_any_case(database: Database) -> None:
    await added_client(database, "Acme")
    with pytest.raises(Refused) as refusal:
        await added_client(database, "ACME")
    assert refusal.value.faults == (Fault("name", "taken", {"name": "ACME"}),)
    assert await rows_of(database, "SELECT name FROM ronda.clients") == [("Acme",)]


async def test_a_save_counts_the_version_up(database: Database, clock: FrozenClock) -> None:
    client = await added_client(database)
    later = clock.advance(60)
    async with database.unit() as unit:
        saved = await unit.clients.save(client.id, 1, FULL, later)
        assert await unit.clients.get(client.id) == saved
    assert (saved.spec, saved.version, saved.created_at, saved.updated_at) == (FULL, 2, NOON, later)


async def test_the_second_of_two_editors_is_told_and_overwrites_nothing(database: Database) -> None:
    client = await added_client(database)
    async with database.unit() as unit:
        await unit.clients.save(client.id, 1, replace(client.spec, notes="first"), NOON)
    with pytest.raises(EditConflict, match="Acme was changed by somebody else"):
        async with database.unit() as unit:
            await unit.clients.save(client.id, 1, replace(client.spec, notes="second"), NOON)
    async with database.unit() as unit:
        assert (await unit.clients.get(client.id)).spec.notes == "first"


async def test_a_save_onto_another_s_name_is_refused(database: Database) -> None:
    await added_client(database, "Acme")
    other = await added_client(database, "Globex")
    with pytest.raises(Refused) as refusal:
        async with database.unit() as unit:
            await unit.clients.save(other.id, 1, ClientSpec("acme"), NOON)
    assert refusal.value.faults == (Fault("name", "taken", {"name": "acme"}),)


async def test_what_went_into_the_bin_meanwhile_cannot_be_saved(database: Database) -> None:
    client = await added_client(database)
    async with database.unit() as unit:
        await unit.clients.bin(client.id, NOON)
    with pytest.raises(NotFound):
        async with database.unit() as unit:
            await unit.clients.save(client.id, client.version, FULL, NOON)


async def test_there_is_nothing_under_a_number_that_was_never_given(database: Database) -> None:
    async with database.unit() as unit:
        with pytest.raises(NotFound, match="no client with the number 4711"):
            await unit.clients.get(4711)
        with pytest.raises(NotFound):
            await unit.clients.save(4711, 1, FULL, NOON)
        with pytest.raises(NotFound):
            await unit.clients.bin(4711, NOON)
        with pytest.raises(NotFound):
            await unit.clients.restore(4711, NOON)


async def test_the_bin_keeps_everything_and_gives_it_back(database: Database, clock: FrozenClock) -> None:
    async with database.unit() as unit:
        client = await unit.clients.add(FULL, NOON)
    service = await added_service(database, client)
    binned_at, restored_at = clock.advance(60), clock.advance(60)
    async with database.unit() as unit:
        binned = await unit.clients.bin(client.id, binned_at)
        assert binned.deleted_at == binned_at
        assert await unit.services.all_living() == []
        with pytest.raises(NotFound):
            await unit.clients.bin(client.id, binned_at)
    async with database.unit() as unit:
        restored = await unit.clients.restore(client.id, restored_at)
        assert await unit.services.all_living() == [(service, restored)]
    assert (restored.spec, restored.deleted_at, restored.updated_at) == (FULL, None, restored_at)
    assert restored.version > client.version


async def test_an_edit_begun_before_the_bin_conflicts_after_it(database: Database) -> None:
    client = await added_client(database)
    async with database.unit() as unit:
        await unit.clients.bin(client.id, NOON)
        await unit.clients.restore(client.id, NOON)
    with pytest.raises(EditConflict):
        async with database.unit() as unit:
            await unit.clients.save(client.id, client.version, FULL, NOON)


async def test_a_name_in_the_bin_is_free_until_it_comes_back(database: Database) -> None:
    binned = await added_client(database, "Acme")
    async with database.unit() as unit:
        await unit.clients.bin(binned.id, NOON)
    await added_client(database, "acme")
    with pytest.raises(Refused) as refusal:
        async with database.unit() as unit:
            await unit.clients.restore(binned.id, NOON)
    assert refusal.value.faults == (Fault("name", "taken", {"name": "Acme"}),)
    async with database.unit() as unit:
        found = await unit.clients.get(binned.id)
        await unit.clients.save(binned.id, found.version, ClientSpec("Acme (old)"), NOON)
        assert (await unit.clients.restore(binned.id, NOON)).spec.name == "Acme (old)"


async def test_restoring_what_lives_changes_nothing(database: Database) -> None:
    client = await added_client(database)
    async with database.unit() as unit:
        assert await unit.clients.restore(client.id, NOON) == client


async def test_another_key_shows_clients_but_never_destroys_their_secrets(
    database: Database, migrated: ServerForTests, clock: FrozenClock
) -> None:
    async with database.unit() as unit:
        client = await unit.clients.add(FULL, NOON)
    other = Database(migrated.url_of(SHARED), cipher_of(b"x"), clock)
    await other.open()
    assert not other.key_matches
    async with other.unit() as unit:
        [shown] = await unit.clients.all()
        assert shown.spec == replace(FULL, api_key=None)
        with pytest.raises(KeyMismatch):
            await unit.clients.save(client.id, 1, replace(shown.spec, notes="edited"), NOON)
        with pytest.raises(KeyMismatch):
            await unit.clients.add(ClientSpec("Globex"), NOON)
    await other.close()
    async with database.unit() as unit:
        assert await unit.clients.get(client.id) == client
