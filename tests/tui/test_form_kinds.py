"""The form of a service for each kind: which fields it has, what they are called, and what they keep."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.events import Paste

from core.domain.kinds import FIELDS_OF, Auth, Kind
from core.domain.secret import MASK, Secret
from tests.tui.forms import (
    LEDGER,
    NORTHWIND,
    FormApp,
    focused_row,
    form_of,
    row,
    shown_fields,
    shows,
    until,
    write,
)
from tui.screens.kind_fields import WORDS, fields_of, kind_named_by
from tui.screens.service_fields import SERVICE_FIELDS
from tui.screens.service_form import ServiceForm

SECRET_OF_AUTH = {"auth_user", "auth_secret"}


@pytest.mark.parametrize("kind", Kind)
async def test_only_the_fields_of_a_kind_are_shown_and_change_with_it_at_once(kind: Kind) -> None:
    app = FormApp()
    async with app.run_test(size=(120, 40)) as pilot:
        form = await app.open(ServiceForm().for_edit(LEDGER, NORTHWIND))
        await write(pilot, form, {"kind": kind.value})
        assert shown_fields(form) == {"client", *FIELDS_OF[kind]} - SECRET_OF_AUTH
        assert focused_row(app) == "kind"


async def test_every_field_of_every_kind_has_a_place_on_the_form() -> None:
    assert {field.name for field in SERVICE_FIELDS} == {"client"}.union(*FIELDS_OF.values())
    assert {name for kind, name in WORDS if name not in FIELDS_OF[kind]} == set()


@pytest.mark.parametrize(
    ("auth", "asked"),
    [(Auth.NONE, set()), (Auth.BASIC, SECRET_OF_AUTH), (Auth.BEARER, {"auth_secret"})],
)
async def test_user_and_secret_are_asked_for_only_where_they_are_sent(auth: Auth, asked: set[str]) -> None:
    app = FormApp()
    async with app.run_test() as pilot:
        form = await app.open(ServiceForm().for_edit(LEDGER, NORTHWIND))
        await write(pilot, form, {"auth": auth.value})
        assert shown_fields(form) & SECRET_OF_AUTH == asked


@pytest.mark.parametrize(
    ("kind", "told", "untold"),
    [
        (Kind.HTTP, ["Endpoint", "Method", "Timeout"], ["Record type", "Grace"]),
        (Kind.TCP, ["Endpoint", "Timeout", "Send", "Expect"], ["Method", "Verify TLS", "Body", "Contains"]),
        (Kind.TLS, ["Endpoint", "Verify TLS", "Warn before the end", "Client key"], ["Method", "Body"]),
        (Kind.DNS, ["Record type", "Expected answers", "Timeout"], ["Method", "Verify TLS"]),
        (Kind.ICMP, ["Endpoint", "Degraded above"], ["Method", "Verify TLS", "Record type"]),
        (Kind.HEARTBEAT, ["Interval", "Grace", "Notes"], ["Endpoint", "Timeout", "Retries"]),
    ],
)
async def test_fields_are_called_what_they_mean_for_the_kind(
    kind: Kind, told: list[str], untold: list[str]
) -> None:
    app = FormApp()
    async with app.run_test(size=(120, 60)) as pilot:
        form = await app.open(ServiceForm().for_edit(LEDGER, NORTHWIND))
        await write(pilot, form, {"kind": kind.value})
        labels = {each.field.label for each in form.rows.shown}
        assert labels >= set(told)
        assert not labels & set(untold)
        assert all(shows(app, f" {label} ") for label in told)


async def test_help_and_examples_are_those_of_the_kind() -> None:
    app = FormApp()
    async with app.run_test(size=(160, 45)) as pilot:
        form = await app.open(form_of(Kind.DNS, "example.com"))
        form.set_focus(row(form, "endpoint").editor)
        await until(pilot, lambda: shows(app, "192.0.2.53/example.com"))
        await write(pilot, form, {"kind": "tcp"})
        form.set_focus(row(form, "endpoint").editor)
        await until(pilot, lambda: shows(app, "db.example.com:5432"))
        assert not shows(app, "192.0.2.53/example.com")


@pytest.mark.parametrize("kind", Kind)
async def test_on_a_small_terminal_no_help_is_cut_off(kind: Kind) -> None:
    app = FormApp()
    async with app.run_test(size=(80, 24)) as pilot:
        form = await app.open(ServiceForm().for_edit(LEDGER, NORTHWIND))
        form.action_field_help()
        await pilot.pause()
        for field in fields_of(kind, Auth.BASIC):
            form.help_pane.explain(field, roomy=False)
            await pilot.pause()
            wanted = form.help_pane.get_content_height(form.size, app.size, form.help_pane.size.width)
            assert form.help_pane.size.height == wanted, field.name


async def test_what_a_hidden_field_holds_comes_back_with_its_kind() -> None:
    app = FormApp()
    async with app.run_test() as pilot:
        form = await app.open(ServiceForm().for_edit(LEDGER, NORTHWIND))
        await write(
            pilot, form, {"method": "POST", "contains": "ok", "headers": "X-Key: new", "tls_warn_days": "7"}
        )
        for kind in ("tcp", "heartbeat", "http"):
            await write(pilot, form, {"kind": kind})
        texts = {
            name: row(form, name).editor.text for name in ("method", "contains", "endpoint", "tls_warn_days")
        }
        assert texts == {"method": "POST", "contains": "ok", "endpoint": "/healthz", "tls_warn_days": "7"}
        assert row(form, "headers").value() != LEDGER.spec.headers


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("tcp://db.example:5432", Kind.TCP),
        ("TLS://example.com", Kind.TLS),
        ("dns://example.com", Kind.DNS),
        ("icmp://192.0.2.7", Kind.ICMP),
        ("https://example.com/", Kind.HTTP),
        ("htps://example.com/", None),
        ("/healthz", None),
        ("db.example:5432", None),
        ("tcp", None),
    ],
)
def test_an_address_names_a_kind_by_its_scheme_alone(address: str, kind: Kind | None) -> None:
    assert kind_named_by(address) is kind


async def test_the_kind_follows_a_pasted_address_and_the_cursor_goes_on_to_what_is_shown() -> None:
    app = FormApp()
    async with app.run_test(size=(120, 40)) as pilot:
        form = await app.open(ServiceForm().for_new(NORTHWIND, 30.0))
        await pilot.pause()
        form.set_focus(row(form, "endpoint").editor)
        await pilot.pause()
        row(form, "endpoint").editor.post_message(Paste("tcp://db.example:5432"))
        await until(pilot, lambda: bool(row(form, "endpoint").editor.text))
        assert row(form, "kind").value() is Kind.HTTP
        await pilot.press("tab")
        await until(pilot, lambda: row(form, "kind").value() is Kind.TCP)
        await pilot.pause()
        assert focused_row(app) == "interval_seconds"
        assert row(form, "endpoint").problem == ""
        assert shows(app, "The kind is TCP connection now, as the address says.")


async def test_the_kind_follows_an_address_once_and_then_the_operator_decides() -> None:
    app = FormApp()
    async with app.run_test(size=(120, 40)) as pilot:
        form = await app.open(ServiceForm().for_new(NORTHWIND, 30.0))
        await write(pilot, form, {"endpoint": "tcp://db.example:5432"})
        await write(pilot, form, {"kind": "tls"})
        form.set_focus(row(form, "endpoint").editor)
        await pilot.press("tab")
        await pilot.pause()
        assert row(form, "kind").value() is Kind.TLS
        assert "Choose the other kind" in row(form, "endpoint").problem


@pytest.mark.parametrize(
    ("kind", "name", "text", "sentence"),
    [
        (Kind.TCP, "endpoint", "nowhere", "Write it like db.example.com:5432"),
        (Kind.TLS, "endpoint", "", "cannot be empty"),
        (Kind.DNS, "endpoint", "a b", "Remove the spaces"),
        (Kind.ICMP, "endpoint", "192.0.2.7:80", "Write it like 192.0.2.7"),
        (Kind.HEARTBEAT, "timeout_seconds", "2d", "not longer than the interval"),
        (Kind.HTTP, "matches", "(", "not a regular expression"),
        (Kind.HTTP, "json_conditions", "status is ok", "Write it like $.status"),
        (Kind.HTTP, "expected_headers", "two words", "names no header"),
        (Kind.HTTP, "client_cert", "acme.pem", "beginning with /"),
        (Kind.HTTP, "client_key", "/acme.key", ""),
        (Kind.TLS, "tls_warn_days", "soon", "not a whole number"),
    ],
)
async def test_a_fault_stands_under_its_field(kind: Kind, name: str, text: str, sentence: str) -> None:
    app = FormApp()
    async with app.run_test() as pilot:
        form = await app.open(form_of(kind, {Kind.HEARTBEAT: "", Kind.HTTP: "/x"}.get(kind, "example.com")))
        await write(pilot, form, {name: text})
        await pilot.press("tab")
        await until(pilot, lambda: sentence in row(form, name).problem)


async def test_authentication_without_a_user_or_a_key_is_told_under_the_fields() -> None:
    app = FormApp()
    async with app.run_test() as pilot:
        form = await app.open(
            ServiceForm().for_new(replace(NORTHWIND, spec=replace(NORTHWIND.spec, api_key=None)), 30.0)
        )
        await write(pilot, form, {"name": "api", "endpoint": "/x", "auth": "basic"})
        await pilot.press("ctrl+s")
        assert "cannot be empty" in row(form, "auth_user").problem
        assert "Give a password or token" in row(form, "auth_secret").problem
        await write(pilot, form, {"auth": "none"})
        assert form.rows.problems == []


async def test_a_secret_of_a_service_is_masked_until_f3_shows_it() -> None:
    app = FormApp()
    async with app.run_test(size=(120, 40)) as pilot:
        form = await app.open(
            form_of(Kind.HTTP, "/x", headers=(), auth=Auth.BEARER, auth_secret=Secret("t0ken-9"))
        )
        form.set_focus(row(form, "auth_secret").editor)
        await pilot.pause()
        assert row(form, "auth_secret").editor.text == MASK
        assert not shows(app, "t0ken-9")
        await pilot.press("f3")
        assert shows(app, "t0ken-9")
        await pilot.press("tab")
        assert not shows(app, "t0ken-9")
        assert not form.has_changes
        form.set_focus(row(form, "auth_secret").editor)
        await pilot.press("backspace", "tab")
        assert row(form, "auth_secret").value() is None
