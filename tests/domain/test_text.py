"""Texts from outside are made fit for a terminal."""

from __future__ import annotations

import pytest

import core.domain.text as text
from core.domain.text import printable


@pytest.mark.parametrize(
    ("given", "shown"),
    [("abcd", "abcd"), ("abcde", "abc…"), ("a\x1bcd", "a�cd"), ("abcd\x1b", "abc…"), ("", "")],
)
def test_a_text_is_shortened_and_steers_nothing(given: str, shown: str) -> None:
    assert printable(given, 4) == shown


def test_what_is_cut_off_is_not_even_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer may send a megabyte, and the event loop waits."""
    looked_at: list[str] = []
    judge = text.has_control_characters

    def counting(char: str) -> bool:
        looked_at.append(char)
        return judge(char)

    monkeypatch.setattr(text, "has_control_characters", counting)
    printable("\x1b" * 100_000, 60)
    assert len(looked_at) == 61
