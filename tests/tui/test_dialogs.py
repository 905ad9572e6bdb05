"""Questions, lists to pick from, and the words for a check's result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.observations import Certificate, ErrorKind, Observation, Phases, Status
from tests.tui.forms import LEDGER, NORTHWIND, NOW, FormApp, screen_text, until
from tui.screens.confirm import Confirm, deleting_client, deleting_service, overtaken
from tui.screens.picker import Picker
from tui.widgets.outcome import outcome

OPTIONS = (("1", "Acme"), ("2", "Northwind"), ("3", "North Star"), ("4", "Zephyr"))


@pytest.mark.parametrize(
    ("keys", "agreed"),
    [
        (["y"], True),
        (["n"], False),
        (["escape"], False),
        (["enter"], False),
        (["right", "enter"], True),
        (["tab", "space"], True),
        (["right", "left", "enter"], False),
    ],
)
async def test_a_question_is_answered_by_keys_and_never_by_accident(
    keys: Sequence[str], agreed: bool
) -> None:
    app = FormApp()
    answers: list[bool | None] = []
    async with app.run_test() as pilot:
        await app.push_screen(Confirm("Sure?", yes="Do it", no="Leave it"), answers.append)
        await pilot.press(*keys)
        assert answers == [agreed]


@pytest.mark.parametrize(
    ("services", "sentence"),
    [
        (0, "Delete the client Northwind Bank?"),
        (1, "Delete the client Northwind Bank with its 1 service?"),
        (12, "Delete the client Northwind Bank with its 12 services?"),
    ],
)
async def test_what_goes_with_a_client_is_counted(services: int, sentence: str) -> None:
    app = FormApp()
    async with app.run_test():
        await app.push_screen(deleting_client(NORTHWIND, services))
        assert sentence in screen_text(app)
        assert "restored for 30 days" in screen_text(app)


async def test_names_in_questions_are_drawn_as_they_are() -> None:
    app = FormApp()
    hostile = replace(LEDGER, spec=replace(LEDGER.spec, name="[red]x\x1b[2J"))
    async with app.run_test():
        await app.push_screen(deleting_service(hostile, NORTHWIND))
        assert "Delete the service [red]x[2J of Northwind Bank?" in screen_text(app)
        assert "\x1b" not in screen_text(app)


async def test_a_conflict_that_no_field_shows_is_still_explained() -> None:
    app = FormApp()
    async with app.run_test():
        await app.push_screen(overtaken("api", []))
        assert "nothing that this form shows" in screen_text(app)


@pytest.mark.parametrize(
    ("keys", "picked"),
    [
        (["enter"], "3"),
        (["down", "enter"], "4"),
        (["up", "enter"], "2"),
        (["n", "o", "down", "enter"], "3"),
        (["x", "enter", "escape"], None),
        (["escape"], None),
    ],
)
async def test_an_option_is_picked_by_moving_or_by_typing(keys: Sequence[str], picked: str | None) -> None:
    app = FormApp()
    picks: list[str | None] = []
    async with app.run_test() as pilot:
        await app.push_screen(Picker("Client", OPTIONS, "3"), picks.append)
        await pilot.press(*keys)
        await until(pilot, lambda: picks == [picked])


def test_a_good_result_says_everything_that_was_measured() -> None:
    observation = Observation(
        NOW,
        Status.UP,
        34.2,
        200,
        phases=Phases(2.1, 3.4, None, 16.0),
        certificate=Certificate(NOW + timedelta(days=61, hours=1), "R11", "x"),
        address="203.0.113.7:443",
    )
    assert outcome(observation).plain.splitlines() == [
        "● up · 34 ms · status 200 · certificate 61 d · 203.0.113.7:443",
        "dns 2.1 ms · connect 3.4 ms · first byte 16 ms",
    ]


@pytest.mark.parametrize(
    ("detail", "told"),
    [("refused\x1b[31m", ["refused[31m"]), (None, [])],
    ids=["detail", "kind alone"],
)
def test_a_failure_says_once_why(detail: str | None, told: list[str]) -> None:
    observation = Observation(NOW, Status.DOWN, error=ErrorKind.CONNECT, detail=detail)
    assert outcome(observation).plain.splitlines() == ["✗ down · no connection", *told]
