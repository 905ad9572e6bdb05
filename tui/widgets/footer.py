"""The last line of every place: the keys that matter here."""

from __future__ import annotations

from rich.cells import cell_len
from textual.strip import Strip

from tui.actions import Action, Place, hints_for
from tui.widgets.lines import Lines


class KeyHints(Lines):
    """As many hints of the table of actions as fit; what cannot be done now is left out."""

    DEFAULT_CSS = "KeyHints { height: 1; dock: bottom; }"

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place

    def draw(self, width: int, height: int) -> list[Strip]:
        """Draw the hints in their order; where room is short the last ones go, help never."""
        palette = self.palette
        line = self.line(palette.band).add(" ")
        gap = "   " if width >= 110 else "  "
        shown = self._that_fit(width - 1, len(gap))
        for action in shown:
            line.add(action.told_keys, palette.key, bold=True).add(f" {action.label}{gap}", palette.quiet)
        return [line.strip(width)]

    def _that_fit(self, room: int, gap: int) -> list[Action]:
        hints = [action for action in hints_for(self.place) if self._can(action)]
        kept = [action for action in hints if action.id == "help"]
        room -= sum(_cells(action, gap) for action in kept)
        for action in hints:
            if action in kept:
                continue
            room -= _cells(action, gap)
            if room < -gap:
                break
            kept.append(action)
        return sorted(kept, key=lambda action: action.hint)

    def _can(self, action: Action) -> bool:
        name = action.call.partition("(")[0].removeprefix("app.")
        return self.screen.check_action(name, ()) is not False


def _cells(action: Action, gap: int) -> int:
    return cell_len(action.told_keys) + 1 + cell_len(action.label) + gap
