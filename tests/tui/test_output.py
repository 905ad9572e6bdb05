from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator

import pytest
from textual.app import App, ComposeResult
from textual.drivers._writer_thread import WriterThread
from textual.widgets import Static

from tests.tui.forms import until
from tui.output import ENDINGS, FrameDropping, discard_output, ending_in_order, is_remote


class Stalled:
    """A terminal that takes nothing until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.written: list[str] = []

    def write(self, text: str) -> None:
        self.let_go.wait(timeout=30)
        self.written.append(text)

    def flush(self) -> None:
        pass

    def fileno(self) -> int:
        return -1


@pytest.fixture
def stalled() -> Iterator[tuple[Stalled, WriterThread]]:
    terminal = Stalled()
    writer = WriterThread(terminal)  # type: ignore[arg-type] # as much of a file as it uses
    writer.start()
    yield terminal, writer
    terminal.let_go.set()
    writer.stop()


class OneLine(FrameDropping):
    """An application with something to draw."""

    def compose(self) -> ComposeResult:
        yield Static("before", id="line")


async def test_frames_are_dropped_while_the_terminal_is_busy_and_drawn_when_it_is_not(
    stalled: tuple[Stalled, WriterThread], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal, writer = stalled
    app = OneLine()
    async with app.run_test() as pilot:
        app._driver._writer_thread = writer  # type: ignore[union-attr] # as on a real terminal
        for number in range(6):
            writer.write(f"frame {number}")
        for number in range(50):
            app.query_one("#line", Static).update(f"number {number}")
            await pilot.pause(0.001)
        assert app.dropped_frames > 0
        assert app._frames_waiting() <= 6
        drawn_again: list[bool] = []
        refresh = app.screen.refresh

        def noticed() -> None:
            drawn_again.append(True)
            refresh()

        monkeypatch.setattr(app.screen, "refresh", noticed)
        terminal.let_go.set()
        await until(pilot, lambda: bool(drawn_again))
        assert app._frames_waiting() == 0


async def test_a_writer_that_has_died_takes_no_frames() -> None:
    app = OneLine()
    async with app.run_test() as pilot:
        app._driver._writer_thread = WriterThread(Stalled())  # type: ignore[union-attr,arg-type] # never started
        app.query_one("#line", Static).update("unseen")
        await until(pilot, lambda: app.dropped_frames > 0)


async def test_an_idle_terminal_drops_nothing() -> None:
    app = OneLine()
    async with app.run_test() as pilot:
        for number in range(5):
            app.query_one("#line", Static).update(f"number {number}")
            await pilot.pause()
        assert app.dropped_frames == 0


@pytest.mark.parametrize("number", ENDINGS)
async def test_signals_end_the_application_in_order(number: signal.Signals) -> None:
    app: App[None] = OneLine()
    before = signal.getsignal(number)
    with ending_in_order(app, asyncio.get_running_loop()):
        async with app.run_test() as pilot:
            os.kill(os.getpid(), number)
            await until(pilot, lambda: app._exit)
        assert signal.alarm(0) > 0
    assert signal.getsignal(number) is before


def test_output_that_cannot_be_discarded_is_no_error() -> None:
    discard_output()


@pytest.mark.parametrize(
    ("environ", "remote"),
    [
        ({}, False),
        ({"SSH_TTY": "/dev/pts/0"}, True),
        ({"SSH_CONNECTION": "a b c d"}, True),
        ({"SSH_TTY": ""}, False),
    ],
)
def test_a_link_over_ssh_is_known_by_its_environment(environ: dict[str, str], remote: bool) -> None:
    assert is_remote(environ) is remote
