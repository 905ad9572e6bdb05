"""The command palette: everything that can be done in this place by name, and the themes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.types import IgnoreReturnCallbackType

from core.i18n import _
from tui.actions import PLACE_TITLES, Action, actions_of
from tui.screens.place import PlaceScreen

if TYPE_CHECKING:
    from tui.app import RondaApp

_OWN_THEMES = "ronda-"


class Command(NamedTuple):
    """One line of the palette."""

    title: str
    help: str
    run: IgnoreReturnCallbackType


class ActionCommands(Provider):
    """Offers the actions of the place that the palette was opened over, then the themes."""

    def _commands(self) -> Iterator[Command]:
        screen = self.screen
        if isinstance(screen, PlaceScreen):
            title = PLACE_TITLES[screen.PLACE]
            for action in actions_of(screen.PLACE):
                if action.palette and self._can(screen, action):
                    name = f"{title}: {action.label}" if not action.call.startswith("app.") else action.label
                    yield Command(
                        name,
                        f"{action.help or action.label}  ({action.told_keys})",
                        self._run(screen, action),
                    )
        app = cast("RondaApp", self.app)
        for theme in sorted(app.available_themes, key=lambda name: (not name.startswith(_OWN_THEMES), name)):
            yield Command(
                _("theme: {name}").format(name=theme), _("colours"), partial(setattr, app, "theme", theme)
            )

    def _can(self, screen: PlaceScreen, action: Action) -> bool:
        name = action.call.partition("(")[0].removeprefix("app.")
        return screen.check_action(name, ()) is not False

    def _run(self, screen: PlaceScreen, action: Action) -> IgnoreReturnCallbackType:
        return partial(self.app.run_action, action.call, screen.target_of(action))

    async def discover(self) -> Hits:
        """Offer everything, in the order of the table, before anything is typed."""
        for command in self._commands():
            yield DiscoveryHit(command.title, command.run, help=command.help)

    async def search(self, query: str) -> Hits:
        """Offer what the typed letters match."""
        matcher = self.matcher(query)
        for command in self._commands():
            score = matcher.match(command.title)
            if score > 0:
                yield Hit(score, matcher.highlight(command.title), command.run, help=command.help)
