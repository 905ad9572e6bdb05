"""Forms over real operations: what is saved, what is refused, what somebody else did in the meantime."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import NoReturn, cast

import pytest
from textual.pilot import Pilot

from core.domain.clients import ClientSpec
from core.domain.operators import Role
from core.domain.secret import MASK, Secret
from core.domain.services import Header, Service, ServiceSpec
from core.errors import Unreachable
from core.operations.clients import add_client, edit_client, get_client, list_clients, remove_client
from core.operations.desk import Desk
from core.operations.services import add_service, edit_service, get_service, list_services
from core.storage.database import Database
from tests.tui.forms import (
    NORTHWIND,
    FormApp,
    console,
    desk_on,
    on_top,
    refused,
    row,
    saved,
    screen_text,
    shows,
    until,
    write,
)
from tui.screens.client_form import ClientForm
from tui.screens.confirm import Confirm
from tui.screens.service_form import ServiceForm
from tui.widgets.fields import FieldRow

ACME = ClientSpec("Acme", dns="acme.example", api_key=Secret("first key"), tags=("gold",))
API = ServiceSpec(
    "api", "/health", headers=(Header("X-Key", Secret("one")), Header("X-Other", Secret("two")))
)


@pytest.fixture
def desk(database: Database) -> Desk:
    return desk_on(database)


async def test_a_client_is_made_from_what_was_typed(desk: Desk) -> None:
    async with console(desk) as (app, pilot):
        form = await app.open(ClientForm().for_new())
        texts = {"name": "Acme", "dns": "acme.example", "api_key": "k1", "tags": "gold, eu", "notes": "a\nb"}
        await write(pilot, form, texts)
        client = await saved(app, pilot)
    assert client.spec == ClientSpec(
        "Acme", dns="acme.example", api_key=Secret("k1"), tags=("gold", "eu"), notes="a\nb"
    )
    assert await list_clients(desk) == [client]


async def test_a_service_is_made_with_defaults_around_what_was_typed(desk: Desk) -> None:
    client = await add_client(desk, ACME)
    async with console(desk) as (app, pilot):
        form = await app.open(ServiceForm().for_new(client, 5.0))
        await write(pilot, form, {"name": "api", "endpoint": "/health", "degraded_above_ms": "800"})
        service = await saved(app, pilot)
    assert service.spec == ServiceSpec(
        "api", "/health", interval_seconds=5.0, timeout_seconds=5.0, degraded_above_ms=800
    )
    assert [pair[0] for pair in await list_services(desk)] == [service]


async def test_a_new_service_without_a_client_offers_all_of_them(desk: Desk) -> None:
    await add_client(desk, ACME)
    zephyr = await add_client(desk, ClientSpec("Zephyr"))
    async with console(desk) as (app, pilot):
        form = await app.open(ServiceForm().for_new(None, 30.0))
        await app.workers.wait_for_complete()
        await pilot.press("z")
        await write(pilot, form, {"name": "api", "endpoint": "https://zephyr.example/"})
        service = await saved(app, pilot)
    assert isinstance(service, Service)
    assert service.client_id == zephyr.id


async def test_a_service_needs_a_client(desk: Desk) -> None:
    async with console(desk) as (app, pilot):
        form = await app.open(ServiceForm().for_new(None, 30.0))
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "no client yet" in screen_text(app)
        await write(pilot, form, {"name": "api", "endpoint": "https://zephyr.example/"})
        await refused(app, pilot)
        assert row(form, "client").problem == "This cannot be empty."


async def test_a_name_that_is_taken_is_told_under_the_name(desk: Desk) -> None:
    await add_client(desk, ACME)
    async with console(desk) as (app, pilot):
        form = await app.open(ClientForm().for_new())
        await write(pilot, form, {"name": "ACME", "description": "typed"})
        await refused(app, pilot)
        assert "taken" in row(form, "name").problem
        assert app.focused is row(form, "name").editor
        assert row(form, "description").editor.text == "typed"
        await pilot.press("tab")
        assert "taken" in row(form, "name").problem
        await write(pilot, form, {"name": "Acme 2"})
        assert row(form, "name").problem == ""
        await saved(app, pilot)


async def test_a_copy_of_a_service_keeps_its_masked_headers(desk: Desk) -> None:
    client = await add_client(desk, ACME)
    service = await add_service(desk, client.id, API)
    async with console(desk) as (app, pilot):
        form = await app.open(ServiceForm().for_duplicate(service, client))
        await app.workers.wait_for_complete()
        await write(pilot, form, {"name": "api"})
        await refused(app, pilot)
        assert "taken" in row(form, "name").problem
        await write(pilot, form, {"name": "api.copy"})
        copy = await saved(app, pilot)
    assert copy.spec == replace(API, name="api.copy")


@pytest.mark.parametrize(
    ("text", "stored"),
    [(MASK, Secret("first key")), ("second key", Secret("second key")), ("", None)],
    ids=["kept", "replaced", "cleared"],
)
async def test_a_masked_key_is_kept_replaced_or_cleared(desk: Desk, text: str, stored: Secret | None) -> None:
    client = await add_client(desk, ACME)
    async with console(desk) as (app, pilot):
        form = await app.open(ClientForm().for_edit(client))
        await write(pilot, form, {"api_key": text, "description": "changed"})
        await saved(app, pilot)
    assert (await get_client(desk, client.id)).spec.api_key == stored


async def test_one_header_is_changed_and_the_masked_one_beside_it_stays(desk: Desk) -> None:
    client = await add_client(desk, ACME)
    service = await add_service(desk, client.id, API)
    async with console(desk) as (app, pilot):
        form = await app.open(ServiceForm().for_edit(service, client))
        await write(pilot, form, {"headers": f"X-Key: {MASK}\nX-Other: three"})
        await saved(app, pilot)
    assert (await get_service(desk, service.id)).spec.headers == (
        Header("X-Key", Secret("one")),
        Header("X-Other", Secret("three")),
    )


async def test_a_fault_that_only_the_services_of_a_client_have_is_told_under_its_field(desk: Desk) -> None:
    client = await add_client(desk, ACME)
    await add_service(desk, client.id, API)
    async with console(desk) as (app, pilot):
        form = await app.open(ClientForm().for_edit(client))
        await write(pilot, form, {"dns": ""})
        await refused(app, pilot)
        assert "Keep an address" in row(form, "dns").problem


class Conflict:
    """A form over a service that somebody else saves while it is open."""

    def __init__(self, app: FormApp, pilot: Pilot[None], form: ServiceForm, service: Service) -> None:
        self.app, self.pilot, self.form, self.service = app, pilot, form, service

    async def answer(self, key: str) -> None:
        await self.pilot.press("ctrl+s")
        await until(self.pilot, lambda: on_top(self.app, Confirm))
        await self.pilot.pause()
        assert "Somebody else has saved api" in screen_text(self.app)
        assert "Retries" in screen_text(self.app)
        await self.pilot.press(key)
        await self.app.workers.wait_for_complete()
        await self.pilot.pause()


@asynccontextmanager
async def conflict(desk: Desk) -> AsyncIterator[Conflict]:
    client = await add_client(desk, ACME)
    service = await add_service(desk, client.id, API)
    async with console(desk) as (app, pilot):
        form = ServiceForm()
        await app.open(form.for_edit(service, client))
        await write(pilot, form, {"endpoint": "/mine", "timeout_seconds": "7"})
        await edit_service(desk, service.id, service.version, replace(API, retries=5, endpoint="/theirs"))
        yield Conflict(app, pilot, form, service)


async def test_a_conflict_can_load_what_the_other_one_saved(desk: Desk) -> None:
    async with conflict(desk) as met:
        await met.answer("y")
        assert row(met.form, "endpoint").editor.text == "/theirs"
        assert row(met.form, "retries").editor.text == "5"
        assert not met.form.has_changes
    assert (await get_service(desk, met.service.id)).spec == replace(API, retries=5, endpoint="/theirs")


async def test_a_conflict_writes_nothing_until_it_is_saved_again_knowingly(desk: Desk) -> None:
    async with conflict(desk) as met:
        await met.answer("n")
        assert (await get_service(desk, met.service.id)).spec.endpoint == "/theirs"
        assert {r.field.name for r in met.form.query(FieldRow) if r.changed} == {
            "endpoint",
            "timeout_seconds",
        }
        assert row(met.form, "retries").editor.text == "5"
        await saved(met.app, met.pilot)
    final = (await get_service(desk, met.service.id)).spec
    assert final == replace(API, retries=5, endpoint="/mine", timeout_seconds=7.0)


async def test_what_was_deleted_meanwhile_is_said_and_nothing_typed_is_lost(desk: Desk) -> None:
    client = await add_client(desk, ACME)
    async with console(desk) as (app, pilot):
        form = await app.open(ClientForm().for_edit(client))
        await write(pilot, form, {"description": "typed"})
        await remove_client(desk, client.id)
        await refused(app, pilot)
        assert "in the bin" in screen_text(app)
        assert row(form, "description").editor.text == "typed"


class AwayDatabase:
    """A database that cannot be reached."""

    def unit(self) -> NoReturn:
        raise Unreachable("The database does not answer.")


async def test_a_database_that_is_away_loses_nothing_of_the_form() -> None:
    async with console(desk_on(cast(Database, AwayDatabase()))) as (app, pilot):
        form = await app.open(ClientForm().for_edit(NORTHWIND))
        await write(pilot, form, {"description": "typed"})
        await refused(app, pilot)
        assert "Nothing of the form is lost. The database does not answer." in screen_text(app)
        assert row(form, "description").editor.text == "typed"
        assert form.box.border_subtitle == "unsaved changes"


class SlowDatabase:
    """A database that answers when it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers = asyncio.Event()

    def unit(self) -> SlowDatabase:
        return self

    async def __aenter__(self) -> NoReturn:
        self.asked += 1
        await self.answers.wait()
        raise Unreachable("The database does not answer.")

    async def __aexit__(self, *_exception: object) -> None:
        """Nothing was opened."""


