"""JSON from outside is decoded, compared and shown within bounds."""

from __future__ import annotations

import json
import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.checks.json_values import SHOWN_LIMIT, JsonValue, NotJson, decode, ordered, same, shown
from core.domain.text import has_control_characters

DEPTH = 100_000
numbers = st.integers() | st.floats(allow_nan=False)
values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def nested(depth: int, innermost: JsonValue) -> JsonValue:
    value = innermost
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1, "a": 2}', {"a": 2}),
        ("\ufeff[1]", [1]),
        (" \r\n\t5 ", 5),
        ('"\\ud800"', "\ud800"),
        ("1e999", math.inf),
        ("-0", 0),
    ],
)
def test_json_is_decoded(text: str, value: JsonValue) -> None:
    assert decode(text) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the answer is empty, not JSON"),
        (" \n", "the answer is empty, not JSON"),
        ("<html>", "the answer is not JSON: line 1, column 1"),
        ('{\n "a": tru\n}', "the answer is not JSON: line 2, column 7"),
        ("{} {}", "the answer is not JSON: line 1, column 4"),
        ("{'a': 1}", "the answer is not JSON: line 1, column 2"),
        ('"a\nb"', "the answer is not JSON: line 1, column 3"),
        ("[NaN]", "the answer is not JSON: it holds NaN"),
        ("[-Infinity]", "the answer is not JSON: it holds -Infinity"),
        ("[" * DEPTH, "the answer is JSON, but nested too deeply"),
        ('{"a":' * DEPTH, "the answer is JSON, but nested too deeply"),
        ("[" * DEPTH + "]" * DEPTH, "the answer is JSON, but nested too deeply"),
        ("9" * (sys.get_int_max_str_digits() + 1), "the answer holds a number of too many digits"),
    ],
    ids=range(13),
)
def test_what_is_no_usable_json_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(NotJson) as refused:
        decode(text)
    assert str(refused.value) == words


@given(st.text() | st.text('[]{},:"\\truefalsn0123456789.eE+-\ufeff \n'))
def test_any_text_is_json_or_refused(text: str) -> None:
    try:
        words = shown(decode(text), str)
    except NotJson as refused:
        words = str(refused)
    assert not has_control_characters(words)
    assert len(words) <= SHOWN_LIMIT


@pytest.mark.parametrize(
    ("left", "right", "are_same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (None, False, False),
        ("1", 1, False),
        ([1, [2]], [1, [2.0]], True),
        ([1, [True]], [1, [1]], False),
        ([1, 2], [2, 1], False),
        ([1], [1, 2], False),
        ({"a": 1, "b": [None]}, {"b": [None], "a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {"b": 1}, False),
        ({"a": 1}, {"a": 1, "b": 1}, False),
        ({}, [], False),
        ([], "", False),
    ],
)
def test_values_are_the_same_as_json_has_it(left: JsonValue, right: JsonValue, are_same: bool) -> None:
    assert same(left, right) is same(right, left) is are_same


def test_values_of_any_depth_are_compared() -> None:
    assert same(nested(DEPTH, 1), nested(DEPTH, 1))
    assert not same(nested(DEPTH, 1), nested(DEPTH, True))


@given(values, values)
def test_sameness_is_that_of_the_text_where_numbers_are_written_alike(
    left: JsonValue, right: JsonValue
) -> None:
    assert same(left, left)
    if same(left, right):
        assert left == right
    if json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True):
        assert same(left, right)


@given(numbers, numbers)
def test_numbers_are_compared_as_python_compares_them(left: float, right: float) -> None:
    assert same(left, right) is (left == right)
    assert ordered(left, right) == (left > right) - (left < right)


@pytest.mark.parametrize(
    ("left", "right", "order"),
    [
        ("a", "b", -1),
        ("b", "a", 1),
        ("a", "a", 0),
        ("", "a", -1),
        ("Z", "a", -1),
        ("10", "9", -1),
        (1, "2", None),
        (True, 2, None),
        (0, False, None),
        (None, None, None),
        ([1], [2], None),
        ({}, {}, None),
    ],
)
def test_only_two_numbers_or_two_texts_have_an_order(
    left: JsonValue, right: JsonValue, order: int | None
) -> None:
    assert ordered(left, right) == order


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        ('a"b', '"a\\"b"'),
        ("日本", '"日本"'),
        ("\x1b[31m\u202e", '"\\u001b[31m\ufffd"'),
        ([1, [], {"a": {}}], '[1, [], {"a": {}}]'),
        ({"a": "b", "c": [None]}, '{"a": "b", "c": [null]}'),
        ("x" * 58, '"' + "x" * 58 + '"'),
        ("x" * 59, '"' + "x" * 58 + "…"),
        (10**300, "1" + "0" * 58 + "…"),
        (nested(DEPTH, 1), '[{"a": ' * 8 + '[{"…'),
    ],
    ids=range(12),
)
def test_a_value_is_shown_short_and_printable(value: JsonValue, text: str) -> None:
    assert shown(value, str) == text


def test_the_texts_of_a_value_are_masked_before_they_are_written_and_shortened() -> None:
    secret = 's3"cret' * 20

    def masked(text: str) -> str:
        return text.replace(secret, "***")

    assert shown(f"got {secret}", masked) == '"got ***"'
    assert shown([{secret: secret}], masked) == '[{"***": "***"}]'


def test_secrets_are_looked_for_in_the_beginning_of_a_text_only() -> None:
    lengths: list[int] = []

    def masked(text: str) -> str:
        lengths.append(len(text))
        return text

    shown("s" * 1_000_000, masked)
    assert max(lengths) < 100_000
