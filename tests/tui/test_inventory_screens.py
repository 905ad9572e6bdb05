"""The place of clients and the page of one client, over a made-up inventory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest
from textual.pilot import Pilot

from core.domain.clients import Client, ClientSpec
from core.domain.events import InventoryChanged, ServiceJudged
from core.domain.observations import Observation, Status
from core.domain.operators import Role
from core.domain.secret import Secret
from core.domain.services import Service, ServiceSpec
from core.domain.status import ServiceState
from core.domain.uptime import Uptime
from core.operations.board import BoardLine
from tests.tui.canned import NOW, CannedApp, Fleet
from tests.tui.forms import on_top, screen_text, until
from tui.screens.client import ClientScreen
from tui.screens.client_form import ClientForm
from tui.screens.clients import ClientsScreen
from tui.screens.confirm import Confirm
from tui.screens.service_form import ServiceForm
from tui.widgets.facts import Facts

SnapCompare = Callable[..., bool]


def client(number: int, spec: ClientSpec) -> Client:
    return Client(number, spec, 1, NOW, NOW)


NORTHWIND = client(
    3,
    ClientSpec(
        "Northwind Bank",
        dns="api.northwind.example",
        api_key=Secret("k-3141592"),
        description="Core banking and payments.\nNOC +44 20 7946 0000, ask for the duty manager.",
        tags=("gold", "eu", "pci"),
        runbook_url="https://wiki.example/northwind",
        notes="Batch window 02:00-03:00 UTC: the ledger is slow then.",
    ),
)
EVERYBODY = (
    client(1, ClientSpec("Acme Retail", dns="acme.example", tags=("gold",))),
    client(2, ClientSpec("Oakwood [red]Insurance", active=False)),
    NORTHWIND,
    client(4, ClientSpec("Zephyr Foods", dns="zephyr.example", tags=("trial",))),
)
STATUSES = {"api": Status.UP, "ledger": Status.DOWN, "search": Status.DEGRADED, "web": Status.UP}


class Inventory(Fleet):
    """Northwind has four services, Acme and Oakwood one each, Zephyr none."""

    def __init__(self, clients: Sequence[Client] = EVERYBODY) -> None:
        super().__init__(0)
        self.everybody = list(clients)
        for owner in clients:
            if owner == NORTHWIND:
                for name in STATUSES:
                    self.add(owner, name, STATUSES[name])
            elif owner.spec.name != "Zephyr Foods":
                self.add(owner, "web", Status.UP)

    @property
    def clients(self) -> list[Client]:
        return self.everybody

    def add(self, owner: Client, name: str, status: Status) -> None:
        number = owner.id * 100 + len(self.lines)
        method = "POST" if name == "search" else "GET"
        spec = ServiceSpec(name, f"https://{name}.example/healthz", method=method)
        seen = Observation(NOW, status, 34.0, 200)
        service = Service(number, owner.id, spec, 1, NOW, NOW)
        self.lines.append(BoardLine(service, owner, ServiceState(status, NOW, observation=seen)))
        good = 86_000.0 * (0.9 if status is Status.DOWN else 1)
        self.uptimes[number] = Uptime(86_400.0, 86_000.0, good)


async def at_clients(app: CannedApp, pilot: Pilot[None]) -> ClientsScreen:
    """Go to the clients and wait until they are shown."""
    await until(pilot, lambda: app.board.loaded and any(entry.uptime for entry in app.board.entries.values()))
    app.action_place("clients")
    await until(pilot, lambda: on_top(app, ClientsScreen) and app.focused is not None)
    screen = app.screen
    assert isinstance(screen, ClientsScreen)
    screen.ticked()
    await pilot.pause()
    return screen


async def at_northwind(app: CannedApp, pilot: Pilot[None]) -> ClientScreen:
    """Open the page of Northwind Bank."""
    (await at_clients(app, pilot)).table.move_to_id(NORTHWIND.id)
    await pilot.press("enter")
    await until(pilot, lambda: on_top(app, ClientScreen))
    await pilot.pause()
    screen = app.screen
    assert isinstance(screen, ClientScreen)
    return screen


def line_with(app: CannedApp, text: str) -> str:
    """Give the line of the screen that holds a text."""
    return next(line for line in screen_text(app).splitlines() if text in line)


async def test_clients_are_listed_by_name_with_counts_uptime_and_tags() -> None:
    app = CannedApp(Inventory())
    async with app.run_test(size=(160, 45)) as pilot:
        screen = await at_clients(app, pilot)
        assert [row.id for row in screen.table.rows] == [1, 3, 2, 4]
        northwind = " ".join(line_with(app, "Northwind").split())
        assert "Northwind Bank 4 ✗ 1 ▲ 1 ● 2 97.50% gold, eu, pci api.northwind.example" in northwind
        assert "‖ paused" in line_with(app, "Oakwood [red]Insurance")
        assert "no services yet" in line_with(app, "Zephyr")


async def test_counts_follow_what_is_judged() -> None:
    inventory = Inventory()
    app = CannedApp(inventory)
    async with app.run_test(size=(160, 45)) as pilot:
        screen = await at_clients(app, pilot)
        ledger = next(line for line in inventory.lines if line.service.spec.name == "ledger")
        seen = Observation(app.frozen.advance(1.0), Status.UP, 20.0, 200)
        app.bus.publish(
            ServiceJudged(ledger.service.id, seen, ServiceState(Status.UP, NOW, observation=seen))
        )
        screen.ticked()
        await pilot.pause()
        assert "▲ 1  ● 3" in line_with(app, "Northwind")


async def test_the_filter_narrows_by_name_tag_and_address_until_it_is_cleared() -> None:
    app = CannedApp(Inventory())
    async with app.run_test() as pilot:
        screen = await at_clients(app, pilot)
        await pilot.press("slash", "p", "c", "i")
        assert [row.id for row in screen.table.rows] == [3]
        assert screen.panel.border_subtitle == "1 of 4 clients"
        await pilot.press("enter", "escape")
        assert len(screen.table.rows) == 4
        await pilot.press("slash", "x", "q")
        assert "nothing matches xq" in screen_text(app)
        await pilot.press("escape")
        assert len(screen.table.rows) == 4


async def test_a_client_edited_elsewhere_is_shown_as_it_is_by_now() -> None:
    inventory = Inventory()
    app = CannedApp(inventory)
    async with app.run_test() as pilot:
        screen = await at_clients(app, pilot)
        screen.table.move_to_id(4)
        renamed = client(4, ClientSpec("Aardvark Foods"))
        inventory.everybody[3] = renamed
        app.bus.publish(InventoryChanged(client_ids=frozenset({4})))
        await until(pilot, lambda: screen.table.rows[0].id == 4)
        assert screen.client == renamed


async def test_keys_open_the_form_of_the_client_under_the_cursor() -> None:
    app = CannedApp(Inventory())
    async with app.run_test() as pilot:
        await at_clients(app, pilot)
        await pilot.press("j", "e")
        await until(pilot, lambda: on_top(app, ClientForm))
        await until(pilot, lambda: "api.northwind.example" in screen_text(app))
        await pilot.press("escape", "n")
        await until(pilot, lambda: "New client" in screen_text(app))


async def test_a_client_that_was_just_saved_is_under_the_cursor_once_it_is_known() -> None:
    inventory = Inventory()
    app = CannedApp(inventory)
    async with app.run_test() as pilot:
        screen = await at_clients(app, pilot)
        made = client(9, ClientSpec("Quayside"))
        screen.client_saved(made)
        inventory.everybody.append(made)
        app.bus.publish(InventoryChanged(client_ids=frozenset({9})))
        await until(pilot, lambda: screen.client == made)


async def test_deleting_asks_by_name_and_number_of_services() -> None:
    app = CannedApp(Inventory())
    async with app.run_test() as pilot:
        await at_clients(app, pilot)
        await pilot.press("j", "d")
        await until(pilot, lambda: on_top(app, Confirm))
        assert "Delete the client Northwind Bank with its 4 services?" in screen_text(app)
        await pilot.press("enter")
        assert on_top(app, ClientsScreen)


async def test_a_viewer_is_offered_nothing_that_changes() -> None:
    app = CannedApp(Inventory(), role=Role.VIEWER)
    async with app.run_test(size=(160, 45)) as pilot:
        await at_clients(app, pilot)
        for key in ("n", "e", "d", "p"):
            await pilot.press(key)
            assert on_top(app, ClientsScreen)
        assert "delete" not in screen_text(app)


async def test_the_page_of_a_client_shows_its_facts_and_services() -> None:
    app = CannedApp(Inventory())
    async with app.run_test(size=(160, 45)) as pilot:
        screen = await at_northwind(app, pilot)
        shown = screen_text(app)
        for text in (
            "NOC +44 20 7946 0000",
            "gold, eu, pci",
            "https://wiki.example/northwind",
            "Batch window",
        ):
            assert text in shown
        assert "k-3141592" not in shown
        assert len(screen.table.rows) == 4
        search = " ".join(line_with(app, "search.example").split())
        assert "▲ degraded search https://search.example/healthz POST 200 30s" in search


async def test_r_reveals_the_key_of_a_client_and_masks_it_again() -> None:
    app = CannedApp(Inventory())
    async with app.run_test(size=(160, 45)) as pilot:
        await at_northwind(app, pilot)
        await pilot.press("r")
        await pilot.pause()
        assert "k-3141592" in screen_text(app)
        await pilot.press("r")
        await pilot.pause()
        assert "k-3141592" not in screen_text(app)


async def test_a_viewer_cannot_reveal_the_key() -> None:
    app = CannedApp(Inventory(), role=Role.VIEWER)
    async with app.run_test(size=(160, 45)) as pilot:
        await at_northwind(app, pilot)
        await pilot.press("r")
        await pilot.pause()
        assert "k-3141592" not in screen_text(app)


async def test_a_viewer_is_told_of_no_key_that_does_nothing_for_them() -> None:
    app = CannedApp(Inventory(), role=Role.VIEWER)
    async with app.run_test(size=(160, 45)) as pilot:
        await at_northwind(app, pilot)
        assert "r reveals" not in screen_text(app)
        assert "e edits the client" not in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: on_top(app, ClientsScreen))
        cast(ClientsScreen, app.screen).table.move_to_id(4)
        await pilot.press("enter")
        await until(pilot, lambda: "no services yet" in screen_text(app))
        assert "add the first service" not in screen_text(app)


async def test_keys_mean_the_service_or_after_tab_the_client() -> None:
    app = CannedApp(Inventory())
    async with app.run_test() as pilot:
        await at_northwind(app, pilot)
        await pilot.press("j", "e")
        await until(pilot, lambda: "https://ledger.example/healthz" in screen_text(app))
        assert on_top(app, ServiceForm)
        await pilot.press("escape", "tab", "e")
        await until(pilot, lambda: on_top(app, ClientForm))


async def test_a_duplicate_begins_with_an_empty_name() -> None:
    app = CannedApp(Inventory())
    async with app.run_test(size=(120, 40)) as pilot:
        await at_northwind(app, pilot)
        await pilot.press("D")
        await until(pilot, lambda: on_top(app, ServiceForm))
        await until(pilot, lambda: "Duplicate api" in screen_text(app))
        assert "https://api.example/healthz" in screen_text(app)


async def test_a_client_without_services_says_what_to_press() -> None:
    app = CannedApp(Inventory())
    async with app.run_test() as pilot:
        (await at_clients(app, pilot)).table.move_to_id(4)
        await pilot.press("enter")
        await until(pilot, lambda: "add the first service" in screen_text(app))
        assert isinstance(app.focused, Facts)
        await pilot.press("n")
        await until(pilot, lambda: on_top(app, ServiceForm))
        await until(pilot, lambda: "Zephyr Foods" in screen_text(app))


async def test_the_page_of_a_client_that_was_deleted_closes() -> None:
    inventory = Inventory()
    app = CannedApp(inventory)
    async with app.run_test() as pilot:
        await at_northwind(app, pilot)
        inventory.everybody.remove(NORTHWIND)
        inventory.lines = [line for line in inventory.lines if line.client != NORTHWIND]
        app.bus.publish(InventoryChanged(client_ids=frozenset({NORTHWIND.id})))
        await until(pilot, lambda: on_top(app, ClientsScreen))


async def test_control_characters_of_old_data_never_reach_the_terminal() -> None:
    hostile = replace(NORTHWIND, spec=replace(NORTHWIND.spec, notes="a\x1b[31mb", dns="x\x07.example"))
    app = CannedApp(Inventory([hostile]))
    async with app.run_test() as pilot:
        await at_clients(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: on_top(app, ClientScreen))
        await pilot.pause()
        assert "a[31mb" in screen_text(app)
        assert "\x1b" not in screen_text(app)
        assert "\x07" not in screen_text(app)


# Looks


def app_with(*clients: Client) -> CannedApp:
    return CannedApp(Inventory(clients))


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
def test_the_list_of_clients_looks(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """Four clients by name: counts with signs, a paused one, one without services; a cursor."""

    async def scene(pilot: Pilot[Any]) -> None:
        await at_clients(cast(CannedApp, pilot.app), pilot)
        await pilot.press("j")

    assert snap_compare(app_with(*EVERYBODY), terminal_size=size, run_before=scene)


def test_the_empty_list_of_clients_looks(snap_compare: SnapCompare) -> None:
    """Tells a newcomer what a client is and to press n."""

    async def scene(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: "add the first client" in screen_text(pilot.app))
        cast(CannedApp, pilot.app).action_place("clients")
        await until(pilot, lambda: on_top(pilot.app, ClientsScreen))

    assert snap_compare(app_with(), terminal_size=(80, 24), run_before=scene)


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
def test_the_page_of_a_client_looks(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """Facts with a masked key, beside or above four services of which one is down and one degraded."""

    async def scene(pilot: Pilot[Any]) -> None:
        await at_northwind(cast(CannedApp, pilot.app), pilot)

    assert snap_compare(app_with(*EVERYBODY), terminal_size=size, run_before=scene)
