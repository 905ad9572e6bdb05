"""Use cases around channels: add, edit, switch off, remove, list, find, try out."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from core.domain.channels import Channel, ChannelKind, ChannelSpec, Delivery, Sender
from core.domain.faults import Fault
from core.domain.gates import NoticeKind
from core.domain.notices import DeliveryHealth, Notice
from core.domain.operators import Role
from core.errors import InputError, NotFound
from core.i18n import _
from core.operations.auditing import leave_trace, masked_values, save_change
from core.operations.desk import Desk
from core.operations.lookup import listed, meant, not_found_text, refuse, taken_faults
from core.operations.messages import message_of

if TYPE_CHECKING:
    from core.storage.database import Unit

FAILURES_COUNT_FOR = timedelta(hours=24)
"""How long a message that was given up is counted."""


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """A channel as it is listed."""

    channel: Channel
    delivery: DeliveryHealth


async def list_channels(desk: Desk) -> list[ChannelLine]:
    """Give the channels by name, with how delivery goes through each."""
    async with desk.database.unit() as unit:
        channels = await unit.channels.all()
        health = await unit.outbox.health(desk.clock.now() - FAILURES_COUNT_FOR)
    return [ChannelLine(channel, health.get(channel.id, DeliveryHealth())) for channel in channels]


async def find_channel(desk: Desk, name_or_id: str) -> Channel:
    """Give the channel that a name (in any case) or a number means; a number is an id first.

    ``NotFound`` names channels whose names come close.
    """
    async with desk.database.unit() as unit:
        channels = await unit.channels.all()
    channel = meant(name_or_id, channels)
    if channel is None:
        names = (each.spec.name for each in channels)
        raise NotFound(not_found_text(_("There is no channel {name}."), name_or_id, names))
    return channel


async def add_channel(desk: Desk, spec: ChannelSpec) -> Channel:
    """Save a new channel; ``Refused`` names every fault."""
    desk.require(Role.ADMIN)
    faults = await channel_faults(desk, spec)
    async with desk.database.unit() as unit:
        refuse([*faults, *taken_faults(spec.name, None, await unit.channels.all())])
        channel = await unit.channels.add(spec, desk.clock.now())
        await leave_trace(desk, unit, "add", channel, after=masked_values(spec))
    return channel


async def edit_channel(desk: Desk, channel_id: int, version: int, spec: ChannelSpec) -> Channel:
    """Save a channel that was read as ``version``; nothing is written where nothing differs.

    ``Refused`` names every fault; ``EditConflict`` if somebody saved in between; ``NotFound``.
    """
    desk.require(Role.ADMIN)
    async with desk.database.unit() as unit:
        before = (await unit.channels.get(channel_id)).spec
    faults = await channel_faults(desk, spec, before)
    async with desk.database.unit() as unit:
        channel = await unit.channels.get(channel_id)
        refuse([*faults, *taken_faults(spec.name, channel_id, await unit.channels.all())])
        return await save_change(desk, unit, unit.channels.save, channel, spec, version=version)


async def remove_channel(desk: Desk, channel_id: int) -> Channel:
    """Take a channel away; its name is free again.

    ``InputError`` for the channel of the consoles and for one that rules name; ``NotFound``.
    """
    desk.require(Role.ADMIN)
    async with desk.database.unit() as unit:
        channel = await unit.channels.get(channel_id)
        removed = await unit.channels.remove(channel_id, desk.clock.now())
        await _require_removable(unit, channel)  # after it, so that no rule that names it is just being saved
        await leave_trace(desk, unit, "remove", channel, before=masked_values(channel.spec))
    return removed


async def _require_removable(unit: Unit, channel: Channel) -> None:
    """Refuse what cannot be missed: a rule that lost its last channel would mean all of them."""
    name = channel.spec.name
    if channel.spec.kind is ChannelKind.TERMINAL:
        text = _("{name} is the channel of the open consoles and cannot be removed. Switch it off instead.")
        raise InputError(text.format(name=name))
    rules = [rule.spec.name for rule in await unit.rules.all() if channel.id in rule.spec.channel_ids]
    if rules:
        text = _("The channel {name} is named by rules ({rules}). Change or remove those first.")
        raise InputError(text.format(name=name, rules=listed(rules)))


async def channel_faults(desk: Desk, spec: ChannelSpec, before: ChannelSpec | None = None) -> list[Fault]:
    """Give everything that is wrong with a channel; ``before`` is how an edited one was.

    An address that stays as it is is not looked at again: one can switch such a channel off.
    """
    faults = [*spec.faults(), *_kind_faults(spec, before)]
    same = before is not None and (before.kind, before.url) == (spec.kind, spec.url)
    if same or desk.sender is None or any(fault.field in ("url", "kind") for fault in faults):
        return faults
    return [*faults, *await desk.sender.url_faults(spec)]


def _kind_faults(spec: ChannelSpec, before: ChannelSpec | None) -> Iterator[Fault]:
    """The consoles have one channel: none is added, and none becomes it or stops being it."""
    was_terminal = before is not None and before.kind is ChannelKind.TERMINAL
    if (spec.kind is ChannelKind.TERMINAL) is not was_terminal:
        yield Fault("kind", "channel_builtin")


async def test_channel(desk: Desk, channel_id: int) -> Delivery:
    """Send a test through a channel, switched on or not, and give the answer of the other side.

    ``InputError`` if this process cannot send messages, ``NotFound``.
    """
    desk.require(Role.OPERATOR)
    async with desk.database.unit() as unit:
        channel = await unit.channels.get(channel_id)
    notice, message_id = _test_notice(desk, channel.id, channel.spec.name), str(uuid.uuid4())
    if channel.spec.kind is ChannelKind.TERMINAL:
        return await _show_on_consoles(desk, notice, message_id)
    return await _sender(desk).send(channel.spec, message_of(message_id, [notice]))


async def try_channel(desk: Desk, spec: ChannelSpec) -> Delivery:
    """Send a test through a channel as it was typed, stored or not, and give the answer of the other side.

    ``Refused`` names every fault; ``InputError`` if this process cannot send messages.
    """
    desk.require(Role.ADMIN)
    sender = _sender(desk)
    refuse(await channel_faults(desk, spec))
    return await sender.send(spec, message_of(str(uuid.uuid4()), [_test_notice(desk, 0, spec.name)]))


def _sender(desk: Desk) -> Sender:
    if desk.sender is None:
        raise InputError(_("This process cannot send messages."))
    return desk.sender


def _test_notice(desk: Desk, channel_id: int, name: str) -> Notice:
    text = _("{operator} tries out the channel {channel}. Nothing is wrong.")
    detail = text.format(operator=desk.operator.name, channel=name)
    return Notice(
        channel_id=channel_id,
        key=f"test:{uuid.uuid4()}",
        kind=NoticeKind.TEST,
        decided_at=desk.clock.now(),
        verdicts=(),
        facts={"detail": detail},
    )


async def _show_on_consoles(desk: Desk, notice: Notice, message_id: str) -> Delivery:
    """Tell every open console at once; nobody has to run the checks for that."""
    now = desk.clock.now()
    async with desk.database.unit() as unit:
        number = await unit.outbox.add(message_id, notice.channel_id, now, now, sent=True)
        await unit.outbox.write_notices([replace(notice, notification_id=number)])
        await unit.announce({"tell": number, "alerting": 1})
    return Delivery(True, _("Every open console shows it."))
