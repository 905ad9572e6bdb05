"""Channels, rules, windows and messages made up for tests, and a console that shows them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from textual.pilot import Pilot

from core.domain.channels import Channel, ChannelKind, ChannelSpec, Delivery, Message
from core.domain.faults import Fault
from core.domain.maintenance import Scope, Stretch, Window, WindowSpec
from core.domain.notices import DeliveryHealth, MessageState, OutboxEntry
from core.domain.observations import Status
from core.domain.operators import Role
from core.domain.rules import Rule, RuleSpec
from core.domain.secret import Secret
from core.errors import RondaError
from core.operations.channels import ChannelLine
from core.operations.desk import Desk
from core.operations.maintenance import WindowLine
from core.operations.outbox import MessageLine
from core.operations.rules import RuleLine
from tests.tui.canned import NOW, CannedApp, CannedReader, Fleet
from tests.tui.forms import on_top, until
from tui.app import RondaApp
from tui.screens.alerts import AlertsScreen
from tui.stages import Stage


def ago(**span: float) -> datetime:
    """Give a moment before the tests' own."""
    return NOW - timedelta(**span)


def channel(number: int, spec: ChannelSpec) -> Channel:
    """Give a stored channel."""
    return Channel(number, spec, 1, NOW, NOW)


CONSOLES = channel(1, ChannelSpec("consoles", ChannelKind.TERMINAL))
MAIL = channel(
    2, ChannelSpec("mail", url=Secret("mailtos://ops:hunter2@smtp.example?to=on-call@example.com"))
)
PAGER = channel(
    3,
    ChannelSpec("pager", ChannelKind.WEBHOOK, Secret("https://hooks.pager.example/v1/k3y"), Secret("s" * 20)),
)
CHAT = channel(4, ChannelSpec("[b]chat[/]", url=Secret("slack://T1/B2/C3"), active=False))
CHANNELS = (
    ChannelLine(CONSOLES, DeliveryHealth(0, 0, ago(minutes=11))),
    ChannelLine(MAIL, DeliveryHealth(0, 0, ago(hours=3))),
    ChannelLine(PAGER, DeliveryHealth(2, 0, ago(hours=30), "503 from hooks.pager.example")),
    ChannelLine(CHAT, DeliveryHealth(0, 3, None, "the token was revoked")),
)
NIGHTS = Rule(
    2,
    RuleSpec(
        "nights", (3,), (1, 2), severity=Status.DOWN, hours=("22:00-06:00",), zone="Europe/Lisbon",
        after_seconds=300.0, reminder_seconds=3600.0,
    ),
    1, NOW, NOW,
)  # fmt: skip
RULES = (
    RuleLine(Rule(1, RuleSpec("everything", active=False), 1, NOW, NOW), (), ()),
    RuleLine(NIGHTS, ("pager",), ("Northwind Bank", "Acme Retail")),
    RuleLine(
        Rule(3, RuleSpec("gold", (2, 4), tags=("gold", "eu"), reminder_seconds=0.0), 1, NOW, NOW),
        ("mail", "[b]chat[/]"),
        (),
    ),
)
UPGRADE = Stretch(ago(minutes=20), NOW + timedelta(minutes=40))
WEEKLY = Stretch(NOW + timedelta(days=5, hours=12), NOW + timedelta(days=5, hours=14))
WINDOWS = (
    WindowLine(
        Window(1, WindowSpec("database upgrade", Scope.CLIENT, 1, starts_at=UPGRADE.begins_at,
                             ends_at=UPGRADE.ends_at), "ana", ago(hours=1)),
        "Northwind Bank", UPGRADE, None,
    ),
    WindowLine(
        Window(2, WindowSpec("weekly patches", Scope.TAG, tag="stage", cron="0 2 * * SUN",
                             duration_seconds=7200.0), "tom", ago(days=40)),
        "", None, WEEKLY,
    ),
)  # fmt: skip


