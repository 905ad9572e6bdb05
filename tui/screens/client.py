"""The page of one client: what is known of it, and its services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content

from core.domain.clients import Client
from core.domain.operators import Role
from core.domain.secret import MASK
from core.domain.services import Service
from core.i18n import _, ngettext
from core.wording import FIELD_LABELS
from tui.actions import Place, bindings_for
from tui.board_model import Entry
from tui.bridge import BoardChanged
from tui.desk import desk_of
from tui.formatting import NOTHING, safe
from tui.screens.changes import Changes
from tui.widgets.facts import Fact, Facts
from tui.widgets.inventory_rows import SERVICE_COLUMNS, service_row
from tui.widgets.placard import Placard, Words
from tui.widgets.table import Table


class ClientScreen(Changes):
    """A client with its services; keys mean the service under the cursor, or else the client itself."""

    PLACE: ClassVar[Place] = Place.CLIENT
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Place.CLIENT, move=False)]
    AUTO_FOCUS = "Table"
    DEFAULT_CSS = """
    ClientScreen {
        #body { height: 1fr; layout: vertical; }
        #about { height: auto; max-height: 12; scrollbar-size-vertical: 1; }
        #services { height: 1fr; }
        &.-wide {
            #body { layout: horizontal; }
            #about { width: 50; height: 1fr; max-height: 100%; }
        }
    }
    """

    about = getters.query_one("#about", VerticalScroll)
    facts = getters.query_one(Facts)
    services = getters.query_one("#services", Container)
    table = getters.query_one(Table)
    placard = getters.query_one(Placard)

    def __init__(self, client: Client) -> None:
        super().__init__()
        self.client = client
        self.revealed = False
        """Whether the API key is shown as it is."""
        self._wished: int | None = None

    def body(self) -> ComposeResult:
        """Give the client at the left or on top, its services beside or below."""
        with Container(id="body"):
            with VerticalScroll(id="about", classes="panel", can_focus=False) as about:
                if self.check_action("edit", ()):
                    about.border_subtitle = _("Tab, then e edits the client")
                yield Facts()
            with Container(id="services", classes="panel") as services:
                services.border_title = _("services")
                yield Table(SERVICE_COLUMNS)
                yield Placard()

    def on_mount(self) -> None:
        """Show what is known."""
        self._show()

    # What is shown

    def board_changed(self, change: BoardChanged) -> None:
        """Show the client as it was edited, or go when it is there no more."""
        if not change.inventory or not self.is_mounted:
            return
        known = self.ronda.board.clients.get(self.client.id)
        if known is not None:
            self.client = known
            self._show()
        elif self.on_top:
            self.action_back()

    def ticked(self) -> None:
        """Show statuses as they are by now."""
        self._show()

    def _show(self) -> None:
        self.about.border_title = Content(safe(self.client.spec.name)).markup
        self.facts.show(tuple(self._facts()))
        entries = self.ronda.board.of_client(self.client.id)
        self.table.show(service_row(entry) for entry in entries)
        if self._wished is not None and self.table.move_to_id(self._wished):
            self._wished = None
        count = len(entries)
        total = ngettext("{count} service", "{count} services", count).format(count=count)
        self.services.border_subtitle = total if count else ""
        self._show_emptiness(empty=not entries)

    def _show_emptiness(self, *, empty: bool) -> None:
        if empty and self.focused is self.table:
            self.facts.focus()
        was_empty = not self.table.display
        self.table.display = not empty
        if was_empty and not empty:
            self.table.focus()
        keys = (("n", _("add the first service")),) if self.check_action("new", ()) else ()
        self.placard.show(Words(_("no services yet"), keys=keys) if empty else None)

    def _facts(self) -> Iterator[Fact]:
        spec = self.client.spec
        if not spec.active:
            yield Fact(FIELD_LABELS["active"], _("‖ no: its services are paused"), "paused")
        yield _fact("dns", spec.dns)
        yield self._key_fact()
        yield _fact("description", spec.description)
        yield _fact("tags", ", ".join(spec.tags))
        yield _fact("runbook_url", spec.runbook_url)
        yield _fact("notes", spec.notes)

    def _key_fact(self) -> Fact:
        api_key = self.client.spec.api_key
        if api_key is None:
            return _fact("api_key", "")
        mask = f"{MASK}  {_('r reveals')}" if self.check_action("reveal", ()) else MASK
        shown = api_key.reveal() if self.revealed else mask
        return Fact(FIELD_LABELS["api_key"], shown, "foreground" if self.revealed else "quiet")

    # Actions

    @property
    def entry(self) -> Entry | None:
        """The service that keys mean; None while they mean the client itself."""
        if self.focused is not self.table:
            return None
        return self.ronda.board.entries.get(self.table.row_id or 0)

    def client_saved(self, client: Client) -> None:
        """Show the client as it was saved."""
        self.client = client
        self._show()

    def service_saved(self, service: Service) -> None:
        """Put the cursor on the service as soon as the board knows it."""
        self._wished = service.id

    def action_new(self) -> None:
        """Make a service of this client."""
        self.new_service(self.client)

    def action_edit(self) -> None:
        """Edit the service under the cursor, or the client."""
        if entry := self.entry:
            self.edit_service(entry.line.service, entry.line.client)
        else:
            self.edit_client(self.client)

    def action_delete(self) -> None:
        """Delete the service under the cursor, or the client, after asking."""
        if entry := self.entry:
            self.delete_service(entry.line.service, entry.line.client)
        else:
            self.delete_client(self.client, len(self.ronda.board.of_client(self.client.id)))

    def action_pause(self) -> None:
        """Pause or resume the service under the cursor, or the client."""
        if entry := self.entry:
            self.pause_service(entry.line.service)
        else:
            self.pause_client(self.client)

    def action_duplicate(self) -> None:
        """Make a service like the one under the cursor."""
        if entry := self.entry:
            self.duplicate_service(entry.line.service, entry.line.client)

    def action_check(self) -> None:
        """Check the service under the cursor now."""
        if entry := self.entry:
            self.check_service(entry.line.service)

    def action_open(self) -> None:
        """Open the details of the service under the cursor."""
        if entry := self.entry:
            self.ronda.open_service(entry.id)

    def action_reveal(self) -> None:
        """Show or hide the API key."""
        if desk_of(self).operator.may(Role.OPERATOR):
            self.revealed = not self.revealed
            self._show()

    def action_back(self) -> None:
        """Go back to the clients."""
        self.dismiss()


def _fact(name: str, value: str) -> Fact:
    return Fact(FIELD_LABELS[name], value or NOTHING, "foreground" if value else "faint")
