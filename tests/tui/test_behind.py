"""What is down behind another service: its words, the problems, the totals, its page and its form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.observations import ErrorKind, Observation, Status
from core.domain.services import ServiceSpec
from core.domain.status import Run, ServiceState
from core.operations.board import BoardLine
from core.operations.clients import add_client
from core.operations.desk import Desk
from core.operations.services import add_service, remove_service
from core.storage.database import Database
from tests.tui.canned import NOW, CannedApp, Fleet, judged_up
from tests.tui.forms import (
    NORTHWIND,
    console,
    desk_on,
    on_top,
    refused,
    row,
    saved,
    screen_text,
    until,
    write,
)
from tui.board_model import BoardModel
from tui.screens.service import ServiceScreen
from tui.screens.service_form import ServiceForm
from tui.stages import Stage
from tui.widgets.board_rows import trouble
from tui.widgets.editors import ChoiceEditor

LATER = NOW + timedelta(seconds=30)
REFUSED = Observation(NOW, Status.DOWN, error=ErrorKind.CONNECT, detail="connection refused")
DOWN = ServiceState(Status.DOWN, NOW, Run(True, 9, NOW), Run(True, 9, NOW), observation=REFUSED)


def related() -> tuple[BoardLine, BoardLine, Sequence[BoardLine]]:
    """Give a gateway, a service that depends on it, both down, and all lines of a small fleet."""
    lines = Fleet(8).lines
    gateway, child = lines[0], lines[1]
    spec = replace(child.service.spec, parent_id=gateway.service.id)
    gateway = replace(gateway, state=DOWN)
    child = replace(child, service=replace(child.service, spec=spec), state=DOWN)
    return gateway, child, [gateway, child, *lines[2:]]


@pytest.fixture
def desk(database: Database) -> Desk:
    return desk_on(database)


def test_a_service_that_is_down_behind_another_says_behind_which_and_is_no_problem_of_its_own() -> None:
    gateway, child, lines = related()
    model = BoardModel()
    model.replace_all(lines, NOW)
    entry = model.entries[child.service.id]
    assert trouble(entry, NOW) == f"behind {gateway.client.spec.name}/{gateway.service.spec.name}"
    assert trouble(model.entries[gateway.service.id], NOW) == "connection refused"
    problems = {each.id for each in model.problems()}
    assert gateway.service.id in problems
    assert child.service.id not in problems
    assert model.totals[Status.DOWN] == sum(line.status(NOW) is Status.DOWN for line in lines)


def test_it_is_a_problem_of_its_own_as_soon_as_the_other_is_up_or_gone() -> None:
    gateway, child, lines = related()
    model = BoardModel()
    model.replace_all(lines, NOW)
    entry = model.entries[child.service.id]
    model.judge(gateway.service.id, judged_up(gateway, LATER), LATER)
    assert trouble(entry, LATER) == "connection refused"
    assert entry in model.problems()
    model.replace_all(lines[1:], NOW)
    assert entry.behind is None
    model.replace_some([gateway], [gateway.service.id], NOW)
    assert entry.behind is model.entries[gateway.service.id]


def test_one_in_maintenance_hides_what_is_behind_it_and_one_that_is_stale_does_not() -> None:
    gateway, child, lines = related()
    ending = replace(gateway, state=replace(DOWN, maintenance_until=LATER))
    model = BoardModel()
    model.replace_all([ending, *lines[1:]], NOW)
    assert model.entries[child.service.id] not in model.problems()
    old = replace(DOWN, observation=replace(REFUSED, checked_at=NOW - timedelta(hours=1)))
    model = BoardModel()
    model.replace_all([replace(gateway, state=old), *lines[1:]], NOW)
    assert model.entries[child.service.id] in model.problems()


def test_what_is_up_is_behind_nothing() -> None:
    _gateway, child, lines = related()
    model = BoardModel()
    model.replace_all(lines, NOW)
    model.judge(child.service.id, judged_up(child, LATER), LATER)
    assert model.entries[child.service.id].behind is None


async def test_the_page_of_a_service_says_behind_what_it_is_and_on_what_it_depends() -> None:
    gateway, child, lines = related()
    app = CannedApp(Fleet(8))
    app.fleet.lines = list(lines)
    async with app.run_test(size=(160, 45)) as pilot:
        await until(pilot, lambda: app.stage is Stage.READY)
        app.open_service(child.service.id)
        await until(pilot, lambda: on_top(app, ServiceScreen))
        screen = app.screen
        assert isinstance(screen, ServiceScreen)
        await until(pilot, lambda: bool(screen.checks))
        await pilot.pause()
        label = f"{gateway.client.spec.name}/{gateway.service.spec.name}"
        await until(pilot, lambda: f"behind {label}, which is down" in screen_text(app))
        assert "Depends on" in screen_text(app)


def options(form: ServiceForm) -> dict[str, str]:
    """Give what may be chosen, by key."""
    editor = row(form, "parent_id").editor
    assert isinstance(editor, ChoiceEditor)
    return dict(editor.options)


async def test_the_form_offers_every_other_living_service_and_saves_the_one_chosen(desk: Desk) -> None:
    client = await add_client(desk, NORTHWIND.spec)
    gateway = await add_service(desk, client.id, ServiceSpec("gateway", "/"))
    api = await add_service(desk, client.id, ServiceSpec("api", "/api"))
    gone = await add_service(desk, client.id, ServiceSpec("gone", "/gone"))
    await remove_service(desk, gone.id)
    async with console(desk) as (app, pilot):
        form = ServiceForm().for_edit(api, client)
        await app.open(form)
        form.set_focus(row(form, "parent_id").editor)
        await pilot.pause()
        await app.workers.wait_for_complete()
        assert options(form) == {"": "none", str(gateway.id): "Northwind Bank/gateway"}
        await pilot.press("right")
        service = await saved(app, pilot)
    assert service.spec == replace(api.spec, parent_id=gateway.id)


async def test_a_form_shows_what_is_depended_on_though_it_is_in_the_bin_and_can_clear_it(desk: Desk) -> None:
    client = await add_client(desk, NORTHWIND.spec)
    gateway = await add_service(desk, client.id, ServiceSpec("gateway", "/"))
    api = await add_service(desk, client.id, ServiceSpec("api", "/api", parent_id=gateway.id))
    await remove_service(desk, gateway.id)
    async with console(desk) as (app, pilot):
        form = ServiceForm().for_edit(api, client)
        await app.open(form)
        await pilot.pause()
        await app.workers.wait_for_complete()
        assert options(form)[str(gateway.id)] == f"number {gateway.id}, which is in the bin"
        assert not form.has_changes
        await write(pilot, form, {"parent_id": ""})
        service = await saved(app, pilot)
    assert service.spec == replace(api.spec, parent_id=None)


async def test_a_circle_is_told_under_the_field(desk: Desk) -> None:
    client = await add_client(desk, NORTHWIND.spec)
    gateway = await add_service(desk, client.id, ServiceSpec("gateway", "/"))
    api = await add_service(desk, client.id, ServiceSpec("api", "/api", parent_id=gateway.id))
    async with console(desk) as (app, pilot):
        form = ServiceForm().for_edit(gateway, client)
        await app.open(form)
        await write(pilot, form, {"parent_id": str(api.id)})
        await refused(app, pilot)
        assert "gateway -> api -> gateway" in row(form, "parent_id").problem
