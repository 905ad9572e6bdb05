"""How Ronda itself is: the round, who watches, the database, this console and its log."""

from __future__ import annotations

import os
import platform
import zlib
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from typing import ClassVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.strip import Strip

from core.domain.audit import AuditEntry
from core.domain.workers import RoundHealth, WorkerReport
from core.errors import RondaError
from core.i18n import _, ngettext
from core.wording import ROLE_WORDS, WORKER_WORDS, error_text, outbox_text
from tui import formatting
from tui.actions import Place, bindings_for
from tui.bridge import BoardChanged
from tui.formatting import NOTHING, safe
from tui.screens.place import PlaceScreen
from tui.stages import Stage
from tui.watch import Watch
from tui.widgets.facts import Fact, Facts
from tui.widgets.header import LATE_LOOP_MS
from tui.widgets.lines import Lines
from tui.widgets.table import Column, Table, TableRow

_COLUMNS = (
    Column(_("process"), 8),
    Column(_("who"), 14, stretch=1),
    Column(_("pid"), 7, right=True, dropped=2),
    Column(_("since"), 8, right=True),
    Column(_("part"), 18),
    Column(_("seen"), 5, right=True, dropped=1),
)
_CHANGE_COLUMNS = (
    Column(_("at"), 19),
    Column(_("who"), 10, stretch=1),
    Column(_("did"), 10),
    Column(_("to"), 16, stretch=2),
    Column(_("fields"), 10, stretch=3, dropped=1),
)
MOST_CHANGES = 20
"""Entries of the audit log that are shown."""
ACTION_WORDS = {
    "add": _("added"),
    "edit": _("edited"),
    "remove": _("deleted"),
    "restore": _("restored"),
    "duplicate": _("duplicated"),
    "pause": _("paused"),
    "resume": _("resumed"),
    "end": _("ended"),
    "snooze": _("snoozed"),
    "wake": _("woke"),
    "acknowledge": _("acknowledged"),
    "unacknowledge": _("took back"),
    "assign": _("assigned"),
    "note": _("noted on"),
}
SUBJECT_WORDS = {
    "client": _("client"),
    "service": _("service"),
    "maintenance": _("maintenance"),
    "incident": _("incident"),
    "channel": _("channel"),
    "rule": _("rule"),
}


class LogLines(Lines):
    """The newest lines of the log at the top."""

    DEFAULT_CSS = "LogLines { height: auto; }"

    def __init__(self) -> None:
        super().__init__()
        self.lines: tuple[str, ...] = ()

    def show(self, lines: tuple[str, ...]) -> None:
        """Show these lines, oldest first."""
        if lines != self.lines:
            self.lines = lines
            self.redraw()
            self.refresh(layout=True)

    def draw(self, width: int, height: int) -> list[Strip]:
        """Draw one line each; longer ones are cut."""
        palette = self.palette
        if not self.lines:
            return [self.line().add(" " + _("no warnings in this session"), palette.quiet).strip(width)]
        return [
            self.line().add(" ").add_within(safe(line), width - 2, palette.quiet).strip(width)
            for line in reversed(self.lines)
        ]


