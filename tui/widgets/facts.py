"""Labels and values in two columns, wrapped: what there is to know of one thing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap

from rich.cells import cell_len
from textual.strip import Strip

from tui.formatting import fit_right, safe
from tui.widgets.lines import Line, Lines


@dataclass(frozen=True, slots=True)
class Fact:
    """One label with its value; the value may have several lines."""

    label: str
    value: str
    colour: str = "foreground"
    """The name of a colour as in ``Palette``."""


class Facts(Lines, can_focus=True):
    """Facts one below the other; it takes the focus so that keys can mean the thing itself."""

    DEFAULT_CSS = "Facts { height: auto; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.facts: tuple[Fact, ...] = ()

    def show(self, facts: tuple[Fact, ...]) -> None:
        """Show these facts."""
        if facts != self.facts:
            self.facts = facts
            self.redraw()
            self.refresh(layout=True)

    def draw(self, width: int, height: int) -> list[Strip]:
        """Draw every fact, as many lines as it takes."""
        labels = max((cell_len(fact.label) for fact in self.facts), default=0)
        return [line.strip(width) for fact in self.facts for line in self._lines(fact, labels, width)]

    def _lines(self, fact: Fact, labels: int, width: int) -> Iterator[Line]:
        label = fit_right(fact.label, labels)
        for text in _wrapped(fact.value, max(10, width - labels - 4)):
            line = self.line().add(f" {label}  ", self.palette.quiet)
            yield line.add(text, getattr(self.palette, fact.colour))
            label = " " * labels


def _wrapped(value: str, cells: int) -> list[str]:
    """Give the lines of a value, each short enough and with nothing that steers a terminal."""
    return [
        part
        for line in value.split("\n")
        for part in wrap(safe(line), cells, replace_whitespace=False, break_on_hyphens=False) or [""]
    ]
