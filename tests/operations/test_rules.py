"""Use cases around rules."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from core.domain.channels import ChannelKind, ChannelSpec
from core.domain.observations import Status
from core.domain.operators import Operator, Role
from core.domain.rules import RuleSpec
from core.domain.secret import Secret
from core.errors import EditConflict, Forbidden, NotFound, Refused
from core.operations.channels import add_channel, remove_channel
from core.operations.clients import remove_client
from core.operations.desk import Desk
from core.operations.history import latest_changes
from core.operations.rules import add_rule, edit_rule, find_rule, list_rules, remove_rule
from core.operations.services import remove_service
from core.storage.database import Database
from tests.clock import FrozenClock
from tests.operations.support import PING, acme_with, desk_on

MAIL = ChannelSpec("mail", ChannelKind.APPRISE, Secret("mailto://ops:hunter2@acme.example"))
NIGHTS = RuleSpec("nights", hours=("22:00-06:00",), zone="Europe/Lisbon", severity=Status.DOWN)


async def codes(desk: Desk, spec: RuleSpec) -> list[tuple[str, str]]:
    """Give what a rule is refused for."""
    with pytest.raises(Refused) as refused:
        await add_rule(desk, spec)
    return [(fault.field, fault.code) for fault in refused.value.faults]


async def test_rules_are_listed_by_name_with_the_names_of_what_they_are_about(desk: Desk) -> None:
    mail = await add_channel(desk, MAIL)
    client, _services = await acme_with(desk, PING)
    nights = await add_rule(desk, NIGHTS)
    acme = await add_rule(desk, RuleSpec("acme", (mail.id,), (client.id,), ("gold",)))
    assert await list_rules(desk) == [acme, nights]
    assert (acme.channels, acme.clients) == (("mail",), ("Acme",))
    assert (nights.channels, nights.clients) == ((), ())
    await remove_client(desk, client.id)
    assert (await find_rule(desk, "ACME")).clients == ("Acme",)


async def test_a_rule_is_found_by_name_or_number(desk: Desk) -> None:
    nights = await add_rule(desk, NIGHTS)
    assert await find_rule(desk, " Nights ") == await find_rule(desk, str(nights.rule.id)) == nights
    with pytest.raises(NotFound, match=r"no rule nigths\. Did you mean nights\?"):
        await find_rule(desk, "nigths")


async def test_every_fault_is_named_at_once_and_nothing_is_written(desk: Desk) -> None:
    await add_rule(desk, NIGHTS)
    wrong = RuleSpec(
        "Nights",
        channel_ids=(4711,),
        client_ids=(4711,),
        tags=("two words",),
        severity=Status.UP,
        hours=("at night",),
        zone="Mars/Olympus",
        after_seconds=-1.0,
        reminder_seconds=1.0,
    )
    assert await codes(desk, wrong) == [
        ("tags", "tag_form"),
        ("severity", "rule_severity"),
        ("hours", "rule_hours"),
        ("zone", "zone"),
        ("after_seconds", "rule_after"),
        ("reminder_seconds", "rule_reminder"),
        ("name", "taken"),
        ("channel_ids", "rule_channels"),
        ("client_ids", "rule_clients"),
    ]
    assert len(await list_rules(desk)) == 1


async def test_a_rule_for_what_has_gone_is_refused_by_its_name(desk: Desk) -> None:
    mail = await add_channel(desk, MAIL)
    client, _services = await acme_with(desk, PING)
    await remove_channel(desk, mail.id)
    await remove_client(desk, client.id)
    with pytest.raises(Refused) as refused:
        await add_rule(desk, RuleSpec("x", (mail.id,), (client.id,)))
    assert [dict(fault.parameters) for fault in refused.value.faults] == [
        {"channels": "mail"},
        {"clients": "Acme"},
    ]


async def test_a_rule_that_can_match_nothing_is_refused(desk: Desk) -> None:
    client, (ping, _web) = await acme_with(desk, replace(PING, tags=("db",)), replace(PING, name="web"))
    for spec in (
        RuleSpec("a", tags=("db", "silver")),
        RuleSpec("b", client_ids=(client.id,), tags=("gold",)),
    ):
        await add_rule(desk, spec)
    assert await codes(desk, RuleSpec("c", tags=("silver",))) == [("tags", "rule_nothing")]
    await remove_service(desk, ping.id)
    both = RuleSpec("d", client_ids=(client.id,), tags=("db",))
    assert await codes(desk, both) == [("tags", "rule_nothing")]


async def test_a_client_without_services_matches_nothing_either(desk: Desk) -> None:
    client, _services = await acme_with(desk)
    assert await codes(desk, RuleSpec("x", client_ids=(client.id,))) == [("client_ids", "rule_nothing")]


async def test_a_rule_whose_client_has_gone_can_still_be_switched_off(desk: Desk) -> None:
    client, _services = await acme_with(desk, PING)
    rule = (await add_rule(desk, RuleSpec("acme", client_ids=(client.id,)))).rule
    await remove_client(desk, client.id)
    off = await edit_rule(desk, rule.id, rule.version, replace(rule.spec, active=False))
    assert off.rule.spec.active is False
    with pytest.raises(Refused):
        await edit_rule(desk, rule.id, off.rule.version, replace(off.rule.spec, tags=("gold",)))


async def test_the_second_of_two_who_edit_a_rule_is_told_and_changes_nothing(desk: Desk) -> None:
    rule = (await add_rule(desk, NIGHTS)).rule
    first = await edit_rule(desk, rule.id, rule.version, replace(NIGHTS, after_seconds=900.0))
    with pytest.raises(EditConflict):
        await edit_rule(desk, rule.id, rule.version, replace(NIGHTS, active=False))
    assert await list_rules(desk) == [first]


async def test_a_removed_rule_gives_its_name_free(desk: Desk) -> None:
    rule = (await add_rule(desk, NIGHTS)).rule
    await remove_rule(desk, rule.id)
    with pytest.raises(NotFound):
        await remove_rule(desk, rule.id)
    again = await add_rule(desk, NIGHTS)
    assert again.rule.id != rule.id
    assert await list_rules(desk) == [again]


async def test_who_did_what_is_in_the_audit_log(desk: Desk) -> None:
    rule = (await add_rule(desk, NIGHTS)).rule
    await edit_rule(desk, rule.id, rule.version, replace(NIGHTS, severity=Status.DEGRADED, hours=()))
    await remove_rule(desk, rule.id)
    remove, edit, add = await latest_changes(desk)
    assert {(each.subject, each.subject_id, each.subject_name) for each in (add, edit, remove)} == {
        ("rule", rule.id, "nights")
    }
    assert [each.action for each in (add, edit, remove)] == ["add", "edit", "remove"]
    assert edit.before == {"severity": "down", "hours": ["22:00-06:00"]}
    assert edit.after == {"severity": "degraded", "hours": []}


async def test_other_processes_are_told_of_each_change(desk: Desk) -> None:
    async with await desk.database.dedicated_connection() as connection:
        await connection.execute("LISTEN ronda_feed")
        rule = (await add_rule(desk, NIGHTS)).rule
        await edit_rule(desk, rule.id, rule.version, replace(NIGHTS, active=False))
        await remove_rule(desk, rule.id)
        notices = [notice async for notice in connection.notifies(timeout=20, stop_after=3)]
    assert [json.loads(notice.payload) for notice in notices] == [{"alerting": 1}] * 3


async def test_only_an_admin_changes_rules(
    desk: Desk, viewer_desk: Desk, database: Database, clock: FrozenClock
) -> None:
    line = await add_rule(desk, NIGHTS)
    for lower in (viewer_desk, desk_on(database, clock, Operator("otto", "ops1", "", Role.OPERATOR))):
        with pytest.raises(Forbidden):
            await add_rule(lower, RuleSpec("x"))
        with pytest.raises(Forbidden):
            await edit_rule(lower, line.rule.id, line.rule.version, replace(NIGHTS, active=False))
        with pytest.raises(Forbidden):
            await remove_rule(lower, line.rule.id)
        assert await list_rules(lower) == [line]
