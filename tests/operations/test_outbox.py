"""Use cases around the outbox."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.domain.channels import ChannelKind, ChannelSpec
from core.domain.gates import NoticeKind
from core.domain.notices import MessageState, Notice
from core.domain.operators import Operator, Role
from core.domain.secret import Secret
from core.errors import Forbidden, NotFound
from core.operations.channels import add_channel, remove_channel
from core.operations.desk import Desk
from core.operations.outbox import LISTED_FOR, list_messages, retry_message
from core.storage.database import Database
from tests.clock import FrozenClock
from tests.operations.support import desk_on

PAGER = ChannelSpec("pager", ChannelKind.WEBHOOK, Secret("https://hooks.example/a"))


async def given_up(desk: Desk, channel_id: int) -> int:
    """Put a message that tells two things into the outbox, have it given up, and give its number."""
    now = desk.clock.now()
    async with desk.database.unit() as unit:
        number = await unit.outbox.add("m1", channel_id, now, now)
        notices = [
            Notice(
                channel_id, f"key {each}", NoticeKind.TEST, now, (), {"detail": each}, notification_id=number
            )
            for each in ("one", "two")
        ]
        await unit.outbox.write_notices(notices)
        (entry,) = await unit.outbox.claim("w", now, now + timedelta(minutes=1), 5)
        assert await unit.outbox.end(entry, "w", MessageState.FAILED, now, "the token was revoked")
    return number


async def test_messages_are_listed_with_their_channel_and_what_they_tell(desk: Desk) -> None:
    assert await list_messages(desk) == []
    channel = await add_channel(desk, PAGER)
    number = await given_up(desk, channel.id)
    await remove_channel(desk, channel.id)
    (line,) = await list_messages(desk)
    assert (line.entry.id, line.entry.state, line.channel) == (number, MessageState.FAILED, "pager")
    assert line.title.endswith(" and 1 more")


async def test_what_ended_long_ago_is_not_listed(desk: Desk, clock: FrozenClock) -> None:
    channel = await add_channel(desk, PAGER)
    number = await given_up(desk, channel.id)
    clock.advance(LISTED_FOR.total_seconds() + 1)
    assert await list_messages(desk) == []
    await retry_message(desk, number)
    (line,) = await list_messages(desk)
    assert (line.entry.state, line.entry.due_at) == (MessageState.WAITING, clock.now())


async def test_only_what_was_not_sent_is_sent_again_and_only_by_operators(
    desk: Desk, database: Database, clock: FrozenClock
) -> None:
    channel = await add_channel(desk, PAGER)
    async with desk.database.unit() as unit:
        number = await unit.outbox.add("m1", channel.id, clock.now(), clock.now(), sent=True)
    with pytest.raises(NotFound, match="nothing to send again"):
        await retry_message(desk, number)
    viewer = desk_on(database, clock, Operator("vera", "ops1", role=Role.VIEWER))
    with pytest.raises(Forbidden):
        await retry_message(viewer, number)
