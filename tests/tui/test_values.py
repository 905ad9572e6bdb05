"""Texts of fields and the values they mean."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.domain.kinds import Kind
from core.domain.secret import MASK, Secret
from core.domain.services import Header
from core.wording import FAULTS, fault_text
from tui.widgets import values

KEPT = (Header("Authorization", Secret("Bearer one")), Header("X-Key", Secret("two")))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("30", 30.0),
        (" 2.5 ", 2.5),
        ("2,5", 2.5),
        ("500ms", 0.5),
        ("5m", 300.0),
        ("1 h", 3600.0),
        ("1d", 86_400.0),
        ("-3", -3.0),
    ],
)
def test_seconds_are_read_with_or_without_a_unit(text: str, meant: float) -> None:
    assert values.seconds(text, None) == meant


@pytest.mark.parametrize("text", ["abc", "nan", "inf", "1e9", "1 day", "--3", "9" * 40, "٣"])
def test_what_is_no_number_of_seconds_says_so_with_the_text(text: str) -> None:
    with pytest.raises(values.Unreadable) as raised:
        values.seconds(text, None)
    assert raised.value.fault("timeout_seconds").code == "number"
    assert raised.value.parameters["text"] == text[:19] + "…" if len(text) > 20 else text


def test_lines_are_read_without_spaces_around_them_and_written_again() -> None:
    assert values.lines("  a b \n\n\tc\n", None) == ("a b", "c")
    assert values.lines(" \n", None) == ()
    assert values.lines_text(("a b", "c")) == "a b\nc"


def test_one_of_several_is_read() -> None:
    assert values.one_of(Kind)("tcp", None) is Kind.TCP


@pytest.mark.parametrize("parse", [values.seconds, values.whole])
def test_an_empty_number_that_is_needed_is_required(parse: Callable[[str, object], object]) -> None:
    with pytest.raises(values.Unreadable) as raised:
        parse("  ", None)
    assert raised.value.code == "required"


@pytest.mark.parametrize("parse", [values.optional_seconds, values.optional_whole])
def test_an_empty_number_that_may_be_left_out_is_none(parse: Callable[[str, object], object]) -> None:
    assert parse("  ", None) is None


@pytest.mark.parametrize("text", ["2.5", "1_000", "two", "0x10", "9" * 12])
def test_what_is_no_whole_number_says_so(text: str) -> None:
    with pytest.raises(values.Unreadable) as raised:
        values.whole(text, None)
    assert raised.value.code == "whole_number"


@pytest.mark.parametrize(
    ("value", "text"), [(30.0, "30"), (0.5, "0.5"), (86_400.0, "86400"), (None, ""), (7, "7")]
)
def test_numbers_are_written_without_needless_digits(value: float | None, text: str) -> None:
    assert values.number_text(value) == text


def test_tags_are_apart_by_commas_or_spaces_and_count_once() -> None:
    assert values.tags(" prod, eu  prod,gold ", None) == ("prod", "eu", "gold")
    assert values.tags("  ", None) == ()
    assert values.tags_text(("prod", "eu")) == "prod, eu"


def test_the_mask_alone_stands_for_the_secret_that_is_held() -> None:
    held = Secret("hush")
    assert values.secret_text(held) == MASK
    assert values.secret(MASK, held) is held
    assert values.secret("", held) is None
    assert values.secret(" new ", held) == Secret("new")
    assert values.secret_text(None) == ""
    assert values.revealed_secret(held) == "hush"


def test_a_secret_typed_behind_its_mask_is_not_taken_for_one() -> None:
    with pytest.raises(values.Unreadable) as raised:
        values.secret(f"{MASK}tail", Secret("hush"))
    assert raised.value.code == "mask_left"


def test_masked_headers_keep_the_values_of_their_names() -> None:
    text = values.headers_text(KEPT)
    assert text == f"Authorization: {MASK}\nX-Key: {MASK}"
    assert values.headers(text, KEPT) == KEPT
    assert values.revealed_headers(KEPT) == "Authorization: Bearer one\nX-Key: two"


def test_headers_are_added_changed_dropped_and_moved_one_by_one() -> None:
    text = f"x-key: {MASK}\n\nAccept: text/plain\nAuthorization: Basic x:y"
    assert values.headers(text, KEPT) == (
        Header("x-key", Secret("two")),
        Header("Accept", Secret("text/plain")),
        Header("Authorization", Secret("Basic x:y")),
    )


def test_two_headers_of_one_name_keep_their_values_in_order() -> None:
    twice = (Header("X-A", Secret("1")), Header("X-A", Secret("2")))
    assert values.headers(values.headers_text(twice), twice) == twice


@pytest.mark.parametrize("line", [f"X-Other: {MASK}", "X-Key: Bearer ••••", f"X-Key: {MASK}\nX-Key: {MASK}"])
def test_a_mask_without_a_value_behind_it_asks_for_the_value(line: str) -> None:
    with pytest.raises(values.Unreadable) as raised:
        values.headers(line, KEPT)
    assert raised.value.code == "mask_left"


def test_a_line_without_a_colon_is_no_header() -> None:
    with pytest.raises(values.Unreadable) as raised:
        values.headers("X-Key two", KEPT)
    assert raised.value.code == "header_form"


@pytest.mark.parametrize("code", ["number", "whole_number", "required", "mask_left", "header_form"])
def test_every_way_of_being_unreadable_has_words(code: str) -> None:
    assert code in FAULTS
    assert fault_text(values.Unreadable(code, text="x").fault("name"))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0"),
        (45.0, "45s"),
        (90.0, "90s"),
        (300.0, "5m"),
        (5400.0, "90m"),
        (14_400.0, "4h"),
        (86_400.0, "1d"),
    ],
)
def test_a_duration_is_written_in_one_unit_and_read_back(seconds: float, text: str) -> None:
    assert values.duration_text(seconds) == text
    assert values.duration(text, None) == seconds


def test_what_is_no_duration_is_named_as_one() -> None:
    with pytest.raises(values.Unreadable) as unreadable:
        values.duration("soon", None)
    assert unreadable.value.fault("after_seconds").code == "duration"


def test_marked_numbers_are_written_and_read_back() -> None:
    assert values.numbers(values.numbers_text((3, 1)), None) == (3, 1)
    assert values.numbers("", None) == ()