async def test_a_form_that_is_being_saved_is_not_saved_twice() -> None:
    database = SlowDatabase()
    async with console(desk_on(cast(Database, database))) as (app, pilot):
        form = await app.open(ClientForm().for_edit(NORTHWIND))
        await write(pilot, form, {"description": "typed"})
        await pilot.press("ctrl+s", "ctrl+s")
        assert form.box.border_subtitle == "saving …"
        database.answers.set()
        await until(pilot, lambda: form.notice.has_class("-told"))
        assert database.asked == 1
        assert form.box.border_subtitle == "unsaved changes"


async def test_a_viewer_is_told_that_saving_needs_another_role(database: Database) -> None:
    async with console(desk_on(database, role=Role.VIEWER)) as (app, pilot):
        form = await app.open(ClientForm().for_new())
        await write(pilot, form, {"name": "Acme"})
        await refused(app, pilot)
        assert "needs the role operator" in screen_text(app)


async def test_an_edit_that_somebody_made_before_is_not_undone_by_an_untouched_form(desk: Desk) -> None:
    client = await add_client(desk, ACME)
    async with console(desk) as (app, pilot):
        await app.open(ClientForm().for_edit(client))
        await pilot.pause()
        await edit_client(desk, client.id, client.version, replace(ACME, description="theirs"))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: on_top(app, Confirm))
        await pilot.press("n")
        await saved(app, pilot)
    assert (await get_client(desk, client.id)).spec.description == "theirs"


