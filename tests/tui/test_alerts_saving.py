"""Channels, rules, windows and messages over real operations: what is saved, sent, refused and ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from core.domain.channels import ChannelKind, ChannelSpec, Delivery
from core.domain.clients import ClientSpec
from core.domain.faults import Fault
from core.domain.maintenance import Scope
from core.domain.observations import Status
from core.domain.operators import Role
from core.domain.rules import RuleSpec
from core.domain.secret import Secret
from core.domain.services import ServiceSpec
from core.errors import Forbidden, NotFound, Refused
from core.operations.channels import add_channel, edit_channel, find_channel, list_channels, try_channel
from core.operations.clients import add_client
from core.operations.desk import Desk
from core.operations.maintenance import list_windows
from core.operations.rules import add_rule, list_rules
from core.operations.services import add_service
from core.storage.database import Database
from tests.operations.test_outbox import given_up
from tests.tui.alert_world import FakeSender, at_alerts
from tests.tui.forms import desk_on, on_top, row, screen_text, shown_fields, shows, until, write
from tui.app import RondaApp
from tui.screens.alerts import AlertsScreen
from tui.screens.channel_form import ChannelForm
from tui.screens.confirm import Confirm
from tui.screens.replay import ReplayReport
from tui.screens.rule_form import RuleForm
from tui.screens.several import SeveralPicker
from tui.screens.window_form import WindowForm
from tui.widgets.editors import ChoiceEditor

_Form = TypeVar("_Form", ChannelForm, RuleForm, WindowForm)
MAIL = ChannelSpec("mail", url=Secret("mailtos://ops:hunter2@smtp.example?to=on-call@example.com"))


@pytest.fixture
def sender() -> FakeSender:
    return FakeSender()


@pytest.fixture
def desk(database: Database, sender: FakeSender) -> Desk:
    return replace(desk_on(database), sender=sender)


@asynccontextmanager
async def console(
    desk: Desk, *keys: str, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[RondaApp, Pilot[None], AlertsScreen]]:
    """Run the whole console over a desk, at the alerts."""

    @asynccontextmanager
    async def open_desk() -> AsyncIterator[Desk]:
        yield desk

    app = RondaApp(open_desk, theme="ronda-night")
    async with app.run_test(size=size, notifications=True) as pilot:
        yield app, pilot, await at_alerts(app, pilot, *keys)


async def form_of(app: RondaApp, pilot: Pilot[None], kind: type[_Form]) -> _Form:
    """Give the form that is open."""
    await until(pilot, lambda: on_top(app, kind))
    await pilot.pause()
    return app.get_screen(kind.__name__, kind)


async def saves(app: RondaApp, pilot: Pilot[None]) -> None:
    """Press the key that saves, and wait until the form is gone."""
    await pilot.press("ctrl+s")
    await until(pilot, lambda: on_top(app, AlertsScreen))


async def refused(app: RondaApp, pilot: Pilot[None], text: str) -> None:
    """Press the key that saves, and wait for what is said against it."""
    await pilot.press("ctrl+s")
    await until(pilot, lambda: text in screen_text(app))
    assert not on_top(app, AlertsScreen)


# Channels


async def test_a_channel_is_made_of_the_fields_of_its_provider(desk: Desk) -> None:
    async with console(desk) as (app, pilot, screen):
        await pilot.press("n")
        form = await form_of(app, pilot, ChannelForm)
        assert {"mail-host", "mail-password"} < shown_fields(form)
        await write(pilot, form, {"name": "pager", "provider": "telegram"})
        assert shown_fields(form) == {"name", "provider", "telegram-token", "telegram-chat", "active"}
        await write(pilot, form, {"telegram-token": "123456:ABC", "telegram-chat": "-1001"})
        assert not shows(app, "123456:ABC")
        await saves(app, pilot)
        channel = await find_channel(desk, "pager")
        assert channel.spec.url is not None
        assert channel.spec.url.reveal().startswith("tgram://123456")
        await until(pilot, lambda: screen.table.row_id == channel.id)


async def test_faults_of_the_provider_stand_under_their_fields(desk: Desk, sender: FakeSender) -> None:
    async with console(desk) as (app, pilot, _screen):
        await pilot.press("n")
        form = await form_of(app, pilot, ChannelForm)
        await write(pilot, form, {"name": "mail", "mail-host": "two words", "mail-password": "hush"})
        await refused(app, pilot, "It looks like")
        assert row(form, "mail-user").problem == "Name the user whom the password belongs to."
        assert row(form, "mail-to").problem == "This cannot be empty."
        texts = {"mail-host": "smtp.example.com", "mail-user": "ops", "mail-from": "r@example.com"}
        await write(pilot, form, {**texts, "mail-to": "on-call@example.com"})
        sender.faults = (Fault("url", "channel_url_library", {"scheme": "mailtos"}),)
        await refused(app, pilot, "mailtos needs a program that is not installed here.")
        assert row(form, "mail-host").problem


async def test_a_taken_name_is_told_under_the_name(desk: Desk) -> None:
    await add_channel(desk, MAIL)
    async with console(desk) as (app, pilot, _screen):
        await pilot.press("n")
        form = await form_of(app, pilot, ChannelForm)
        texts = {"name": "Mail", "provider": "webhook", "url": "https://hooks.example/a"}
        await write(pilot, form, texts)
        await refused(app, pilot, "The name Mail is taken.")
        assert row(form, "name").problem


async def test_a_stored_channel_keeps_its_address_where_only_its_name_is_edited(desk: Desk) -> None:
    channel = await add_channel(desk, MAIL)
    async with console(desk) as (app, pilot, screen):
        screen.table.move_to_id(channel.id)
        await pilot.press("e")
        form = await form_of(app, pilot, ChannelForm)
        assert row(form, "provider").editor.text == "apprise"
        await write(pilot, form, {"name": "post"})
        await saves(app, pilot)
        await until(pilot, lambda: shows(app, "post"))
    assert (await find_channel(desk, "post")).spec == replace(MAIL, name="post")


async def test_the_channel_of_the_consoles_has_only_a_name_and_a_switch(desk: Desk) -> None:
    (line,) = await list_channels(desk)
    async with console(desk) as (app, pilot, _screen):
        await pilot.press("enter")
        form = await form_of(app, pilot, ChannelForm)
        assert shown_fields(form) == {"name", "provider", "active"}
        chooser = row(form, "provider").editor
        assert isinstance(chooser, ChoiceEditor)
        assert chooser.disabled
        await write(pilot, form, {"name": "screens"})
        await saves(app, pilot)
    saved = await find_channel(desk, str(line.channel.id))
    assert (saved.spec.name, saved.spec.kind) == ("screens", ChannelKind.TERMINAL)


async def test_a_test_is_sent_as_typed_before_the_channel_is_saved(desk: Desk, sender: FakeSender) -> None:
    async with console(desk) as (app, pilot, _screen):
        await pilot.press("n")
        form = await form_of(app, pilot, ChannelForm)
        await pilot.press("f2")
        assert shows(app, "Not tested: some fields need another value first.")
        assert sender.sent == []
        await write(
            pilot, form, {"provider": "webhook", "url": "https://hooks.example/a", "secret": "s" * 16}
        )
        await pilot.press("f2")
        await until(pilot, lambda: shows(app, "accepted  250 queued as 4711"))
        sender.answer = Delivery(False, "401 from hooks.example")
        await pilot.press("f2")
        await until(pilot, lambda: shows(app, "not accepted  401 from hooks.example"))
        assert on_top(app, ChannelForm)
    spec, message = sender.sent[0]
    assert spec.url == Secret("https://hooks.example/a")
    assert "Nothing is wrong" in message.text
    assert len(await list_channels(desk)) == 1


async def test_the_key_for_a_test_shows_the_answer(desk: Desk, sender: FakeSender) -> None:
    channel = await add_channel(desk, MAIL)
    sender.answer = Delivery(False, "535 authentication failed")
    sender.may_answer.clear()
    async with console(desk) as (app, pilot, screen):
        screen.table.move_to_id(channel.id)
        await pilot.press("t")
        await until(pilot, lambda: shows(app, "◌ sending"))
        await pilot.press("t")
        sender.may_answer.set()
        await until(pilot, lambda: shows(app, "535 authentication failed"))
        assert not shows(app, "◌ sending")
        await until(pilot, lambda: not screen.sending)
    assert [spec for spec, _message in sender.sent] == [MAIL]


async def test_a_channel_is_switched_off_and_deleted(desk: Desk) -> None:
    channel = await add_channel(desk, MAIL)
    async with console(desk) as (app, pilot, screen):
        screen.table.move_to_id(channel.id)
        await pilot.press("p")
        await until(pilot, lambda: shows(app, "‖ off"))
        assert not (await find_channel(desk, "mail")).spec.active
        await pilot.press("d", "y")
        await until(pilot, lambda: len(screen.table.rows) == 1)
    with pytest.raises(NotFound):
        await find_channel(desk, "mail")


async def test_a_channel_that_a_rule_names_stays(desk: Desk) -> None:
    channel = await add_channel(desk, MAIL)
    client = await add_client(desk, ClientSpec("Acme", dns="acme.example"))
    await add_service(desk, client.id, ServiceSpec("api", "/"))
    await add_rule(desk, RuleSpec("nights", (channel.id,)))
    async with console(desk) as (app, pilot, screen):
        screen.table.move_to_id(channel.id)
        await pilot.press("d", "y")
        await until(pilot, lambda: shows(app, "is named by rules"))
    assert await find_channel(desk, "mail")


async def test_what_somebody_else_saved_meanwhile_is_offered(desk: Desk) -> None:
    channel = await add_channel(desk, MAIL)
    async with console(desk) as (app, pilot, screen):
        screen.table.move_to_id(channel.id)
        await pilot.press("e")
        form = await form_of(app, pilot, ChannelForm)
        await edit_channel(desk, channel.id, channel.version, replace(MAIL, active=False))
        await write(pilot, form, {"name": "post"})
        await pilot.press("ctrl+s")
        await until(pilot, lambda: on_top(app, Confirm))
        assert shows(app, "They changed: Active.")


async def test_trying_a_typed_channel_needs_an_admin_and_no_faults(
    desk: Desk, database: Database, sender: FakeSender
) -> None:
    with pytest.raises(Refused):
        await try_channel(desk, ChannelSpec("mail"))
    with pytest.raises(Forbidden):
        await try_channel(replace(desk_on(database, role=Role.OPERATOR), sender=sender), MAIL)
    assert sender.sent == []


# Rules


@pytest.fixture
async def acme(desk: Desk) -> int:
    """Give the number of a client with a service."""
    client = await add_client(desk, ClientSpec("Acme", dns="acme.example", tags=("gold",)))
    await add_service(desk, client.id, ServiceSpec("api", "/"))
    return client.id


async def test_a_rule_is_made_from_what_was_typed_and_marked(desk: Desk, acme: int) -> None:
    channel = await add_channel(desk, MAIL)
    async with console(desk, "right") as (app, pilot, screen):
        await pilot.press("n")
        form = await form_of(app, pilot, RuleForm)
        texts = {
            "name": "nights", "tags": "gold", "severity": "down", "hours": "22:00-06:00\nSat 10:00-12:00",
            "zone": "Europe/Lisbon", "after_seconds": "5m", "reminder_seconds": "1h30m",
        }  # fmt: skip
        await write(pilot, form, texts)
        chooser = row(form, "client_ids").editor
        assert isinstance(chooser, ChoiceEditor)
        await until(pilot, lambda: bool(chooser.options))
        form.set_focus(row(form, "client_ids").editor)
        await pilot.press("space")
        await until(pilot, lambda: on_top(app, SeveralPicker) and isinstance(app.focused, Input))
        await pilot.press(*"acm", "enter", "escape")
        await until(pilot, lambda: on_top(app, RuleForm))
        form.set_focus(row(form, "channel_ids").editor)
        await pilot.press("space")
        await until(pilot, lambda: on_top(app, SeveralPicker) and isinstance(app.focused, Input))
        await pilot.press(*"mail", "enter", "escape")
        await until(pilot, lambda: on_top(app, RuleForm))
        await saves(app, pilot)
        await until(pilot, lambda: screen.table.row_id is not None and shows(app, "nights"))
    (line,) = await list_rules(desk)
    assert line.rule.spec == RuleSpec(
        "nights", (channel.id,), (acme,), ("gold",), Status.DOWN, ("22:00-06:00", "Sat 10:00-12:00"),
        "Europe/Lisbon", 300.0, 5400.0,
    )  # fmt: skip


async def test_faults_of_a_rule_stand_under_their_fields(desk: Desk, acme: int) -> None:
    async with console(desk, "right") as (app, pilot, _screen):
        await pilot.press("n")
        form = await form_of(app, pilot, RuleForm)
        await write(pilot, form, {"name": "r", "hours": "at night", "after_seconds": "soon", "zone": "Mars"})
        await refused(app, pilot, "at night are not hours.")
        assert row(form, "after_seconds").problem.startswith("soon is not a duration.")
        assert row(form, "zone").problem.startswith("Mars is not a time zone.")
        await write(pilot, form, {"hours": "", "after_seconds": "0", "zone": "UTC", "tags": "silver"})
        await refused(app, pilot, "nobody would ever be told")
        assert row(form, "tags").problem


async def test_a_rule_is_edited_switched_off_and_deleted(desk: Desk, acme: int) -> None:
    await add_rule(desk, RuleSpec("gold", client_ids=(acme,), tags=("gold",)))
    async with console(desk, "right") as (app, pilot, _screen):
        await pilot.press("enter")
        form = await form_of(app, pilot, RuleForm)
        assert shows(app, "Acme")
        assert row(form, "reminder_seconds").editor.text == "4h"
        await write(pilot, form, {"reminder_seconds": "0"})
        await saves(app, pilot)
        await pilot.press("p")
        await until(pilot, lambda: shows(app, "‖ off"))
        (line,) = await list_rules(desk)
        assert (line.rule.spec.reminder_seconds, line.rule.spec.active) == (0.0, False)
        await pilot.press("d", "y")
        await until(pilot, lambda: shows(app, "no rule yet"))
    assert await list_rules(desk) == []


async def test_what_would_have_been_sent_is_shown_without_saving(desk: Desk, acme: int) -> None:
    async with console(desk, "right") as (app, pilot, _screen):
        await pilot.press("n")
        form = await form_of(app, pilot, RuleForm)
        await write(pilot, form, {"hours": "at night"})
        await pilot.press("f2")
        assert shows(app, "Not played: some fields need another value first.")
        await write(pilot, form, {"hours": "22:00-06:00"})
        await pilot.press("f2")
        await until(pilot, lambda: on_top(app, ReplayReport))
        assert shows(app, "0 messages stay 0")
        await pilot.press("escape")
        await until(pilot, lambda: on_top(app, RuleForm))
    assert await list_rules(desk) == []


# Maintenance windows


async def test_a_window_of_once_lasts_as_long_as_was_typed(desk: Desk) -> None:
    async with console(desk, "right", "right") as (app, pilot, screen):
        await pilot.press("n")
        form = await form_of(app, pilot, WindowForm)
        assert shown_fields(form) == {"reason", "scope", "service_id", "when", "starts_at", "ends_at"}
        await write(pilot, form, {"reason": "upgrade", "scope": "all", "starts_at": "10m", "ends_at": "90m"})
        await saves(app, pilot)
        await until(pilot, lambda: len(screen.table.rows) == 1)
    (line,) = await list_windows(desk)
    once = line.window.spec.once
    assert once is not None
    assert once.ends_at - once.begins_at == timedelta(minutes=90)
    assert line.open is None


async def test_a_window_that_comes_again_is_for_a_client(desk: Desk, acme: int) -> None:
    async with console(desk, "right", "right") as (app, pilot, _screen):
        await pilot.press("n")
        form = await form_of(app, pilot, WindowForm)
        await write(pilot, form, {"reason": "patches", "scope": "client", "when": "again"})
        names = {"reason", "scope", "client_id", "when", "cron", "duration_seconds", "zone"}
        assert shown_fields(form) == names
        await refused(app, pilot, "This cannot be empty.")
        assert row(form, "client_id").problem
        assert row(form, "cron").problem
        texts = {"client_id": str(acme), "cron": "0 2 * * SUN", "duration_seconds": "2h", "zone": "UTC"}
        await write(pilot, form, texts)
        await saves(app, pilot)
    (line,) = await list_windows(desk)
    spec = line.window.spec
    assert (spec.scope, spec.subject_id, spec.cron) == (Scope.CLIENT, acme, "0 2 * * SUN")
    assert (spec.duration_seconds, spec.zone, line.subject) == (7200.0, "UTC", "Acme")


async def test_faults_of_a_window_stand_under_their_fields(desk: Desk) -> None:
    async with console(desk, "right", "right") as (app, pilot, _screen):
        await pilot.press("n")
        form = await form_of(app, pilot, WindowForm)
        await write(pilot, form, {"scope": "tag", "starts_at": "soon", "ends_at": ""})
        await refused(app, pilot, "soon is not a time.")
        for name in ("reason", "tag", "ends_at"):
            assert row(form, name).problem, name
        texts = {"reason": "x", "tag": "eu", "starts_at": "", "when": "again", "cron": "at two"}
        await write(pilot, form, texts)
        await refused(app, pilot, "Write 5 fields")


async def test_a_window_is_duplicated_and_ended(desk: Desk) -> None:
    async with console(desk, "right", "right") as (app, pilot, screen):
        await pilot.press("n")
        form = await form_of(app, pilot, WindowForm)
        await write(pilot, form, {"reason": "upgrade", "scope": "all", "ends_at": "2h"})
        await saves(app, pilot)
        await until(pilot, lambda: screen.table.row_id is not None)
        await pilot.press("D")
        form = await form_of(app, pilot, WindowForm)
        assert row(form, "ends_at").editor.text == "2h"
        await write(pilot, form, {"reason": "again"})
        await saves(app, pilot)
        await until(pilot, lambda: len(screen.table.rows) == 2)
        await pilot.press("g", "d", "y")
        await until(pilot, lambda: len(screen.table.rows) == 1)
    assert [line.window.spec.reason for line in await list_windows(desk)] == ["again"]


# The outbox


async def test_a_message_that_was_given_up_is_sent_again(desk: Desk) -> None:
    channel = await add_channel(desk, MAIL)
    number = await given_up(desk, channel.id)
    async with console(desk, "left") as (app, pilot, screen):
        assert shows(app, "✗ given up")
        await pilot.press("R")
        await until(pilot, lambda: shows(app, "◌ waiting"))
        assert screen.table.row_id == number
