from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from core.domain.events import StorageChanged, WorkersReported
from core.domain.workers import WorkerKind
from tests.tui.canned import NOW, OWN_ID, CannedApp, Fleet, worker
from tests.tui.forms import on_top, screen_text, until
from tui.screens.board import BoardScreen
from tui.screens.system import ACTION_WORDS, SystemScreen
from tui.stages import Stage


@asynccontextmanager
async def system(app: CannedApp, size: tuple[int, int] = (160, 45)) -> AsyncIterator[Pilot[None]]:
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.stage is Stage.READY)
        await pilot.press("6")
        await until(pilot, lambda: on_top(app, SystemScreen))
        await pilot.pause()
        yield pilot


async def test_the_round_the_database_and_this_console_are_shown() -> None:
    app = CannedApp(Fleet(20))
    app.about = (("data", "/var/lib/ronda"),)
    async with system(app) as pilot:
        await until(pilot, lambda: "Acme Retail" in screen_text(app))
        text = screen_text(app)
        for words in (
            "console · this console · 4242", "39.6 checks/s, 3 under way", "0 services missed their time",
            "0 results met a lag",
            "● online", "serves the consoles and agents of one OS user", "ana@bastion-1", "● leads",
            "/var/lib/ronda", "no warnings in this session", "edited", "service web.eu", "interval_seconds",
            "checks stop when the last console closes",
        ):  # fmt: skip
            assert words in text, words


async def test_every_process_is_listed_with_its_part() -> None:
    app = CannedApp(Fleet(20))
    async with system(app) as pilot:
        agent = worker("agent", kind=WorkerKind.AGENT, leading=True)
        viewer = replace(worker("viewer", leading=False, can_lead=False), operator="tom")
        app.bus.publish(WorkersReported((agent, worker(leading=False), viewer), OWN_ID))
        await until(pilot, lambda: "watches" in screen_text(app))
        text = screen_text(app)
        assert "stands by" in text
        assert "tom@ops-2" in text
        assert "checks stop when the last console closes" not in text


@pytest.mark.parametrize(
    ("health", "words"),
    [
        ({}, ["not guarded: set RONDA_REFERENCES", "not pinged: set RONDA_DEADMAN_URL"]),
        ({"references": 2, "pings": True}, ["guarded by 2 references", "not pinged yet"]),
        ({"references": 1, "blind_since": NOW}, ["◌ blind since ", ": no reference answers"]),
        ({"pings": True, "pinged_at": NOW, "ping_answered": True}, ["dead man", "pinged at "]),
        ({"pings": True, "pinged_at": NOW}, ["▲ the ping at ", " was not taken"]),
    ],
    ids=["off", "on", "blind", "taken", "not taken"],
)
async def test_it_says_how_the_line_is_and_whether_somebody_would_notice(
    health: dict[str, Any], words: list[str]
) -> None:
    app = CannedApp(Fleet(20))
    async with system(app) as pilot:
        leader = replace(worker(), health=replace(worker().health, **health))
        app.bus.publish(WorkersReported((leader,), OWN_ID))
        await until(pilot, lambda: all(word in screen_text(app) for word in words))


async def test_nobody_leads_and_the_database_is_away() -> None:
    app = CannedApp(Fleet(20))
    async with system(app) as pilot:
        app.bus.publish(WorkersReported((worker(leading=False),), OWN_ID))
        app.bus.publish(StorageChanged(False, "connection refused"))
        await until(pilot, lambda: "✗ away since" in screen_text(app))
        assert "nobody: nothing is being checked" in screen_text(app)
        assert "connection refused" in screen_text(app)


async def test_another_key_is_told() -> None:
    app = CannedApp(Fleet(20), key_matches=False)
    async with system(app):
        assert "written with another key" in screen_text(app)


async def test_warnings_of_this_session_are_listed_newest_first_without_passwords() -> None:
    app = CannedApp(Fleet(20))
    async with system(app) as pilot:
        logging.getLogger("core.somewhere").warning("first of postgresql://ronda:hunter2@db/ronda")
        logging.getLogger("core.somewhere").info("not for here")
        logging.getLogger("core.somewhere").error("second\nwith a tail")
        assert isinstance(app.screen, SystemScreen)
        app.screen.ticked()
        await until(pilot, lambda: "first of" in screen_text(app))
        text = screen_text(app)
        assert "hunter2" not in text
        assert "not for here" not in text
        assert "with a tail" not in text
        assert text.index("second") < text.index("first of")


async def test_the_log_is_let_go_of_when_the_console_leaves() -> None:
    app = CannedApp(Fleet(20))
    before = list(logging.getLogger().handlers)
    async with system(app):
        assert app.log_tail in logging.getLogger().handlers
    assert logging.getLogger().handlers == before


async def test_keys_scroll_the_page_and_esc_goes_to_the_board() -> None:
    app = CannedApp(Fleet(20))
    async with system(app, (80, 24)) as pilot:
        assert isinstance(app.screen, SystemScreen)
        page = app.screen.content
        await pilot.press("j", "j")
        assert page.scroll_y == 2
        await pilot.press("G")
        assert page.scroll_y == page.max_scroll_y
        await pilot.press("g")
        assert page.scroll_y == 0
        await pilot.press("escape")
        await until(pilot, lambda: on_top(app, BoardScreen))


def test_every_change_has_words() -> None:
    assert {"add", "edit", "remove", "restore", "duplicate", "pause", "resume"} <= set(ACTION_WORDS)


async def test_an_agent_of_this_console_is_known_as_one_that_ends_with_it() -> None:
    app = CannedApp(Fleet(20))
    async with system(app) as pilot:
        child = replace(worker("child", kind=WorkerKind.AGENT), ends_with=OWN_ID)
        app.bus.publish(WorkersReported((child, worker(leading=False)), OWN_ID))
        await until(pilot, lambda: "(for this console)" in screen_text(app))
        text = screen_text(app)
        assert "agent · ana@ops-2" in text
        assert "ends with its console" in text
        assert "none runs" not in text
