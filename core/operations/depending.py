"""What is wrong with the service that another one is to depend on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.domain.dependencies import MOST_DEEP, cycle_through, is_too_deep
from core.domain.faults import Fault
from core.domain.services import ServiceSpec
from core.domain.text import printable
from core.errors import NotFound

if TYPE_CHECKING:
    from core.operations.desk import Desk
    from core.storage.database import Unit

_NAMED = 8
"""Services of a circle that its fault names."""


async def service_labels(desk: Desk) -> dict[int, str]:
    """Give CLIENT/NAME of every living service by number, in the order of these names."""
    async with desk.database.unit() as unit:
        return await unit.services.labels()


async def parent_faults(unit: Unit, service_id: int | None, spec: ServiceSpec) -> tuple[Fault, ...]:
    """Give what keeps a service, None for a new one, from depending on the one that its spec names.

    Until the unit ends no other operator can change what depends on what.
    """
    parent_id = spec.parent_id
    if parent_id is None:
        return ()
    if parent_id == service_id:
        return (Fault("parent_id", "parent_itself"),)
    parents = await unit.services.parents()
    if not await unit.services.all_living([parent_id]):
        return (Fault("parent_id", "parent_missing", {"parent": await _name(unit, parent_id)}),)
    cycle = () if service_id is None else cycle_through(service_id, parent_id, parents)
    if cycle:
        return (Fault("parent_id", "parent_cycle", {"cycle": await _cycle_text(unit, cycle, spec)}),)
    if is_too_deep(service_id, parent_id, parents):
        return (Fault("parent_id", "parent_deep", {"limit": MOST_DEEP}),)
    return ()


async def _cycle_text(unit: Unit, cycle: Sequence[int], spec: ServiceSpec) -> str:
    """Write a circle from the service, as it is to be called, back to it; a long one is cut short."""
    own = printable(spec.name)
    between = [await _name(unit, service_id) for service_id in cycle[1 : _NAMED + 1]]
    cut = ["…"] if len(cycle) > _NAMED + 1 else []
    return " -> ".join([own, *between, *cut, own])


async def _name(unit: Unit, service_id: int) -> str:
    try:
        return printable((await unit.services.get(service_id)).spec.name)
    except NotFound:
        return str(service_id)
