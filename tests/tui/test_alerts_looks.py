"""How the place of alerts and its forms look; every figure is made up, no desk is asked."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from core.domain.backtest import Replay, Sent
from core.domain.channels import Delivery
from core.domain.gates import Gate, NoticeKind
from core.operations.backtest import Comparison, Thresholds
from core.operations.channels import ChannelLine
from core.operations.desk import Desk
from tests.tui.alert_world import CHANNELS, MAIL, PAGER, RULES, WINDOWS, AlertApp, Answers, at_alerts
from tests.tui.canned import NOW
from tests.tui.forms import NORTHWIND, FormApp, until, write
from tui.screens import rule_form, window_form
from tui.screens.channel_form import ChannelForm, delivery_text
from tui.screens.replay import ReplayReport
from tui.screens.rule_form import RuleForm
from tui.screens.window_form import WindowForm
from tui.stages import Stage

SnapCompare = Callable[..., bool]
Scene = Callable[[Pilot[Any]], Awaitable[None]]
SMALL, LARGE = (80, 24), (120, 40)
SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])


@pytest.fixture(autouse=True)
def greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    async def list_channels(_desk: Desk) -> list[ChannelLine]:
        return list(CHANNELS)

    async def list_clients(_desk: Desk) -> list[Any]:
        return [NORTHWIND]

    async def service_labels(_desk: Desk) -> dict[int, str]:
        return {7: "Northwind Bank/ledger.prod"}

    monkeypatch.setattr(rule_form, "list_channels", list_channels)
    monkeypatch.setattr(rule_form, "list_clients", list_clients)
    monkeypatch.setattr(window_form, "list_clients", list_clients)
    monkeypatch.setattr(window_form, "service_labels", service_labels)


async def never(_days: float, _thresholds: Thresholds) -> Comparison:
    raise AssertionError("nothing is replayed")


def place(
    snap_compare: SnapCompare, size: tuple[int, int], *keys: str, answers: Answers | None = None
) -> bool:
    app = AlertApp(answers)

    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.stage is Stage.READY and app.bridge.watch.heard)
        await at_alerts(app, pilot, *keys)

    return snap_compare(app, terminal_size=size, run_before=play)


def form(snap_compare: SnapCompare, size: tuple[int, int], scene: Scene) -> bool:
    async def play(pilot: Pilot[Any]) -> None:
        await scene(pilot)
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()

    return snap_compare(FormApp(), terminal_size=size, run_before=play)


@SIZES
def test_channels(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """One is failing, one is switched off; addresses without their secrets."""
    assert place(snap_compare, size, "j", "j")


@SIZES
def test_rules(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """What is left open means all."""
    assert place(snap_compare, size, "right")


@SIZES
def test_windows(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """One is open, one comes every week."""
    assert place(snap_compare, size, "right", "right")


@SIZES
def test_outbox(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """The cursor on a message that waits for its next attempt: it can be sent again."""
    assert place(snap_compare, size, "left")


def test_no_rule_yet(snap_compare: SnapCompare) -> None:
    """It says what holds meanwhile, and which key makes the first one."""
    assert place(snap_compare, SMALL, "right", answers=Answers(rules=()))


@SIZES
def test_channel_form_with_faults(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """A new mail channel: each fault under its field, the password masked."""

    async def scene(pilot: Pilot[Any]) -> None:
        opened = ChannelForm()
        await pilot.app.push_screen(opened.for_new())
        await write(pilot, opened, {"name": "mail", "mail-password": "hush", "mail-from": "nobody"})
        opened.visit(opened.rows.by_name)
        opened.set_focus(opened.rows["mail-from"].editor)

    assert form(snap_compare, size, scene)


@SIZES
def test_channel_form_of_a_webhook_that_was_tested(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """Address and secret are masked; the answer of the other side stands above the keys."""

    async def scene(pilot: Pilot[Any]) -> None:
        opened = ChannelForm()
        await pilot.app.push_screen(opened.for_edit(PAGER))
        opened.tell(delivery_text(Delivery(False, "503 Service Unavailable from hooks.pager.example")))

    assert form(snap_compare, size, scene)


def test_channel_form_of_a_stored_address(snap_compare: SnapCompare) -> None:
    """What is stored is one address, which cannot be taken apart."""

    async def scene(pilot: Pilot[Any]) -> None:
        await pilot.app.push_screen(ChannelForm().for_edit(MAIL))

    assert form(snap_compare, LARGE, scene)


@SIZES
def test_rule_form(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """A rule for two clients by one channel."""

    async def scene(pilot: Pilot[Any]) -> None:
        await pilot.app.push_screen(RuleForm().for_edit(RULES[1]))

    assert form(snap_compare, size, scene)


def test_several_channels_are_marked_in_a_list(snap_compare: SnapCompare) -> None:
    """One is marked already, another one now."""

    async def scene(pilot: Pilot[Any]) -> None:
        await pilot.app.push_screen(RuleForm().for_edit(RULES[1]))
        await pilot.app.workers.wait_for_complete()
        await pilot.press("tab", "space", "down", "enter")

    assert form(snap_compare, SMALL, scene)


@SIZES
def test_window_form(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """A window for a tag that comes again and again, with two faults."""

    async def scene(pilot: Pilot[Any]) -> None:
        opened = WindowForm()
        await pilot.app.push_screen(opened.for_duplicate(WINDOWS[1].window))
        await write(pilot, opened, {"cron": "at two", "zone": "Mars/Olympus"})
        opened.visit(opened.rows.by_name)
        opened.set_focus(opened.rows["cron"].editor)

    assert form(snap_compare, size, scene)


def comparison() -> Comparison:
    """Give a week in which a rule would have held back most."""

    def sent(count: int, channel_id: int, kind: NoticeKind) -> list[Sent]:
        return [Sent(NOW - timedelta(minutes=number), channel_id, kind, 1, "x") for number in range(count)]

    before = Replay(
        [*sent(6, 2, NoticeKind.PROBLEM), *sent(5, 2, NoticeKind.RECOVERY), *sent(3, 3, NoticeKind.REMINDER)],
        defaultdict(int, {Gate.MAINTENANCE: 2}),
        9,
    )
    after = Replay(
        [*sent(2, 2, NoticeKind.PROBLEM), *sent(1, 2, NoticeKind.RECOVERY)],
        defaultdict(int, {Gate.MAINTENANCE: 2, Gate.HOURS: 5, Gate.DELAY: 4}),
        9,
    )
    return Comparison(NOW - timedelta(days=7), NOW, 120_960, before, after, {2: "mail", 3: "pager"})


@SIZES
def test_what_would_have_been_sent(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """The sums first, then each channel and kind, then what holds back."""

    async def scene(pilot: Pilot[Any]) -> None:
        await pilot.app.push_screen(ReplayReport(comparison(), never))

    assert form(snap_compare, size, scene)
