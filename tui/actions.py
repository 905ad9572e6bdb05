"""Everything that can be done in the console: one table.

Key bindings, the hints in the footer, the help overlay, the palette and the key table of the
documentation are all made from ``ACTIONS``. An action's ``call`` is a Textual action string: the screen
(or the widget) of its place has a method ``action_<call>``; ``app.`` names one of the application.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding

from core.domain.operators import Role
from core.i18n import _


class Place(StrEnum):
    """Where an operator can be; a screen says its own in ``PLACE``."""

    BOARD = "board"
    SERVICE = "service"
    INCIDENTS = "incidents"
    INCIDENT = "incident"
    CLIENTS = "clients"
    CLIENT = "client"
    ALERTS = "alerts"
    SYSTEM = "system"
    FORM = "form"


class Group(StrEnum):
    """A heading of the help overlay."""

    MOVE = "move"
    FIND = "find"
    CHANGE = "change"
    VIEW = "view"
    GO = "go"
    FORM = "form"


GROUP_TITLES = {
    Group.MOVE: _("Move"),
    Group.FIND: _("Find"),
    Group.CHANGE: _("Act"),
    Group.VIEW: _("View"),
    Group.GO: _("Go"),
    Group.FORM: _("Form"),
}

PLACE_TITLES = {
    Place.BOARD: _("Board"),
    Place.SERVICE: _("Service"),
    Place.INCIDENTS: _("Incidents"),
    Place.INCIDENT: _("Incident"),
    Place.CLIENTS: _("Clients"),
    Place.CLIENT: _("Client"),
    Place.ALERTS: _("Alerts"),
    Place.SYSTEM: _("System"),
    Place.FORM: _("Form"),
}

TABS = (
    (Place.BOARD, "1"),
    (Place.INCIDENTS, "3"),
    (Place.CLIENTS, "4"),
    (Place.ALERTS, "5"),
    (Place.SYSTEM, "6"),
)
"""The places of the top bar with their digits; 2 is kept for the wall."""

_SCREENS = frozenset(Place) - {Place.FORM}
_LISTS = frozenset({Place.BOARD, Place.CLIENTS, Place.CLIENT})
_OBJECTS = _LISTS | {Place.SERVICE}
_SERVICES = frozenset({Place.BOARD, Place.SERVICE, Place.CLIENT})
_BOARD = frozenset({Place.BOARD})
_INCIDENTS = frozenset({Place.INCIDENTS, Place.INCIDENT})
_FAILING = _INCIDENTS | {Place.BOARD, Place.SERVICE}
_ALERTS = frozenset({Place.ALERTS})
_FILTERED = frozenset({Place.BOARD, Place.INCIDENTS, Place.CLIENTS})


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done, with its keys and words."""

    id: str
    """Stays for good: people remap keys by it."""
    keys: str
    """Textual's names of the keys, separated by commas; the first is the one that is told."""
    label: str
    """One or two words for the footer and the palette."""
    help: str
    """One line for the help overlay; empty where the line of its counterpart tells both."""
    group: Group
    places: frozenset[Place]
    call: str
    """Textual action string."""
    key_label: str = ""
    """How the keys are written for people; empty: as ``keys``."""
    hint: int = 0
    """Place in the footer, lower is further left and kept longer; 0: not in the footer."""
    palette: bool = True
    """Whether it makes sense to choose it by name; moving a cursor does not."""
    confirm: bool = False
    """Whether it asks first."""
    role: Role = Role.VIEWER
    """What the operator must be at least."""

    @property
    def told_keys(self) -> str:
        """Give the keys as they are written on screen."""
        return self.key_label or self.keys.replace(",", " ")

    def binding(self) -> Binding:
        """Give the binding that starts it."""
        return Binding(
            self.keys, self.call, self.label, show=bool(self.hint), key_display=self.told_keys,
            tooltip=self.help or self.label, id=self.id,
        )  # fmt: skip


def _move(
    id: str, keys: str, help: str, call: str, key_label: str = "", hint: int = 0, label: str = ""
) -> Action:
    return Action(
        id, keys, label or help, help, Group.MOVE, _SCREENS, call, key_label, hint=hint, palette=False
    )


def _change(
    id: str, keys: str, label: str, help: str, places: frozenset[Place], call: str, *,
    hint: int = 0, confirm: bool = False, key_label: str = "",
) -> Action:  # fmt: skip
    return Action(
        id, keys, label, help, Group.CHANGE, places, call, key_label, hint=hint, confirm=confirm,
        role=Role.OPERATOR,
    )  # fmt: skip


def _form(id: str, keys: str, label: str, help: str, call: str, key_label: str, hint: int = 0) -> Action:
    places = frozenset({Place.FORM})
    return Action(id, keys, label, help, Group.FORM, places, call, key_label, hint=hint, palette=False)


