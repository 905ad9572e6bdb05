"""A small application around one form, and what tests of forms do again and again."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen

from core.bus import Bus
from core.checks.prober import Prober
from core.clock import SystemClock
from core.domain.channels import Channel
from core.domain.clients import Client, ClientSpec
from core.domain.kinds import Kind
from core.domain.maintenance import Window
from core.domain.operators import Operator, Role
from core.domain.rules import Rule
from core.domain.secret import Secret
from core.domain.services import Header, Service, ServiceSpec
from core.operations.desk import Desk
from tui.screens.form import FormScreen
from tui.screens.service_form import ServiceForm
from tui.themes import DEFAULT_THEME, THEMES, variable_defaults
from tui.widgets.fields import FieldRow

if TYPE_CHECKING:
    from core.storage.database import Database

Stored = TypeVar("Stored", Client, Service)
Opened = TypeVar("Opened", Client, Service, Channel, Rule, Window)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DEADLINE_SECONDS = 20.0

NORTHWIND = Client(
    id=1,
    spec=ClientSpec(
        "Northwind Bank",
        dns="api.northwind.example",
        api_key=Secret("k-3141592"),
        description="Payments.",
        tags=("gold", "eu"),
    ),
    version=1,
    created_at=NOW,
    updated_at=NOW,
)
LEDGER = Service(
    id=7,
    client_id=1,
    spec=ServiceSpec(
        "ledger.prod",
        "/healthz",
        headers=(Header("Authorization", Secret("Bearer one")), Header("X-Key", Secret("two"))),
        degraded_above_ms=800,
        tags=("prod",),
    ),
    version=1,
    created_at=NOW,
    updated_at=NOW,
)


def desk_on(database: Database | None, *, role: Role = Role.ADMIN) -> Desk:
    """Give a desk on a database, or on none where a test never gets that far."""
    clock = SystemClock()
    return Desk(
        database=cast("Database", database),
        bus=Bus(),
        clock=clock,
        operator=Operator("ana", "bastion", role=role),
        prober=Prober(clock),
        default_interval_seconds=30.0,
        own_id="test",
    )


class FormApp(App[None]):
    """Ronda's colours around whatever is pushed; nothing else."""

    def __init__(self, desk: Desk | None = None, *, theme: str = DEFAULT_THEME) -> None:
        super().__init__()
        for known in THEMES:
            self.register_theme(known)
        self.theme = theme
        self.animation_level = "none"
        self.desk = desk or desk_on(None)
        self.results: list[Client | Service | None] = []
        self.has_left = False

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Give Ronda's variables."""
        return variable_defaults(self.current_theme)

    def action_leave(self) -> None:
        """Take note that the operator wants to quit."""
        self.has_left = True

    async def open(self, form: FormScreen[Stored]) -> FormScreen[Stored]:
        """Push a form and keep what it gives."""
        await self.push_screen(form, self.results.append)
        return form


def form_of(kind: Kind, endpoint: str, **fields: object) -> ServiceForm:
    """Give the form opened with a service."""
    spec = replace(LEDGER.spec.of_kind(kind), endpoint=endpoint, **fields)  # type: ignore[arg-type] # by name
    return ServiceForm().for_edit(replace(LEDGER, spec=spec), NORTHWIND)


def shown_fields(form: FormScreen[Opened]) -> set[str]:
    """Give the names of the fields that are seen."""
    return {each.field.name for each in form.rows.shown}


def on_top(app: App[None], kind: type[Screen[Any]]) -> bool:
    """Whether the screen that has the keys is of this kind."""
    return isinstance(app.screen, kind)


def focused_row(app: App[None]) -> str:
    """Give the name of the field with the cursor."""
    assert app.focused is not None
    return app.focused.query_ancestor(FieldRow).field.name


def row(form: FormScreen[Opened], name: str) -> FieldRow:
    """Give the row of a field."""
    return form.query_one(f"#row-{name}", FieldRow)


async def write(pilot: Pilot[None], form: FormScreen[Opened], texts: Mapping[str, str]) -> None:
    """Put texts into fields as if they had been typed, one after the other."""
    for name, text in texts.items():
        form.set_focus(row(form, name).editor)
        row(form, name).editor.text = text
    await pilot.pause()


@asynccontextmanager
async def console(
    desk: Desk, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[FormApp, Pilot[None]]]:
    """Run a console in which forms are opened over a desk."""
    app = FormApp(desk)
    async with app.run_test(size=size) as pilot:
        yield app, pilot


async def saved(app: FormApp, pilot: Pilot[None]) -> Client | Service:
    """Press the key that saves and give what the form gives."""
    before = len(app.results)
    await pilot.press("ctrl+s")
    await until(pilot, lambda: len(app.results) > before)
    result = app.results[-1]
    assert result is not None
    return result


async def refused(app: FormApp, pilot: Pilot[None]) -> None:
    """Press the key that saves and wait until the form says why it did not."""
    await pilot.press("ctrl+s")
    await app.workers.wait_for_complete()
    await pilot.pause()
    assert app.results == []


async def until(pilot: Pilot[None], fact: Callable[[], bool]) -> None:
    """Wait until something holds; fail after a generous deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not fact():
        assert time.monotonic() < deadline, "it did not come to pass"
        await pilot.pause(0.01)


def shows(app: App[None], text: str) -> bool:
    """Whether a text stands on the screen, on one line."""
    return text in screen_text(app)


def screen_text(app: App[None]) -> str:
    """Give what the terminal would show, without colours."""
    width, height = app.size
    strips = app.screen._compositor.render_strips(app.size)  # what was drawn, as text
    assert len(strips) == height
    return "\n".join(strip.text[:width] for strip in strips)
