"""Use cases around clients: add, edit, pause, remove, restore, list, find."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from core.domain.clients import Client, ClientSpec
from core.domain.faults import Fault
from core.domain.operators import Role
from core.domain.services import Service
from core.errors import NotFound
from core.i18n import _
from core.operations.auditing import Action, leave_trace, masked_values, save_change
from core.operations.desk import Desk
from core.operations.lookup import as_id, listed, not_found_text, refuse, taken_faults

if TYPE_CHECKING:
    from core.storage.database import Unit


async def list_clients(desk: Desk, *, deleted: bool = False) -> list[Client]:
    """Give the living clients by name, or those in the bin."""
    async with desk.database.unit() as unit:
        clients = await unit.clients.all(include_deleted=deleted)
    return [client for client in clients if (client.deleted_at is not None) is deleted]


async def get_client(desk: Desk, client_id: int) -> Client:
    """Give a living client; ``NotFound`` if there is none."""
    async with desk.database.unit() as unit:
        return await living_client(unit, client_id)


async def find_client(desk: Desk, name_or_id: str, *, deleted: bool = False) -> Client:
    """Give the client that a name (in any case) or a number means; a number is an id first.

    ``NotFound`` names clients whose names come close.
    """
    clients = await list_clients(desk, deleted=deleted)
    wanted_id = as_id(name_or_id)
    for client in clients:
        if client.id == wanted_id:
            return client
    # Of several in the bin under one name the last that was put there is meant.
    for client in sorted(clients, key=_binned_last, reverse=True):
        if client.spec.name.lower() == name_or_id.strip().lower():
            return client
    sentence = _("There is no client {name} in the bin.") if deleted else _("There is no client {name}.")
    raise NotFound(not_found_text(sentence, name_or_id, (client.spec.name for client in clients)))


async def add_client(desk: Desk, spec: ClientSpec) -> Client:
    """Save a new client; ``Refused`` names every fault."""
    desk.require(Role.OPERATOR)
    async with desk.database.unit() as unit:
        refuse([*spec.faults(), *taken_faults(spec.name, None, await _namesakes(unit, spec.name))])
        client = await unit.clients.add(spec, desk.clock.now())
        await leave_trace(desk, unit, "add", client, after=masked_values(spec))
    return client


async def edit_client(desk: Desk, client_id: int, version: int, spec: ClientSpec) -> Client:
    """Save a client that was read as ``version``; nothing is written where nothing differs.

    ``Refused`` names every fault, also those that the client's services would have;
    ``EditConflict`` if somebody saved in between.
    """
    desk.require(Role.OPERATOR)
    async with desk.database.unit() as unit:
        client = await living_client(unit, client_id)
        dependent = _dependent_faults(spec, await unit.services.of_client(client_id))
        taken = taken_faults(spec.name, client_id, await _namesakes(unit, spec.name))
        refuse([*spec.faults(), *taken, *dependent])
        return await save_change(desk, unit, unit.clients.save, client, spec, version=version)


async def set_client_active(desk: Desk, client_id: int, active: bool) -> Client:
    """Pause or resume every service of a client; nothing is written if it is so already."""
    desk.require(Role.OPERATOR)
    async with desk.database.unit() as unit:
        client = await living_client(unit, client_id)
        spec = replace(client.spec, active=active)
        action: Action = "resume" if active else "pause"
        return await save_change(desk, unit, unit.clients.save, client, spec, action=action)


async def remove_client(desk: Desk, client_id: int) -> Client:
    """Put a client into the bin, its services with it; it can be restored for 30 days."""
    desk.require(Role.OPERATOR)
    async with desk.database.unit() as unit:
        client = await living_client(unit, client_id)
        binned = await unit.clients.bin(client_id, desk.clock.now())
        await leave_trace(desk, unit, "remove", client, before=masked_values(client.spec))
    return binned


async def restore_client(desk: Desk, client_id: int, name: str | None = None) -> Client:
    """Take a client out of the bin, under another name if one is given.

    ``Refused`` with ``taken`` if a living client has the name by now.
    """
    desk.require(Role.OPERATOR)
    async with desk.database.unit() as unit:
        client = await unit.clients.get(client_id)
        if client.deleted_at is None:
            return client
        now = desk.clock.now()
        if name is not None:
            spec = replace(client.spec, name=name)
            refuse(spec.faults())
            await unit.clients.save(client_id, client.version, spec, now)
        restored = await unit.clients.restore(client_id, now)
        await leave_trace(desk, unit, "restore", restored, after=masked_values(restored.spec))
    return restored


async def living_client(unit: Unit, client_id: int) -> Client:
    """Give a client that is not in the bin; ``NotFound`` otherwise."""
    client = await unit.clients.get(client_id)
    if client.deleted_at is not None:
        raise NotFound(_("The client {name} is in the bin. Restore it first.").format(name=client.spec.name))
    return client


async def _namesakes(unit: Unit, name: str) -> list[Client]:
    found = await unit.clients.find(name)
    return [] if found is None else [found]


def _dependent_faults(spec: ClientSpec, services: Sequence[Service]) -> Iterator[Fault]:
    """Give the faults that a changed client would bring to its services, as faults of the client."""
    below = [service.spec.name for service in services if service.spec.stands_below_dns()]
    if below and not spec.dns:
        yield Fault("dns", "dns_in_use", {"services": listed(below)})
    keyed = [service.spec.name for service in services if service.spec.needs_api_key()]
    if keyed and spec.api_key is None:
        yield Fault("api_key", "api_key_in_use", {"services": listed(keyed)})


def _binned_last(client: Client) -> float:
    return client.deleted_at.timestamp() if client.deleted_at else 0.0
