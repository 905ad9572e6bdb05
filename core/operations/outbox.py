"""Use cases around the outbox: see what waits, was sent or given up, and have it sent again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from core.domain.notices import Notice, OutboxEntry
from core.domain.operators import Role
from core.errors import NotFound
from core.i18n import _, ngettext
from core.operations.desk import Desk
from core.operations.messages import message_of

LISTED_FOR = timedelta(days=7)
"""How long messages that are over are listed."""


@dataclass(frozen=True, slots=True)
class MessageLine:
    """A message as it is listed."""

    entry: OutboxEntry
    channel: str
    """The name of the channel, also of one that has gone since."""
    title: str
    """What it tells, in a line."""


async def list_messages(desk: Desk) -> list[MessageLine]:
    """Give what waits, and the messages of the last days, the newest first."""
    async with desk.database.unit() as unit:
        entries = await unit.outbox.entries(since=desk.clock.now() - LISTED_FOR)
        told = await unit.outbox.first_notices([entry.id for entry in entries])
        channels = {channel.id: channel.spec.name for channel in await unit.channels.all(removed=True)}
    return [
        MessageLine(entry, channels.get(entry.channel_id, str(entry.channel_id)), _title(entry, told))
        for entry in entries
    ]


def _title(entry: OutboxEntry, told: dict[int, tuple[Notice, int]]) -> str:
    if entry.id not in told:
        return ""
    first, count = told[entry.id]
    title = message_of(entry.message_id, [first]).title
    more = ngettext("{title} and {count} more", "{title} and {count} more", count - 1)
    return title if count == 1 else more.format(title=title, count=count - 1)


async def retry_message(desk: Desk, notification_id: int) -> None:
    """Have a message that was given up, or that waits, sent at once. ``NotFound`` for any other."""
    desk.require(Role.OPERATOR)
    async with desk.database.unit() as unit:
        if not await unit.outbox.retry(notification_id, desk.clock.now()):
            raise NotFound(_("There is nothing to send again: the message has been sent, or is gone."))
        await unit.announce({"alerting": 1})