class Door:
    """A server that answers 200 as soon as it is opened."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.requests: list[bytes] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests.append(await reader.readuntil(b"\r\n\r\n"))
        await self.opened.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    door = Door()
    server = await asyncio.start_server(door.serve, "127.0.0.1", 0)
    async with server:
        door.port = server.sockets[0].getsockname()[1]
        yield door
        door.opened.set()


async def test_f2_checks_what_is_typed_before_it_is_saved_while_typing_goes_on(
    desk: Desk, door: Door
) -> None:
    client = await add_client(desk, ACME)
    async with console(desk) as (app, pilot):
        form = await app.open(ServiceForm().for_new(client, 30.0))
        texts = {"endpoint": f"http://127.0.0.1:{door.port}/up", "headers": "X-Typed: {api_key}"}
        await write(pilot, form, texts)
        await pilot.press("f2")
        await until(pilot, lambda: bool(door.requests))
        assert shows(app, "testing http://127.0.0.1")
        form.set_focus(row(form, "name").editor)
        await pilot.press("a", "p", "i")
        assert row(form, "name").editor.text == "api"
        door.opened.set()
        await until(pilot, lambda: shows(app, "● up"))
        assert shows(app, "status 200")
        assert shows(app, "connect ")
    assert b"GET /up" in door.requests[0]
    assert b"x-typed: first key" in door.requests[0].lower()
    assert await list_services(desk) == []


async def test_f2_says_why_a_check_would_fail(desk: Desk, door: Door) -> None:
    client = await add_client(desk, ACME)
    door.opened.set()
    async with console(desk) as (app, pilot):
        form = await app.open(ServiceForm().for_new(client, 30.0))
        await write(pilot, form, {"endpoint": f"http://127.0.0.1:{door.port}/", "expected_status": "204"})
        await pilot.press("f2")
        await until(pilot, lambda: shows(app, "✗ down"))
        assert shows(app, "wrong status")


async def test_f2_asks_for_the_fields_that_a_check_needs(desk: Desk) -> None:
    client = await add_client(desk, ACME)
    async with console(desk) as (app, pilot):
        form = await app.open(ServiceForm().for_new(client, 30.0))
        await write(pilot, form, {"endpoint": "nowhere"})
        await pilot.press("f2")
        assert "not an address" in row(form, "endpoint").problem
        assert shows(app, "Not tested: some fields need another value first.")
        assert app.focused is row(form, "endpoint").editor


async def test_closing_a_form_ends_its_test(desk: Desk, door: Door) -> None:
    client = await add_client(desk, ACME)
    async with console(desk) as (app, pilot):
        form = await app.open(ServiceForm().for_new(client, 30.0))
        await write(pilot, form, {"endpoint": f"http://127.0.0.1:{door.port}/"})
        await pilot.press("f2")
        await until(pilot, lambda: bool(door.requests))
        await pilot.press("escape", "y")
        await until(pilot, lambda: not any(worker.group == "test" for worker in app.workers))
        assert app.results == [None]
