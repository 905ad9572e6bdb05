"""``ronda`` without a command: what the console is opened with."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.domain.workers import WorkerKind
from core.errors import NoTerminal, StorageError
from core.operations.desk import Desk
from core.runtime import Runtime
from core.settings import Settings
from tests.cli.support import Ronda
from tui.__main__ import desk_opener, require_terminal


@dataclass
class Console:
    """What the last console was opened with."""

    arguments: dict[str, Any]
    runtime: dict[str, Any]
    failure: StorageError | None = None


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Console:
    """Stand in for the screen and for everything that it opens, at a terminal."""
    console = Console({}, {})

    @asynccontextmanager
    async def open_runtime(settings: Settings, **arguments: Any) -> AsyncIterator[Runtime]:
        console.runtime = {"settings": settings, **arguments}
        yield Runtime(cast("Desk", "the desk"), cast("Any", None))

    class App:
        return_code = 0

        def __init__(self, open_desk: Any, **arguments: Any) -> None:
            console.arguments = arguments
            self._open_desk = open_desk

        async def run_in_terminal(self) -> None:
            async with self._open_desk() as desk:
                assert desk == "the desk"
            if console.failure is not None:
                raise console.failure

    monkeypatch.setattr("core.runtime.open_runtime", open_runtime)
    monkeypatch.setattr("tui.app.RondaApp", App)
    monkeypatch.setattr("tui.__main__.require_terminal", lambda: None)
    return console


def test_the_console_may_lead(ronda: Ronda, console: Console, environment: Path) -> None:
    assert ronda().code == 0
    settings = console.runtime.pop("settings")
    assert settings.data_dir == environment / "data"
    assert console.runtime == {"kind": WorkerKind.CONSOLE, "may_lead": True, "read_only": False}
    about = console.arguments.pop("about")
    assert console.arguments == {"theme": None, "ascii_only": False}
    assert about[0] == ("data", str(environment / "data"))
    assert [label for label, _ in about] == ["data", "config", "log"]
    assert (environment / "log" / "ronda.log").exists()


def test_a_read_only_console_is_told_so(ronda: Ronda, console: Console) -> None:
    assert ronda("--read-only").code == 0
    assert console.runtime["read_only"] is True


def test_the_look_comes_from_the_option_or_from_settings(
    ronda: Ronda, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    ronda("--ascii")
    assert console.arguments["ascii_only"] is True
    monkeypatch.setenv("RONDA_ASCII", "yes")
    monkeypatch.setenv("RONDA_THEME", "ronda-day")
    ronda()
    assert (console.arguments["theme"], console.arguments["ascii_only"]) == ("ronda-day", True)


def test_no_console_opens_where_one_stream_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Textual draws on standard error: sent to a file, it would leave the terminal blank."""
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, SimpleNamespace(isatty=lambda: True))
    require_terminal()
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: False))
    with pytest.raises(NoTerminal):
        require_terminal()


def test_what_went_wrong_while_parting_gives_its_exit_code(ronda: Ronda, console: Console) -> None:
    console.failure = StorageError("The results could not be written.")
    ended = ronda()
    assert (ended.code, ended.err) == (3, "ronda: The results could not be written.\n")


def test_a_wrong_setting_is_said_before_the_screen_opens(
    ronda: Ronda, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RONDA_ASCII", "perhaps")
    ended = ronda()
    assert (ended.code, console.arguments) == (2, {})
    assert "RONDA_ASCII" in ended.err


def test_the_demo_is_opened_on_a_world_of_its_own(
    ronda: Ronda, console: Console, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worlds: list[Settings] = []

    @asynccontextmanager
    async def open_demo(settings: Settings) -> AsyncIterator[Runtime]:
        worlds.append(settings)
        yield Runtime(cast("Desk", "the desk"), cast("Any", None))

    monkeypatch.setenv("DATABASE_URL", "postgresql://ronda@db.example/ronda")
    monkeypatch.setattr("core.demo.world.open_demo", open_demo)
    assert ronda("--ascii", "demo").code == 0
    (world,) = worlds
    assert world.database_url is None
    assert not world.data_dir.is_relative_to(environment)
    assert not world.data_dir.parent.exists(), "it is gone afterwards"
    assert (console.runtime, console.arguments["ascii_only"]) == ({}, True)


def test_the_desk_of_a_runtime_is_open_as_long_as_the_runtime() -> None:
    steps: list[str] = []

    @asynccontextmanager
    async def opened() -> AsyncIterator[Runtime]:
        steps.append("open")
        yield Runtime(cast("Desk", "the desk"), cast("Any", None))
        steps.append("closed")

    async def use() -> None:
        async with desk_opener(opened)() as desk:
            steps.append(str(desk))

    asyncio.run(use())
    assert steps == ["open", "the desk", "closed"]
