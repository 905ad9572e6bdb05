"""Messages that every console shows, and what the top bar says of those that are not delivered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.channels import Message, Tone
from core.domain.events import TerminalTold, WorkersReported
from core.errors import Unreachable
from tests.tui.canned import NOW, OWN_ID, CannedApp, Fleet, worker
from tests.tui.forms import screen_text, shows, until
from tests.tui.incident_world import Answers, IncidentApp
from tui.formatting import local_time
from tui.stages import Stage


@pytest.mark.parametrize(
    ("tone", "severity"),
    [
        (Tone.DOWN, "error"),
        (Tone.DEGRADED, "warning"),
        (Tone.GOOD, "information"),
        (Tone.NEUTRAL, "information"),
    ],
)
async def test_a_message_rings_the_bell_once_and_is_shown_by_what_it_brings(
    tone: Tone, severity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = IncidentApp(Answers(message=Message("m1", "DOWN: Acme/[red]api", "text", tone, {})))
    rung: list[int] = []
    monkeypatch.setattr(app, "bell", lambda: rung.append(1))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: app.stage is Stage.READY)
        app.bus.publish(TerminalTold(7))
        app.bus.publish(TerminalTold(7))
        await until(pilot, lambda: shows(app, "DOWN: Acme/[red]api"))
        assert rung == [1]
        assert [each.severity for each in app._notifications] == [severity]


async def test_a_message_about_several_things_names_the_first_few() -> None:
    text = "\n".join(f"DOWN: Acme/[b]s{number}\n  503\n  incident {number}" for number in range(6))
    app = IncidentApp(Answers(message=Message("m1", "6 DOWN", text, Tone.DOWN, {})))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: app.stage is Stage.READY)
        app.bus.publish(TerminalTold(7))
        await until(pilot, lambda: shows(app, "6 DOWN"))
        (toast,) = app._notifications
        assert toast.message.splitlines() == [f"DOWN: Acme/[b]s{number}" for number in range(4)] + ["…"]


async def test_a_message_that_cannot_be_read_rings_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    app = IncidentApp(Answers(error=Unreachable("No server answers.")))
    rung: list[int] = []
    monkeypatch.setattr(app, "bell", lambda: rung.append(1))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda: app.stage is Stage.READY)
        app.bus.publish(TerminalTold(7))
        await until(pilot, lambda: shows(app, "a message that cannot be read"))
        assert rung == [1]


async def test_a_message_that_is_gone_shows_nothing() -> None:
    app = IncidentApp(Answers(message=None))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: app.stage is Stage.READY)
        app.bus.publish(TerminalTold(7))
        await until(pilot, lambda: app.answers.reads == 1)
        await pilot.pause()
        assert len(app._notifications) == 0


@pytest.mark.parametrize("width", [80, 120, 160])
@pytest.mark.parametrize(
    ("waiting", "failed", "text"),
    [(0, 0, ""), (3, 0, "3 messages wait"), (3, 1, "1 message failed"), (0, 1_200, "1,200 messages failed")],
)
async def test_the_top_bar_says_what_is_not_delivered(
    width: int, waiting: int, failed: int, text: str
) -> None:
    health = replace(worker().health, messages_waiting=waiting, messages_failed=failed)
    app = CannedApp(Fleet(20), workers=(replace(worker(), health=health),))
    async with app.run_test(size=(width, 24)) as pilot:
        await until(pilot, lambda: app.bridge.watch.heard)
        await pilot.pause()
        bar = screen_text(app).splitlines()[0]
        assert text in bar
        assert ("message" in bar) is bool(text)
        assert "1 board" in bar
        assert bar.rstrip().endswith(local_time(NOW))
        assert len(bar.rstrip()) <= width


async def test_places_keep_their_names_once_the_messages_are_delivered() -> None:
    health = replace(worker().health, messages_failed=12)
    app = CannedApp(Fleet(20), workers=(replace(worker(), health=health),))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: shows(app, "12 messages failed"))
        assert not shows(app, "4 clients")
        app.bus.publish(WorkersReported((worker(),), OWN_ID))
        await until(pilot, lambda: shows(app, "4 clients"))
