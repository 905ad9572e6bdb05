"""What every open console is told: the messages of the channels of kind *terminal*."""

from __future__ import annotations

from core.domain.channels import Message
from core.operations.desk import Desk
from core.operations.messages import message_of


async def told(desk: Desk, notification_id: int) -> Message | None:
    """Give a message of the outbox as it is shown; None if it is gone, or nothing stands in it."""
    async with desk.database.unit() as unit:
        entry = await unit.outbox.entry(notification_id)
        notices = await unit.outbox.notices_in([notification_id])
    return message_of(entry.message_id, notices) if entry is not None and notices else None
