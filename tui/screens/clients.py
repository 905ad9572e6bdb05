"""The place of clients: who is looked after, how each of them fares."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input

from core.domain.clients import Client
from core.domain.operators import Role
from core.i18n import _, ngettext
from tui.actions import Place, bindings_for
from tui.board_model import Entry
from tui.bridge import BoardChanged
from tui.screens.changes import Changes
from tui.screens.client import ClientScreen
from tui.stages import empty_words, stage_words, unmatched_words
from tui.widgets.filter_line import FilterLine
from tui.widgets.inventory_rows import CLIENT_COLUMNS, client_row, total_uptime
from tui.widgets.placard import Placard, Words
from tui.widgets.table import Table, TableRow


class ClientsScreen(Changes):
    """Every client in a table; Enter opens one."""

    PLACE: ClassVar[Place] = Place.CLIENTS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Place.CLIENTS, move=False)]
    AUTO_FOCUS = "Table"
    DEFAULT_CSS = """
    ClientsScreen {
        #panel { height: 1fr; }
    }
    """

    table = getters.query_one(Table)
    panel = getters.query_one("#panel", Vertical)
    filter_line = getters.query_one(FilterLine)
    placard = getters.query_one(Placard)

    def __init__(self) -> None:
        super().__init__()
        self._wished: int | None = None
        """A client that was just saved: the cursor goes to it as soon as it is shown."""

    def body(self) -> ComposeResult:
        """Give the table under the line of the filter."""
        with Vertical(id="panel", classes="panel") as panel:
            panel.border_title = _("clients")
            yield FilterLine()
            yield Table(CLIENT_COLUMNS)
            yield Placard()

    def on_mount(self) -> None:
        """Begin with what is known."""
        self._show()

    # What is shown

    def board_changed(self, change: BoardChanged) -> None:
        """Show clients that came, went or were edited."""
        if change.inventory and self.is_mounted:
            self._show()

    def ticked(self) -> None:
        """Show counts and uptimes as they are by now."""
        self._show()

    def _show(self) -> None:
        board = self.ronda.board
        by_name = sorted(board.clients.values(), key=lambda client: client.spec.name.lower())
        shown = [client for client in by_name if self._matches(client)]
        entries: defaultdict[int, list[Entry]] = defaultdict(list)
        for entry in board.entries.values():
            entries[entry.line.client.id].append(entry)
        self.table.show(_row(client, entries[client.id]) for client in shown)
        self._go_to_wished()
        self.table.display = bool(shown)
        self.placard.show(None if shown else self._words())
        self.panel.border_subtitle = self._count(len(shown))

    def _go_to_wished(self) -> None:
        if self._wished is not None and self.table.move_to_id(self._wished):
            self._wished = None

    def _matches(self, client: Client) -> bool:
        spec, wanted = client.spec, self.filter_line.value.strip().casefold()
        return wanted in "\n".join((spec.name, spec.dns, *spec.tags)).casefold()

    def _count(self, shown: int) -> str:
        total = len(self.ronda.board.clients)
        if not total:
            return ""
        count = ngettext("{count} client", "{count} clients", total).format(count=total)
        return _("{shown} of {count}").format(shown=shown, count=count) if shown < total else count

    def _words(self) -> Words | None:
        """Say why there is no row."""
        words = stage_words(self.ronda.stage, self.ronda.failure)
        if words is not None:
            return words
        if self.ronda.board.clients:
            return unmatched_words(self.filter_line.value.strip(), only_problems=False)
        operator = self.ronda.operator
        return empty_words(clients=False, may_change=operator is None or operator.may(Role.OPERATOR))

    # Actions

    @property
    def client(self) -> Client | None:
        """The client under the cursor."""
        return self.ronda.board.clients.get(self.table.row_id or 0)

    def client_saved(self, client: Client) -> None:
        """Put the cursor on the client."""
        self._wished = client.id
        self._show()

    def action_new(self) -> None:
        """Make a client."""
        self.new_client()

    def action_edit(self) -> None:
        """Edit the client under the cursor."""
        if client := self.client:
            self.edit_client(client)

    def action_delete(self) -> None:
        """Delete the client under the cursor, after asking."""
        if client := self.client:
            self.delete_client(client, len(self.ronda.board.of_client(client.id)))

    def action_pause(self) -> None:
        """Pause the client under the cursor, or resume it."""
        if client := self.client:
            self.pause_client(client)

    def action_open(self) -> None:
        """Open the page of the client under the cursor."""
        if client := self.client:
            self.app.push_screen(ClientScreen(client))

    # The filter

    def action_filter(self) -> None:
        """Narrow the table by what is typed."""
        self.filter_line.open()

    def action_back(self) -> None:
        """Clear the filter."""
        self.filter_line.close()
        self.table.focus()

    @on(Input.Changed)
    def narrow(self) -> None:
        """Show the clients that hold what was typed."""
        self._show()

    @on(Input.Submitted)
    def leave_filter(self) -> None:
        """Go back to the table; the filter stays."""
        self.table.focus()


def _row(client: Client, entries: list[Entry]) -> TableRow:
    return client_row(client, Counter(entry.shown for entry in entries), total_uptime(entries))