def message(number: int, state: MessageState, name: str, title: str, **fields: object) -> MessageLine:
    """Give a message made so many minutes ago as its number is."""
    made = ago(minutes=number)
    ended = None if state is MessageState.WAITING else made
    entry = OutboxEntry(number, f"m{number}", 1, state, made, NOW + timedelta(minutes=3), 1, ended, **fields)  # type: ignore[arg-type] # by name
    return MessageLine(entry, name, title)


MESSAGES = (
    message(1, MessageState.WAITING, "pager", "DOWN: ledger.prod of Northwind Bank and 3 more",
            error="503 from hooks.pager.example"),
    message(2, MessageState.SENT, "mail", "DOWN: ledger.prod of Northwind Bank and 3 more"),
    message(50, MessageState.FAILED, "[b]chat[/]", "DEGRADED: search.prod of Orchid Health",
            error="the token was revoked"),
    message(55, MessageState.DROPPED, "mail", ""),
)  # fmt: skip


@dataclass
class Answers:
    """What the reader answers; a test changes it while the console runs."""

    channels: Sequence[ChannelLine] = CHANNELS
    rules: Sequence[RuleLine] = RULES
    windows: Sequence[WindowLine] = WINDOWS
    messages: Sequence[MessageLine] = MESSAGES
    error: RondaError | None = None
    """Raised in place of every answer."""
    reads: list[str] = field(default_factory=list)


class AlertReader(CannedReader):
    """Answers from what a test made up."""

    def __init__(self, desk: Desk, fleet: Fleet, answers: Answers) -> None:
        super().__init__(desk, fleet)
        self.answers = answers

    def _answer(self, name: str) -> Answers:
        self.answers.reads.append(name)
        if self.answers.error is not None:
            raise self.answers.error
        return self.answers

    async def channels(self) -> list[ChannelLine]:
        return list(self._answer("channels").channels)

    async def rules(self) -> list[RuleLine]:
        return list(self._answer("rules").rules)

    async def windows(self) -> list[WindowLine]:
        return list(self._answer("windows").windows)

    async def messages(self) -> list[MessageLine]:
        return list(self._answer("messages").messages)


class AlertApp(CannedApp):
    """The console over a small fleet with channels, rules, windows and messages."""

    def __init__(
        self, answers: Answers | None = None, *, theme: str = "ronda-night", role: Role = Role.ADMIN
    ) -> None:
        super().__init__(Fleet(40), theme=theme, role=role)
        self.answers = answers or Answers()
        self._read = lambda desk: AlertReader(desk, self.fleet, self.answers)


@dataclass
class FakeSender:
    """Answers every attempt alike, and remembers what it was to send."""

    answer: Delivery = field(default_factory=lambda: Delivery(True, "250 queued as 4711"))
    faults: tuple[Fault, ...] = ()
    sent: list[tuple[ChannelSpec, Message]] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is not set, the other side is silent."""

    def __post_init__(self) -> None:
        self.may_answer.set()

    async def send(self, spec: ChannelSpec, message: Message) -> Delivery:
        """Remember it."""
        self.sent.append((spec, message))
        await self.may_answer.wait()
        return self.answer

    async def url_faults(self, spec: ChannelSpec) -> tuple[Fault, ...]:
        """Give the faults of the test."""
        return self.faults


async def at_alerts(app: RondaApp, pilot: Pilot[None], *keys: str) -> AlertsScreen:
    """Go to the alerts, press keys there, and wait until what is to be shown was read."""
    await until(pilot, lambda: app.stage is Stage.READY)
    await pilot.press("5")
    await until(pilot, lambda: on_top(app, AlertsScreen))
    screen = app.screen
    assert isinstance(screen, AlertsScreen)
    await until(pilot, lambda: bool(screen.known) or bool(screen.failure))
    await pilot.press(*keys)
    await until(pilot, lambda: screen.listing in screen.known or bool(screen.failure))
    await pilot.pause()
    return screen