class SystemScreen(PlaceScreen):
    """Everything that an operator wants to know of Ronda itself; read-only."""

    PLACE: ClassVar[Place] = Place.SYSTEM
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(Place.SYSTEM)]

    AUTO_FOCUS = ""

    content = getters.query_one("#body", VerticalScroll)
    round_facts = getters.query_one("#round Facts", Facts)
    database_facts = getters.query_one("#database Facts", Facts)
    console_facts = getters.query_one("#console Facts", Facts)
    processes = getters.query_one("#processes Table", Table)
    changes = getters.query_one("#changes Table", Table)
    log_lines = getters.query_one(LogLines)

    def body(self) -> ComposeResult:
        """Draw a pane for each subject."""
        with VerticalScroll(id="body", can_focus=False):
            with Horizontal(id="top"):
                with Vertical(id="round", classes="panel") as pane:
                    pane.border_title = _("round")
                    yield Facts()
                with Vertical(id="database", classes="panel") as pane:
                    pane.border_title = _("database")
                    yield Facts()
            with Vertical(id="processes", classes="panel") as pane:
                pane.border_title = _("processes")
                yield Table(_COLUMNS)
            with Vertical(id="console", classes="panel") as pane:
                pane.border_title = _("this console")
                yield Facts()
            with Vertical(id="changes", classes="panel") as pane:
                pane.border_title = _("recent changes")
                yield Table(_CHANGE_COLUMNS)
            with Vertical(id="log", classes="panel") as pane:
                pane.border_title = _("log of this session")
                yield LogLines()

    def on_mount(self) -> None:
        """Show what is known; nothing here takes the focus, keys scroll the page."""
        for widget in (self.processes, self.changes, *self.query(Facts)):
            widget.can_focus = False
        self._show()

    def on_screen_resume(self) -> None:
        """Show how everything is by now."""
        self._show()
        self._read_changes()

    def board_changed(self, change: BoardChanged) -> None:
        """Read the audit log again when somebody changed something."""
        if change.inventory and self.on_top:
            self._read_changes()

    @work(exclusive=True, group="changes", exit_on_error=False)
    async def _read_changes(self) -> None:
        try:
            entries = await self.ronda.reader.changes(MOST_CHANGES)
        except RondaError as error:
            self.query_one("#changes", Vertical).border_subtitle = safe(error_text(error))
            return
        self.changes.show(_change_row(number, entry) for number, entry in enumerate(entries))
        self.changes.styles.height = len(entries) + 1

    def watch_changed(self, watch: Watch) -> None:
        """Show the last report of every process."""
        super().watch_changed(watch)
        if self.on_top:
            self._show()

    def ticked(self) -> None:
        """Show new lines of the log."""
        self.log_lines.show(tuple(self.ronda.log_tail.lines))

    def _show(self) -> None:
        watch, now = self.ronda.bridge.watch, self.ronda.clock.now()
        self.round_facts.show(tuple(_round(watch, now)))
        self.database_facts.show(tuple(self._database(watch)))
        self.console_facts.show(tuple(self._about_console()))
        self.processes.show(_process_row(worker, watch, now) for worker in watch.workers)
        self.processes.styles.height = len(watch.workers) + 1
        self.ticked()

    def _database(self, watch: Watch) -> Iterator[Fact]:
        if self.ronda.stage is not Stage.READY:
            yield Fact(_("state"), self.ronda.failure or _("starting …"), "quiet")
            return
        if watch.offline_since is not None:
            since = formatting.local_time(watch.offline_since, seconds=True)
            yield Fact(_("state"), _("✗ away since {time}").format(time=since), "down")
            yield Fact(_("why"), watch.offline_detail or NOTHING)
        else:
            yield Fact(_("state"), _("● online"), "up")
        if self.ronda.reader.is_embedded:
            yield Fact(_("kind"), _("embedded: serves the consoles and agents of one OS user"))
            yield Fact(_("for more"), _("several operators need a shared server: set DATABASE_URL"), "quiet")
        else:
            yield Fact(_("kind"), _("shared server: several operators may work on it"))
        if watch.key_matches:
            yield Fact(_("secrets"), _("● readable with the key of this console"), "foreground")
        else:
            yield Fact(_("secrets"), _("▲ written with another key than this console has"), "degraded")

    def _about_console(self) -> Iterator[Fact]:
        operator = self.ronda.operator
        if operator is not None:
            who = f"{operator.name}@{operator.host} {operator.terminal}".rstrip()
            yield Fact(_("operator"), f"{who} · {ROLE_WORDS[operator.role]}")
        python = platform.python_version()
        yield Fact(_("version"), f"Ronda {version('ronda')} · Textual {version('textual')} · Python {python}")
        yield Fact(_("process"), str(os.getpid()))
        yield Fact(_("theme"), self.ronda.theme)
        dropped = self.ronda.dropped_frames
        if dropped:
            yield Fact(_("link"), _("slow: {count} frames were dropped").format(count=dropped), "degraded")
        for label, value in self.ronda.about:
            yield Fact(label, value)

    # The page scrolls with the keys of lists.

    def action_move(self, step: int) -> None:
        """Scroll by lines."""
        self.content.scroll_relative(y=step, animate=False)

    def action_page(self, step: int) -> None:
        """Scroll by pages."""
        self.content.scroll_relative(y=step * self.content.size.height, animate=False)

    def action_half_page(self, step: int) -> None:
        """Scroll by half pages."""
        self.content.scroll_relative(y=step * self.content.size.height // 2, animate=False)

    def action_edge(self, step: int) -> None:
        """Scroll to the top or the bottom."""
        self.content.scroll_to(y=0 if step < 0 else self.content.max_scroll_y, animate=False)

    def action_back(self) -> None:
        """Go back to the board."""
        self.ronda.action_place(Place.BOARD.value)


def _round(watch: Watch, now: datetime) -> Iterator[Fact]:
    """Give how the checks go, as the process that leads reports it."""
    leader = watch.leader
    if leader is None:
        yield Fact(_("lead"), _("✗ nobody: nothing is being checked"), "down" if watch.heard else "quiet")
        return
    where = _("this console") if watch.leads_here else f"{safe(leader.operator)}@{safe(leader.host)}"
    yield Fact(_("lead"), f"{WORKER_WORDS[leader.kind]} · {where} · {leader.pid}", "strong")
    health = leader.health
    lasting = formatting.duration((now - leader.started_at).total_seconds())
    yield Fact(_("runs for"), lasting)
    yield Fact(_("services"), f"{health.services:,}")
    yield Fact(_("rate"), _("{rate:.1f} checks/s, {count} under way").format(
        rate=health.checks_per_second, count=health.in_flight
    ))  # fmt: skip
    lag_colour = "foreground" if health.lag_ms < LATE_LOOP_MS else "degraded"
    yield Fact(_("loop lag"), formatting.latency(health.lag_ms), lag_colour)
    lagged = ngettext("{count} result met a lag", "{count} results met a lag", health.lagged)
    yield Fact(
        _("lagged"), lagged.format(count=f"{health.lagged:,}"), "foreground" if health.lagged else "quiet"
    )
    yield Fact(_("started late"), formatting.latency(health.late_ms))
    missed = ngettext("{count} service missed its time", "{count} services missed their time", health.missed)
    yield Fact(
        _("missed"), missed.format(count=f"{health.missed:,}"), "degraded" if health.missed else "quiet"
    )
    waiting = ngettext("{count} result waits", "{count} results wait", health.waiting)
    yield Fact(_("to store"), waiting.format(count=f"{health.waiting:,}"))
    unsent = health.messages_waiting, health.messages_failed
    yield Fact(_("to tell"), outbox_text(*unsent), "down" if unsent[1] else "foreground")
    yield from _outside(health)
    if not watch.agent_runs:
        text = _("▲ none runs: checks stop when the last console closes (ronda agent starts one)")
        if leader.ends_with:
            text = _(
                "▲ ends with its console: checks stop with the last one (ronda agent starts one that stays)"
            )
        yield Fact(_("agent"), text, "degraded")


def _outside(health: RoundHealth) -> Iterator[Fact]:
    """Give how the line is watched, and whether somebody outside would notice the end of Ronda."""
    if health.blind_since is not None:
        since = formatting.local_time(health.blind_since, seconds=True)
        yield Fact(_("uplink"), _("◌ blind since {time}: no reference answers").format(time=since), "blind")
    elif health.references is None:
        yield Fact(_("uplink"), _("not guarded: set RONDA_REFERENCES"), "quiet")
    else:
        text = ngettext("guarded by {count} reference", "guarded by {count} references", health.references)
        yield Fact(_("uplink"), text.format(count=health.references))
    if not health.pings:
        yield Fact(_("dead man"), _("not pinged: set RONDA_DEADMAN_URL"), "quiet")
    elif health.pinged_at is None:
        yield Fact(_("dead man"), _("not pinged yet"))
    else:
        at = formatting.local_time(health.pinged_at, seconds=True)
        text = _("pinged at {time}") if health.ping_answered else _("▲ the ping at {time} was not taken")
        yield Fact(_("dead man"), text.format(time=at), "foreground" if health.ping_answered else "degraded")


def _change_row(number: int, entry: AuditEntry) -> TableRow:
    fields = ", ".join(entry.after or {}) if entry.action == "edit" else ""
    subject = f"{SUBJECT_WORDS.get(entry.subject, entry.subject)} {safe(entry.subject_name)}"
    return TableRow(
        number,
        (
            ((formatting.local_date_time(entry.at), "quiet"),),
            ((f"{safe(entry.operator)}@{safe(entry.host)}", "foreground"),),
            ((ACTION_WORDS.get(entry.action, entry.action), "foreground"),),
            ((subject, "foreground"),),
            ((fields, "quiet"),),
        ),
    )


def _process_row(worker: WorkerReport, watch: Watch, now: datetime) -> TableRow:
    if worker.leading:
        part, colour = _("● leads"), "up"
    elif worker.can_lead:
        part, colour = _("stands by"), "foreground"
    else:
        part, colour = _("watches"), "quiet"
    me = ""
    if watch.is_ours(worker):
        me = " " + (_("(this one)") if worker.id == watch.own_id else _("(for this console)"))
    return TableRow(
        zlib.crc32(worker.id.encode()),
        (
            ((WORKER_WORDS[worker.kind], "foreground"),),
            ((f"{safe(worker.operator)}@{safe(worker.host)}", "foreground"), (me, "quiet")),
            ((str(worker.pid), "quiet"),),
            ((formatting.duration((now - worker.started_at).total_seconds()), "quiet"),),
            ((part, colour),),
            ((formatting.age((now - worker.seen_at).total_seconds()), "quiet"),),
        ),
    )
