"""Use cases around services: add, edit, pause, duplicate, remove, restore, list, find."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from core.domain.clients import Client
from core.domain.faults import Fault
from core.domain.operators import Role
from core.domain.services import Service, ServiceSpec
from core.domain.text import NAME_LIMIT
from core.errors import InputError, NotFound
from core.i18n import _
from core.operations.auditing import Action, leave_trace, masked_values, save_change
from core.operations.clients import living_client
from core.operations.depending import parent_faults
from core.operations.desk import Desk
from core.operations.lookup import as_id, listed, not_found_text, refuse, taken_faults
from core.operations.validating import service_faults

if TYPE_CHECKING:
    from core.storage.database import Unit


async def list_services(
    desk: Desk, client_id: int | None = None, *, deleted: bool = False
) -> list[tuple[Service, Client]]:
    """Give the living services of living clients by client and name, or those in the bin."""
    async with desk.database.unit() as unit:
        pairs = await (unit.services.all_binned() if deleted else unit.services.all_living())
    return [(service, client) for service, client in pairs if client_id in (None, client.id)]


async def get_service(desk: Desk, service_id: int) -> Service:
    """Give a living service; ``NotFound`` if there is none."""
    async with desk.database.unit() as unit:
        return (await living_service(unit, service_id))[0]


async def stored_service(desk: Desk, service_id: int) -> tuple[Service, Client]:
    """Give a service, living or in the bin, and its client."""
    async with desk.database.unit() as unit:
        service = await unit.services.get(service_id)
        return service, await unit.clients.get(service.client_id)


async def find_service(
    desk: Desk, text: str, *, client_id: int | None = None, deleted: bool = False
) -> Service:
    """Give the service that ``name``, ``client/name`` or a number means; a number is an id first.

    ``NotFound`` names services that come close; ``InputError`` says so if several have the name.
    """
    pairs = await list_services(desk, client_id, deleted=deleted)
    wanted_id = as_id(text)
    for service, _client in pairs:
        if service.id == wanted_id:
            return service
    wanted = text.strip().lower()
    found = [pair for pair in pairs if wanted in _names(*pair)]
    if deleted:
        found = sorted(found, key=_binned_last)[-1:]
    if not found:
        names = [name for pair in pairs for name in (pair[0].spec.name, label(*pair))]
        sentence = (
            _("There is no service {name} in the bin.") if deleted else _("There is no service {name}.")
        )
        raise NotFound(not_found_text(sentence, text, names))
    if len(found) > 1:
        raise InputError(
            _(
                "Several services are called that: {names}. Say which one as CLIENT/SERVICE or by its id."
            ).format(names=listed(f"{label(*pair)} ({pair[0].id})" for pair in found))
        )
    return found[0][0]


def label(service: Service, client: Client) -> str:
    """Give the name that is unique over all clients."""
    return f"{client.spec.name}/{service.spec.name}"


async def add_service(desk: Desk, client_id: int, spec: ServiceSpec) -> Service:
    """Save a new service; ``Refused`` names every fault, also those that come from the client."""
    desk.require(Role.OPERATOR)
    async with desk.database.unit() as unit:
        client = await living_client(unit, client_id)
        siblings = await unit.services.of_client(client_id)
        refuse(
            [
                *service_faults(spec, client.spec),
                *taken_faults(spec.name, None, siblings),
                *await parent_faults(unit, None, spec),
            ]
        )
        service = await unit.services.add(client_id, spec, desk.clock.now())
        await leave_trace(desk, unit, "add", service, after=masked_values(spec))
    return service


async def edit_service(desk: Desk, service_id: int, version: int, spec: ServiceSpec) -> Service:
    """Save a service that was read as ``version``; nothing is written where nothing differs.

    ``Refused`` names every fault; ``EditConflict`` if somebody saved in between.
    """
    desk.require(Role.OPERATOR)
    async with desk.database.unit() as unit:
        service, client = await living_service(unit, service_id)
        siblings = await unit.services.of_client(client.id)
        # One whose parent went into the bin may keep it: it is not behind that one any more.
        is_moved = spec.parent_id != service.spec.parent_id
        refuse(
            [
                *service_faults(spec, client.spec),
                *taken_faults(spec.name, service_id, siblings),
                *(await parent_faults(unit, service_id, spec) if is_moved else ()),
            ]
        )
        return await save_change(desk, unit, unit.services.save, service, spec, version=version)


async def set_service_active(desk: Desk, service_id: int, active: bool) -> Service:
    """Pause or resume a service; nothing is written if it is so already."""
    desk.require(Role.OPERATOR)
    async with desk.database.unit() as unit:
        service, _client = await living_service(unit, service_id)
        spec = replace(service.spec, active=active)
        action: Action = "resume" if active else "pause"
        return await save_change(desk, unit, unit.services.save, service, spec, action=action)


async def duplicate_service(desk: Desk, service_id: int, name: str | None = None) -> Service:
    """Save a copy beside a service, as ``name (copy)``, ``name (copy 2)`` ... if no name is given."""
    desk.require(Role.OPERATOR)
    async with desk.database.unit() as unit:
        service, client = await living_service(unit, service_id)
        siblings = await unit.services.of_client(client.id)
        copied = name if name is not None else _copy_name(service, siblings)
        spec = replace(service.spec, name=copied)
        refuse([*service_faults(spec, client.spec), *await parent_faults(unit, None, spec)])
        copy = await unit.services.add(client.id, spec, desk.clock.now())
        await leave_trace(desk, unit, "duplicate", copy, after=masked_values(spec))
    return copy


async def remove_service(desk: Desk, service_id: int) -> Service:
    """Put a service into the bin; it can be restored for 30 days."""
    desk.require(Role.OPERATOR)
    async with desk.database.unit() as unit:
        service, _client = await living_service(unit, service_id)
        binned = await unit.services.bin(service_id, desk.clock.now())
        await leave_trace(desk, unit, "remove", service, before=masked_values(service.spec))
    return binned


async def restore_service(desk: Desk, service_id: int, name: str | None = None) -> Service:
    """Take a service out of the bin, under another name if one is given.

    ``Refused`` if its name is taken by now, if its client is in the bin or can no longer have it, or if
    what it depends on is in the bin.
    """
    desk.require(Role.OPERATOR)
    async with desk.database.unit() as unit:
        service = await unit.services.get(service_id)
        if service.deleted_at is None:
            return service
        client = await unit.clients.get(service.client_id)
        if client.deleted_at is not None:
            refuse([Fault("client", "client_in_bin", {"client": client.spec.name})])
        now = desk.clock.now()
        spec = service.spec if name is None else replace(service.spec, name=name)
        refuse([*service_faults(spec, client.spec), *await parent_faults(unit, service_id, spec)])
        if spec != service.spec:
            await unit.services.save(service_id, service.version, spec, now)
        restored = await unit.services.restore(service_id, now)
        await leave_trace(desk, unit, "restore", restored, after=masked_values(restored.spec))
    return restored


async def living_service(unit: Unit, service_id: int) -> tuple[Service, Client]:
    """Give a service that is not in the bin, and its client, neither; ``NotFound`` otherwise."""
    service = await unit.services.get(service_id)
    if service.deleted_at is not None:
        raise NotFound(
            _("The service {name} is in the bin. Restore it first.").format(name=service.spec.name)
        )
    return service, await living_client(unit, service.client_id)


def _names(service: Service, client: Client) -> tuple[str, str]:
    return service.spec.name.lower(), label(service, client).lower()


def _binned_last(pair: tuple[Service, Client]) -> float:
    deleted_at = pair[0].deleted_at
    return deleted_at.timestamp() if deleted_at else 0.0


def _copy_name(service: Service, siblings: Iterable[Service]) -> str:
    """Give the first free name of a copy, shortened to what a name may hold."""
    taken = {sibling.spec.name.lower() for sibling in siblings}
    number = 1
    while True:
        suffix = " (copy)" if number == 1 else f" (copy {number})"
        name = service.spec.name[: NAME_LIMIT - len(suffix)].rstrip() + suffix
        if name.lower() not in taken:
            return name
        number += 1
