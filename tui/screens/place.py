"""The frame of every place: top bar, notice, what the place shows, key hints."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import getters
from textual.app import ComposeResult
from textual.dom import DOMNode
from textual.screen import Screen

from tui.actions import ACTIONS, Action, Group, Place
from tui.bridge import BoardChanged
from tui.watch import Watch
from tui.widgets.footer import KeyHints
from tui.widgets.header import NoticeBar, TopBar

if TYPE_CHECKING:
    from tui.app import RondaApp

_ROLES = {
    action.call.partition("(")[0].removeprefix("app."): action.role
    for action in ACTIONS
    if action.group is not Group.FORM
}
"""What an operator must be for each action of a place; forms have actions of the same names."""


class PlaceScreen(Screen[None]):
    """A place names itself in ``PLACE``, takes ``bindings_for(PLACE)`` and composes its ``body``.

    What changes is told to ``board_changed`` and ``watch_changed``; a place under another screen hears
    it too, and draws nothing costly then.
    """

    PLACE: ClassVar[Place]

    top_bar = getters.query_one(TopBar)
    notice_bar = getters.query_one(NoticeBar)
    key_hints = getters.query_one(KeyHints)

    @property
    def ronda(self) -> RondaApp:
        """The application, by its own type."""
        return cast("RondaApp", self.app)

    @property
    def on_top(self) -> bool:
        """Whether the place can be seen, with nothing over it."""
        return self.app.screen is self

    def compose(self) -> ComposeResult:
        """Put the frame around the body."""
        yield TopBar(self.PLACE, self.ronda.clock)
        yield NoticeBar()
        yield from self.body()
        yield KeyHints(self.PLACE)

    def body(self) -> ComposeResult:
        """Give what the place shows."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Follow the board and the watch from now on."""
        bridge = self.ronda.bridge
        bridge.board_changed.subscribe(self, self.board_changed)
        bridge.watch_changed.subscribe(self, self.watch_changed)
        self.set_interval(1.0, self._tick)
        self.watch_changed(bridge.watch)

    def on_screen_resume(self) -> None:
        """Show what has changed while another screen was on top."""
        self.watch_changed(self.ronda.bridge.watch)
        self.board_changed(BoardChanged(inventory=True))

    def board_changed(self, change: BoardChanged) -> None:
        """Take note that something on the board has changed."""

    def watch_changed(self, watch: Watch) -> None:
        """Show who watches."""
        if self.is_mounted:
            self.top_bar.show(watch, self.ronda.operator)
            self.notice_bar.show(watch.notice(len(self.ronda.board.entries)))

    def ticked(self) -> None:
        """Draw again what grows older; called every second while the place is on top."""

    def _tick(self) -> None:
        if self.on_top:
            self.top_bar.redraw()
            self.ticked()

    def target_of(self, action: Action) -> DOMNode:
        """Give what an action is for: the place, unless it moves within a list."""
        return self

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what the operator's role does not allow."""
        role = _ROLES.get(action)
        operator = self.ronda.operator
        return role is None or operator is None or operator.may(role)
