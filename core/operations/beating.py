"""Jobs that report in."""

from __future__ import annotations

from datetime import datetime

from core.domain.kinds import Kind
from core.domain.operators import Role
from core.domain.services import Service
from core.errors import InputError
from core.i18n import _
from core.operations.desk import Desk


async def report_in(desk: Desk, service: Service) -> datetime:
    """Note that the job of a heartbeat has reported in, tell whoever leads, and give the moment.

    A paused one is noted too: the job cannot know. ``InputError`` for a service of another kind.
    """
    desk.require(Role.OPERATOR)
    if service.spec.kind is not Kind.HEARTBEAT:
        raise InputError(
            _(
                "{name} is not a heartbeat: Ronda checks it by itself. "
                "Make one with 'ronda service add --kind heartbeat'."
            ).format(name=service.spec.name)
        )
    async with desk.database.unit() as unit:
        moment = await unit.heartbeats.beat(service.id)
        await unit.announce({"beat": service.id, "at": moment.isoformat()})
    return moment
