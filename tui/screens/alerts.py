"""The place of alerts: channels, rules, maintenance windows and the outbox, one list at a time."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from core.domain.notices import MessageState
from core.domain.operators import Role
from core.i18n import _, ngettext
from core.operations.channels import ChannelLine
from core.operations.maintenance import WindowLine
from core.operations.outbox import MessageLine
from core.operations.rules import RuleLine
from tui.actions import Place, bindings_for
from tui.bridge import AlertsChanged
from tui.screens.alert_changes import AlertChanges
from tui.stages import stage_words
from tui.widgets.alert_rows import (
    CHANNEL_COLUMNS,
    MESSAGE_COLUMNS,
    RULE_COLUMNS,
    WINDOW_COLUMNS,
    channel_row,
    message_row,
    rule_row,
    window_row,
)
from tui.widgets.placard import Placard, Words
from tui.widgets.subtabs import Subtabs
from tui.widgets.table import Table, TableRow


class Listing(StrEnum):
    """One of the lists."""

    CHANNELS = "channels"
    RULES = "rules"
    WINDOWS = "maintenance"
    MESSAGES = "outbox"


TITLES = {
    Listing.CHANNELS: _("Channels"),
    Listing.RULES: _("Rules"),
    Listing.WINDOWS: _("Maintenance"),
    Listing.MESSAGES: _("Outbox"),
}
_COLUMNS = {
    Listing.CHANNELS: CHANNEL_COLUMNS,
    Listing.RULES: RULE_COLUMNS,
    Listing.WINDOWS: WINDOW_COLUMNS,
    Listing.MESSAGES: MESSAGE_COLUMNS,
}
_POSSIBLE = {
    Listing.CHANNELS: frozenset({"new", "edit", "delete", "switch", "try_out"}),
    Listing.RULES: frozenset({"new", "edit", "delete", "switch"}),
    Listing.WINDOWS: frozenset({"new", "delete", "duplicate"}),
    Listing.MESSAGES: frozenset({"send_again"}),
}
"""What can be done in each list."""
_OWN = frozenset[str]().union(*_POSSIBLE.values())
_OF_ADMINS = frozenset({"new", "edit", "delete", "switch"})
"""What only an admin may do with channels and rules."""


class AlertsScreen(AlertChanges):
    """Four lists, of which one is shown and read; keys mean the row under the cursor."""

    PLACE: ClassVar[Place] = Place.ALERTS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Place.ALERTS, move=False)]
    AUTO_FOCUS = ""
    DEFAULT_CSS = "AlertsScreen #panel { height: 1fr; }"

    tabs = getters.query_one(Subtabs)
    panel = getters.query_one("#panel", Vertical)
    placard = getters.query_one(Placard)

    def __init__(self) -> None:
        super().__init__()
        self.listing = Listing.CHANNELS
        self.channels: dict[int, ChannelLine] = {}
        self.rules: dict[int, RuleLine] = {}
        self.windows: dict[int, WindowLine] = {}
        self.messages: dict[int, MessageLine] = {}
        self.known: set[Listing] = set()
        """The lists that have been read."""

    def body(self) -> ComposeResult:
        """Give the names of the lists over the tables, of which one is shown."""
        yield Subtabs((listing.value, TITLES[listing]) for listing in Listing)
        with Vertical(id="panel", classes="panel"):
            for listing in Listing:
                yield Table(_COLUMNS[listing], id=listing.value)
            yield Placard()

    @property
    def table(self) -> Table:
        """The table of the list that is shown."""
        return self.query_one(f"#{self.listing.value}", Table)

    # What is shown

    def alerts_changed(self, change: AlertsChanged) -> None:
        """Read again what has changed, unless nobody sees it."""
        if change.windows if self.listing is Listing.WINDOWS else change.alerting:
            super().alerts_changed(change)

    async def load(self) -> None:
        """Read the list that is shown."""
        listing, reader = self.listing, self.ronda.reader
        if listing is Listing.CHANNELS:
            self.channels = {line.channel.id: line for line in await reader.channels()}
        elif listing is Listing.RULES:
            self.rules = {line.rule.id: line for line in await reader.rules()}
        elif listing is Listing.WINDOWS:
            self.windows = {line.window.id: line for line in await reader.windows()}
        else:
            self.messages = {line.entry.id: line for line in await reader.messages()}
        self.known.add(listing)

    def show_all(self) -> None:
        """Show the rows, or say why there are none."""
        words, table = self._words(), self.table
        table.show(self._rows())
        if self.wished is not None and table.move_to_id(self.wished):
            self.wished = None
        for listing in Listing:
            self.query_one(f"#{listing.value}").display = listing is self.listing and words is None
        self.set_focus(table if words is None else None)
        self.placard.show(words)
        self.tabs.show(self.listing.value)
        self.panel.border_subtitle = " · ".join(filter(None, (self._count(), self.staleness)))
        self.key_hints.redraw()

    def _rows(self) -> Iterator[TableRow]:
        now = self.ronda.clock.now()
        if self.listing is Listing.CHANNELS:
            sending = self.sending
            yield from (channel_row(line, now, sending=key in sending) for key, line in self.channels.items())
        elif self.listing is Listing.RULES:
            yield from map(rule_row, self.rules.values())
        elif self.listing is Listing.WINDOWS:
            yield from (window_row(line, now) for line in self.windows.values())
        else:
            yield from (message_row(line, now) for line in self.messages.values())

    def _count(self) -> str:
        count = len(self.table.rows)
        if self.listing is Listing.CHANNELS:
            text = ngettext("{count} channel", "{count} channels", count)
        elif self.listing is Listing.RULES:
            text = ngettext("{count} rule", "{count} rules", count)
        elif self.listing is Listing.WINDOWS:
            text = ngettext("{count} window", "{count} windows", count)
        else:
            count = sum(line.entry.state is MessageState.WAITING for line in self.messages.values())
            text = ngettext("{count} waiting", "{count} waiting", count)
        return text.format(count=f"{count:,}") if self.table.rows else ""

    def _words(self) -> Words | None:
        """Say why there is no row."""
        words = stage_words(self.ronda.stage, self.ronda.failure)
        if words is not None:
            return words
        if self.listing not in self.known:
            if self.failure:
                return Words(_("this cannot be read"), (self.failure,), bad=True)
            return Words(_("reading …"))
        lists = (self.channels, self.rules, self.windows, self.messages)
        return None if lists[list(Listing).index(self.listing)] else self._empty_words()

    def _empty_words(self) -> Words:
        new = ("n",) if self.check_action("new", ()) else ()
        if self.listing is Listing.CHANNELS:
            told = _("A channel is a way to tell people: mail, chat, a pager, a webhook.")
            keys = tuple((key, _("add the first channel")) for key in new)
            return Words(_("nobody is told yet"), (told,), keys)
        if self.listing is Listing.RULES:
            told = _("Without a rule every channel is told of everything at once.")
            return Words(_("no rule yet"), (told,), tuple((key, _("add the first rule")) for key in new))
        if self.listing is Listing.WINDOWS:
            told = _("While a window is open nobody is told, and nothing counts against uptime.")
            keys = tuple((key, _("add a maintenance window")) for key in new)
            return Words(_("no maintenance is planned"), (told,), keys)
        return Words(_("nothing was sent in the last days"), (_("What is told by channels passes here."),))

    # The chosen row

    @property
    def channel(self) -> ChannelLine | None:
        """The channel under the cursor, if channels are shown."""
        return self.channels.get(self.table.row_id or 0) if self.listing is Listing.CHANNELS else None

    @property
    def rule(self) -> RuleLine | None:
        """The rule under the cursor, if rules are shown."""
        return self.rules.get(self.table.row_id or 0) if self.listing is Listing.RULES else None

    @property
    def window(self) -> WindowLine | None:
        """The window under the cursor, if windows are shown."""
        return self.windows.get(self.table.row_id or 0) if self.listing is Listing.WINDOWS else None

    @property
    def message(self) -> MessageLine | None:
        """The message under the cursor, if the outbox is shown."""
        return self.messages.get(self.table.row_id or 0) if self.listing is Listing.MESSAGES else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what cannot be done with this list, by this operator, or without a row."""
        if not self.is_mounted or action not in _OWN:
            return super().check_action(action, parameters)
        operator, message = self.ronda.operator, self.message
        admin = operator is None or operator.may(Role.ADMIN)
        possible = action in _POSSIBLE[self.listing]
        if self.listing in (Listing.CHANNELS, Listing.RULES) and action in _OF_ADMINS:
            possible = possible and admin
        if action == "send_again":
            unsent = (MessageState.WAITING, MessageState.FAILED)
            possible = possible and message is not None and message.entry.state in unsent
        elif action != "new":
            possible = possible and self.table.row_id is not None
        return possible and super().check_action(action, parameters)

    @on(Table.Moved)
    def show_keys(self) -> None:
        """Show the keys that mean something for the row under the cursor."""
        self.key_hints.redraw()

    # Actions

    def action_list(self, step: int) -> None:
        """Show the next or the previous list, round and round."""
        lists = list(Listing)
        self.go_to(lists[(lists.index(self.listing) + step) % len(lists)])

    @on(Subtabs.Wanted)
    def show_wanted(self, event: Subtabs.Wanted) -> None:
        """Show the list that was clicked."""
        self.go_to(Listing(event.key))

    def go_to(self, listing: Listing) -> None:
        """Show a list, and read it."""
        self.listing, self.wished = listing, None
        self.show_all()
        self.reread()

    def action_new(self) -> None:
        """Make a channel, rule or window."""
        opened = {
            Listing.CHANNELS: self.new_channel,
            Listing.RULES: self.new_rule,
            Listing.WINDOWS: self.new_window,
        }
        opened[self.listing]()

    def action_edit(self) -> None:
        """Edit the channel or rule under the cursor."""
        if channel := self.channel:
            self.edit_channel(channel.channel)
        elif rule := self.rule:
            self.edit_rule(rule)

    def action_duplicate(self) -> None:
        """Make a window like the one under the cursor."""
        if window := self.window:
            self.duplicate_window(window.window)

    def action_delete(self) -> None:
        """Delete the channel or rule under the cursor, or end the window, after asking."""
        if channel := self.channel:
            self.delete_channel(channel.channel)
        elif rule := self.rule:
            self.delete_rule(rule.rule)
        elif window := self.window:
            self.end_window(window)

    def action_switch(self) -> None:
        """Switch the channel or rule under the cursor on or off."""
        if channel := self.channel:
            self.switch_channel(channel.channel)
        elif rule := self.rule:
            self.switch_rule(rule.rule)

    def action_try_out(self) -> None:
        """Send a test through the channel under the cursor."""
        if channel := self.channel:
            self.send_test(channel.channel)

    def action_send_again(self) -> None:
        """Have the message under the cursor sent again."""
        if message := self.message:
            self.send_again(message.entry.id)
