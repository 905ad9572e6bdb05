"""Saves a change, and what the audit log says of it: the fields that differ, secrets masked."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from core.domain.audit import Values
from core.domain.channels import Channel, ChannelSpec
from core.domain.clients import Client, ClientSpec
from core.domain.rules import Rule, RuleSpec
from core.domain.secret import MASK, Secret
from core.domain.services import Header, Service, ServiceSpec

if TYPE_CHECKING:
    from core.operations.desk import Desk
    from core.storage.database import Unit

Action = Literal["add", "edit", "remove", "restore", "duplicate", "pause", "resume"]
Spec = ClientSpec | ServiceSpec | ChannelSpec | RuleSpec
Stored = TypeVar("Stored", Client, Service, Channel, Rule)
_KINDS: dict[type, str] = {Client: "client", Service: "service", Channel: "channel", Rule: "rule"}
Save = Callable[[int, int, Any, datetime], Awaitable[Stored]]
"""The ``save`` of a repository: id, the version that was read, the new spec, now."""


def masked_values(spec: Spec) -> Values:
    """Give every field; a secret shows that it is there and nothing of its text."""
    return {field.name: _masked(getattr(spec, field.name)) for field in dataclasses.fields(spec)}


def differences(before: Spec, after: Spec) -> tuple[Values, Values]:
    """Give the fields that differ, as they were and as they are; a changed secret is named, masked twice."""
    changed = [
        field.name
        for field in dataclasses.fields(before)
        if getattr(before, field.name) != getattr(after, field.name)
    ]
    was, became = masked_values(before), masked_values(after)
    return {name: was[name] for name in changed}, {name: became[name] for name in changed}


async def save_change(
    desk: Desk,
    unit: Unit,
    save: Save[Stored],
    stored: Stored,
    spec: Spec,
    *,
    version: int | None = None,
    action: Action = "edit",
) -> Stored:
    """Save what differs from ``stored`` and leave a trace; where nothing differs nothing is written.

    ``version`` is the one that the change was made from, if that was read in another unit.
    """
    if spec == stored.spec:
        return stored
    saved = await save(stored.id, stored.version if version is None else version, spec, desk.clock.now())
    before, after = differences(stored.spec, spec)
    await leave_trace(desk, unit, action, saved, before=before, after=after)
    return saved


async def leave_trace(
    desk: Desk,
    unit: Unit,
    action: Action,
    subject: Client | Service | Channel | Rule,
    *,
    before: Values | None = None,
    after: Values | None = None,
) -> None:
    """Write who did what into the audit log and announce it, both inside the unit."""
    kind, name = _KINDS[type(subject)], subject.spec.name
    await unit.audit.record(desk.operator, action, kind, subject.id, name, before, after, desk.clock.now())
    news = {"alerting": 1} if isinstance(subject, Channel | Rule) else {f"{kind}s": [subject.id]}
    await unit.announce(news)


def _masked(value: object) -> object:
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, Header):
        return [value.name, MASK]
    if isinstance(value, tuple):
        return [_masked(item) for item in value]
    return value
