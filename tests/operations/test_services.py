from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.domain.clients import ClientSpec
from core.domain.kinds import Auth
from core.domain.secret import MASK, Secret
from core.domain.services import Header, ServiceSpec
from core.domain.text import NAME_LIMIT
from core.errors import EditConflict, InputError, NotFound, Refused
from core.operations.clients import add_client, edit_client, remove_client
from core.operations.desk import Desk
from core.operations.history import latest_changes
from core.operations.services import (
    add_service,
    duplicate_service,
    edit_service,
    find_service,
    get_service,
    list_services,
    remove_service,
    restore_service,
    set_service_active,
)
from tests.operations.support import ACME, PING, acme_with
from tests.operations.test_clients import codes


async def names(desk: Desk, *, deleted: bool = False) -> list[str]:
    return [service.spec.name for service, _client in await list_services(desk, deleted=deleted)]


async def test_a_service_is_saved_with_everything_that_was_decided(desk: Desk) -> None:
    _client, (service,) = await acme_with(desk, PING)
    assert service.spec == PING
    assert await get_service(desk, service.id) == service


async def test_every_fault_is_named_at_once_and_nothing_is_written(desk: Desk) -> None:
    client, _services = await acme_with(desk, PING)
    spec = replace(PING, name="PING", method="BREW", timeout_seconds=60.0)
    with pytest.raises(Refused) as refused:
        await add_service(desk, client.id, spec)
    assert codes(refused) == [
        ("method", "method"),
        ("timeout_seconds", "timeout_over_interval"),
        ("name", "taken"),
    ]
    assert await names(desk) == ["ping"]


async def test_a_path_needs_an_address_of_the_client_and_a_key_its_key(desk: Desk) -> None:
    client = await add_client(desk, ClientSpec("Bare"))
    with pytest.raises(Refused) as refused:
        await add_service(desk, client.id, PING)
    assert codes(refused) == [("endpoint", "path_without_dns"), ("headers", "api_key_missing")]


async def test_two_clients_may_have_services_of_one_name(desk: Desk) -> None:
    await acme_with(desk, PING)
    other = await add_client(desk, replace(ACME, name="Other"))
    await add_service(desk, other.id, PING)
    assert await names(desk) == ["ping", "ping"]


async def test_no_service_can_be_added_to_a_client_in_the_bin(desk: Desk) -> None:
    client, _services = await acme_with(desk)
    await remove_client(desk, client.id)
    with pytest.raises(NotFound, match="in the bin"):
        await add_service(desk, client.id, PING)


@pytest.mark.parametrize("change", [{"matches": "("}, {"json_conditions": ("status",)}])
async def test_what_only_libraries_find_wrong_is_refused_too(desk: Desk, change: dict[str, Any]) -> None:
    client, (service,) = await acme_with(desk, PING)
    with pytest.raises(Refused):
        await add_service(desk, client.id, replace(PING, name="other", **change))
    with pytest.raises(Refused):
        await edit_service(desk, service.id, service.version, replace(PING, **change))
    assert await names(desk) == ["ping"]


async def test_a_secret_of_authentication_is_masked_in_the_audit_log(desk: Desk) -> None:
    guarded = replace(PING, headers=(), auth=Auth.BASIC, auth_user="ops", auth_secret=Secret("hunter2"))
    _client, (service,) = await acme_with(desk, guarded)
    changed = replace(guarded, auth_secret=Secret("hunter3"), json_conditions=("$.a",))
    saved = await edit_service(desk, service.id, service.version, changed)
    assert saved.spec == changed
    edit, add, *_others = await latest_changes(desk)
    assert edit.before == {"auth_secret": MASK, "json_conditions": []}
    assert edit.after == {"auth_secret": MASK, "json_conditions": ["$.a"]}
    assert add.after is not None
    assert (add.after["auth"], add.after["auth_user"], add.after["auth_secret"]) == ("basic", "ops", MASK)


async def test_an_edit_is_traced_with_what_differs_and_header_values_masked(desk: Desk) -> None:
    _client, (service,) = await acme_with(desk, PING)
    headers = (Header("X-Token", Secret("hunter2")),)
    spec = replace(PING, headers=headers, interval_seconds=60.0)
    saved = await edit_service(desk, service.id, service.version, spec)
    assert saved.spec == spec
    (edit, *_others) = await latest_changes(desk)
    assert edit.before == {"interval_seconds": 30.0, "headers": [["Authorization", MASK]]}
    assert edit.after == {"interval_seconds": 60.0, "headers": [["X-Token", MASK]]}


async def test_an_edit_that_changes_nothing_writes_nothing(desk: Desk) -> None:
    _client, (service,) = await acme_with(desk, PING)
    assert await edit_service(desk, service.id, service.version, PING) == service
    assert [entry.action for entry in await latest_changes(desk)] == ["add", "add"]


async def test_an_edit_of_what_somebody_else_changed_is_refused(desk: Desk) -> None:
    _client, (service,) = await acme_with(desk, PING)
    await set_service_active(desk, service.id, False)
    with pytest.raises(EditConflict, match="ping"):
        await edit_service(desk, service.id, service.version, replace(PING, notes="late"))


async def test_pausing_is_traced_once(desk: Desk) -> None:
    _client, (service,) = await acme_with(desk, PING)
    paused = await set_service_active(desk, service.id, False)
    assert await set_service_active(desk, service.id, False) == paused
    await set_service_active(desk, service.id, True)
    assert [entry.action for entry in await latest_changes(desk, 2)] == ["resume", "pause"]


