"""The place of alerts, over lists that were made up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.events import AlertingChanged, IncidentsChanged, WindowsChanged
from core.domain.operators import Role
from core.errors import Unreachable
from tests.tui.alert_world import CHANNELS, MESSAGES, RULES, WINDOWS, AlertApp, Answers, at_alerts
from tests.tui.forms import on_top, screen_text, shows, until
from tui.screens.alerts import AlertsScreen, Listing
from tui.screens.board import BoardScreen
from tui.screens.channel_form import ChannelForm
from tui.screens.confirm import Confirm

KEYS = {
    Listing.CHANNELS: (),
    Listing.RULES: ("right",),
    Listing.WINDOWS: ("tab", "tab"),
    Listing.MESSAGES: ("left",),
}
"""How one gets to each list."""


def line_with(app: AlertApp, text: str) -> str:
    lines = [" ".join(line.split()) for line in screen_text(app).splitlines()]
    return next((line for line in lines if text in line), "")


async def test_the_keys_beside_each_other_go_round_through_the_lists() -> None:
    app = AlertApp()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await at_alerts(app, pilot)
        seen = []
        for key in ("right", "tab", "right", "right", "left", "shift+tab"):
            await pilot.press(key)
            seen.append(screen.listing)
        assert seen == [
            Listing.RULES, Listing.WINDOWS, Listing.MESSAGES,
            Listing.CHANNELS, Listing.MESSAGES, Listing.WINDOWS,
        ]  # fmt: skip
        assert app.focused is screen.table


async def test_a_click_on_a_name_shows_its_list() -> None:
    app = AlertApp()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await at_alerts(app, pilot)
        await pilot.click("Subtabs", offset=(13, 0))
        assert screen.listing is Listing.RULES


async def test_channels_say_where_they_lead_and_how_delivery_goes_without_their_secrets() -> None:
    app = AlertApp()
    async with app.run_test(size=(160, 45)) as pilot:
        await at_alerts(app, pilot)
        assert "● on open consoles last sent: 11m" in line_with(app, "consoles")
        assert "● on mailtos://… last sent: 3h" in line_with(app, "mailtos")
        assert "● on https://hooks.pager.example/… 2 waiting 503 from" in line_with(app, "https")
        assert "[b]chat[/] ‖ off slack://… ✗ 3 given up the token was revoked" in line_with(app, "slack")
        assert "hunter2" not in screen_text(app)
        assert "k3y" not in screen_text(app)


async def test_rules_say_whom_they_tell_of_what_and_when() -> None:
    app = AlertApp()
    async with app.run_test(size=(160, 45)) as pilot:
        await at_alerts(app, pilot, "right")
        assert "everything ‖ off all all degraded always 0 4h" in line_with(app, "everything")
        text = "nights ● on pager Northwind Bank, Acme Retail down 22:00-06:00 5m 1h"
        assert text in line_with(app, "nights")
        assert "gold ● on mail, [b]chat[/] gold, eu degraded always 0 —" in line_with(app, "gold, eu")


async def test_windows_say_whether_they_are_open_and_when_they_come() -> None:
    app = AlertApp()
    async with app.run_test(size=(160, 45)) as pilot:
        screen = await at_alerts(app, pilot, "right", "right")
        assert "open until" in line_with(app, "database upgrade")
        assert "Northwind Bank once database upgrade ana" in line_with(app, "database upgrade")
        assert "◌ shut 2026-11-2" in line_with(app, "weekly")
        assert "tag stage 0 2 * * SUN weekly patches tom" in line_with(app, "weekly")
        assert screen.panel.border_subtitle == "2 windows"


async def test_the_outbox_says_what_became_of_each_message() -> None:
    app = AlertApp()
    async with app.run_test(size=(160, 45)) as pilot:
        screen = await at_alerts(app, pilot, "left")
        assert "◌ waiting 1m pager DOWN: ledger.prod" in line_with(app, "waiting 1m")
        assert "503 from hooks.pager" in line_with(app, "waiting 1m")
        assert "● sent 2m mail" in line_with(app, "● sent")
        assert "✗ given up 50m [b]chat[/]" in line_with(app, "given up")
        assert "‖ dropped 55m mail —" in line_with(app, "dropped")
        assert screen.panel.border_subtitle == "1 waiting"


@pytest.mark.parametrize(
    ("listing", "text", "key"),
    [
        (Listing.CHANNELS, "nobody is told yet", "add the first channel"),
        (Listing.RULES, "Without a rule every channel is told", "add the first rule"),
        (Listing.WINDOWS, "no maintenance is planned", "add a maintenance window"),
        (Listing.MESSAGES, "nothing was sent in the last days", "nothing was sent"),
    ],
)
async def test_an_empty_list_says_which_key_makes_the_first_one(
    listing: Listing, text: str, key: str
) -> None:
    app = AlertApp(Answers((), (), (), ()))
    async with app.run_test(size=(80, 24)) as pilot:
        await at_alerts(app, pilot, *KEYS[listing])
        assert shows(app, text)
        assert shows(app, key)


async def test_a_failed_read_is_told_and_tried_again() -> None:
    app = AlertApp(Answers(error=Unreachable("No server answers at db.example.")))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await at_alerts(app, pilot)
        assert shows(app, "No server answers at db.example.")
        app.answers.error = None
        await until(pilot, lambda: shows(app, "mailtos"))
        app.answers.error = Unreachable("gone")
        screen.reread()
        await until(pilot, lambda: shows(app, "as of"))
        assert shows(app, "mailtos")
        await pilot.press("right")
        await until(pilot, lambda: shows(app, "this cannot be read"))


async def test_a_burst_of_changes_is_read_together_and_nothing_while_the_place_is_hidden() -> None:
    app = AlertApp()
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await at_alerts(app, pilot)
        await until(pilot, lambda: not screen._reading)
        app.answers.reads.clear()
        for _number in range(200):
            app.bus.publish(AlertingChanged())
        app.bridge._tell_alerts()
        await until(pilot, lambda: not screen._reading and bool(app.answers.reads))
        assert app.answers.reads == ["channels"]
        await pilot.press("1")
        await until(pilot, lambda: on_top(app, BoardScreen))
        app.answers.channels = CHANNELS[:1]
        app.bus.publish(AlertingChanged())
        app.bridge._tell_alerts()
        await pilot.pause()
        assert app.answers.reads == ["channels"]
        await pilot.press("5")
        await until(pilot, lambda: len(screen.table.rows) == 1)


async def test_each_list_is_read_again_for_its_own_changes_only() -> None:
    app = AlertApp()
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await at_alerts(app, pilot, "right", "right")
        await until(pilot, lambda: not screen._reading)
        app.answers.reads.clear()
        app.bus.publish(AlertingChanged())
        app.bus.publish(IncidentsChanged())
        app.bridge._tell_alerts()
        await pilot.pause()
        assert app.answers.reads == []
        app.answers.windows = WINDOWS[:1]
        app.bus.publish(WindowsChanged())
        await until(pilot, lambda: len(screen.table.rows) == 1)
        assert app.answers.reads == ["windows"]


async def test_keys_mean_what_can_be_done_in_the_list() -> None:
    app = AlertApp()
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await at_alerts(app, pilot)
        possible = {}
        for listing in Listing:
            screen.go_to(listing)
            await until(pilot, lambda: screen.table.row_id is not None)
            actions = ("new", "edit", "duplicate", "delete", "switch", "try_out", "send_again")
            possible[listing] = {action for action in actions if screen.check_action(action, ())}
        assert possible == {
            Listing.CHANNELS: {"new", "edit", "delete", "switch", "try_out"},
            Listing.RULES: {"new", "edit", "delete", "switch"},
            Listing.WINDOWS: {"new", "delete", "duplicate"},
            Listing.MESSAGES: {"send_again"},
        }


@pytest.mark.parametrize(
    ("role", "offered"),
    [
        (Role.VIEWER, {listing: set() for listing in Listing}),
        (
            Role.OPERATOR,
            {
                Listing.CHANNELS: {"try_out"},
                Listing.RULES: set(),
                Listing.WINDOWS: {"new", "delete", "duplicate"},
                Listing.MESSAGES: {"send_again"},
            },
        ),
    ],
)
async def test_a_role_is_offered_what_it_may_do(role: Role, offered: dict[Listing, set[str]]) -> None:
    app = AlertApp(role=role)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await at_alerts(app, pilot)
        possible = {}
        for listing in Listing:
            screen.go_to(listing)
            await until(pilot, lambda: screen.table.row_id is not None)
            actions = ("new", "edit", "duplicate", "delete", "switch", "try_out", "send_again")
            possible[listing] = {action for action in actions if screen.check_action(action, ())}
        assert possible == offered
        screen.go_to(Listing.CHANNELS)
        await pilot.press("n", "e", "d")
        assert on_top(app, AlertsScreen)


async def test_a_message_that_was_sent_is_not_sent_again() -> None:
    app = AlertApp(Answers(messages=MESSAGES[1:2]))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await at_alerts(app, pilot, "left")
        assert screen.check_action("send_again", ()) is False


async def test_enter_edits_what_is_under_the_cursor() -> None:
    app = AlertApp()
    async with app.run_test(size=(120, 40)) as pilot:
        await at_alerts(app, pilot, "j", "enter")
        await until(pilot, lambda: on_top(app, ChannelForm))
        assert shows(app, "Another Apprise URL")
        assert not shows(app, "hunter2")
        await pilot.press("tab", "tab", "f3")
        await until(pilot, lambda: shows(app, "to=on-call@example.com"))


async def test_deleting_asks_by_name_and_ending_by_reason() -> None:
    app = AlertApp()
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await at_alerts(app, pilot, "j", "d")
        assert on_top(app, Confirm)
        assert shows(app, "Delete the channel mail?")
        await pilot.press("escape")
        screen.go_to(Listing.RULES)
        await pilot.press("j", "d")
        assert shows(app, "Delete the rule nights?")
        await pilot.press("escape", "right", "d")
        assert shows(app, "End the maintenance “database upgrade”?")


async def test_the_cursor_stays_on_its_channel_when_others_come() -> None:
    app = AlertApp(Answers(channels=CHANNELS[2:3]))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await at_alerts(app, pilot)
        app.answers.channels = CHANNELS
        app.bus.publish(AlertingChanged())
        await until(pilot, lambda: len(screen.table.rows) == 4)
        assert screen.table.row_id == CHANNELS[2].channel.id


async def test_names_from_outside_are_drawn_as_they_are() -> None:
    odd = replace(RULES[0], channels=("\x1b[31mred", "[/]"))
    app = AlertApp(Answers(rules=(odd,)))
    async with app.run_test(size=(160, 45)) as pilot:
        await at_alerts(app, pilot, "right")
        assert "[31mred, [/]" in line_with(app, "everything")
