"""Use cases around maintenance windows: add, list, end."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from core.calendar import cron_faults, next_stretch, open_stretch
from core.domain.audit import Values
from core.domain.faults import Fault
from core.domain.maintenance import Scope, Stretch, Window, WindowSpec
from core.domain.operators import Role
from core.operations.clients import living_client
from core.operations.desk import Desk
from core.operations.lookup import refuse
from core.operations.services import label, living_service

if TYPE_CHECKING:
    from core.storage.database import Unit


@dataclass(frozen=True, slots=True)
class WindowLine:
    """A window as it is listed."""

    window: Window
    subject: str
    """The client's name or the service's as ``CLIENT/NAME``; empty for a tag and for all."""
    open: Stretch | None
    """The time for which it is open now."""
    next: Stretch | None
    """When it opens next."""


async def add_window(desk: Desk, spec: WindowSpec) -> WindowLine:
    """Save a new window; ``Refused`` names every fault, ``NotFound`` a client or service that is gone."""
    desk.require(Role.OPERATOR)
    now = desk.clock.now()
    refuse(window_faults(spec, now))
    async with desk.database.unit() as unit:
        await _require_subject(unit, spec)
        window = await unit.windows.add(spec, desk.operator.name, now)
        await _leave_trace(desk, unit, "add", window, after=_values(spec))
        return await _line(unit, window, now)


async def list_windows(desk: Desk, *, ended: bool = False) -> list[WindowLine]:
    """Give the windows that are open or may still open, oldest first; with ``ended`` every one."""
    now = desk.clock.now()
    async with desk.database.unit() as unit:
        return [await _line(unit, window, now) for window in await unit.windows.all(ended=ended)]


async def end_window(desk: Desk, window_id: int) -> WindowLine:
    """End a window for good; ``NotFound`` if there is none, ``InputError`` if it is over already."""
    desk.require(Role.OPERATOR)
    now = desk.clock.now()
    async with desk.database.unit() as unit:
        window = await unit.windows.end(window_id, now)
        before, after = {"ended_at": None}, {"ended_at": now.isoformat()}
        await _leave_trace(desk, unit, "end", window, before=before, after=after)
        return await _line(unit, window, now)


def window_faults(spec: WindowSpec, now: datetime) -> Iterator[Fault]:
    """Give everything that is wrong with a window, its cron expression included."""
    yield from spec.faults(now)
    if spec.recurs:
        yield from cron_faults("cron", spec.cron)


async def _require_subject(unit: Unit, spec: WindowSpec) -> None:
    if spec.subject_id is None:
        return
    if spec.scope is Scope.CLIENT:
        await living_client(unit, spec.subject_id)
    elif spec.scope is Scope.SERVICE:
        await living_service(unit, spec.subject_id)


async def _line(unit: Unit, window: Window, now: datetime) -> WindowLine:
    subject = await _subject(unit, window.spec)
    return WindowLine(window, subject, open_stretch(window, now), next_stretch(window, now))


async def _subject(unit: Unit, spec: WindowSpec) -> str:
    """Give the name of a client or service, also of one that has gone into the bin since."""
    if spec.subject_id is None:
        return ""
    if spec.scope is Scope.CLIENT:
        return (await unit.clients.get(spec.subject_id)).spec.name
    service = await unit.services.get(spec.subject_id)
    return label(service, await unit.clients.get(service.client_id))


async def _leave_trace(
    desk: Desk,
    unit: Unit,
    action: str,
    window: Window,
    *,
    before: Values | None = None,
    after: Values | None = None,
) -> None:
    """Write who did what into the audit log and announce it, both inside the unit."""
    reason, now = window.spec.reason, desk.clock.now()
    await unit.audit.record(desk.operator, action, "maintenance", window.id, reason, before, after, now)
    await unit.announce({"maintenance": window.id})


def _values(spec: WindowSpec) -> Values:
    """Give every field as JSON knows it."""
    fields = dataclasses.asdict(spec)
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in fields.items()
    }