ACTIONS: tuple[Action, ...] = (
    _move("down", "j,down", _("next or previous row"), "move(1)", "j k ↓ ↑", 1, _("move")),
    _move("up", "k,up", "", "move(-1)", "k ↑", label=_("previous row")),
    _move("half-down", "ctrl+d", _("half a page down or up"), "half_page(1)", "^d ^u"),
    _move("half-up", "ctrl+u", "", "half_page(-1)", "^u", label=_("half a page up")),
    _move("page-down", "pagedown", _("a page down or up"), "page(1)", "PgDn PgUp"),
    _move("page-up", "pageup", "", "page(-1)", "PgUp", label=_("a page up")),
    _move("first", "g,home", _("first or last row"), "edge(-1)", "g G"),
    _move("last", "G,end", "", "edge(1)", "G", label=_("last row")),
    Action("next-problem", "right_square_bracket", _("next problem"),
           _("next or previous service that is not well"), Group.MOVE, _BOARD, "problem(1)", "] [", hint=4),
    Action("previous-problem", "left_square_bracket", _("previous problem"), "",
           Group.MOVE, _BOARD, "problem(-1)", "["),
    Action("fold", "space", _("fold"), _("fold or unfold the client"), Group.MOVE, _BOARD, "fold", "space",
           hint=9),
    Action("unfold", "space", _("unfold"), _("unfold or fold what has one cause"),
           Group.VIEW, frozenset({Place.INCIDENTS}), "fold", "space", hint=9),
    Action("open-incident", "enter,o", _("open"), _("open the incident"), Group.GO,
           frozenset({Place.INCIDENTS}), "open", "⏎ o", hint=3, palette=False),
    Action("open", "enter", _("open"), _("open the details"), Group.GO, _LISTS, "open", "⏎", hint=3,
           palette=False),
    Action("filter", "slash", _("filter"), _("filter as you type: name, client, tag, status"), Group.FIND,
           _FILTERED, "filter", "/", hint=2),
    Action("only-problems", "x", _("only problems"), _("show only what is not well"), Group.FIND, _BOARD,
           "only_problems", hint=11),
    Action("sort", "s", _("sort"), _("sort by client, problems, latency, last change"), Group.FIND, _BOARD,
           "sort", hint=12),
    Action("clear", "escape", _("clear"), _("clear the filter"), Group.FIND, _FILTERED, "back", "Esc",
           palette=False),
    Action("back", "escape", _("back"), _("one step back"), Group.GO,
           frozenset({Place.SERVICE, Place.INCIDENT, Place.CLIENT, Place.SYSTEM}), "back", "Esc", hint=2,
           palette=False),
    _change("acknowledge", "a", _("acknowledge"), _("acknowledge it: reminders stop"),
            _FAILING, "acknowledge", hint=4),
    _change("unacknowledge", "A", _("take back"), _("take the acknowledgement back"), _INCIDENTS,
            "unacknowledge", hint=5),
    _change("assign", "w", _("assign"), _("say who looks after it"), _INCIDENTS, "assign", hint=6),
    _change("note", "N", _("note"), _("add a note to its timeline"), _INCIDENTS, "note", hint=7),
    _change("maintain", "m", _("maintenance"), _("a maintenance window for it"),
            frozenset({Place.BOARD, Place.SERVICE}), "maintain"),
    _change("snooze", "z", _("snooze"), _("snooze it: nobody is told for a while"), _FAILING,
            "snooze", hint=8),
    _change("new", "n", _("new"), _("new service, or new client where there is none"),
            _BOARD | {Place.CLIENT}, "new", hint=5),
    _change("new-client", "n", _("new"), _("new client"), frozenset({Place.CLIENTS}), "new", hint=5),
    _change("edit", "e", _("edit"), _("edit it"), _OBJECTS, "edit", hint=6),
    _change("check", "c", _("check now"), _("check it now"), _SERVICES, "check", hint=7),
    _change("pause", "p", _("pause"), _("pause or resume its checks"), _OBJECTS, "pause", hint=8),
    _change("duplicate", "D", _("duplicate"), _("make another like it"), _SERVICES, "duplicate"),
    _change("delete", "d", _("delete"), _("delete it: asks, and u brings it back"), _OBJECTS, "delete",
            hint=10, confirm=True),
    _change("new-alert", "n", _("new"), _("new channel, rule or maintenance window"), _ALERTS, "new", hint=5),
    _change("edit-alert", "e,enter", _("edit"), _("edit the channel or rule"), _ALERTS, "edit", hint=6,
            key_label="e ⏎"),
    _change("another", "D", _("duplicate"), _("make another window like it"), _ALERTS, "duplicate", hint=6),
    _change("remove", "d", _("delete"), _("delete it, or end the window: asks"), _ALERTS, "delete",
            hint=9, confirm=True),
    _change("switch", "p", _("on / off"), _("switch the channel or rule on or off"), _ALERTS, "switch",
            hint=8),
    _change("try-out", "t", _("test"), _("send a test and show the answer"), _ALERTS, "try_out", hint=7),
    _change("send-again", "R", _("send again"), _("send the message again, at once"), _ALERTS, "send_again",
            hint=5),
    _change("undo", "u", _("undo"), _("bring back what was deleted last"), _OBJECTS, "app.undo"),
    Action("span", "t", _("1 h / 24 h"), _("chart over one hour or one day"), Group.VIEW,
           frozenset({Place.SERVICE}), "span", hint=2),
    Action("to-service", "S", _("service"), _("open the page of its service"), Group.GO, _INCIDENTS,
           "to_service", hint=10),
    Action("why", "v", _("why"), _("why it failed: what the check met"), Group.VIEW,
           frozenset({Place.SERVICE}), "why", hint=3),
    Action("reveal", "r", _("reveal"), _("show or hide the API key"), Group.VIEW, frozenset({Place.CLIENT}),
           "reveal", role=Role.OPERATOR),
    _form("save", "ctrl+s", _("save"), _("save and close"), "save", "^s", 1),
    _form("test", "f2", _("test"), _("try out what is typed, without saving"), "test", "F2", 2),
    _form("field-help", "f1", _("field help"), _("help of this field"), "field_help", "F1", 3),
    _form("cancel", "escape", _("cancel"), _("close; asks when something was changed"), "cancel", "Esc", 4),
    _form("form-reveal", "f3", _("reveal"), _("show or mask the secret of this field"), "reveal", "F3", 5),
    _form("form-quit", "ctrl+c", _("quit"), _("leave Ronda; asks when something was changed"), "leave", "^c"),
    Action("board", "1", _("board"), _("every service on one board"), Group.GO, _SCREENS,
           "app.place('board')"),
    Action("incidents", "3", _("incidents"), _("what is wrong, and what was today"), Group.GO, _SCREENS,
           "app.place('incidents')"),
    Action("clients", "4", _("clients"), _("clients and their services"), Group.GO, _SCREENS,
           "app.place('clients')"),
    Action("alerts", "5", _("alerts"), _("channels, rules, maintenance, outbox"), Group.GO, _SCREENS,
           "app.place('alerts')"),
    Action("next-list", "right,tab", _("lists"), _("next or previous list"), Group.GO, _ALERTS, "list(1)",
           "→ ← Tab", hint=2, palette=False),
    Action("previous-list", "left,shift+tab", _("previous list"), "", Group.GO, _ALERTS, "list(-1)", "←",
           palette=False),
    Action("system", "6", _("system"), _("how Ronda itself is"), Group.GO, _SCREENS, "app.place('system')"),
    Action("hand-over", "H", _("hand-over"), _("what happened in the last hours"),
           Group.GO, _SCREENS, "app.hand_over"),
    Action("retry", "r", _("try again"), _("try again to open the database"), Group.GO, _BOARD, "retry",
           hint=1),
    Action("palette", "colon,ctrl+p", _("commands"), _("find a command or a theme by name"), Group.FIND,
           _SCREENS, "app.command_palette", ": ^p", hint=13, palette=False),
    Action("help", "question_mark", _("help"), _("the keys of this place"), Group.GO, _SCREENS, "app.help",
           "?", hint=14),
    Action("quit", "q,ctrl+c", _("quit"), _("leave Ronda; asks when checks would stop"), Group.GO, _SCREENS,
           "app.leave", "q ^c", hint=15),
)  # fmt: skip
"""The table; its order is the order of the help overlay."""


def actions_of(place: Place) -> tuple[Action, ...]:
    """Give what can be done in a place, in the order of the table."""
    return tuple(action for action in ACTIONS if place in action.places)


def bindings_for(place: Place, *, move: bool | None = None) -> list[Binding]:
    """Give the bindings of a place.

    With ``move`` True only those that move within a list (for the list itself), with False all others
    (for the screen around it), with None all.
    """
    return [
        action.binding()
        for action in actions_of(place)
        if move is None or move == (action.group is Group.MOVE)
    ]


def hints_for(place: Place) -> tuple[Action, ...]:
    """Give what the footer of a place tells, from the left."""
    return tuple(
        sorted((action for action in actions_of(place) if action.hint), key=lambda action: action.hint)
    )


def help_for(place: Place) -> Iterator[tuple[str, tuple[Action, ...]]]:
    """Give the headings of a place with their actions, in the order of the groups."""
    for group in Group:
        found = tuple(action for action in actions_of(place) if action.group is group and action.help)
        if found:
            yield GROUP_TITLES[group], found
