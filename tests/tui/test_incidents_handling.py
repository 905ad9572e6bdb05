"""What operators do about incidents in the console, over real operations."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import insert
from textual.pilot import Pilot

from core.domain.clients import ClientSpec
from core.domain.incidents import AcknowledgementKind, Ending, Incident, closed
from core.domain.maintenance import Scope
from core.domain.observations import Observation, Status
from core.domain.operators import Operator
from core.domain.services import ServiceSpec
from core.domain.status import ServiceState
from core.operations import incidents
from core.operations.clients import add_client
from core.operations.desk import Desk
from core.operations.incidents import IncidentPage, load_incident
from core.operations.services import add_service
from core.storage.alert_rows import INCIDENTS
from core.storage.database import Database
from core.storage.incident_values import incident_values
from tests.tui.forms import desk_on, on_top, screen_text, shows, until
from tui.app import RondaApp
from tui.screens.acknowledging import AcknowledgePrompt
from tui.screens.board import BoardScreen
from tui.screens.incident import IncidentScreen
from tui.screens.incidents import IncidentsScreen
from tui.screens.picker import Picker
from tui.screens.prompt import Prompt
from tui.screens.service import ServiceScreen
from tui.screens.window_form import WindowForm
from tui.stages import Stage


@dataclass
class Room:
    """A console over a database with two services that are down at one address."""

    app: RondaApp
    pilot: Pilot[None]
    desk: Desk
    service_ids: list[int]
    incident_ids: list[int]

    async def incident(self, index: int = 0) -> Incident:
        return (await self.page(index)).line.incident

    async def page(self, index: int = 0) -> IncidentPage:
        return await load_incident(self.desk, self.incident_ids[index])

    async def at_incidents(self) -> IncidentsScreen:
        await self.pilot.press("3")
        await until(self.pilot, lambda: on_top(self.app, IncidentsScreen))
        screen = self.app.screen
        assert isinstance(screen, IncidentsScreen)
        await until(self.pilot, lambda: bool(screen.table.rows))
        return screen

    async def back(self) -> None:
        """Wait until no question is open any more."""
        await until(self.pilot, lambda: not isinstance(self.app.screen, (Prompt, Picker)))
        await self.pilot.pause()


async def down(desk: Desk, client_id: int, name: str) -> tuple[int, int]:
    """Add a service with an open incident; give both numbers."""
    service = await add_service(desk, client_id, ServiceSpec(name, f"https://{name}.example/"))
    began = desk.clock.now() - timedelta(minutes=5)
    incident = Incident(
        service.id,
        Status.DOWN,
        Status.DOWN,
        began,
        began,
        began,
        detail="connection refused",
        address="10.0.0.7",
    )
    async with desk.database.unit() as unit:
        values = {**incident_values(incident), "settled": False}
        await unit.incidents._session.execute(insert(INCIDENTS).values(**values))  # only the round opens any
    (line,) = await incidents.list_incidents(desk, service_ids=[service.id])
    return service.id, line.incident.id


@pytest.fixture
async def room(database: Database) -> AsyncIterator[Room]:
    desk = desk_on(database)
    client = await add_client(desk, ClientSpec("Acme"))
    pairs = [await down(desk, client.id, name) for name in ("api", "web")]

    @asynccontextmanager
    async def open_desk() -> AsyncIterator[Desk]:
        yield desk

    app = RondaApp(open_desk)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda: app.stage is Stage.READY)
        yield Room(app, pilot, desk, [pair[0] for pair in pairs], [pair[1] for pair in pairs])


async def unfolded(room: Room) -> IncidentsScreen:
    """Put the cursor on the incident of the first service."""
    screen = await room.at_incidents()
    await room.pilot.press("space", "j")
    assert screen.table.row_id == room.incident_ids[0]
    return screen


async def test_two_keys_acknowledge_until_the_recovery(room: Room) -> None:
    await unfolded(room)
    await room.pilot.press("a", "enter")
    await room.back()
    given = (await room.incident()).acknowledgement
    assert given is not None
    assert (given.kind, given.by, given.reason) == (AcknowledgementKind.STICKY, "ana", "")
    assert (await room.incident(1)).acknowledgement is None
    await until(room.pilot, lambda: "1 of 2" in screen_text(room.app))


async def test_all_of_a_fold_are_acknowledged_with_its_row(room: Room) -> None:
    await room.at_incidents()
    await room.pilot.press("a", *"rack 3", "enter")
    await room.back()
    for index in (0, 1):
        given = (await room.incident(index)).acknowledgement
        assert given is not None
        assert given.reason == "rack 3"


async def test_an_acknowledgement_holds_until_the_time_that_was_typed(room: Room) -> None:
    await unfolded(room)
    await room.pilot.press("a", *"racks", "tab", "left", "tab", "end", "ctrl+u", *"2h", "enter")
    await room.back()
    given = (await room.incident()).acknowledgement
    assert given is not None
    assert given.kind is AcknowledgementKind.UNTIL
    assert given.until is not None
    assert timedelta(hours=1, minutes=58) < given.until - given.at <= timedelta(hours=2, minutes=1)


async def test_a_time_that_is_none_is_told_under_its_field(room: Room) -> None:
    await unfolded(room)
    await room.pilot.press("a", *"racks", "tab", "left", "tab", "end", "ctrl+u", *"soon", "enter")
    await until(room.pilot, lambda: shows(room.app, "soon is not a time"))
    assert shows(room.app, "racks")
    assert (await room.incident()).acknowledgement is None


async def test_who_comes_second_is_told_and_loses_nothing(room: Room) -> None:
    await unfolded(room)
    await room.pilot.press("a", *"racks")
    tom = replace(room.desk, operator=Operator("tom", "ops2"))
    await incidents.acknowledge(tom, room.incident_ids[0])
    await room.pilot.press("enter")
    await until(room.pilot, lambda: shows(room.app, "was acknowledged by tom already"))
    assert on_top(room.app, AcknowledgePrompt)
    assert shows(room.app, "racks")


async def test_one_that_is_refused_holds_up_no_other_of_a_fold_and_is_tried_again(room: Room) -> None:
    await room.at_incidents()
    tom = replace(room.desk, operator=Operator("tom", "ops2"))
    await room.pilot.press("a")
    await incidents.acknowledge(tom, room.incident_ids[0])
    await room.pilot.press("enter")
    await until(room.pilot, lambda: shows(room.app, "was acknowledged by tom already"))
    await incidents.unacknowledge(tom, room.incident_ids[0])
    given = (await room.incident(1)).acknowledgement
    assert given is not None
    await room.pilot.press("enter")
    await room.back()
    assert (await room.incident(1)).acknowledgement == given
    given = (await room.incident(0)).acknowledgement
    assert given is not None
    assert given.by == "ana"


async def test_an_acknowledgement_is_taken_back(room: Room) -> None:
    await unfolded(room)
    await room.pilot.press("a", "enter")
    await room.back()
    await until(room.pilot, lambda: shows(room.app, "1 of 2"))
    await room.pilot.press("A")
    await until(room.pilot, lambda: not shows(room.app, "1 of 2"))
    assert (await room.incident()).acknowledgement is None


async def test_assigning_proposes_oneself(room: Room) -> None:
    await unfolded(room)
    await room.pilot.press("w", "enter")
    await room.back()
    assert (await room.incident()).assignee == "ana"
    await room.pilot.press("w", "ctrl+u", *"tom", "enter")
    await room.back()
    assert (await room.incident()).assignee == "tom"


async def test_a_note_goes_into_the_timeline_and_an_empty_one_is_refused(room: Room) -> None:
    await unfolded(room)
    await room.pilot.press("enter")
    await until(room.pilot, lambda: shows(room.app, "timeline"))
    await room.pilot.press("N", "enter")
    await until(room.pilot, lambda: shows(room.app, "This cannot be empty."))
    await room.pilot.press(*"called", "enter")
    await room.back()
    assert on_top(room.app, IncidentScreen)
    await until(room.pilot, lambda: shows(room.app, "called"))
    assert (await room.page()).timeline[-1].text == "called"


async def test_a_service_is_snoozed_and_woken(room: Room) -> None:
    await unfolded(room)
    await room.pilot.press("z", *"4", "enter")
    await until(room.pilot, lambda: shows(room.app, "snoozed until"))
    until_then = (await room.page()).line.snoozed_until
    assert until_then is not None
    left = until_then - room.desk.clock.now()
    assert timedelta(hours=3, minutes=58) < left <= timedelta(hours=4)
    await room.pilot.press("z", *"wake", "enter")
    await until(room.pilot, lambda: shows(room.app, "awake"))
    assert (await room.page()).line.snoozed_until is None
    await room.pilot.press("z", *"wake", "enter")
    await until(room.pilot, lambda: shows(room.app, "The service api is not snoozed."))


def fail(room: Room) -> None:
    """Have the board know that the first service is down."""
    now = room.desk.clock.now()
    state = ServiceState(Status.DOWN, now, observation=Observation(now, Status.DOWN, detail="refused"))
    assert room.app.board.judge(room.service_ids[0], state, now)


async def test_the_board_acknowledges_the_incident_of_the_service_under_the_cursor(room: Room) -> None:
    fail(room)
    screen = room.app.screen
    assert isinstance(screen, BoardScreen)
    await until(room.pilot, lambda: screen.grid.move_to_service(room.service_ids[0]))
    await room.pilot.press("a", *"board", "enter")
    await room.back()
    given = (await room.incident()).acknowledgement
    assert given is not None
    assert given.reason == "board"
    assert shows(room.app, "acknowledged")


async def test_a_service_that_is_well_cannot_be_acknowledged_and_can_be_snoozed(room: Room) -> None:
    screen = room.app.screen
    assert isinstance(screen, BoardScreen)
    await until(room.pilot, lambda: screen.grid.move_to_service(room.service_ids[1]))
    await room.pilot.press("a")
    assert on_top(room.app, BoardScreen)
    await room.pilot.press("z")
    await until(room.pilot, lambda: shows(room.app, "snooze web · Acme"))


async def test_the_page_of_a_service_acknowledges_and_says_when_nothing_is_open(room: Room) -> None:
    fail(room)
    room.app.open_service(room.service_ids[0])
    await until(room.pilot, lambda: on_top(room.app, ServiceScreen))
    await room.pilot.press("a", "enter")
    await room.back()
    assert (await room.incident()).acknowledgement is not None
    async with room.desk.database.unit() as unit:
        over = closed(await room.incident(), Ending.RECOVERED, room.desk.clock.now())
        await unit.incidents.write([over])
    await room.pilot.press("a", "enter")
    await until(room.pilot, lambda: shows(room.app, "No incident is open"))
    await room.pilot.press("escape")
    await room.back()


async def test_the_board_makes_a_maintenance_window_for_the_service_under_the_cursor(room: Room) -> None:
    screen = room.app.screen
    assert isinstance(screen, BoardScreen)
    await until(room.pilot, lambda: screen.grid.move_to_service(room.service_ids[1]))
    await room.pilot.press("m")
    await until(room.pilot, lambda: on_top(room.app, WindowForm))
    await room.pilot.press(*"upgrade", "ctrl+s")
    await until(room.pilot, lambda: shows(room.app, "The maintenance window is set."))
    async with room.desk.database.unit() as unit:
        (window,) = await unit.windows.all()
    assert (window.spec.scope, window.spec.subject_id) == (Scope.SERVICE, room.service_ids[1])
