from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.clients import ClientSpec
from core.domain.kinds import Auth, Kind
from core.domain.secret import MASK, Secret
from core.domain.services import ServiceSpec
from core.errors import EditConflict, NotFound, Refused
from core.operations.clients import (
    add_client,
    edit_client,
    find_client,
    get_client,
    list_clients,
    remove_client,
    restore_client,
    set_client_active,
)
from core.operations.desk import Desk
from core.operations.history import latest_changes
from core.operations.services import list_services
from tests.clock import FrozenClock
from tests.operations.support import ACME, PING, acme_with


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[tuple[str, str]]:
    return [(fault.field, fault.code) for fault in refused.value.faults]


async def names(desk: Desk, *, deleted: bool = False) -> list[str]:
    return [client.spec.name for client in await list_clients(desk, deleted=deleted)]


async def test_a_client_is_saved_with_everything_that_was_decided(desk: Desk) -> None:
    saved = await add_client(desk, ACME)
    assert saved.spec == ACME
    assert await get_client(desk, saved.id) == saved


async def test_every_fault_is_named_at_once_and_nothing_is_written(desk: Desk) -> None:
    await add_client(desk, ACME)
    with pytest.raises(Refused) as refused:
        await add_client(desk, ClientSpec("ACME", dns="ftp://x", tags=("two words",)))
    assert codes(refused) == [("dns", "url_scheme"), ("tags", "tag_form"), ("name", "taken")]
    assert await names(desk) == ["Acme"]
    assert len(await latest_changes(desk)) == 1


async def test_an_edit_writes_what_differs_into_the_audit_log_with_secrets_masked(desk: Desk) -> None:
    client = await add_client(desk, ACME)
    spec = replace(ACME, description="new", api_key=Secret("another"))
    saved = await edit_client(desk, client.id, client.version, spec)
    assert saved.spec == spec
    (edit, add) = await latest_changes(desk)
    assert (edit.action, edit.subject, edit.subject_name, edit.operator) == ("edit", "client", "Acme", "olga")
    assert edit.before == {"api_key": MASK, "description": ""}
    assert edit.after == {"api_key": MASK, "description": "new"}
    assert add.before is None
    assert add.after is not None
    assert add.after["api_key"] == MASK
    assert "k3y" not in str(add) + str(edit)


async def test_an_edit_that_changes_nothing_writes_nothing(desk: Desk, clock: FrozenClock) -> None:
    client = await add_client(desk, ACME)
    clock.advance(60)
    assert await edit_client(desk, client.id, client.version, ACME) == client
    assert await get_client(desk, client.id) == client
    assert len(await latest_changes(desk)) == 1


async def test_an_edit_of_what_somebody_else_changed_is_refused(desk: Desk) -> None:
    client = await add_client(desk, ACME)
    await edit_client(desk, client.id, client.version, replace(ACME, notes="first"))
    with pytest.raises(EditConflict, match="Acme"):
        await edit_client(desk, client.id, client.version, replace(ACME, notes="second"))
    assert (await get_client(desk, client.id)).spec.notes == "first"


async def test_a_client_can_be_saved_under_its_own_name_in_another_case(desk: Desk) -> None:
    client = await add_client(desk, ACME)
    saved = await edit_client(desk, client.id, client.version, replace(ACME, name="ACME"))
    assert saved.spec.name == "ACME"


async def test_an_address_cannot_be_cleared_while_paths_stand_below_it(desk: Desk) -> None:
    client, _services = await acme_with(desk, PING, ServiceSpec("other", "https://other.example"))
    with pytest.raises(Refused) as refused:
        await edit_client(desk, client.id, client.version, replace(ACME, dns="", api_key=None))
    assert codes(refused) == [("dns", "dns_in_use"), ("api_key", "api_key_in_use")]
    assert [fault.parameters["services"] for fault in refused.value.faults] == ["ping", "ping"]
    assert (await get_client(desk, client.id)).spec == ACME


async def test_a_key_cannot_be_cleared_while_checks_authenticate_with_it(desk: Desk) -> None:
    login = ServiceSpec("login", "https://acme.example", auth=Auth.BEARER)
    own = replace(login, name="own", auth_secret=Secret("of-its-own"))
    client, _services = await acme_with(desk, login, own)
    with pytest.raises(Refused) as refused:
        await edit_client(desk, client.id, client.version, replace(ACME, api_key=None))
    assert codes(refused) == [("api_key", "api_key_in_use")]
    assert [fault.parameters["services"] for fault in refused.value.faults] == ["login"]


async def test_a_name_behind_no_server_is_no_path_below_the_address(desk: Desk) -> None:
    client, _services = await acme_with(desk, ServiceSpec("zone", "/acme.example", Kind.DNS))
    saved = await edit_client(desk, client.id, client.version, replace(ACME, dns=""))
    assert saved.spec.dns == ""


