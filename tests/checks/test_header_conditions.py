"""Headers of an answer are there, and hold what they should."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.checks.header_conditions import (
    HeaderCondition,
    HeaderConditionError,
    header_complaint,
    header_condition_faults,
    parse_header_condition,
)
from core.domain.faults import Fault
from core.domain.text import has_control_characters
from core.wording import fault_text

HEADERS = httpx.Headers(
    [
        (b"Content-Type", b"text/html; charset=utf-8"),
        (b"Via", b"1.1 one"),
        (b"via", b"1.1 two"),
        (b"X-Empty", b""),
        (b"X-Odd", b"\x9b31m\xff" + b"x" * 99),
    ]
)


def complaint(*lines: str) -> str | None:
    return header_complaint(HEADERS, map(parse_header_condition, lines))


@pytest.mark.parametrize(
    ("line", "name", "text"),
    [
        ("Content-Type: json", "Content-Type", "json"),
        ("X-Cache", "X-Cache", ""),
        ("X-Cache:", "X-Cache", ""),
        ("  X-Cache  :  HIT  ", "X-Cache", "HIT"),
        ("Location: http://a.test/b: c", "Location", "http://a.test/b: c"),
    ],
)
def test_a_line_is_a_name_and_perhaps_a_text(line: str, name: str, text: str) -> None:
    assert parse_header_condition(line) == HeaderCondition(name, text)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Content-Type: text/html", None),
        ("content-type: html", None),
        ("Content-Type", None),
        ("X-Empty", None),
        ("Via: one", None),
        ("Via: two", None),
        (
            "Content-Type: json",
            "the header Content-Type is “text/html; charset=utf-8”, expected “json” in it",
        ),
        (
            "Content-Type: HTML",
            "the header Content-Type is “text/html; charset=utf-8”, expected “HTML” in it",
        ),
        ("Via: three", "the header Via is “1.1 one, 1.1 two”, expected “three” in it"),
        ("Via: one, 1.1 two", "the header Via is “1.1 one, 1.1 two”, expected “one, 1.1 two” in it"),
        ("X-Empty: x", "the header X-Empty is “”, expected “x” in it"),
        ("X-Empty: \u202e", "the header X-Empty is “”, expected “\ufffd” in it"),
        ("X-Cache", "the header X-Cache is missing"),
        ("X-Cache: HIT", "the header X-Cache is missing"),
    ],
)
def test_headers_are_judged_by_name_and_text(line: str, words: str | None) -> None:
    assert complaint(line) == words


def test_the_first_condition_that_is_broken_is_named() -> None:
    assert complaint("Via", "X-One", "X-Two") == "the header X-One is missing"
    assert complaint() is None


def test_what_came_from_outside_is_shown_short_and_printable() -> None:
    assert complaint("X-Odd: y") == ("the header X-Odd is “\ufffd31mÿ" + "x" * 54 + "…”, expected “y” in it")


def test_secrets_are_hidden_before_a_value_is_shortened() -> None:
    secret = "s3cret" * 20
    headers = httpx.Headers({"X-Echo": f"got {secret}"})
    words = header_complaint(
        headers, [HeaderCondition("X-Echo", "x")], lambda text: text.replace(secret, "***")
    )
    assert words == "the header X-Echo is “got ***”, expected “x” in it"


@pytest.mark.parametrize("line", ["", ": x", "two words: x", "X Y", "Größe: x", "a\x1b[1mb: x", "x" * 101])
def test_a_line_that_names_no_header_is_a_fault(line: str) -> None:
    with pytest.raises(HeaderConditionError):
        parse_header_condition(line)
    (fault,) = header_condition_faults("expected_headers", [line, "Via"])
    assert (fault.field, fault.code) == ("expected_headers", "header_condition")
    assert not has_control_characters(fault_text(fault))


def test_a_fault_names_its_line() -> None:
    assert list(header_condition_faults("expected_headers", ["X Y", "Via", ": z"])) == [
        Fault("expected_headers", "header_condition", {"line": "X Y"}),
        Fault("expected_headers", "header_condition", {"line": ": z"}),
    ]


@given(st.text(), st.binary(), st.binary())
def test_any_line_is_a_condition_on_any_headers_or_refused(line: str, name: bytes, value: bytes) -> None:
    try:
        condition = parse_header_condition(line)
    except HeaderConditionError:
        return
    headers = httpx.Headers([(name, value), (condition.name.encode(), value)])
    words = header_complaint(headers, [condition])
    assert words is None or not has_control_characters(words)
