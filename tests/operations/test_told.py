"""What every open console is told."""

from __future__ import annotations

from core.domain.channels import Tone
from core.domain.gates import NoticeKind
from core.domain.notices import Notice
from core.operations.desk import Desk
from core.operations.told import told


async def test_a_message_is_shown_as_it_is_sent(desk: Desk) -> None:
    now = desk.clock.now()
    facts = {"client": "Acme", "service": "api", "status": "down", "detail": "refused"}
    async with desk.database.unit() as unit:
        (channel,) = await unit.channels.all()
        number = await unit.outbox.add("m-1", channel.id, now, now)
        notice = Notice(channel.id, "key", NoticeKind.PROBLEM, now, (), facts, notification_id=number)
        await unit.outbox.write_notices([notice])
    message = await told(desk, number)
    assert message is not None
    assert (message.id, message.title, message.tone) == ("m-1", "DOWN: Acme/api", Tone.DOWN)


async def test_a_message_that_is_gone_or_empty_is_not_shown(desk: Desk) -> None:
    now = desk.clock.now()
    async with desk.database.unit() as unit:
        (channel,) = await unit.channels.all()
        number = await unit.outbox.add("m-1", channel.id, now, now)
    assert await told(desk, number) is None
    assert await told(desk, number + 1) is None
