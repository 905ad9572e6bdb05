"""What the window of the terminal is called."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import pytest
from textual.drivers.headless_driver import HeadlessDriver

from tui.window_title import GIVE_BACK, KEEP, WindowTitle


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give what is written to the terminal beside frames."""
    texts: list[str] = []
    monkeypatch.setattr(HeadlessDriver, "write", lambda _driver, text: texts.append(text))
    return texts


async def test_the_title_says_how_many_services_are_down(written: list[str]) -> None:
    app = WindowTitle()
    async with app.run_test():
        written.clear()
        for down in (0, 0, 2, 2, 1, 0):
            app.show_down(down)
        assert written == [
            f"{KEEP}\x1b]0;ronda\x07",
            "\x1b]0;2 down - ronda\x07",
            "\x1b]0;1 down - ronda\x07",
            "\x1b]0;ronda\x07",
        ]


class _Stream:
    """The standard error of a process, as far as it is asked for its number."""

    def __init__(self, number: int) -> None:
        self._number = number

    def fileno(self) -> int:
        return self._number


async def test_the_title_that_was_there_is_given_back_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    monkeypatch.setattr(sys, "__stderr__", _Stream(write))
    app = WindowTitle()
    async with app.run_test():
        app.show_down(1)
    app.give_title_back()
    app.give_title_back()
    assert os.get_blocking(write)
    os.close(write)
    assert os.read(read, 100) == GIVE_BACK.encode()
    os.close(read)


async def test_a_terminal_that_is_gone_or_takes_nothing_holds_up_no_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    with suppress(BlockingIOError):
        while os.write(write, b"x" * 65_536):
            pass
    os.set_blocking(write, True)
    app = WindowTitle()
    async with app.run_test():
        app.show_down(1)
    monkeypatch.setattr(sys, "__stderr__", _Stream(write))
    app.give_title_back()
    os.close(read)
    os.close(write)
    app.show_down(2)
    app.give_title_back()


async def test_a_title_that_was_never_shown_is_not_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "__stderr__", None)
    app = WindowTitle()
    async with app.run_test():
        app.give_title_back()


def test_nothing_is_written_without_a_terminal() -> None:
    WindowTitle().show_down(3)
