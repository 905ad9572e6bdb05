"""Use cases around channels."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.channels import Channel, ChannelKind, ChannelSpec, Delivery, Message
from core.domain.faults import Fault
from core.domain.gates import NoticeKind
from core.domain.notices import DeliveryHealth, MessageState
from core.domain.operators import Operator, Role
from core.domain.rules import RuleSpec
from core.domain.secret import MASK, Secret
from core.errors import EditConflict, Forbidden, InputError, NotFound, Refused
from core.operations import channels
from core.operations.channels import add_channel, edit_channel, find_channel, list_channels, remove_channel
from core.operations.desk import Desk
from core.operations.history import latest_changes
from core.operations.rules import add_rule
from core.storage.database import Database
from tests.clock import FrozenClock
from tests.operations.support import desk_on

MAIL = ChannelSpec("mail", ChannelKind.APPRISE, Secret("mailto://ops:hunter2@acme.example"))
HOOK = ChannelSpec(
    "hook",
    ChannelKind.WEBHOOK,
    Secret("https://user:hunter2@hooks.acme.example:8443/t0ken"),
    Secret("a secret of 16 and more"),
)


class Post:
    """Keeps what it is given to send, gives one answer, and finds the faults that a test names."""

    def __init__(self, delivery: Delivery, *faults: Fault) -> None:
        self.delivery = delivery
        self.faults = faults
        self.sent: list[tuple[ChannelSpec, Message]] = []

    async def send(self, spec: ChannelSpec, message: Message) -> Delivery:
        self.sent.append((spec, message))
        return self.delivery

    async def url_faults(self, _spec: ChannelSpec) -> tuple[Fault, ...]:
        return self.faults


async def consoles(desk: Desk) -> Channel:
    return await find_channel(desk, "consoles")


async def test_channels_are_listed_by_name_and_found_by_name_or_number(desk: Desk) -> None:
    mail, hook = await add_channel(desk, MAIL), await add_channel(desk, HOOK)
    assert [line.channel.spec.name for line in await list_channels(desk)] == ["consoles", "hook", "mail"]
    assert await find_channel(desk, " MAIL ") == mail
    assert await find_channel(desk, str(hook.id)) == hook
    with pytest.raises(NotFound, match=r"no channel mial\. Did you mean mail\?"):
        await find_channel(desk, "mial")


async def test_the_list_says_how_delivery_goes_through_each_channel(desk: Desk, clock: FrozenClock) -> None:
    mail, now = await add_channel(desk, MAIL), clock.now()
    async with desk.database.unit() as unit:
        for number, (state, error) in enumerate(
            [
                (MessageState.SENT, None),
                (MessageState.FAILED, "550 no such user"),
                (MessageState.WAITING, "timed out"),
                (MessageState.WAITING, None),
            ]
        ):
            await unit.outbox.add(f"message-{number}", mail.id, now, now)
            (entry,) = await unit.outbox.claim("me", now, now + timedelta(hours=1), 1)
            if state is not MessageState.WAITING:
                await unit.outbox.end(entry, "me", state, now, error)
            elif error is not None:
                await unit.outbox.put_off(entry, "me", now + timedelta(days=30), error)
    by_name = {line.channel.spec.name: line.delivery for line in await list_channels(desk)}
    assert by_name == {
        "mail": DeliveryHealth(2, 1, now, "timed out"),
        "consoles": DeliveryHealth(),
    }
    async with desk.database.unit() as unit:
        later = await unit.outbox.health(now + timedelta(seconds=1))
    assert later[mail.id] == DeliveryHealth(2, 0, now, "timed out")


async def test_every_fault_is_named_at_once_and_nothing_is_written(desk: Desk) -> None:
    await add_channel(desk, MAIL)
    with pytest.raises(Refused) as refused:
        await add_channel(desk, ChannelSpec("Mail", ChannelKind.APPRISE, secret=Secret("short")))
    assert [(fault.field, fault.code) for fault in refused.value.faults] == [
        ("url", "required"),
        ("secret", "channel_unsigned"),
        ("name", "taken"),
    ]
    assert [line.channel.spec.name for line in await list_channels(desk)] == ["consoles", "mail"]


async def test_the_adapters_have_their_say_about_an_address_that_is_new(desk: Desk) -> None:
    mail = await add_channel(desk, MAIL)
    strict = replace(desk, sender=Post(Delivery(True, ""), Fault("url", "channel_url_form")))
    with pytest.raises(Refused) as refused:
        await add_channel(strict, replace(HOOK))
    assert [fault.code for fault in refused.value.faults] == ["channel_url_form"]
    with pytest.raises(Refused):
        await edit_channel(strict, mail.id, mail.version, replace(MAIL, url=Secret("json://x")))
    off = await edit_channel(strict, mail.id, mail.version, replace(MAIL, active=False))
    assert off.spec.active is False


async def test_the_second_of_two_who_edit_a_channel_is_told_and_changes_nothing(desk: Desk) -> None:
    mail = await add_channel(desk, MAIL)
    first = await edit_channel(desk, mail.id, mail.version, replace(MAIL, name="post"))
    with pytest.raises(EditConflict):
        await edit_channel(desk, mail.id, mail.version, replace(MAIL, active=False))
    assert await find_channel(desk, "post") == first


async def test_a_removed_channel_gives_its_name_free(desk: Desk) -> None:
    mail = await add_channel(desk, MAIL)
    await remove_channel(desk, mail.id)
    with pytest.raises(NotFound):
        await find_channel(desk, str(mail.id))
    with pytest.raises(NotFound):
        await remove_channel(desk, mail.id)
    assert (await add_channel(desk, MAIL)).id != mail.id


async def test_the_channel_of_the_consoles_is_switched_off_and_never_removed_or_added(desk: Desk) -> None:
    terminal = await consoles(desk)
    with pytest.raises(InputError, match="Switch it off instead"):
        await remove_channel(desk, terminal.id)
    off = await edit_channel(desk, terminal.id, terminal.version, replace(terminal.spec, active=False))
    assert (await consoles(desk)).spec.active is False
    with pytest.raises(Refused) as added:
        await add_channel(desk, ChannelSpec("more", ChannelKind.TERMINAL))
    with pytest.raises(Refused) as became:
        await edit_channel(desk, off.id, off.version, replace(MAIL, name="consoles"))
    for refused in (added, became):
        assert [(fault.field, fault.code) for fault in refused.value.faults] == [("kind", "channel_builtin")]


async def test_a_channel_that_rules_name_is_not_removed_from_under_them(desk: Desk) -> None:
    mail = await add_channel(desk, MAIL)
    await add_rule(desk, RuleSpec("nights", channel_ids=(mail.id,)))
    with pytest.raises(InputError, match=r"named by rules \(nights\)"):
        await remove_channel(desk, mail.id)
    assert await find_channel(desk, "mail") == mail


async def test_who_did_what_is_in_the_audit_log_without_any_secret(desk: Desk) -> None:
    hook = await add_channel(desk, HOOK)
    saved = await edit_channel(
        desk, hook.id, hook.version, replace(HOOK, active=False, secret=Secret("another secret 1234"))
    )
    await remove_channel(desk, saved.id)
    remove, edit, add = await latest_changes(desk)
    assert {(each.subject, each.subject_id, each.subject_name) for each in (add, edit, remove)} == {
        ("channel", hook.id, "hook")
    }
    assert [each.action for each in (add, edit, remove)] == ["add", "edit", "remove"]
    assert (add.before, remove.after) == (None, None)
    assert add.after == {"name": "hook", "kind": "webhook", "url": MASK, "secret": MASK, "active": True}
    assert edit.before == {"secret": MASK, "active": True}
    assert edit.after == {"secret": MASK, "active": False}


async def test_an_edit_that_changes_nothing_writes_nothing(desk: Desk) -> None:
    mail = await add_channel(desk, MAIL)
    assert await edit_channel(desk, mail.id, mail.version, MAIL) == mail
    assert [each.action for each in await latest_changes(desk)] == ["add"]


async def test_other_processes_are_told_of_each_change(desk: Desk) -> None:
    async with await desk.database.dedicated_connection() as connection:
        await connection.execute("LISTEN ronda_feed")
        mail = await add_channel(desk, MAIL)
        await edit_channel(desk, mail.id, mail.version, replace(MAIL, name="post"))
        await remove_channel(desk, mail.id)
        notices = [notice async for notice in connection.notifies(timeout=20, stop_after=3)]
    assert [json.loads(notice.payload) for notice in notices] == [{"alerting": 1}] * 3


@pytest.mark.parametrize("active", [True, False])
async def test_a_test_gives_the_answer_of_the_other_side(desk: Desk, active: bool) -> None:
    mail = await add_channel(desk, replace(MAIL, active=active))
    post = Post(Delivery(False, "554 no such mailbox"))
    assert await channels.test_channel(replace(desk, sender=post), mail.id) == post.delivery
    ((spec, message),) = post.sent
    assert spec == mail.spec
    assert message.title == "TEST: Ronda"
    assert "olga tries out the channel mail. Nothing is wrong." in message.text
    (line,) = [line for line in await list_channels(desk) if line.channel == mail]
    assert line.delivery == DeliveryHealth()


async def test_a_test_needs_a_way_to_send_and_a_channel(desk: Desk) -> None:
    mail = await add_channel(desk, MAIL)
    with pytest.raises(InputError, match="cannot send"):
        await channels.test_channel(desk, mail.id)
    with pytest.raises(NotFound):
        await channels.test_channel(desk, 4711)


async def test_a_test_of_the_consoles_is_told_to_every_process_and_sent_by_nobody(desk: Desk) -> None:
    terminal = await consoles(desk)
    async with await desk.database.dedicated_connection() as connection:
        await connection.execute("LISTEN ronda_feed")
        assert (await channels.test_channel(desk, terminal.id)).accepted
        (notice,) = [notice async for notice in connection.notifies(timeout=20, stop_after=1)]
    number = json.loads(notice.payload)["tell"]
    async with desk.database.unit() as unit:
        (told,) = await unit.outbox.notices_in([number])
        entry = await unit.outbox.entry(number)
        assert await unit.outbox.next_due() is None
    assert (told.kind, told.gate) == (NoticeKind.TEST, None)
    assert entry is not None
    assert entry.state is MessageState.SENT


async def test_only_an_admin_changes_channels_and_only_an_operator_tests_them(
    desk: Desk, viewer_desk: Desk, database: Database, clock: FrozenClock
) -> None:
    mail = await add_channel(desk, MAIL)
    operator = desk_on(database, clock, Operator("otto", "ops1", "", Role.OPERATOR))
    for lower in (viewer_desk, operator):
        with pytest.raises(Forbidden):
            await add_channel(lower, HOOK)
        with pytest.raises(Forbidden):
            await edit_channel(lower, mail.id, mail.version, replace(MAIL, active=False))
        with pytest.raises(Forbidden):
            await remove_channel(lower, mail.id)
    with pytest.raises(Forbidden):
        await channels.test_channel(viewer_desk, mail.id)
    assert (await channels.test_channel(operator, (await consoles(desk)).id)).accepted
    assert [line.channel.spec.name for line in await list_channels(viewer_desk)] == ["consoles", "mail"]
    assert await find_channel(desk, "mail") == mail


@pytest.mark.parametrize(
    ("kind", "url", "shown"),
    [
        (
            ChannelKind.WEBHOOK,
            "https://user:hunter2@hooks.acme.example:8443/t0ken",
            "https://hooks.acme.example/…",
        ),
        (ChannelKind.WEBHOOK, "https://[hunter2", "https://…"),
        (ChannelKind.APPRISE, "mailto://ops:hunter2@acme.example", "mailto://…"),
        (ChannelKind.APPRISE, "slack://hunter2/hunter2", "slack://…"),
        (ChannelKind.APPRISE, "hunter2", "…"),
        (ChannelKind.APPRISE, "hunter2 hunter2://x", "…"),
        (ChannelKind.TERMINAL, None, ""),
    ],
)
def test_of_an_address_only_what_is_no_secret_is_shown(
    kind: ChannelKind, url: str | None, shown: str
) -> None:
    assert ChannelSpec("x", kind, None if url is None else Secret(url)).shown_url == shown
