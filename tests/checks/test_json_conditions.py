"""Conditions on JSON answers: one path to one value, one comparison, one meaning."""

from __future__ import annotations

import json
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.checks.json_conditions import (
    OPERATORS,
    Condition,
    ConditionError,
    condition_faults,
    json_complaint,
    parse_condition,
)
from core.checks.json_values import JsonValue
from core.domain.faults import Fault
from core.domain.text import has_control_characters
from core.wording import fault_text

ANSWER = json.dumps(
    {
        "status": "failing",
        "ok": True,
        "nothing": None,
        "queue": {"depth": 100, "rate": 0.5},
        "items": [{"name": "first"}, {"name": "last"}],
        "tags": ["a", "b"],
        "a == b": 1,
        "it's": 2,
        "0": "zero",
    }
)
PYTHON = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def complaint(*lines: str, answer: str = ANSWER) -> str | None:
    return json_complaint(answer, map(parse_condition, lines))


@pytest.mark.parametrize(
    ("line", "condition"),
    [
        ("$.a", Condition("$.a", ("a",))),
        ("$", Condition("$", ())),
        ("  $.a  ==  1  ", Condition("$.a", ("a",), "==", 1, "1")),
        ("$.a<=-1", Condition("$.a", ("a",), "<=", -1, "-1")),
        ("$[0][-1].b>2", Condition("$[0][-1].b", (0, -1, "b"), ">", 2, "2")),
        ('$.a == "b == c"', Condition("$.a", ("a",), "==", "b == c", '"b == c"')),
        ('$["a == b"] != 1', Condition('$["a == b"]', ("a == b",), "!=", 1, "1")),
        ("$['a\\'] == b'] == 1", Condition("$['a\\'] == b']", ("a'] == b",), "==", 1, "1")),
        ("$.a == [1, {}]", Condition("$.a", ("a",), "==", [1, {}], "[1, {}]")),
        ('$.a >= "é"', Condition("$.a", ("a",), ">=", "é", '"é"')),
    ],
)
def test_a_line_is_a_path_and_perhaps_a_comparison(line: str, condition: Condition) -> None:
    assert parse_condition(line) == condition


def test_a_line_is_read_once() -> None:
    assert parse_condition("$.once == 1") is parse_condition("$.once == 1")


@pytest.mark.parametrize(
    "line",
    [
        "$",
        "$.status",
        "$.nothing",
        "$.nothing == null",
        '$.status == "failing"',
        '$.status != "ok"',
        '$.status < "g"',
        "$.ok == true",
        "$.ok != 1",
        "$.queue.depth == 100.0",
        "$.queue.depth != 99",
        "$.queue.depth <= 100",
        "$.queue.depth > 99.5",
        "$.queue.rate >= 0.5",
        '$.queue.depth != "100"',
        '$.items[0].name == "first"',
        '$.items[-1].name == "last"',
        '$.tags == ["a", "b"]',
        "$.tags != []",
        '$.queue == {"rate": 5e-1, "depth": 100}',
        '$["a == b"] == 1',
        "$['it\\'s'] == 2",
        '$["0"] == "zero"',
    ],
)
def test_a_condition_that_holds_is_nothing_to_complain_of(line: str) -> None:
    assert complaint(line) is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('$.status == "ok"', '$.status is "failing", expected == "ok"'),
        ('$.status != "failing"', '$.status is "failing", expected != "failing"'),
        ("$.ok == 1", "$.ok is true, expected == 1"),
        ("$.ok < 2", "$.ok is true, expected < 2"),
        ("$.queue.depth < 100", "$.queue.depth is 100, expected < 100"),
        ('$.queue.depth < "200"', '$.queue.depth is 100, expected < "200"'),
        ("$.nothing != null", "$.nothing is null, expected != null"),
        ("$.nothing >= 0", "$.nothing is null, expected >= 0"),
        ('$.tags == ["b", "a"]', '$.tags is ["a", "b"], expected == ["b", "a"]'),
        ("$.version", "$.version is missing"),
        ("$.version != 1", "$.version is missing"),
        ("$.version == null", "$.version is missing"),
        ("$.items[2]", "$.items[2] is missing"),
        ("$.items[-3]", "$.items[-3] is missing"),
        ("$.items.name", "$.items.name is missing"),
        ("$.status[0]", "$.status[0] is missing"),
        ("$.status.length", "$.status.length is missing"),
        ("$[0]", "$[0] is missing"),
        ("$.ok.a.b.c", "$.ok.a.b.c is missing"),
        ('$["\u202e"]', '$["\ufffd"] is missing'),
        ('$.ok == "\u202e"', '$.ok is true, expected == "\ufffd"'),
    ],
)
def test_a_condition_that_is_broken_says_what_was_there(line: str, words: str) -> None:
    assert complaint(line) == words


@pytest.mark.parametrize("answer", ['"5"', '"$"', '"{\\"a\\": 1}"'])
def test_a_text_is_not_decoded_a_second_time(answer: str) -> None:
    assert complaint(f"$ == {answer}", answer=answer) is None
    assert complaint("$.a", answer=answer) == "$.a is missing"


def test_the_first_condition_that_is_broken_is_named() -> None:
    assert complaint("$.ok", "$.one", "$.two") == "$.one is missing"
    assert complaint() is None


def test_an_answer_that_is_not_json_breaks_every_condition() -> None:
    assert complaint("$", answer="<html>") == "the answer is not JSON: line 1, column 1"


