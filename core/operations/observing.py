"""Checks that an operator asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.domain.clients import ClientSpec
from core.domain.kinds import Kind
from core.domain.observations import Observation
from core.domain.operators import Role
from core.domain.services import ServiceSpec
from core.errors import InputError, KeyMismatch
from core.i18n import _
from core.operations.desk import Desk
from core.operations.health import leader_of, watchers
from core.operations.lookup import refuse
from core.operations.services import living_service
from core.operations.validating import service_faults

if TYPE_CHECKING:
    from core.checks.prober import Prober


async def test_check(desk: Desk, client: ClientSpec, service: ServiceSpec) -> Observation:
    """Check a service as it is typed, before it is saved; nothing is stored.

    ``Refused`` names every fault.
    """
    desk.require(Role.OPERATOR)
    return await observe(desk.prober, client, service)


async def observe(prober: Prober, client: ClientSpec, service: ServiceSpec) -> Observation:
    """Run one check now; it needs no database. ``Refused`` names every fault.

    ``InputError`` for a heartbeat: there is nothing to ask.
    """
    from core.checks.request import CheckRequest

    refuse(service_faults(service, client))
    refuse_heartbeat(service.kind)
    return await prober.check(CheckRequest.of(client, service))


async def check_now(desk: Desk, service_id: int) -> Observation | None:
    """Have a service checked at once.

    None: the process that leads was asked, and its result comes as every other. An observation:
    nobody leads or the service is paused, so it was checked here, is shown and is not stored.
    ``InputError`` for a heartbeat: there is nothing to ask.
    """
    desk.require(Role.OPERATOR)
    leader = leader_of(await watchers(desk))
    async with desk.database.unit() as unit:
        service, client = await living_service(unit, service_id)
        refuse_heartbeat(service.spec.kind)
        asked = leader is not None and service.spec.active and client.spec.active
        if asked:
            await unit.announce({"check": service_id})
    if asked:
        return None
    if not desk.database.key_matches:
        raise KeyMismatch(
            _(
                "This process cannot read the secrets that the check sends. "
                "Set RONDA_SECRET_KEY to the key that the database was written with."
            )
        )
    return await observe(desk.prober, client.spec, service.spec)


def refuse_heartbeat(kind: Kind) -> None:
    """Raise ``InputError`` for a heartbeat, which is not checked; it says what to do instead."""
    if kind is Kind.HEARTBEAT:
        raise InputError(_("A heartbeat cannot be checked: its job reports in with 'ronda beat NAME'."))
