"""The board: every service of every client, live."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual import events, getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.dom import DOMNode
from textual.widgets import Input

from core.domain.clients import Client
from core.domain.incidents import FAILING
from core.domain.operators import Role
from core.domain.services import Service
from core.i18n import _, ngettext
from tui.actions import Action, Group, Place, bindings_for
from tui.arrangement import SORT_WORDS
from tui.board_model import Entry
from tui.bridge import BoardChanged
from tui.formatting import safe
from tui.screens.handling import Handling, label_of
from tui.stages import Stage, empty_words, stage_words, unmatched_words
from tui.watch import Watch
from tui.widgets.column_titles import ColumnTitles
from tui.widgets.filter_line import FilterLine
from tui.widgets.header import Summary
from tui.widgets.placard import Placard, Words
from tui.widgets.problems import ProblemsPane
from tui.widgets.selected import SelectedPane
from tui.widgets.status_grid import StatusGrid

AGE_SECONDS = 5
"""How often the ages of all rows on screen are looked at."""
_NEEDS_ROW = frozenset({"open", "edit", "delete", "pause", "check", "duplicate"})
_NEEDS_SERVICES = frozenset({"filter", "only_problems", "sort"})
_GRID_ACTIONS = frozenset({"fold", "problem", "move"})


class BoardScreen(Handling):
    """Services with a cursor; beside them, where there is room, problems and the chosen service."""

    PLACE = Place.BOARD
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Place.BOARD, move=False)]

    AUTO_FOCUS = ""

    summary = getters.query_one(Summary)
    grid = getters.query_one("#grid", StatusGrid)
    titles = getters.query_one(ColumnTitles)
    filter_line = getters.query_one(FilterLine)
    placard = getters.query_one(Placard)
    main = getters.query_one("#main", Vertical)
    problems = getters.query_one(ProblemsPane)
    selected = getters.query_one("#selected", SelectedPane)
    bottom = getters.query_one("#bottom", SelectedPane)

    def __init__(self) -> None:
        super().__init__()
        self._seconds = 0
        self._wished_service: int | None = None
        """A service that was just saved and is not on the board yet."""
        self._stop_listening: Callable[[], None] | None = None

    def body(self) -> ComposeResult:
        """Draw counts, rows, and the panes beside or below them."""
        yield Summary()
        with Horizontal(id="body"):
            with Vertical(id="main", classes="panel"):
                yield FilterLine()
                yield ColumnTitles()
                yield StatusGrid(self.ronda.board, self.ronda.clock, id="grid")
                yield Placard()
            with Vertical(id="side"):
                yield ProblemsPane(id="problems")
                yield SelectedPane(id="selected")
        yield SelectedPane(compact=True, id="bottom")

    def on_mount(self) -> None:
        """Follow every result from now on."""
        self._stop_listening = self.ronda.bridge.listen(self.grid.mark)
        self.grid.rearrange()
        self.show_stage()

    def on_unmount(self) -> None:
        """Hear of no results any more."""
        if self._stop_listening is not None:
            self._stop_listening()

    # What is shown

    def show_stage(self) -> None:
        """Show the rows, or say why there are none."""
        words = self._words()
        self.placard.show(words)
        self.titles.display = self.grid.display = words is None
        if words is None and self.focused is None:
            self.set_focus(self.grid)
        self._show_state()

    def _words(self) -> Words | None:
        words = stage_words(self.ronda.stage, self.ronda.failure)
        if words is not None or self.grid.rows:
            return words
        view = self.grid.view
        if self.ronda.board.entries:
            return unmatched_words(view.filter, view.only_problems)
        operator = self.ronda.operator
        may_change = operator is None or operator.may(Role.OPERATOR)
        return empty_words(bool(self.ronda.board.clients), may_change)

    def _show_state(self) -> None:
        """Show counts, titles, panes and hints as they are by now."""
        board, view = self.ronda.board, self.grid.view
        self.main.border_title = Content(self._title()).markup
        services, clients = self.grid.service_count, len(board.clients)
        parts = [
            ngettext("{count} service", "{count} services", services).format(count=f"{services:,}"),
            ngettext("{count} client", "{count} clients", clients).format(count=f"{clients:,}"),
            SORT_WORDS[view.sort],
        ]
        self.main.border_subtitle = " · ".join(parts) if board.entries else ""
        if self.grid.display:
            self.titles.show(self.grid.columns)
        self._show_figures()
        self.key_hints.redraw()

    def _title(self) -> str:
        view = self.grid.view
        parts = [_("services")]
        if view.only_problems:
            parts.append(_("only problems"))
        if view.filter and self.focused is not self.filter_line:
            parts.append(f"/{safe(view.filter)}")
        return " · ".join(parts)

    def _show_figures(self) -> None:
        board, now = self.ronda.board, self.ronda.clock.now()
        self.summary.show(board.totals, self._aside())
        if self.has_class("-wide"):
            self.problems.show(board.problems(), now)
            self.selected.show(self.chosen_entry, now)
        else:
            self.bottom.show(self.chosen_entry, now)

    def _aside(self) -> tuple[str, ...]:
        watch = self.ronda.bridge.watch
        if not watch.heard or watch.leader is None or watch.agent_runs:
            return ()
        if watch.leader.ends_with:
            return (
                _("no agent that stays: checks stop when the last console closes"),
                _("no agent that stays"),
            )
        return (_("no agent runs: checks stop when the last console closes"), _("no agent runs"))

    def board_changed(self, change: BoardChanged) -> None:
        """Show new results; the grid has marked the rows by itself."""
        if change.inventory:
            self.grid.rearrange()
            self._go_to_wished()
            self.show_stage()
            self.call_after_refresh(self._show_state)
        elif self.on_top:
            self.grid.mark_all(change.service_ids)
            self._show_figures()

    def watch_changed(self, watch: Watch) -> None:
        """Show who watches."""
        super().watch_changed(watch)
        if self.is_mounted and self.on_top:
            self.summary.show(self.ronda.board.totals, self._aside())

    def ticked(self) -> None:
        """Let ages grow."""
        self._seconds += 1
        if self._seconds % AGE_SECONDS == 0:
            self.grid.refresh_ages()
        self._show_figures()

    @on(StatusGrid.Moved)
    def show_chosen(self) -> None:
        """Show the service under the cursor."""
        self._show_figures()
        self.key_hints.redraw()

    @on(StatusGrid.Arranged)
    def show_arranged(self) -> None:
        """Show how many services there are by now."""
        self.show_stage()

    def on_resize(self, event: events.Resize) -> None:
        """Fill the panes that are shown in this size."""
        self.call_after_refresh(self._show_state)

    # The chosen row

    @property
    def chosen_entry(self) -> Entry | None:
        """The service under the cursor."""
        row = self.grid.row
        return None if row is None or row.heading else self.ronda.board.entries.get(row.id)

    @property
    def chosen_client(self) -> Client | None:
        """The client of the row under the cursor."""
        row = self.grid.row
        if row is None:
            return None
        if row.heading:
            return self.ronda.board.clients.get(row.id)
        return self.ronda.board.entries[row.id].line.client

    def service_saved(self, service: Service) -> None:
        """Put the cursor on the service, as soon as it is on the board."""
        self._wished_service = service.id
        self._go_to_wished()

    def _go_to_wished(self) -> None:
        if self._wished_service is not None and self.grid.move_to_service(self._wished_service):
            self._wished_service = None

    # Actions

    def target_of(self, action: Action) -> DOMNode:
        """Give the grid for what moves in it."""
        return self.grid if action.group is Group.MOVE else self

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what cannot be done now."""
        ready = self.ronda.stage is Stage.READY
        if action == "retry":
            return self.ronda.stage is Stage.FAILED
        if action == "new":
            return ready and bool(super().check_action(action, parameters))
        if action in ("acknowledge", "snooze", "maintain"):
            entry = self.chosen_entry
            possible = entry is not None and (action != "acknowledge" or entry.line.state.status in FAILING)
            return possible and bool(super().check_action(action, parameters))
        if action in _NEEDS_ROW:
            wanted = self.chosen_entry if action in ("check", "duplicate") else self.grid.row
            return wanted is not None and bool(super().check_action(action, parameters))
        if action in _NEEDS_SERVICES | _GRID_ACTIONS:
            return bool(self.ronda.board.entries)
        return super().check_action(action, parameters)

    def action_new(self) -> None:
        """Make a service; the first thing that is made is a client."""
        clients = self.ronda.board.clients
        if clients:
            only = next(iter(clients.values())) if len(clients) == 1 else None
            self.new_service(self.chosen_client or only)
        else:
            self.new_client()

    def action_open(self) -> None:
        """Open the service, or fold the client."""
        entry = self.chosen_entry
        if entry is None:
            self.grid.action_fold()
        else:
            self.ronda.open_service(entry.id)

    def action_edit(self) -> None:
        """Edit the service or the client under the cursor."""
        entry, client = self.chosen_entry, self.chosen_client
        if entry is not None:
            self.edit_service(entry.line.service, entry.line.client)
        elif client is not None:
            self.edit_client(client)

    def action_delete(self) -> None:
        """Delete the service or the client under the cursor, after asking."""
        entry, client = self.chosen_entry, self.chosen_client
        if entry is not None:
            self.delete_service(entry.line.service, entry.line.client)
        elif client is not None:
            self.delete_client(client, len(self.ronda.board.of_client(client.id)))

    def action_pause(self) -> None:
        """Pause or resume the service or the client under the cursor."""
        entry, client = self.chosen_entry, self.chosen_client
        if entry is not None:
            self.pause_service(entry.line.service)
        elif client is not None:
            self.pause_client(client)

    def action_check(self) -> None:
        """Check the service under the cursor now."""
        if self.chosen_entry is not None:
            self.check_service(self.chosen_entry.line.service)

    def action_duplicate(self) -> None:
        """Make a service like the one under the cursor."""
        if self.chosen_entry is not None:
            line = self.chosen_entry.line
            self.duplicate_service(line.service, line.client)

    def action_acknowledge(self) -> None:
        """Acknowledge the incident of the service under the cursor."""
        if self.chosen_entry is not None:
            self.acknowledge_entry(self.chosen_entry)

    def action_maintain(self) -> None:
        """Make a maintenance window for the service under the cursor."""
        if self.chosen_entry is not None:
            self.maintain(self.chosen_entry.id)

    def action_snooze(self) -> None:
        """Have nobody told of the service under the cursor for a while."""
        if self.chosen_entry is not None:
            self.snooze(label_of(self.chosen_entry), [self.chosen_entry.id])

    def action_retry(self) -> None:
        """Try once more to open the database."""
        self.ronda.open_desk()

    # Finding

    def action_filter(self) -> None:
        """Type a filter."""
        self.filter_line.open()
        self._show_state()

    def action_back(self) -> None:
        """Clear the filter; then show all again."""
        if self.filter_line.is_open:
            self.filter_line.close()
            self.set_focus(self.grid)
        elif self.grid.view.only_problems:
            self.action_only_problems()

    @on(Input.Changed)
    def filter_rows(self, event: Input.Changed) -> None:
        """Show what the typed text matches."""
        self.grid.show(replace(self.grid.view, filter=event.value.strip()))
        self.show_stage()

    @on(Input.Submitted)
    def leave_filter(self) -> None:
        """Go back to the rows; an empty filter is hidden."""
        if not self.filter_line.value.strip():
            self.filter_line.close()
        self.set_focus(self.grid)
        self._show_state()

    def action_sort(self) -> None:
        """Show the rows in the next order, from the top."""
        self.grid.show(replace(self.grid.view, sort=self.grid.view.sort.following))
        self.grid.move_to_first()
        self._show_state()

    def action_only_problems(self) -> None:
        """Show only what is not well, or everything again."""
        self.grid.show(replace(self.grid.view, only_problems=not self.grid.view.only_problems))
        self.show_stage()
