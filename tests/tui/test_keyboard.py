"""Keys that arrive in one burst have the effect that they have one by one."""

from __future__ import annotations

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.screen import ModalScreen
from textual.widgets import Input

from tests.tui.forms import until
from tui.keyboard import KeysInOrder


class Form(ModalScreen[None]):
    def compose(self) -> ComposeResult:
        yield Input(id="first")
        yield Input("30", id="second")

    def value(self, name: str) -> str:
        found = self.query(f"#{name}").results(Input)
        return next((field.value for field in found), "")


class Typed(KeysInOrder):
    BINDINGS = [("n", "form", "new"), ("d", "destroy", "delete")]  # noqa: RUF012 - Textual declares it so
    destroyed = 0

    def action_form(self) -> None:
        self.push_screen(Form())

    def action_destroy(self) -> None:
        self.destroyed += 1


def burst(app: App[None], *keys: str) -> None:
    """Put keys into the application's queue at once, as one packet of a slow link does."""
    for key in keys:
        event = events.Key(key, key if len(key) == 1 else None)
        event.set_sender(app)
        app.post_message(event)


async def test_what_is_typed_after_the_key_that_opens_a_form_goes_into_the_form() -> None:
    app = Typed()
    async with app.run_test() as pilot:
        burst(app, "n", "d", "n", "d", "tab", "ctrl+u", "5")
        await until(pilot, lambda: isinstance(app.screen, Form) and app.screen.value("second") == "5")
        assert isinstance(app.screen, Form)
        assert app.screen.value("first") == "dnd"
        assert app.destroyed == 0


async def test_a_key_whose_effects_never_settle_does_not_hold_up_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The receiver may be removed with the call back still in its queue."""
    app = Typed()
    async with app.run_test() as pilot:
        monkeypatch.setattr(app, "_climb", lambda path, key: None)
        burst(app, "d", "d")
        await until(pilot, lambda: app.destroyed == 2)


class StillTyped(Typed):
    """Gets one more key whenever what a key set off has been done."""

    def __init__(self) -> None:
        super().__init__()
        self.still_coming = ["1", "2", "3"]

    def _settled(self, key: int) -> None:
        if self.still_coming:
            burst(self, self.still_coming.pop(0))
        super()._settled(key)


async def test_a_key_that_comes_while_others_are_held_back_comes_after_them() -> None:
    app = StillTyped()
    async with app.run_test() as pilot:
        burst(app, "n", "a", "b", "c")
        await until(pilot, lambda: isinstance(app.screen, Form) and len(app.screen.value("first")) == 6)
        assert isinstance(app.screen, Form)
        assert app.screen.value("first") == "abc123"
