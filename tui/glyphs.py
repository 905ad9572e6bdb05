"""The signs of Ronda, and their stand-ins where a terminal can show ASCII only.

No code point that some terminals draw as an emoji two cells wide (U+2714, U+2716, U+26A0, U+25B6).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from core.domain.observations import Status

STATUS_GLYPHS = {
    Status.UP: "●",
    Status.DEGRADED: "▲",
    Status.DOWN: "✗",
    Status.UNKNOWN: "?",
    Status.PAUSED: "‖",
    Status.MAINTENANCE: "◆",
    Status.BLIND: "◌",
}
"""The sign of each status; beside it always stands the word."""

SOFT_GLYPH = "◐"
"""A failure that is not confirmed yet."""

BARS = "▁▂▃▄▅▆▇█"
"""Heights of a bar in eighths of a cell."""

_STAND_INS = str.maketrans(
    {
        "●": "o", "▲": "!", "✗": "X", "‖": "-", "◆": "*", "◌": "b", "◐": "~", "▁": "_", "▂": "_", "▃": "-",
        "▄": "-", "▅": "=", "▆": "=", "▇": "#", "█": "#", "▀": "=", "▔": "-", "▮": "|", "▌": ">", "▐": "|",
        "▾": "v", "▸": ">", "·": ".", "•": "*", "…": ".", "—": "-", "–": "-", "→": ">", "←": "<", "↑": "^",
        "↓": "v", "⏎": "<", "×": "x", "≥": ">", "≤": "<", "┄": "-", "╌": "-", "┊": ":", "─": "-", "━": "=",
        "│": "|", "┃": "|", "║": "|", "═": "=", "“": '"', "”": '"', "‘": "'", "’": "'",
        **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯┏┓┗┛╔╗╚╝", "+"),
    }
)  # fmt: skip
_EIGHTHS = {chr(0x2580 + eighths): "_" if eighths < 4 else "#" for eighths in range(1, 9)}


def needs_ascii(encoding: str | None, environ: Mapping[str, str]) -> bool:
    """Whether the terminal cannot be trusted with more than ASCII.

    The encoding is that of standard error, to which Textual writes; TERM=linux has 256 glyphs only.
    """
    if environ.get("TERM") == "linux":
        return True
    return (encoding or "ascii").lower().replace("_", "-") not in {"utf-8", "utf8"}


@lru_cache(maxsize=8192)
def ascii_text(text: str) -> str:
    """Give the text in ASCII, taking exactly as many cells as before."""
    if text.isascii():
        return text
    return "".join(char if char.isascii() else _stand_in(char) for char in text.translate(_STAND_INS))


def _stand_in(char: str) -> str:
    if "\u2800" <= char <= "\u28ff":
        return " .:::###"[min(7, (ord(char) - 0x2800).bit_count())]
    if char in _EIGHTHS:
        return _EIGHTHS[char]
    plain = unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode()
    cells = cell_len(char)
    return plain if plain and len(plain) == cells else "?" * cells


class AsciiFilter(LineFilter):
    """Turns every line that is about to be shown into ASCII: ours, borders, and what people typed."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Give the line in ASCII; its cells and styles stay."""
        return [
            segment
            if segment.control or segment.text.isascii()
            else segment._replace(text=ascii_text(segment.text))
            for segment in segments
        ]