def test_secrets_are_hidden_before_a_value_is_shortened() -> None:
    secret = "s3cret" * 20
    words = json_complaint(
        json.dumps(f"got {secret}"), [parse_condition("$ == 1")], lambda text: text.replace(secret, "***")
    )
    assert words == '$ is "got ***", expected == 1'


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("status == 1", "condition_path"),
        ("", "condition_path"),
        ("== 1", "condition_path"),
        ("$.", "condition_path"),
        ("$.a b", "condition_path"),
        ('$.a "ok"', "condition_path"),
        ("$.a[", "condition_path"),
        ("$.a[0 == 1", "condition_path"),
        ('$["a == 1', "condition_path"),
        ("$[1e3]", "condition_path"),
        ("$[01]", "condition_path"),
        ("$[99999999999999999999]", "condition_path"),
        ("$[?" + "(" * 5_000, "condition_path"),
        ("$.a | $.b", "condition_path"),
        ("$.a ^ 1", "condition_path"),
        ("$.* == 1", "condition_several"),
        ("$..a == 1", "condition_several"),
        ("$[*]", "condition_several"),
        ("$[0, 1] == 1", "condition_several"),
        ("$[0:1] == 1", "condition_several"),
        ("$.a[?@.b == 1].c == 2", "condition_several"),
        ("$[?match(@.a, 'b')] == 2", "condition_several"),
        ("$.a = 1", "condition_operator"),
        ("$.a === 1", "condition_operator"),
        ("$.a =~ 1", "condition_operator"),
        ("$.a <> 1", "condition_operator"),
        ("$.a ! 1", "condition_operator"),
        ("$.a ==", "condition_value_missing"),
        ("$.a == ok", "condition_value"),
        ("$.a == 'ok'", "condition_value"),
        ('$.a == "ok', "condition_value"),
        ("$.a == NaN", "condition_value"),
        ("$.a == True", "condition_value"),
        ("$.a == 1 == 1", "condition_value"),
        ("$.a == $.b", "condition_value"),
        ("$.a == " + "[" * 100_000, "condition_value"),
        ("$.a < true", "condition_order"),
        ("$.a >= null", "condition_order"),
        ("$.a > [1]", "condition_order"),
        ("$.a <= {}", "condition_order"),
    ],
    ids=lambda text: text[:30],
)
def test_a_line_that_is_no_condition_is_a_fault(line: str, code: str) -> None:
    with pytest.raises(ConditionError):
        parse_condition(line)
    (fault,) = condition_faults("json_conditions", ["$.fine", line])
    assert (fault.field, fault.code) == ("json_conditions", code)
    assert len(fault_text(fault)) < 250


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("$.a = 1", "= in $.a = 1 compares nothing. Use one of == != < <= > >=."),
        ("$.a < true", "< in $.a < true compares numbers and texts only. Use == or !=."),
        ("$.* == 1", "The path of $.* == 1 may lead to several values. Lead to one, like $.items[0]."),
        (
            "$.a == 'b'",
            "'b' in $.a == 'b' is not JSON. Write a number, true, false, null or a text in double quotes.",
        ),
        ("$.a ==", "$.a == breaks off. Write what to compare with at its end."),
    ],
)
def test_a_fault_names_its_line(line: str, sentence: str) -> None:
    (fault,) = condition_faults("json_conditions", [line])
    assert fault_text(fault) == sentence


def test_every_line_has_its_fault() -> None:
    faults = list(condition_faults("json_conditions", ["a", "$.a", "$.b ="]))
    assert [fault.parameters["line"] for fault in faults] == ["a", "$.b ="]
    assert faults[0] == Fault("json_conditions", "condition_path", {"line": "a"})


@given(st.text() | st.text("$.[]()?@*:,'\"\\=!<>~ab01-e|&^#_\ud800\x00 ", max_size=40).map("${}".format))
def test_any_line_is_a_condition_or_refused_in_printable_words(line: str) -> None:
    faults = list(condition_faults("json_conditions", [line]))
    assert not any(has_control_characters(fault_text(fault)) for fault in faults)
    if not faults:
        words = json_complaint('{"a": [{"b": 1}], "b": "x"}', [parse_condition(line)])
        assert words is None or not has_control_characters(words)


@given(st.text(), st.sampled_from(["$", "$.a", "$ == 1", '$ > "a"', "$[0] != null"]))
def test_any_answer_is_judged(text: str, line: str) -> None:
    words = json_complaint(text, [parse_condition(line)])
    assert words is None or not has_control_characters(words)


numbers = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)


@given(numbers, st.sampled_from(OPERATORS), numbers)
def test_numbers_are_compared_as_python_compares_them(left: float, sign: str, right: float) -> None:
    words = complaint(f"$.n {sign} {json.dumps(right)}", answer=json.dumps({"n": left}))
    assert (words is None) is PYTHON[sign](left, right)


@given(st.text(), st.sampled_from(OPERATORS), st.text())
def test_texts_are_compared_as_python_compares_them(left: str, sign: str, right: str) -> None:
    words = complaint(f"$[0] {sign} {json.dumps(right)}", answer=json.dumps([left]))
    assert (words is None) is PYTHON[sign](left, right)


names = st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs"]), max_size=8)
steps = st.lists(st.integers(0, 2) | names, max_size=5)


@given(steps, st.integers())
def test_a_path_finds_what_was_put_there(way: list[int | str], innermost: int) -> None:
    document: JsonValue = innermost
    for step in reversed(way):
        document = {step: document} if isinstance(step, str) else [None] * step + [document]
    path = "$" + "".join(f"[{json.dumps(step)}]" for step in way)
    assert complaint(f"{path} == {innermost}", answer=json.dumps(document)) is None
    assert complaint(f"{path} == {innermost + 1}", answer=json.dumps(document)) is not None