async def test_copies_are_numbered(desk: Desk) -> None:
    _client, (service,) = await acme_with(desk, PING)
    copies = [await duplicate_service(desk, service.id) for _number in range(3)]
    assert [copy.spec.name for copy in copies] == ["ping (copy)", "ping (copy 2)", "ping (copy 3)"]
    assert copies[0].spec == replace(PING, name="ping (copy)")
    assert (await latest_changes(desk, 1))[0].action == "duplicate"


async def test_a_copy_may_be_named(desk: Desk) -> None:
    _client, (service,) = await acme_with(desk, PING)
    assert (await duplicate_service(desk, service.id, "pong")).spec.name == "pong"
    with pytest.raises(Refused) as refused:
        await duplicate_service(desk, service.id, "ping")
    assert codes(refused) == [("name", "taken")]


async def test_the_name_of_a_copy_is_not_longer_than_a_name_may_be(desk: Desk) -> None:
    _client, (service,) = await acme_with(desk, replace(PING, name="n" * NAME_LIMIT))
    first, second = [await duplicate_service(desk, service.id) for _number in range(2)]
    assert len(first.spec.name) == NAME_LIMIT
    assert second.spec.name.endswith("n (copy 2)")


async def test_a_removed_service_can_be_restored(desk: Desk) -> None:
    _client, (service,) = await acme_with(desk, PING)
    await remove_service(desk, service.id)
    assert (await names(desk), await names(desk, deleted=True)) == ([], ["ping"])
    with pytest.raises(NotFound, match="in the bin"):
        await get_service(desk, service.id)
    assert (await restore_service(desk, service.id)).deleted_at is None
    assert (await names(desk), await names(desk, deleted=True)) == (["ping"], [])


async def test_a_service_whose_name_is_taken_by_now_comes_back_under_another(desk: Desk) -> None:
    client, (service,) = await acme_with(desk, PING)
    await remove_service(desk, service.id)
    await add_service(desk, client.id, PING)
    with pytest.raises(Refused) as refused:
        await restore_service(desk, service.id)
    assert codes(refused) == [("name", "taken")]
    assert (await restore_service(desk, service.id, "ping 2")).spec.name == "ping 2"


async def test_a_service_does_not_come_back_to_a_client_in_the_bin(desk: Desk) -> None:
    client, (service,) = await acme_with(desk, PING)
    await remove_service(desk, service.id)
    await remove_client(desk, client.id)
    with pytest.raises(Refused) as refused:
        await restore_service(desk, service.id)
    assert codes(refused) == [("client", "client_in_bin")]


async def test_a_service_does_not_come_back_to_a_client_that_cannot_have_it_any_more(desk: Desk) -> None:
    client, (service,) = await acme_with(desk, PING)
    await remove_service(desk, service.id)
    await edit_client(desk, client.id, client.version, replace(ACME, dns=""))
    with pytest.raises(Refused) as refused:
        await restore_service(desk, service.id)
    assert codes(refused) == [("endpoint", "path_without_dns")]


async def test_restoring_a_living_service_changes_nothing(desk: Desk) -> None:
    _client, (service,) = await acme_with(desk, PING)
    assert await restore_service(desk, service.id) == service


@pytest.mark.parametrize("wanted", ["ping", "PING", "acme/ping", "Acme/PING"])
async def test_a_service_is_found_by_its_name_with_or_without_its_clients(desk: Desk, wanted: str) -> None:
    _client, (service,) = await acme_with(desk, PING)
    assert await find_service(desk, wanted) == service
    assert await find_service(desk, str(service.id)) == service


async def test_a_name_with_a_slash_is_found(desk: Desk) -> None:
    _client, (service,) = await acme_with(desk, replace(PING, name="api/v1"))
    assert await find_service(desk, "api/v1") == service
    assert await find_service(desk, "acme/api/v1") == service


async def test_a_name_that_several_services_have_is_not_guessed(desk: Desk) -> None:
    client, (service,) = await acme_with(desk, PING)
    other = await add_client(desk, replace(ACME, name="Other"))
    others = await add_service(desk, other.id, PING)
    with pytest.raises(InputError) as ambiguous:
        await find_service(desk, "ping")
    assert f"Acme/ping ({service.id}), Other/ping ({others.id})" in str(ambiguous.value)
    assert await find_service(desk, "other/ping") == others
    assert await find_service(desk, "ping", client_id=client.id) == service


async def test_an_unknown_service_is_answered_with_names_that_come_close(desk: Desk) -> None:
    await acme_with(desk, PING)
    with pytest.raises(NotFound, match=r"There is no service pin. Did you mean ping"):
        await find_service(desk, "pin")


async def test_of_several_in_the_bin_under_one_name_one_is_found(desk: Desk) -> None:
    client, (first,) = await acme_with(desk, PING)
    await remove_service(desk, first.id)
    assert (await find_service(desk, "ping", deleted=True)).id == first.id
    second = await add_service(desk, client.id, PING)
    with pytest.raises(NotFound):
        await find_service(desk, str(second.id), deleted=True)


async def test_the_services_of_one_client_can_be_listed(desk: Desk) -> None:
    await acme_with(desk, PING)
    other = await add_client(desk, replace(ACME, name="Other"))
    await add_service(desk, other.id, ServiceSpec("pong", "/pong"))
    pairs = await list_services(desk, other.id)
    assert [(client.spec.name, service.spec.name) for service, client in pairs] == [("Other", "pong")]