async def test_what_no_service_needs_can_be_cleared(desk: Desk) -> None:
    client, _services = await acme_with(desk, ServiceSpec("other", "https://other.example"))
    saved = await edit_client(desk, client.id, client.version, replace(ACME, dns="", api_key=None))
    assert (saved.spec.dns, saved.spec.api_key) == ("", None)


async def test_a_removed_client_takes_its_services_along_and_brings_them_back(desk: Desk) -> None:
    client, _services = await acme_with(desk, PING)
    removed = await remove_client(desk, client.id)
    assert removed.deleted_at == desk.clock.now()
    assert await names(desk) == []
    assert await names(desk, deleted=True) == ["Acme"]
    assert await list_services(desk) == []
    restored = await restore_client(desk, client.id)
    assert restored.deleted_at is None
    assert [service.spec.name for service, _client in await list_services(desk)] == ["ping"]
    assert [entry.action for entry in await latest_changes(desk, 2)] == ["restore", "remove"]


async def test_a_client_whose_name_is_taken_by_now_comes_back_under_another(desk: Desk) -> None:
    client = await add_client(desk, ACME)
    await remove_client(desk, client.id)
    await add_client(desk, ACME)
    with pytest.raises(Refused) as refused:
        await restore_client(desk, client.id)
    assert codes(refused) == [("name", "taken")]
    restored = await restore_client(desk, client.id, "Acme again")
    assert restored.spec == replace(ACME, name="Acme again")
    assert await names(desk) == ["Acme", "Acme again"]


async def test_another_name_for_a_restored_client_is_looked_at_too(desk: Desk) -> None:
    client = await add_client(desk, ACME)
    await remove_client(desk, client.id)
    with pytest.raises(Refused) as refused:
        await restore_client(desk, client.id, "[red]")
    assert codes(refused) == [("name", "markup")]
    assert await names(desk, deleted=True) == ["Acme"]


async def test_restoring_a_living_client_changes_nothing(desk: Desk) -> None:
    client = await add_client(desk, ACME)
    assert await restore_client(desk, client.id) == client
    assert len(await latest_changes(desk)) == 1


async def test_what_lies_in_the_bin_cannot_be_edited_or_removed_again(desk: Desk) -> None:
    client = await add_client(desk, ACME)
    await remove_client(desk, client.id)
    with pytest.raises(NotFound, match="in the bin"):
        await edit_client(desk, client.id, client.version, replace(ACME, notes="x"))
    with pytest.raises(NotFound, match="in the bin"):
        await remove_client(desk, client.id)


async def test_pausing_is_traced_once(desk: Desk) -> None:
    client = await add_client(desk, ACME)
    paused = await set_client_active(desk, client.id, False)
    assert not paused.spec.active
    assert await set_client_active(desk, client.id, False) == paused
    await set_client_active(desk, client.id, True)
    assert [entry.action for entry in await latest_changes(desk)] == ["resume", "pause", "add"]


@pytest.mark.parametrize("wanted", ["acme", "ACME", " Acme "])
async def test_a_client_is_found_by_name_in_any_case(desk: Desk, wanted: str) -> None:
    client = await add_client(desk, ACME)
    assert await find_client(desk, wanted) == client


async def test_a_number_is_an_id_before_it_is_a_name(desk: Desk) -> None:
    first = await add_client(desk, ACME)
    named_like_it = await add_client(desk, ClientSpec(str(first.id)))
    named_otherwise = await add_client(desk, ClientSpec("777"))
    assert await find_client(desk, str(first.id)) == first
    assert await find_client(desk, str(named_like_it.id)) == named_like_it
    assert await find_client(desk, "777") == named_otherwise


async def test_an_unknown_name_is_answered_with_names_that_come_close(desk: Desk) -> None:
    await add_client(desk, ACME)
    await add_client(desk, ClientSpec("Northwind"))
    with pytest.raises(NotFound) as missed:
        await find_client(desk, "acmee")
    assert str(missed.value) == "There is no client acmee. Did you mean Acme?"


async def test_control_characters_of_an_unknown_name_are_not_repeated(desk: Desk) -> None:
    with pytest.raises(NotFound) as missed:
        await find_client(desk, "a\x1b[31m")
    assert "\x1b" not in str(missed.value)


async def test_of_several_in_the_bin_under_one_name_the_last_is_found(desk: Desk, clock: FrozenClock) -> None:
    for _number in range(2):
        client = await add_client(desk, ACME)
        clock.advance(60)
        await remove_client(desk, client.id)
    assert (await find_client(desk, "acme", deleted=True)).id == client.id
    with pytest.raises(NotFound):
        await find_client(desk, "acme")
