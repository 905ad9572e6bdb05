"""Changes from the place of clients and the page of a client, over real operations."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot

from core.domain.clients import ClientSpec
from core.domain.events import InventoryChanged
from core.domain.services import Service, ServiceSpec
from core.operations.clients import add_client, get_client, list_clients
from core.operations.desk import Desk
from core.operations.services import add_service, list_services
from core.storage.database import Database
from tests.tui.forms import DEADLINE_SECONDS, desk_on, on_top, screen_text, until
from tui.app import RondaApp
from tui.screens.changes import Changes
from tui.screens.client import ClientScreen
from tui.screens.clients import ClientsScreen
from tui.screens.confirm import Confirm
from tui.screens.service_form import ServiceForm

ACME = ClientSpec("Acme", dns="acme.example")
API = ServiceSpec("api", "/health")


@pytest.fixture
def desk(database: Database) -> Desk:
    return desk_on(database)


@asynccontextmanager
async def console(desk: Desk) -> AsyncIterator[tuple[RondaApp, Pilot[None]]]:
    """Open the console on the desk, at the place of clients; nothing is checked."""

    @asynccontextmanager
    async def open_desk() -> AsyncIterator[Desk]:
        yield desk

    app = RondaApp(open_desk)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda: app.board.loaded)
        app.action_place("clients")
        await until(pilot, lambda: on_top(app, ClientsScreen) and app.focused is not None)
        yield app, pilot


async def becomes(
    pilot: Pilot[None], desk: Desk, fact: Callable[[Desk], Awaitable[object]], wanted: object
) -> None:
    """Wait until something read from the database is as wanted, telling the console of changes."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (found := await fact(desk)) != wanted:
        assert time.monotonic() < deadline, found
        await pilot.pause(0.01)
    desk.bus.publish(InventoryChanged())


async def names(desk: Desk) -> list[str]:
    return [client.spec.name for client in await list_clients(desk)]


async def services(desk: Desk) -> list[tuple[str, bool]]:
    return [(service.spec.name, service.spec.active) for service, _client in await list_services(desk)]


async def at_acme(app: RondaApp, pilot: Pilot[None]) -> ClientScreen:
    await pilot.press("enter")
    await until(pilot, lambda: on_top(app, ClientScreen) and app.focused is not None)
    screen = app.screen
    assert isinstance(screen, ClientScreen)
    return screen


async def test_a_deleted_client_is_brought_back_with_its_services(desk: Desk) -> None:
    client = await add_client(desk, ACME)
    await add_service(desk, client.id, API)
    async with console(desk) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: on_top(app, Confirm))
        await pilot.press("y")
        await becomes(pilot, desk, names, [])
        await until(pilot, lambda: "nothing is being watched yet" in screen_text(app))
        await pilot.press("u")
        await becomes(pilot, desk, names, ["Acme"])
        await until(pilot, lambda: "acme.example" in screen_text(app))
        assert await services(desk) == [("api", True)]


async def test_a_deleted_service_is_brought_back(desk: Desk) -> None:
    client = await add_client(desk, ACME)
    await add_service(desk, client.id, API)
    async with console(desk) as (app, pilot):
        screen = await at_acme(app, pilot)
        await pilot.press("d")
        await until(pilot, lambda: on_top(app, Confirm))
        await pilot.press("y")
        await becomes(pilot, desk, services, [])
        await until(pilot, lambda: "add the first service" in screen_text(app))
        await pilot.press("u")
        await becomes(pilot, desk, services, [("api", True)])
        await until(pilot, lambda: len(screen.table.rows) == 1)


async def test_p_pauses_and_resumes_clients_and_services(desk: Desk) -> None:
    client = await add_client(desk, ACME)
    await add_service(desk, client.id, API)

    async def active(desk: Desk) -> bool:
        return (await get_client(desk, client.id)).spec.active

    async with console(desk) as (app, pilot):
        await pilot.press("p")
        await becomes(pilot, desk, active, False)
        await until(pilot, lambda: "‖ paused" in screen_text(app))
        await pilot.press("p")
        await becomes(pilot, desk, active, True)
        screen = await at_acme(app, pilot)
        await pilot.press("p")
        await becomes(pilot, desk, services, [("api", False)])
        await until(pilot, lambda: "‖ paused" in screen_text(app))
        assert screen.entry is not None


async def test_a_service_made_on_the_page_of_its_client_is_under_the_cursor(desk: Desk) -> None:
    client = await add_client(desk, ACME)
    await add_service(desk, client.id, API)
    async with console(desk) as (app, pilot):
        screen = await at_acme(app, pilot)
        await pilot.press("n")
        await until(pilot, lambda: on_top(app, ServiceForm))
        await until(pilot, lambda: "New service" in screen_text(app))
        form = app.get_screen("service-form", ServiceForm)
        form.rows["name"].editor.text = "web"
        form.rows["endpoint"].editor.text = "/web"
        await pilot.press("ctrl+s")
        await becomes(pilot, desk, services, [("api", True), ("web", True)])
        await until(pilot, lambda: screen.entry is not None and screen.entry.line.service.spec.name == "web")


async def test_what_an_operation_refuses_is_told(desk: Desk) -> None:
    client = await add_client(desk, ACME)
    await add_service(desk, client.id, API)
    async with console(desk) as (app, pilot):
        screen = await at_acme(app, pilot)
        gone = Service(404, client.id, API, 1, client.created_at, client.created_at)
        screen.pause_service(gone)
        await until(pilot, lambda: "no service" in screen_text(app))


async def test_a_new_service_is_not_asked_for_before_the_database_is_open() -> None:
    @asynccontextmanager
    async def never_opens() -> AsyncIterator[Desk]:
        await asyncio.Event().wait()
        yield desk_on(None)

    app = RondaApp(never_opens)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        board = app.screen
        assert isinstance(board, Changes)
        board.new_service(None)
        await until(pilot, lambda: "The database is not open yet." in screen_text(app))
        assert app.screen is board


async def test_a_defect_in_a_change_is_told_and_logged_and_the_console_goes_on(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    await add_client(desk, ACME)

    async def broken() -> None:
        raise ZeroDivisionError

    async with console(desk) as (app, pilot):
        screen = app.screen
        assert isinstance(screen, ClientsScreen)
        screen.change(broken)
        await until(pilot, lambda: "ZeroDivisionError" in screen_text(app))
        assert any(record.exc_info for record in caplog.records)
        await pilot.press("d")
        await until(pilot, lambda: on_top(app, Confirm))
