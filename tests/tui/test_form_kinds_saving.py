"""The form of a service of each kind over real operations: what is saved, and what F2 tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from core.domain.kinds import Auth, Kind
from core.domain.secret import Secret
from core.domain.services import ServiceSpec
from core.operations.clients import add_client
from core.operations.desk import Desk
from core.operations.services import add_service, edit_service
from core.storage.database import Database
from tests.tui.forms import (
    LEDGER,
    NORTHWIND,
    console,
    desk_on,
    focused_row,
    form_of,
    on_top,
    refused,
    row,
    saved,
    shown_fields,
    shows,
    until,
    write,
)
from tui.screens.confirm import Confirm
from tui.screens.service_form import ServiceForm


@pytest.fixture
def desk(database: Database) -> Desk:
    return desk_on(database)


KEYS: dict[Kind, tuple[list[str], ServiceSpec]] = {
    Kind.HTTP: (
        ["tab", "h", "t", "tab", *"/health", "tab", "h", "e"],
        ServiceSpec("x", "/health", method="HEAD"),
    ),
    Kind.TCP: (["tab", "t", "tab", *"db.example:5432"], ServiceSpec("x", "db.example:5432", Kind.TCP)),
    Kind.TLS: (["tab", "t", "l", "tab", *"example.com"], ServiceSpec("x", "example.com", Kind.TLS)),
    Kind.DNS: (
        ["tab", "d", "tab", *"example.com", "tab", "m", "tab", *"10 mx.example.com"],
        ServiceSpec("x", "example.com", Kind.DNS, record_type="MX", expected_answers=("10 mx.example.com",)),
    ),
    Kind.ICMP: (["tab", "p", "tab", *"192.0.2.7"], ServiceSpec("x", "192.0.2.7", Kind.ICMP)),
    Kind.HEARTBEAT: (
        ["tab", "h", "e", "tab", "backspace", "backspace", *"1d", "tab", "backspace", "backspace", *"1h"],
        ServiceSpec("x", "", Kind.HEARTBEAT, interval_seconds=86_400.0, timeout_seconds=3600.0),
    ),
}


@pytest.mark.parametrize("kind", Kind)
async def test_a_service_of_each_kind_is_made_by_keys_alone(desk: Desk, kind: Kind) -> None:
    client = await add_client(desk, NORTHWIND.spec)
    keys, spec = KEYS[kind]
    async with console(desk) as (app, pilot):
        form = await app.open(ServiceForm().for_new(client, 30.0))
        await pilot.pause()
        await pilot.press("x", *keys)
        assert {each.field.name: each.problem for each in form.rows.problems} == {}
        service = await saved(app, pilot)
    assert service.spec == spec


async def test_every_expectation_is_stored_as_it_is_typed(desk: Desk) -> None:
    client = await add_client(desk, NORTHWIND.spec)
    async with console(desk) as (app, pilot):
        form = await app.open(ServiceForm().for_new(client, 30.0))
        texts = {
            "name": "api",
            "endpoint": "/x",
            "auth": "basic",
            "auth_user": "monitor",
            "auth_secret": "hush",
            "matches": " ok$",
            "json_conditions": '$.a == "b"\n\n  $.c  ',
            "expected_headers": "ETag\nContent-Type: json",
            "tls_warn_days": "",
            "client_cert": "/etc/a.pem",
            "client_key": "/etc/a.key",
        }
        await write(pilot, form, texts)
        service = await saved(app, pilot)
    assert service.spec == ServiceSpec(
        "api",
        "/x",
        auth=Auth.BASIC,
        auth_user="monitor",
        auth_secret=Secret("hush"),
        matches=" ok$",
        json_conditions=('$.a == "b"', "$.c"),
        expected_headers=("ETag", "Content-Type: json"),
        tls_warn_days=None,
        client_cert="/etc/a.pem",
        client_key="/etc/a.key",
    )


async def test_what_hidden_fields_hold_is_neither_saved_nor_looked_at_for_faults(desk: Desk) -> None:
    client = await add_client(desk, NORTHWIND.spec)
    stored = await add_service(desk, client.id, replace(LEDGER.spec, headers=(), expected_status="204"))
    async with console(desk) as (app, pilot):
        form = await app.open(ServiceForm().for_edit(stored, client))
        texts = {
            "auth": "basic",
            "auth_user": "ana:",
            "tls_warn_days": "soon",
            "body": "PING",
            "method": "POST",
        }
        await write(pilot, form, {**texts, "kind": "tcp", "endpoint": "db.example:5432", "contains": "PONG"})
        service = await saved(app, pilot)
    assert service.spec == ServiceSpec(
        "ledger.prod",
        "db.example:5432",
        Kind.TCP,
        body="PING",
        contains="PONG",
        degraded_above_ms=800,
        tags=("prod",),
    )


async def test_an_address_that_was_not_left_yet_decides_on_the_kind_as_it_is_saved(desk: Desk) -> None:
    client = await add_client(desk, NORTHWIND.spec)
    async with console(desk) as (app, pilot):
        form = await app.open(ServiceForm().for_new(client, 30.0))
        await write(pilot, form, {"name": "router", "endpoint": "icmp://192.0.2.7"})
        service = await saved(app, pilot)
    assert service.spec == ServiceSpec("router", "icmp://192.0.2.7", Kind.ICMP)


async def test_an_unreadable_number_that_is_shown_is_not_saved(desk: Desk) -> None:
    client = await add_client(desk, NORTHWIND.spec)
    async with console(desk) as (app, pilot):
        form = await app.open(ServiceForm().for_new(client, 30.0))
        await write(pilot, form, {"name": "api", "endpoint": "/x", "tls_warn_days": "soon"})
        await refused(app, pilot)
        assert focused_row(app) == "tls_warn_days"


async def test_fields_that_were_not_touched_follow_a_kind_that_somebody_else_saved(desk: Desk) -> None:
    client = await add_client(desk, NORTHWIND.spec)
    stored = await add_service(desk, client.id, ServiceSpec("db", "/x"))
    async with console(desk) as (app, pilot):
        form = await app.open(ServiceForm().for_edit(stored, client))
        await write(pilot, form, {"notes": "mine"})
        theirs = ServiceSpec("db", "db.example:5432", Kind.TCP)
        await edit_service(desk, stored.id, stored.version, theirs)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: on_top(app, Confirm))
        await pilot.press("n")
        await until(pilot, lambda: "method" not in shown_fields(form))
        service = await saved(app, pilot)
    assert service.spec == replace(theirs, notes="mine")


# Testing


@pytest.fixture
async def greeter() -> AsyncIterator[int]:
    """Give the port of a server that greets whoever comes, and hangs up."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-Example\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(("expect", "told"), [("SSH-2", "● up · "), ("SMTP", "the peer did not send “SMTP”")])
async def test_f2_tests_another_kind_as_it_is_typed(greeter: int, expect: str, told: str) -> None:
    async with console(desk_on(None)) as (app, pilot):
        form = await app.open(form_of(Kind.TCP, f"127.0.0.1:{greeter}", contains=expect))
        await pilot.press("f2")
        await until(pilot, lambda: shows(app, told))
        assert not shows(app, "status")
        assert form.has_changes is False


async def test_f2_tests_the_kind_that_an_address_names_before_it_was_left(greeter: int) -> None:
    async with console(desk_on(None)) as (app, pilot):
        form = await app.open(form_of(Kind.HTTP, "/x", headers=()))
        await write(pilot, form, {"endpoint": f"tcp://127.0.0.1:{greeter}"})
        await pilot.press("f2")
        await until(pilot, lambda: shows(app, "● up · "))
        assert row(form, "kind").value() is Kind.TCP


async def test_f2_says_why_a_heartbeat_is_not_tested() -> None:
    async with console(desk_on(None), size=(80, 24)) as (app, pilot):
        await app.open(form_of(Kind.HEARTBEAT, ""))
        await pilot.press("f2")
        await until(pilot, lambda: shows(app, "A heartbeat cannot be tested"))
        assert shows(app, "ronda beat NAME")
