"""What the window of the terminal is called."""

from __future__ import annotations

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


async def test_the_title_that_was_there_is_given_back_once(written: list[str]) -> None:
    app = WindowTitle()
    async with app.run_test():
        app.show_down(1)
        written.clear()
        app.give_title_back()
        app.give_title_back()
        assert written == [GIVE_BACK]


async def test_a_title_that_was_never_shown_is_not_given_back(written: list[str]) -> None:
    app = WindowTitle()
    async with app.run_test():
        written.clear()
        app.give_title_back()
        assert written == []


def test_nothing_is_written_without_a_terminal() -> None:
    WindowTitle().show_down(3)
