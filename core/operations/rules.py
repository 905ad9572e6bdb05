"""Use cases around rules: add, edit, switch off, remove, list, find."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.domain.faults import Fault
from core.domain.operators import Role
from core.domain.rules import Rule, RuleSpec
from core.errors import NotFound
from core.i18n import _
from core.operations.auditing import leave_trace, masked_values, save_change
from core.operations.desk import Desk
from core.operations.lookup import listed, meant, not_found_text, refuse, taken_faults

if TYPE_CHECKING:
    from core.storage.database import Unit


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule with the names of what it is about."""

    rule: Rule
    channels: tuple[str, ...]
    """Empty: all, those to come as well."""
    clients: tuple[str, ...]
    """Empty: all."""


async def list_rules(desk: Desk) -> list[RuleLine]:
    """Give the rules by name."""
    async with desk.database.unit() as unit:
        return await _lines(unit, await unit.rules.all())


async def find_rule(desk: Desk, name_or_id: str) -> RuleLine:
    """Give the rule that a name (in any case) or a number means; a number is an id first.

    ``NotFound`` names rules whose names come close.
    """
    async with desk.database.unit() as unit:
        rules = await unit.rules.all()
        rule = meant(name_or_id, rules)
        if rule is None:
            names = (each.spec.name for each in rules)
            raise NotFound(not_found_text(_("There is no rule {name}."), name_or_id, names))
        return await _line(unit, rule)


async def add_rule(desk: Desk, spec: RuleSpec) -> RuleLine:
    """Save a new rule; ``Refused`` names every fault."""
    desk.require(Role.ADMIN)
    async with desk.database.unit() as unit:
        refuse(await _faults(unit, spec, None))
        rule = await unit.rules.add(spec, desk.clock.now())
        await leave_trace(desk, unit, "add", rule, after=masked_values(spec))
        return await _line(unit, rule)


async def edit_rule(desk: Desk, rule_id: int, version: int, spec: RuleSpec) -> RuleLine:
    """Save a rule that was read as ``version``; nothing is written where nothing differs.

    ``Refused`` names every fault; ``EditConflict`` if somebody saved in between; ``NotFound``.
    """
    desk.require(Role.ADMIN)
    async with desk.database.unit() as unit:
        rule = await unit.rules.get(rule_id)
        refuse(await _faults(unit, spec, rule))
        saved = await save_change(desk, unit, unit.rules.save, rule, spec, version=version)
        return await _line(unit, saved)


async def remove_rule(desk: Desk, rule_id: int) -> RuleLine:
    """Take a rule away; its name is free again. ``NotFound`` if there is none."""
    desk.require(Role.ADMIN)
    async with desk.database.unit() as unit:
        rule = await unit.rules.remove(rule_id, desk.clock.now())
        await leave_trace(desk, unit, "remove", rule, before=masked_values(rule.spec))
        return await _line(unit, rule)


async def rule_faults(desk: Desk, spec: RuleSpec, rule: Rule | None = None) -> list[Fault]:
    """Give everything that is wrong with a new rule, or with one that is edited.

    What of an edited rule stays as it is is not looked at again: one can switch off a rule whose
    clients have gone.
    """
    async with desk.database.unit() as unit:
        return await _faults(unit, spec, rule)


async def _faults(unit: Unit, spec: RuleSpec, rule: Rule | None) -> list[Fault]:
    own_id, before = (None, RuleSpec("")) if rule is None else (rule.id, rule.spec)
    faults = [*spec.faults(), *taken_faults(spec.name, own_id, await unit.rules.all())]
    if spec.channel_ids != before.channel_ids:
        channels = {channel.id: channel.spec.name for channel in await unit.channels.all(removed=True)}
        living = await unit.channels.held(spec.channel_ids)
        faults += _channel_faults(spec.channel_ids, living, channels)
    if (spec.client_ids, spec.tags) != (before.client_ids, before.tags):
        faults += await _subject_faults(unit, spec, {fault.field for fault in faults})
    return faults


def _channel_faults(
    channel_ids: Iterable[int], living: Collection[int], names: Mapping[int, str]
) -> Iterator[Fault]:
    gone = [names.get(number, str(number)) for number in channel_ids if number not in living]
    if gone:
        yield Fault("channel_ids", "rule_channels", {"channels": listed(gone)})


async def _subject_faults(unit: Unit, spec: RuleSpec, faulty: Collection[str]) -> list[Fault]:
    """Give what is wrong with whom a rule is for; ``faulty`` are the fields that have a fault already."""
    clients = await unit.clients.all(include_deleted=True)
    names = {client.id: client.spec.name for client in clients}
    living = {client.id for client in clients if client.deleted_at is None}
    gone = [names.get(number, str(number)) for number in spec.client_ids if number not in living]
    if gone:
        return [Fault("client_ids", "rule_clients", {"clients": listed(gone)})]
    if "tags" in faulty:
        return []
    subjects = (await unit.subjects.of()).values()
    if any(spec.concerns(subject.client_id, subject.tags) for subject in subjects):
        return []
    return [Fault("tags" if spec.tags else "client_ids", "rule_nothing")]


async def _lines(unit: Unit, rules: Sequence[Rule]) -> list[RuleLine]:
    """Give the rules with names, also of channels and clients that have gone since."""
    channels = {channel.id: channel.spec.name for channel in await unit.channels.all(removed=True)}
    clients = {client.id: client.spec.name for client in await unit.clients.all(include_deleted=True)}
    return [
        RuleLine(rule, _names(rule.spec.channel_ids, channels), _names(rule.spec.client_ids, clients))
        for rule in rules
    ]


async def _line(unit: Unit, rule: Rule) -> RuleLine:
    (line,) = await _lines(unit, [rule])
    return line


def _names(numbers: Iterable[int], names: Mapping[int, str]) -> tuple[str, ...]:
    return tuple(names.get(number, str(number)) for number in numbers)
