"""Trying other thresholds and other days in the report of a replay."""

from __future__ import annotations

from datetime import timedelta

from core.domain.backtest import Replay, Sent
from core.domain.gates import NoticeKind
from core.errors import Unreachable
from core.operations.backtest import Comparison, Thresholds
from tests.tui.canned import NOW
from tests.tui.forms import FormApp, shows, until
from tui.screens.replay import ReplayReport


def comparison(after: int) -> Comparison:
    told = [Sent(NOW + timedelta(minutes=each), 1, NoticeKind.PROBLEM, 7, "acme/web") for each in range(3)]
    return Comparison(NOW, NOW, 40, Replay(told, incidents=3), Replay(told[:after]), {1: "mail"})


async def test_keys_try_other_retries_and_other_days() -> None:
    tried: list[tuple[float, int | None]] = []

    async def again(days: float, thresholds: Thresholds) -> Comparison:
        tried.append((days, thresholds.retries))
        return comparison(after=1)

    app = FormApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(ReplayReport(comparison(after=3), again))
        assert shows(app, "3 messages stay 3")
        assert shows(app, "retries: own · t 7 days")
        for key in ("plus", "plus", "minus", "minus", "minus", "t"):
            before = len(tried)
            await pilot.press(key)
            await until(pilot, lambda before=before: len(tried) > before)  # type: ignore[misc]  # a default of a lambda
        await until(pilot, lambda: shows(app, "retries: own · t 30 days"))
        assert shows(app, "3 messages become 1")
    assert tried == [(7.0, 0), (7.0, 1), (7.0, 0), (7.0, None), (7.0, None), (30.0, None)]


async def test_a_replay_that_fails_says_why() -> None:
    async def again(_days: float, _thresholds: Thresholds) -> Comparison:
        raise Unreachable("The database does not answer.")

    app = FormApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(ReplayReport(comparison(after=3), again))
        await pilot.press("plus")
        await until(pilot, lambda: shows(app, "The database does not answer."))
