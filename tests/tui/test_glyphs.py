from __future__ import annotations

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color

from core.domain.observations import Status
from tui.glyphs import BARS, SOFT_GLYPH, STATUS_GLYPHS, AsciiFilter, ascii_text, needs_ascii


def test_every_status_has_a_sign_of_its_own_also_in_ascii() -> None:
    assert set(STATUS_GLYPHS) == set(Status)
    signs = [*STATUS_GLYPHS.values(), SOFT_GLYPH]
    assert len(set(signs)) == len(signs)
    plain = [ascii_text(sign) for sign in signs]
    assert len(set(plain)) == len(plain)


@pytest.mark.parametrize("sign", [*STATUS_GLYPHS.values(), SOFT_GLYPH, *BARS])
def test_signs_take_one_cell(sign: str) -> None:
    assert cell_len(sign) == 1


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("● up", "o up"),
        ("╭─ services ─╮", "+- services -+"),
        ("café", "cafe"),
        ("東京", "????"),
        ("▂▂▃█", "__-#"),
        ("⣿⡀ ", "#. "),
        ("a → b …", "a > b ."),
    ],
)
def test_ascii_takes_the_same_cells(text: str, plain: str) -> None:
    assert ascii_text(text) == plain
    assert cell_len(plain) == cell_len(text)


def test_the_filter_changes_texts_and_nothing_else() -> None:
    segments = [Segment("plain"), Segment("✗ down", None), Segment("\x1b[1A", None, [])]
    shown = AsciiFilter().apply(segments, Color.parse("black"))
    assert [segment.text for segment in shown] == ["plain", "X down", "\x1b[1A"]
    assert shown[0] is segments[0]


@pytest.mark.parametrize(
    ("encoding", "term", "needed"),
    [
        ("utf-8", "xterm-256color", False),
        ("UTF8", "tmux-256color", False),
        ("utf_8", "screen", False),
        ("iso-8859-1", "xterm", True),
        ("ascii", "xterm", True),
        (None, "xterm", True),
        ("utf-8", "linux", True),
    ],
)
def test_terminals_that_cannot_show_more_get_ascii(encoding: str | None, term: str, needed: bool) -> None:
    assert needs_ascii(encoding, {"TERM": term}) is needed
