"""Patterns are RE2's: what they lack is said, and no text makes a search run away."""

from __future__ import annotations

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.checks.patterns import (
    MOST_INSTRUCTIONS,
    PATTERN_LIMIT,
    STEPS_AT_ONCE,
    Pattern,
    PatternError,
    compile_pattern,
    found,
    pattern_faults,
)
from core.domain.faults import Fault
from core.domain.text import has_control_characters
from core.wording import fault_text

MEBIBYTE = 1024 * 1024
CATASTROPHIC = [r"(a+)+$", r"(a|aa)+$", r"(a*)*b", r"(.*a){12}b", r"(x+x+)+y"]
"""Patterns that take a backtracking engine longer than the world has stood."""


@pytest.mark.parametrize(
    ("pattern", "text", "is_found"),
    [
        ("ok", "all is ok", True),
        ("^ok", "all is ok", False),
        ("ok$", "all is ok", True),
        ("(?i)OK", "all is ok", True),
        ("a.c", "a\nc", False),
        ("(?s)a.c", "a\nc", True),
        ("^b$", "a\nb\nc", False),
        ("(?m)^b$", "a\nb\nc", True),
        (r"\d{3}", "a 404 b", True),
        (r"^.{3}$", "日本語", True),
        (r"^\p{Greek}+$", "λόγος", True),
        ("(?P<word>a)(b)", "ab", True),
        ("", "", True),
        ("a\x00b", "a\x00b", True),
        (r"a\x00b", "xa\x00bx", True),
        ("^a.b$", "a\ud800b", True),
    ],
)
async def test_a_pattern_is_searched_anywhere_in_the_text(pattern: str, text: str, is_found: bool) -> None:
    assert await found(compile_pattern(pattern), text) is is_found


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(?=a)", "RE2 has no lookahead such as (?="),
        ("(?!a)", "RE2 has no lookahead such as (?!"),
        ("(?<=a)b", "RE2 has no lookbehind such as (?<="),
        ("(?<!a)b", "RE2 has no lookbehind such as (?<!"),
        (r"(a)\1", r"RE2 has no back references such as \1"),
        (r"(?P<n>a)\k<n>", r"RE2 has no back references such as \k"),
        ("(?P<n>a)(?P=n)", "RE2 has no back references such as (?P"),
        (r"a\Z", r"RE2 has no \Z; write \z for the end of the text"),
        ("(?>a)", "RE2 has no (?>"),
        (r"\u00e9", r"RE2 has no \u"),
        ("(a", "a ( is not closed"),
        ("a)", "a ) closes nothing"),
        ("[a", "a [ is not closed"),
        ("[z-a]", "z-a is not a set of characters"),
        ("[[:colour:]]", "[:colour:] is not a set of characters"),
        ("*a", "* has nothing before it to repeat"),
        ("a++", "a repetition cannot be repeated by ++"),
        ("a{3,2}", "{3,2} does not count upwards, or above 1000 in all"),
        ("a{1001}", "{1001} does not count upwards, or above 1000 in all"),
        ("(?P<a b>c)", "the name of a group is not one: (?P<a b>"),
        ("[\u202e-a]", "\ufffd-a is not a set of characters"),
        (f"(?P<{'a b' * 9}>c)", "the name of a group is not one: (?P<a ba ba ba ba b…"),
        ("a\\", "the \\ at its end escapes nothing"),
        ("a\ud800", "it holds characters that cannot be encoded"),
        (".{1000}", "it is too complex; let it repeat less, or less often"),
        (r"\p{L}" * 700, "it is too complex; let it repeat less, or less often"),
    ],
    ids=lambda text: text[:30],
)
def test_a_pattern_that_cannot_be_taken_is_refused_in_words(pattern: str, reason: str) -> None:
    with pytest.raises(PatternError) as refused:
        compile_pattern(pattern)
    assert refused.value.reason == reason
    (fault,) = pattern_faults("matches", pattern)
    assert fault == Fault("matches", "pattern_form", {"reason": reason})
    assert fault_text(fault) == f"This is not a regular expression of RE2: {reason}."


def test_a_pattern_without_fault_has_none() -> None:
    assert list(pattern_faults("matches", "^ok$")) == []


def test_a_pattern_has_a_longest_length() -> None:
    assert list(pattern_faults("matches", "(" * (PATTERN_LIMIT + 1))) == [
        Fault("matches", "too_long", {"limit": PATTERN_LIMIT})
    ]


def test_a_pattern_is_compiled_once() -> None:
    assert compile_pattern("once upon") is compile_pattern("once upon")


@given(st.text() | st.text("()[]{}\\?*+|^$-,<>=!:Pk1aé\x00\ud800"))
def test_any_text_is_a_pattern_or_refused_in_printable_words(text: str) -> None:
    for fault in pattern_faults("matches", text):
        assert fault.code == "pattern_form"
        assert not has_control_characters(fault_text(fault))
        assert len(fault_text(fault)) < 200


@given(st.text() | st.text("a\x00\ud800\n"), st.sampled_from(["a", "^a*$", "(?s)^.*$", r"\x00", "[^a]", ""]))
async def test_any_text_can_be_searched(text: str, pattern: str) -> None:
    assert isinstance(await found(compile_pattern(pattern), text), bool)


@pytest.mark.parametrize("pattern", CATASTROPHIC)
async def test_no_pattern_backtracks(pattern: str) -> None:
    assert await found(compile_pattern(pattern), "a" * MEBIBYTE + "!") is False


def searching_threads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    threads: list[int] = []
    is_in = Pattern.is_in

    def seen(self: Pattern, text: str) -> bool:
        threads.append(threading.get_ident())
        return is_in(self, text)

    monkeypatch.setattr(Pattern, "is_in", seen)
    return threads


async def test_a_short_search_is_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = searching_threads(monkeypatch)
    pattern = compile_pattern("up")
    assert await found(pattern, "x" * (STEPS_AT_ONCE // pattern.instructions - 2) + "up")
    assert await found(compile_pattern(r"^\{.*\}$"), "{" + "x" * 16 * 1024 + "}")
    assert threads == [threading.get_ident()] * 2


@pytest.mark.parametrize(
    ("pattern", "size"), [("up", MEBIBYTE), ("a{900}", 2_000)], ids=["large text", "large pattern"]
)
async def test_a_long_search_leaves_the_thread_of_the_loop(
    pattern: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = searching_threads(monkeypatch)
    assert not await found(compile_pattern(pattern), "x" * size)
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_the_loop_has_turns_while_a_long_search_goes_on() -> None:
    # Which of the last 60 letters were an a: more states than there is memory for, so RE2 goes the slow way.
    pattern = compile_pattern("[ab]*a[ab]{60}c")
    assert pattern.instructions <= MOST_INSTRUCTIONS
    text = "".join("ab"[int(bit)] for number in range(3_000) for bit in f"{number * number:b}")
    search = asyncio.create_task(found(pattern, text * 4))
    turns = 0
    while not search.done():
        await asyncio.sleep(0)
        turns += 1
    assert search.result() is False
    assert turns > 20
