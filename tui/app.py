"""The console: places on one board, over a desk that is opened while the first frame is drawn."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from textual import work
from textual.notifications import SeverityLevel
from textual.widgets import Input
from textual.worker import Worker

from core.clock import Clock, SystemClock
from core.domain.channels import Tone
from core.domain.clients import Client
from core.domain.observations import Status
from core.domain.operators import Operator, Role
from core.domain.services import Service
from core.errors import RondaError, StorageError
from core.i18n import _
from core.operations.desk import Desk
from core.operations.handover import HandOver
from core.wording import error_text
from tui.actions import Place
from tui.board_model import BoardModel
from tui.bridge import Bridge
from tui.commands import ActionCommands
from tui.defects import tell_defect
from tui.formatting import safe
from tui.incident_words import message_lines
from tui.keyboard import KeysInOrder
from tui.log_tail import LogTail
from tui.look import RondaLook
from tui.output import FrameDropping, ending_in_order, is_remote
from tui.presence import Presence
from tui.reader import Reader
from tui.screens.alerts import AlertsScreen
from tui.screens.board import BoardScreen
from tui.screens.clients import ClientsScreen
from tui.screens.confirm import Confirm
from tui.screens.form import FormScreen
from tui.screens.handover import HandOverScreen
from tui.screens.help import HelpScreen
from tui.screens.incidents import IncidentsScreen
from tui.screens.place import PlaceScreen
from tui.screens.quit import leaving
from tui.screens.service import ServiceScreen
from tui.screens.system import SystemScreen
from tui.session import DeskSession, OpenDesk
from tui.stages import Stage
from tui.undo import Undo
from tui.window_title import WindowTitle

_SEVERITIES: dict[Tone, SeverityLevel] = {Tone.DOWN: "error", Tone.DEGRADED: "warning"}
"""How a message for every console is shown, by what it brings; others just inform."""
MESSAGE_SECONDS = 15.0
"""How long such a message is shown."""


class RondaApp(RondaLook, KeysInOrder, FrameDropping, WindowTitle):
    """The console of one operator.

    ``open_desk`` is entered while the first frame is drawn and left after the last one; ``about`` are
    labels and values for the System page; ``read`` makes what answers the questions of the screens.
    """

    TITLE = "ronda"
    CSS_PATH = Path(__file__).parent / "styles" / "ronda.tcss"
    MODES = {  # noqa: RUF012 - Textual declares it so
        Place.BOARD.value: BoardScreen,
        Place.INCIDENTS.value: IncidentsScreen,
        Place.CLIENTS.value: ClientsScreen,
        Place.ALERTS.value: AlertsScreen,
        Place.SYSTEM.value: SystemScreen,
    }
    DEFAULT_MODE = Place.BOARD.value
    COMMANDS = {ActionCommands}  # noqa: RUF012 - Textual declares it so
    COMMAND_PALETTE_BINDING = "ctrl+p"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012 - Textual declares it so
    VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-tall")]  # noqa: RUF012 - Textual declares it so

    def __init__(
        self,
        open_desk: OpenDesk,
        *,
        clock: Clock | None = None,
        theme: str | None = None,
        ascii_only: bool = False,
        about: Sequence[tuple[str, str]] = (),
        read: Callable[[Desk], Reader] = Reader,
    ) -> None:
        super().__init__(theme=theme, ascii_only=ascii_only)
        self.clock = clock or SystemClock()
        self.board = BoardModel()
        self.bridge = Bridge(self, self.board, self.clock)
        self.session = DeskSession(open_desk)
        self.stage = Stage.STARTING
        self.failure = ""
        """Why the database cannot be used."""
        self.parting_error: RondaError | None = None
        """What went wrong while everything was put away."""
        self.about = tuple(about)
        """Labels and values for the System page, such as folders."""
        self.log_tail = LogTail()
        self._end_log: Callable[[], None] = lambda: None
        self._read = read
        self._desk: Desk | None = None
        self._reader: Reader | None = None
        self._undo = Undo()
        self.presence = Presence(self.welcome_back)
        self._untold: HandOver | None = None
        """What changed since the operator left, while it has not been shown."""

    # The desk

    @property
    def desk(self) -> Desk:
        """What operations need; ``StorageError`` while the database is not open."""
        if self._desk is None:
            raise StorageError(_("The database is not open yet."))
        return self._desk

    @property
    def reader(self) -> Reader:
        """What answers the questions of screens; ``StorageError`` while the database is not open."""
        if self._reader is None:
            raise StorageError(_("The database is not open yet."))
        return self._reader

    @property
    def operator(self) -> Operator | None:
        """Who sits at this console; None until the desk is open."""
        return self._desk.operator if self._desk else None

    def on_mount(self) -> None:
        """Open the desk beside the first frame."""
        self._end_log = self.log_tail.attach()
        self.open_desk()
        self.call_after_refresh(_spare_the_collector)
        self.bridge.board_changed.subscribe(
            self, lambda _change: self.show_down(self.board.totals[Status.DOWN])
        )

    @work(exclusive=True, group="desk")
    async def open_desk(self) -> None:
        """Open the desk and follow it; a failure is told on the board."""
        self._enter(Stage.STARTING)
        try:
            desk = await self.session.open()
        except RondaError as error:
            self.failure = error_text(error)
            self._enter(Stage.FAILED)
            return
        self._desk = desk
        self._reader = self._read(desk)
        self._enter(Stage.LOADING)
        self.bridge.start(self._reader, desk.bus, self._board_loaded, self.show_message)
        if desk.operator.may(Role.OPERATOR):  # whoever may only look writes nothing, not even this
            self.run_worker(
                self.presence.keep(self._reader), name="presence", group="presence", exit_on_error=False
            )

    def _board_loaded(self) -> None:
        """Show the board, now that it has been read."""
        if self.stage is not Stage.READY:
            self._enter(Stage.READY)
            _spare_the_collector()

    def _enter(self, stage: Stage) -> None:
        self.stage = stage
        for screen in self.screen_stack:
            if isinstance(screen, BoardScreen):
                screen.show_stage()

    async def on_unmount(self) -> None:
        """Put everything away; then Textual waits for what the terminal still has to take."""
        signal.alarm(0)
        self.bridge.stop()
        if self.bridge.watch.offline_since is None:
            await self.presence.leave()
        self._end_log()
        try:
            await self.session.close()
        except RondaError as error:
            self.parting_error = error
        self.let_output_end()

    # Going places

    def action_place(self, place: str) -> None:
        """Go to a place of the top bar; whatever lies over it is closed."""
        if self.current_mode != place:
            self.switch_mode(place)
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def open_service(self, service_id: int) -> None:
        """Show the details of a service over the present place."""
        self.push_screen(ServiceScreen(service_id))

    @work(group="messages", exit_on_error=False)
    async def show_message(self, notification_id: int) -> None:
        """Ring the bell and show a message that was sent to every console."""
        self.bell()
        try:
            message = await self.reader.told(notification_id)
        except RondaError as error:
            text = _("There is a message that cannot be read: {reason}").format(reason=error_text(error))
            self.notify(safe(text), severity="error", markup=False)
            return
        if message is not None:
            severity = _SEVERITIES.get(message.tone, "information")
            listed = message_lines(message)
            title = safe(message.title) if len(listed) > 1 else ""
            text = "\n".join(map(safe, listed))
            self.notify(text, title=title, severity=severity, timeout=MESSAGE_SECONDS, markup=False)

    def welcome_back(self, shift: HandOver) -> None:
        """Show what changed since the operator left, unless they have begun to type by now."""
        if isinstance(self.screen, PlaceScreen) and not isinstance(self.screen.focused, Input):
            self.push_screen(HandOverScreen(shift.since, shift))
        else:
            self._untold = shift
            self.notify(_("Something has changed since you left: H tells what."), markup=False)

    def action_hand_over(self) -> None:
        """Show what happened in the last hours; at first what has changed since the operator left."""
        if isinstance(self.screen, PlaceScreen):
            shift, self._untold = self._untold, None
            self.push_screen(HandOverScreen(self.presence.left_at, shift))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Tell a defect."""
        tell_defect(self, event)

    def action_help(self) -> None:
        """Show the keys of the present place."""
        if isinstance(self.screen, PlaceScreen):
            self.push_screen(HelpScreen(self.screen.PLACE))

    def action_leave(self) -> None:
        """Leave; a selection is copied instead, and who is the last watcher is asked."""
        selected = self.screen.get_selected_text()
        if selected:
            self.copy_to_clipboard(selected)
            self.screen.clear_selection()
        elif self.bridge.watch.last_watcher and self.board.entries:
            self.push_screen(leaving(), lambda agreed: self.exit() if agreed else None)
        else:
            self.exit()

    async def action_quit(self) -> None:
        """Leave by Textual's own key: an open question is answered first, and a form asks as for Ctrl+C."""
        if isinstance(self.screen, Confirm):
            return
        form = next((screen for screen in self.screen_stack if isinstance(screen, FormScreen)), None)
        if form is not None:
            form.action_leave()
        else:
            self.action_leave()

    # Undo

    def deleted(self, subject: Client | Service) -> None:
        """Remember what was deleted, so that it can be brought back."""
        self._undo.remember(subject)
        text = _("{name} is deleted. Press u to bring it back.")
        self.notify(text.format(name=safe(subject.spec.name)), markup=False)

    @work(exclusive=True, group="undo")
    async def action_undo(self) -> None:
        """Bring back what was deleted last."""
        try:
            name = await self._undo.bring_back(self.desk)
        except RondaError as error:
            self.notify(safe(error_text(error)), severity="error", markup=False)
        else:
            self.notify(_("{name} is back.").format(name=safe(name)), markup=False)

    # Running

    async def run_in_terminal(self) -> None:
        """Run until the operator leaves or a signal ends it; raises what went wrong while parting."""
        self.suit_terminal(os.environ)
        with ending_in_order(self, asyncio.get_running_loop()):
            await self.run_async(mouse=not is_remote(os.environ))
        self.give_title_back()
        if self.parting_error is not None:
            raise self.parting_error


def _spare_the_collector() -> None:
    """Keep what lives as long as the console out of garbage collection, whose passes stall the loop."""
    gc.collect()
    gc.freeze()
