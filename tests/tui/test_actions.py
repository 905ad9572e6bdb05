from __future__ import annotations

from collections import Counter

import pytest

from core.domain.operators import Role
from tui.actions import ACTIONS, TABS, Action, Group, Place, actions_of, bindings_for, help_for, hints_for
from tui.app import RondaApp
from tui.screens.alerts import AlertsScreen
from tui.screens.board import BoardScreen
from tui.screens.client import ClientScreen
from tui.screens.clients import ClientsScreen
from tui.screens.incident import IncidentScreen
from tui.screens.incidents import IncidentsScreen
from tui.screens.service import ServiceScreen
from tui.screens.service_form import ServiceForm
from tui.screens.system import SystemScreen
from tui.widgets.scroll_page import ScrollPage
from tui.widgets.status_grid import StatusGrid
from tui.widgets.table import Table

SCREENS: dict[Place, type] = {
    Place.BOARD: BoardScreen,
    Place.SERVICE: ServiceScreen,
    Place.INCIDENTS: IncidentsScreen,
    Place.INCIDENT: IncidentScreen,
    Place.CLIENTS: ClientsScreen,
    Place.CLIENT: ClientScreen,
    Place.ALERTS: AlertsScreen,
    Place.SYSTEM: SystemScreen,
    Place.FORM: ServiceForm,
}
LISTS = {
    Place.BOARD: StatusGrid,
    Place.SERVICE: Table,
    Place.INCIDENTS: Table,
    Place.INCIDENT: ScrollPage,
    Place.CLIENTS: Table,
    Place.CLIENT: Table,
    Place.ALERTS: Table,
}


def test_actions_have_names_of_their_own() -> None:
    assert max(Counter(action.id for action in ACTIONS).values()) == 1


@pytest.mark.parametrize("place", Place)
def test_no_key_means_two_things_in_one_place(place: Place) -> None:
    keys = Counter(key for action in actions_of(place) for key in action.keys.split(","))
    assert [key for key, count in keys.items() if count > 1] == []


@pytest.mark.parametrize(
    ("place", "action"),
    [
        pytest.param(place, action, id=f"{place}-{action.id}")
        for place in Place
        for action in actions_of(place)
    ],
)
def test_everything_in_the_table_can_be_done(place: Place, action: Action) -> None:
    name = action.call.partition("(")[0]
    owner: type = SCREENS[place]
    if name.startswith("app."):
        owner = RondaApp
    elif action.group is Group.MOVE:
        owner = LISTS.get(place, owner)
    assert hasattr(owner, f"action_{name.removeprefix('app.')}"), owner


@pytest.mark.parametrize("place", Place)
def test_bindings_carry_the_names_by_which_keys_are_remapped(place: Place) -> None:
    bindings = bindings_for(place)
    assert [binding.id for binding in bindings] == [action.id for action in actions_of(place)]
    assert all(binding.tooltip for binding in bindings)
    within, around = bindings_for(place, move=True), bindings_for(place, move=False)
    assert len(within) + len(around) == len(bindings)


@pytest.mark.parametrize("place", Place)
def test_help_tells_every_key_of_a_place(place: Place) -> None:
    told = " ".join(action.told_keys for _title, actions in help_for(place) for action in actions).split()
    for action in actions_of(place):
        assert set(action.told_keys.split()) <= set(told), action.id


@pytest.mark.parametrize("place", [place for place in Place if place is not Place.FORM])
def test_the_footer_of_a_place_tells_how_to_get_help(place: Place) -> None:
    assert "help" in [action.id for action in hints_for(place)]


def test_only_what_destroys_asks_and_whatever_changes_needs_an_operator() -> None:
    assert {action.id for action in ACTIONS if action.confirm} == {"delete", "remove"}
    changing = [action for action in ACTIONS if action.group is Group.CHANGE]
    assert all(action.role is Role.OPERATOR for action in changing)


def test_places_of_the_top_bar_have_the_digits_of_the_design() -> None:
    assert [(place.value, digit) for place, digit in TABS] == [
        ("board", "1"), ("incidents", "3"), ("clients", "4"), ("alerts", "5"), ("system", "6"),
    ]  # fmt: skip
