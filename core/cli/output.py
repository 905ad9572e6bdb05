"""What a command prints: data to stdout, as aligned text or as one JSON document; messages to stderr.

Nothing is written before the command has ended, so that a command that fails leaves stdout empty.
"""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from core.domain.observations import Status
from core.domain.text import has_control_characters
from core.wording import STATUS_WORDS

Document = Mapping[str, object]

_RESET = "\x1b[0m"
_COLOURS = {
    Status.UP: "\x1b[32m",
    Status.DEGRADED: "\x1b[33m",
    Status.DOWN: "\x1b[1;31m",
    Status.UNKNOWN: "\x1b[35m",
    Status.PAUSED: "\x1b[2m",
    Status.MAINTENANCE: "\x1b[34m",
    Status.BLIND: "\x1b[35m",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table."""

    text: str
    status: Status | None = None
    """Colours the text where colours are wanted."""
    right: bool = False


@dataclass(slots=True)
class Output:
    """Collects what a command says; ``flush`` writes it."""

    stdout: TextIO
    stderr: TextIO
    as_json: bool = False
    colour: bool = False
    _lines: list[str] = field(default_factory=list)

    def note(self, sentence: str) -> None:
        """Tell the person at the keyboard something, at once, beside the data."""
        print(f"ronda: {clean(sentence)}", file=self.stderr, flush=True)

    def data(self, document: Document, lines: Iterable[str]) -> None:
        """Print the document where JSON is wanted, else the lines."""
        if self.as_json:
            self._lines.append(json.dumps(document, indent=2))
        else:
            self._lines.extend(lines)

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> list[str]:
        """Lay rows out in columns under their heads; texts are stripped of control characters."""
        body = [[_cleaned(cell) for cell in row] for row in rows]
        sides = [cell.right for cell in body[0]] if body else [False] * len(heads)
        grid = [[Cell(head, right=right) for head, right in zip(heads, sides, strict=True)], *body]
        widths = [max(width(row[column].text) for row in grid) for column in range(len(heads))]
        lines = ["  ".join(map(self._cell, row, widths)) for row in grid]
        return [line.rstrip() for line in lines]

    def pairs(self, pairs: Iterable[tuple[str, str | Cell]]) -> list[str]:
        """Lay labels and texts out in two columns; further lines of a text stand under its first."""
        known = [(label, text if isinstance(text, Cell) else Cell(text)) for label, text in pairs]
        left = max((width(label) for label, _cell in known), default=0) + 2
        lines = []
        for label, cell in known:
            first, *others = [clean(line) for line in cell.text.splitlines()] or [""]
            lines.append((label + " " * (left - width(label)) + self._painted(first, cell.status)).rstrip())
            lines.extend((" " * left + line).rstrip() for line in others)
        return lines

    def word(self, status: Status) -> str:
        """Give the word of a status, coloured where colours are wanted."""
        return self._painted(STATUS_WORDS[status], status)

    def flush(self) -> None:
        """Write what was collected; ``BrokenPipeError`` if nobody reads it."""
        for line in self._lines:
            print(line, file=self.stdout)
        self._lines.clear()
        self.stdout.flush()

    def _cell(self, cell: Cell, wide: int) -> str:
        padding = " " * (wide - width(cell.text))
        text = self._painted(cell.text, cell.status)
        return padding + text if cell.right else text + padding

    def _painted(self, text: str, status: Status | None) -> str:
        if not self.colour or status is None:
            return text
        return f"{_COLOURS[status]}{text}{_RESET}"


def wants_colour(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether to colour: on a terminal that can, unless NO_COLOR is set (no-color.org)."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def clean(text: str) -> str:
    """Give the text without characters that steer a terminal or cannot be seen."""
    if text.isascii() and text.isprintable():
        return text
    return "".join("�" if char != "\n" and has_control_characters(char) else char for char in text)


def width(text: str) -> int:
    """Give the cells that a text takes on a terminal."""
    return sum(_cells(char) for char in text)


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _cleaned(cell: Cell) -> Cell:
    return Cell(clean(cell.text).replace("\n", " "), cell.status, cell.right)
