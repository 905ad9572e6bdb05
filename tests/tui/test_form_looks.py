"""How forms and questions look; every figure is made up, no desk is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from core.domain.kinds import Auth, Kind
from core.domain.observations import Certificate, ErrorKind, Observation, Phases, Status
from core.domain.secret import Secret
from core.domain.services import ServiceSpec
from tests.tui.forms import LEDGER, NORTHWIND, NOW, FormApp, row, write
from tui.screens.client_form import ClientForm
from tui.screens.confirm import deleting_client, discarding
from tui.screens.picker import Picker
from tui.screens.service_form import ServiceForm
from tui.widgets.outcome import outcome

SnapCompare = Callable[..., bool]
Scene = Callable[[Pilot[Any]], Awaitable[None]]

SMALL, LARGE = (80, 24), (160, 45)
ANSWER = Observation(
    NOW,
    Status.UP,
    34.2,
    200,
    phases=Phases(2.1, 3.4, 11.2, 16.0),
    certificate=Certificate(NOW + timedelta(days=61), "R11, Let's Encrypt", "api.northwind.example"),
    address="203.0.113.7:443",
)
REFUSAL = Observation(
    NOW,
    Status.DOWN,
    error=ErrorKind.CONNECT,
    detail="203.0.113.7:443 refused the connection",
    phases=Phases(2.1, 3.4),
)

DATABASE = ServiceSpec("ledger.db", "db.northwind.example:5432", Kind.TCP, degraded_above_ms=200)
MAIL = ServiceSpec(
    "mail", "northwind.example", Kind.DNS, record_type="MX", expected_answers=("10 mx.northwind.example",)
)
BACKUP = ServiceSpec("backup", "", Kind.HEARTBEAT, interval_seconds=86_400.0, timeout_seconds=3600.0)
GUARDED = ServiceSpec(
    "ledger.prod", "/healthz", auth=Auth.BASIC, auth_user="monitor", auth_secret=Secret("hush")
)


def compared(
    snap_compare: SnapCompare, scene: Scene, size: tuple[int, int], theme: str = "ronda-night"
) -> bool:
    return snap_compare(FormApp(theme=theme), terminal_size=size, run_before=scene)


async def service_form(pilot: Pilot[Any]) -> ServiceForm:
    form = ServiceForm()
    await pilot.app.push_screen(form.for_edit(LEDGER, NORTHWIND))
    await pilot.pause()
    return form


async def opened(pilot: Pilot[Any], spec: ServiceSpec) -> ServiceForm:
    form = ServiceForm()
    await pilot.app.push_screen(form.for_edit(replace(LEDGER, spec=spec), NORTHWIND))
    await pilot.pause()
    return form


async def client_form(pilot: Pilot[Any]) -> ClientForm:
    form = ClientForm()
    await pilot.app.push_screen(form.for_edit(NORTHWIND))
    await pilot.pause()
    return form


async def faulty(pilot: Pilot[Any]) -> None:
    form = await service_form(pilot)
    texts = {"timeout_seconds": "45", "expected_status": "2xx", "endpoint": "htps://ledger.example/healthz"}
    await write(pilot, form, texts)
    form.visit(texts)
    await pilot.pause()


async def with_result(pilot: Pilot[Any], observation: Observation) -> None:
    form = await service_form(pilot)
    form.tell(outcome(observation))
    await pilot.pause()


async def in_advanced(pilot: Pilot[Any]) -> None:
    form = await service_form(pilot)
    form.set_focus(row(form, "headers").editor)
    await pilot.pause()


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])
def test_a_service_with_faults(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """Sentences under three fields, amber labels, "3 errors · unsaved changes"; help where it is wide."""
    assert compared(snap_compare, faulty, size)


def test_a_service_with_faults_by_day(snap_compare: SnapCompare) -> None:
    """The same on white."""
    assert compared(snap_compare, faulty, SMALL, "ronda-day")


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])
def test_a_service_that_answers_to_its_test(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """A green dot, "up", latency, status, days of the certificate, address and phases above the keys."""
    assert compared(snap_compare, lambda pilot: with_result(pilot, ANSWER), size)


def test_a_service_that_does_not_answer_to_its_test(snap_compare: SnapCompare) -> None:
    """Vermilion cross, "down", why, and the phases that were reached; readable to the colour-blind."""
    assert compared(snap_compare, lambda pilot: with_result(pilot, REFUSAL), SMALL, "ronda-cvd")


def test_the_rarely_needed_fields_with_masked_headers(snap_compare: SnapCompare) -> None:
    """The rule "rarely needed", header names with dots for values, the cursor among them."""
    assert compared(snap_compare, in_advanced, SMALL)


def test_a_connection_that_fails_its_test(snap_compare: SnapCompare) -> None:
    """Host and port, no method and no status; the vermilion cross, and that the connection was refused."""

    async def scene(pilot: Pilot[Any]) -> None:
        form = await opened(pilot, DATABASE)
        form.tell(outcome(replace(REFUSAL, detail="203.0.113.7:5432 refused the connection")))
        await pilot.pause()

    assert compared(snap_compare, scene, SMALL)


def test_a_name_that_is_looked_up_with_help(snap_compare: SnapCompare) -> None:
    """Type of record and expected answers; at the right the help of Endpoint with a name server."""

    async def scene(pilot: Pilot[Any]) -> None:
        form = await opened(pilot, MAIL)
        form.set_focus(row(form, "endpoint").editor)
        await pilot.pause()

    assert compared(snap_compare, scene, LARGE)


def test_a_heartbeat_says_why_it_is_not_tested(snap_compare: SnapCompare) -> None:
    """On white: interval and grace, no endpoint; why F2 does nothing, and what to run instead."""

    async def scene(pilot: Pilot[Any]) -> None:
        await opened(pilot, BACKUP)
        await pilot.press("f2")
        await pilot.pause()

    assert compared(snap_compare, scene, SMALL, "ronda-day")


def test_expectations_with_a_fault_below_a_masked_secret(snap_compare: SnapCompare) -> None:
    """Dots for the secret, amber JSON conditions with the sentence under them, and their help."""

    async def scene(pilot: Pilot[Any]) -> None:
        form = await opened(pilot, GUARDED)
        await write(pilot, form, {"json_conditions": "status is ok"})
        form.visit(["json_conditions"])
        await pilot.pause()

    assert compared(snap_compare, scene, (120, 40), "ronda-cvd")


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])
def test_an_empty_client(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """The title "New client", the cursor in the empty name, no faults yet."""

    async def scene(pilot: Pilot[Any]) -> None:
        await pilot.app.push_screen(ClientForm().for_new())
        await pilot.pause()

    assert compared(snap_compare, scene, size)


def test_a_client_with_a_secret_and_help(snap_compare: SnapCompare) -> None:
    """Dots for the API key, and its help below the fields after F1."""

    async def scene(pilot: Pilot[Any]) -> None:
        form = await client_form(pilot)
        form.set_focus(row(form, "api_key").editor)
        await pilot.press("f1")

    assert compared(snap_compare, scene, SMALL)


@pytest.mark.parametrize("theme", ["ronda-night", "ronda-day"])
def test_the_question_before_a_client_goes(snap_compare: SnapCompare, theme: str) -> None:
    """Names the client and its twelve services; the answer that keeps it has the focus."""

    async def scene(pilot: Pilot[Any]) -> None:
        await client_form(pilot)
        await pilot.app.push_screen(deleting_client(NORTHWIND, 12))

    assert compared(snap_compare, scene, SMALL, theme)


def test_the_question_before_changes_go(snap_compare: SnapCompare) -> None:
    """Discard or keep editing, over the dimmed form."""

    async def scene(pilot: Pilot[Any]) -> None:
        await client_form(pilot)
        await pilot.app.push_screen(discarding())

    assert compared(snap_compare, scene, SMALL)


def test_a_list_to_pick_from(snap_compare: SnapCompare) -> None:
    """What was typed narrows the list; brackets in names are drawn as they are."""

    async def scene(pilot: Pilot[Any]) -> None:
        options = [("1", "Acme"), ("2", "Northwind [red]Bank"), ("3", "North Star"), ("4", "Zephyr")]
        await pilot.app.push_screen(Picker("Client", options, "2"))
        await pilot.press("n", "o", "r")

    assert compared(snap_compare, scene, SMALL)
