"""A few centred lines where a list would be: starting, empty, nothing found, failed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.cells import cell_len
from textual.strip import Strip

from tui.widgets.lines import Line, Lines


@dataclass(frozen=True, slots=True)
class Words:
    """What a placard says."""

    title: str
    lines: tuple[str, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    """Keys to press, with what they do."""
    bad: bool = False
    """Whether something went wrong."""


class Placard(Lines):
    """Shows words in the middle of a pane."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.words: Words | None = None

    def show(self, words: Words | None) -> None:
        """Show these words; None hides the placard."""
        self.display = words is not None
        if words != self.words:
            self.words = words
            self.redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """Draw the words in the middle."""
        if self.words is None:
            return []
        lines = [line.strip(width) for line in self._lines(self.words, width)]
        above = max(0, (height - len(lines)) // 2 - 1)
        return [self.line().strip(width)] * above + lines

    def _lines(self, words: Words, width: int) -> Iterable[Line]:
        palette = self.palette
        colour = palette.down if words.bad else palette.strong
        for part in wrapped(words.title, width - 4):
            yield self._centred(part, colour, width, bold=True)
        yield self.line()
        for text in words.lines:
            for part in wrapped(text, width - 4):
                yield self._centred(part, palette.quiet, width)
        if words.keys:
            yield self.line()
        keys = max((cell_len(key) for key, _help in words.keys), default=0)
        block = max((keys + 2 + cell_len(help) for _key, help in words.keys), default=0)
        for key, help in words.keys:
            line = self.line().add(" " * max(0, (width - block) // 2))
            yield line.add(key.rjust(keys), palette.key, bold=True).add(f"  {help}")

    def _centred(self, text: str, colour: str, width: int, *, bold: bool = False) -> Line:
        return self.line().add(" " * max(0, (width - cell_len(text)) // 2)).add(text, colour, bold=bold)


def wrapped(text: str, width: int) -> list[str]:
    """Break a text at its spaces into lines of at most so many cells."""
    lines: list[str] = []
    for paragraph in text.splitlines() or [""]:
        lines.append("")
        for word in paragraph.split(" "):
            candidate = f"{lines[-1]} {word}" if lines[-1] else word
            if cell_len(candidate) <= width or not lines[-1]:
                lines[-1] = candidate
            else:
                lines.append(word)
    return lines
